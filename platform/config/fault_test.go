package config_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"docket/configs"
	"docket/platform/config"
)

// faultsOf returns what Load finds wrong, and fails the test on a fault that
// tells too little, or on a secret in the message.
func faultsOf(t *testing.T, src config.Sources) []config.Fault {
	t.Helper()
	_, err := config.Load(src)
	var typed *config.Error
	if !errors.As(err, &typed) {
		t.Fatalf("want faults, got error %v", err)
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the message shows a secret: %s", err)
	}
	for _, f := range typed.Faults {
		if f.Problem == "" || f.Key == "" && f.Origin == "" {
			t.Errorf("a fault that does not say what is wrong, or where: %#v", f)
		}
	}
	return typed.Faults
}

// One wrong variable, one fault about it.
func TestWrongValues(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 256)
	tests := []struct{ variable, key, problem string }{
		{"DOCKET_ENVIRONMENT=prod", "environment", "not one of the known"},
		{"DOCKET_ENVIRONMENT=Production", "environment", "not one of the known"},
		{"DOCKET_HTTP_ADDRESS=8080", "http.address", "not host:port"},
		{"DOCKET_HTTP_ADDRESS=127.0.0.1", "http.address", "not host:port"},
		{"DOCKET_HTTP_ADDRESS=::1:8080", "http.address", "brackets"},
		{"DOCKET_HTTP_ADDRESS=127.0.0.1:65536", "http.address", "port"},
		{"DOCKET_HTTP_ADDRESS=127.0.0.1:http", "http.address", "port"},
		{"DOCKET_HTTP_ADDRESS=127.0.0.1:-1", "http.address", "port"},
		{"DOCKET_HTTP_ADDRESS=127.0.0.1:08080", "http.address", "port"},
		{"DOCKET_HTTP_ADDRESS=127.0.0.300:80", "http.address", "host"},
		{"DOCKET_HTTP_ADDRESS=a b:80", "http.address", "host"},
		{"DOCKET_HTTP_ADDRESS=http://127.0.0.1:80", "http.address", "host"},
		{"DOCKET_ADMIN_ADDRESS=127.0.0.1:8080", "admin.address", "is the address of the API"},
		{"DOCKET_ADMIN_ADDRESS=:8080", "admin.address", "is the address of the API"},
		{"DOCKET_HTTP_ADDRESS=0.0.0.0:8081", "admin.address", "is the address of the API"},
		{"DATABASE_URL=mysql://ada:s3cret@db/docket", "database.url", "scheme mysql"},
		{"DATABASE_URL=postgres://ada:s3cret@db:70000/docket", "database.url", "pgx"},
		{"DATABASE_URL=postgres://ada:s3cret@db:x/docket", "database.url", "pgx"},
		{"DATABASE_URL=postgres://ada:%zzs3cret@db/docket", "database.url", "pgx"},
		{"DATABASE_URL=postgres://ada:s3cret@db/docket?sslmode=maybe", "database.url", "pgx"},
		{"DATABASE_URL=postgres://ada:s3cret@db/docket?sslmode=verify-full&sslrootcert=/no/such/ca.pem", "database.url", "/no/such/ca.pem"},
		{"DATABASE_URL=s3cret", "database.url", "pgx"},
		{"DATABASE_URL_DIRECT=postgres://ada:s3cret@db:x/docket", "database.url_direct", "pgx"},
		{"DATABASE_URL_DIRECT=postgres://ada:s3cret@db/docket", "database.url_direct", "no use without database.url"},
		{"DOCKET_DATABASE_POOLER=yes", "database.pooler", "not one of the known"},
		{"DOCKET_DATABASE_ROW_SECURITY=true", "database.row_security", "neither on nor off"},
		{"DOCKET_DATA_DIR=~/docket", "data_dir", "only a shell expands"},
		{"DOCKET_DATA_DIR=a\x00b", "data_dir", "NUL"},
		{"DOCKET_LOG_FORMAT=xml", "log.format", "not one of the known"},
		{"DOCKET_LOG_LEVEL=trace", "log.level", "not a level"},
		{"DOCKET_HTTP_REQUEST_TIMEOUT=10", "http.request_timeout", "no unit"},
		{"DOCKET_HTTP_REQUEST_TIMEOUT=soon", "http.request_timeout", "not a duration"},
		{"DOCKET_HTTP_REQUEST_TIMEOUT=0", "http.request_timeout", "longer than zero"},
		{"DOCKET_HTTP_REQUEST_TIMEOUT=-1s", "http.request_timeout", "longer than zero"},
		{"DOCKET_HTTP_REQUEST_TIMEOUT=6m", "http.request_timeout", "out of range"},
		{"DOCKET_HTTP_REQUEST_TIMEOUT=10ns", "http.request_timeout", "out of range"},
		{"DOCKET_HTTP_DRAIN_TIMEOUT=11m", "http.drain_timeout", "out of range"},
		{"DOCKET_HTTP_TRUSTED_PROXIES=10.0.0.0/33", "http.trusted_proxies", "neither an address nor a CIDR"},
		{"DOCKET_HTTP_TRUSTED_PROXIES=proxy.example", "http.trusted_proxies", "neither an address nor a CIDR"},
		{"DOCKET_HTTP_TRUSTED_PROXIES=10.0.0.1/8", "http.trusted_proxies", "10.0.0.0/8 is the network"},
		{"DOCKET_HTTP_TRUSTED_PROXIES=0.0.0.0/0", "http.trusted_proxies", "trusts everybody"},
		{"DOCKET_HTTP_TRUSTED_PROXIES=10.0.0.1,::/0", "http.trusted_proxies", "entry 2 trusts everybody"},
		{"DOCKET_HTTP_TRUSTED_PROXIES=fe80::1%eth0", "http.trusted_proxies", "zone"},
		{"DOCKET_HTTP_TRUSTED_PROXIES=::ffff:10.0.0.0/104", "http.trusted_proxies", "write it as IPv4"},
		{"DOCKET_HTTP_TRUSTED_PROXIES=10.0.0.1,", "http.trusted_proxies", "entry 2 is neither"},
		{"DOCKET_AUTH_ISSUER=https://a", "auth.issuers", "no use without auth.jwks_url"},
		{"DOCKET_AUTH_AUDIENCE=https://a", "auth.audience", "no use without auth.jwks_url"},
		{"DOCKET_AUTH_ISSUER=a,b,a", "auth.issuers", "entry 3 repeats"},
		{"DOCKET_AUTH_ISSUER=https://*.a.example", "auth.issuers", "wildcard"},
		{"DOCKET_AUTH_ISSUER=a,,b", "auth.issuers", "entry 2 is empty"},
		{"DOCKET_AUTH_ISSUER=a b", "auth.issuers", "white space"},
		{"DOCKET_AUTH_ISSUER=" + long, "auth.issuers", "longer than 255"},
		{"DOCKET_AUTH_AUDIENCE=*", "auth.audience", "wildcard"},
		{"DOCKET_AUTH_AUDIENCE=a\xffb", "auth.audience", "unprintable"},
		{"DOCKET_CORS_ALLOW_ORIGINS=*", "cors.allow_origins", "credentials are on"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://*.example.com", "cors.allow_origins", "credentials are on"},
		{"DOCKET_CORS_ALLOW_ORIGINS=null", "cors.allow_origins", "not an origin"},
		{"DOCKET_CORS_ALLOW_ORIGINS=app.example.com", "cors.allow_origins", "not scheme://host"},
		{"DOCKET_CORS_ALLOW_ORIGINS=localhost:3000", "cors.allow_origins", "not scheme://host"},
		{"DOCKET_CORS_ALLOW_ORIGINS=file://", "cors.allow_origins", "not scheme://host"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://:443", "cors.allow_origins", "not scheme://host"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://a:", "cors.allow_origins", "not scheme://host"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://a/", "cors.allow_origins", "final slash"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://a/path", "cors.allow_origins", "after the host"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://a?", "cors.allow_origins", "after the host"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://a#", "cors.allow_origins", "after the host"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://u:s3cret@a", "cors.allow_origins", "user name or password"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://App.example.com", "cors.allow_origins", "write https://app.example.com"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://bücher.example", "cors.allow_origins", "xn--"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://a:443", "cors.allow_origins", "leave out"},
		{"DOCKET_CORS_ALLOW_ORIGINS=http://a:80", "cors.allow_origins", "leave out"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://a:0", "cors.allow_origins", "port"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://a:03000", "cors.allow_origins", "port"},
		{"DOCKET_CORS_ALLOW_ORIGINS=https://a,https://a", "cors.allow_origins", "entry 2 repeats"},
		{"DOCKET_RATE_LIMIT_REQUESTS=0", "rate_limit.requests", "between 1 and 1000000"},
		{"DOCKET_RATE_LIMIT_REQUESTS=1000001", "rate_limit.requests", "between 1 and 1000000"},
		{"DOCKET_RATE_LIMIT_REQUESTS=1.5", "rate_limit.requests", "not a whole number"},
		{"DOCKET_RATE_LIMIT_REQUESTS=99999999999999999999", "rate_limit.requests", "not a whole number"},
		{"DOCKET_RATE_LIMIT_WINDOW=10ms", "rate_limit.window", "out of range"},
		{"DOCKET_RATE_LIMIT_WINDOW=25h", "rate_limit.window", "out of range"},
		{"DOCKET_RATE_LIMIT_AUTH_FAILURES=0", "rate_limit.auth_failures", "between 1 and 1000000"},
		{"DOCKET_RATE_LIMIT_ON_FAILURE=ajar", "rate_limit.on_failure", "not one of the known"},
		{"DOCKET_RATE_LIMIT_REDIS_TIMEOUT=11s", "rate_limit.redis_timeout", "out of range"},
		{"DOCKET_HTTP_MAX_IN_FLIGHT=0", "http.max_in_flight", "between 1 and 100000"},
		{"DOCKET_RATE_LIMIT_STORE=disk", "rate_limit.store", "not one of the known"},
		{"DOCKET_RATE_LIMIT_STORE=redis", "rate_limit.store", "set DOCKET_REDIS_URL"},
		{"DOCKET_REDIS_URL=http://:s3cret@cache", "redis.url", "scheme"},
		{"DOCKET_REDIS_URL=redis:///0", "redis.url", "no host"},
		{"DOCKET_REDIS_URL=redis://:s3cret@cache/first", "redis.url", "not a number"},
		{"DOCKET_REDIS_URL=redis://:s3/cret@cache:1/0", "redis.url", "percent-encoded"},
		{"DOCKET_AUTH_JWKS_URL=app.example.com/jwks", "auth.jwks_url", "not an https URL"},
		{"DOCKET_AUTH_JWKS_URL=ftp://app.example.com/jwks", "auth.jwks_url", "not an https URL"},
		{"DOCKET_AUTH_JWKS_URL=https:///jwks", "auth.jwks_url", "no host"},
		{"DOCKET_AUTH_JWKS_URL=https://u:s3cret@a/jwks", "auth.jwks_url", "public"},
		{"DOCKET_AUTH_JWKS_URL=https://a/jwks#x", "auth.jwks_url", "fragment"},
		{"DOCKET_NO_SUCH=s3cret", "DOCKET_NO_SUCH", "no such setting; the nearest is "},
		{"DOCKET_DATABASE_URL_DIRECT=s3cret", "DOCKET_DATABASE_URL_DIRECT", "the nearest is DATABASE_URL_DIRECT"},
		{"DOCKET_TESTING=x", "DOCKET_TESTING", "no such setting"},
	}
	for _, tt := range tests {
		t.Run(tt.variable[:min(len(tt.variable), 60)], func(t *testing.T) {
			t.Parallel()
			faults := faultsOf(t, config.Sources{Files: configs.Files, Environ: []string{home, tt.variable}})
			if len(faults) != 1 || faults[0].Key != tt.key || !strings.Contains(faults[0].Problem, tt.problem) {
				t.Errorf("want one fault of %s with %q, got %v", tt.key, tt.problem, faults)
			}
		})
	}
}

// Rules that tie settings to each other.
func TestWrongCombinations(t *testing.T) {
	t.Parallel()
	jwks := "DOCKET_AUTH_JWKS_URL=https://app.example.com/jwks"
	pooler := "DATABASE_URL=postgres://u:s3cret@ep-x-pooler.eu.neon.tech/d"
	tests := []struct {
		name    string
		environ []string
		keys    []string
		problem string
	}{
		{"staging with nothing", []string{"DOCKET_ENVIRONMENT=staging"}, []string{"database.url", "auth.jwks_url"}, "required in staging"},
		{"production with nothing", []string{"DOCKET_ENVIRONMENT=production"}, []string{"database.url", "auth.jwks_url"}, "required in production"},
		{
			"production with issuer and audience, no key set",
			[]string{"DOCKET_ENVIRONMENT=production", "DATABASE_URL=host=db", "DOCKET_AUTH_ISSUER=a", "DOCKET_AUTH_AUDIENCE=b"},
			[]string{"auth.jwks_url"}, "refuses the development issuer",
		},
		{"no key set in test", []string{home, "DOCKET_ENVIRONMENT=test"}, []string{"auth.jwks_url"}, "is required in test"},
		{"pool setting in the database's URL", []string{home, "DATABASE_URL=postgres://u:s3cret@h/d?pool_max_conns=abc"}, []string{"database.url"}, ""},
		{"key set alone", []string{home, jwks}, []string{"auth.issuers", "auth.audience"}, "is required where auth.jwks_url is given"},
		{"key set without audience", []string{home, jwks, "DOCKET_AUTH_ISSUER=a"}, []string{"auth.audience"}, "set DOCKET_AUTH_AUDIENCE"},
		{
			"http key set in production", deployed(config.Production, "DOCKET_AUTH_JWKS_URL=http://app.example.com/jwks"),
			[]string{"auth.jwks_url"}, "is http",
		},
		{"pooler given as direct", []string{home, "DATABASE_URL=host=db", "DATABASE_URL_DIRECT=" + strings.TrimPrefix(pooler, "DATABASE_URL=")}, []string{"database.url_direct"}, "pooler's address"},
		{"pooler given twice", []string{home, pooler, "DATABASE_URL_DIRECT=" + strings.TrimPrefix(pooler, "DATABASE_URL=")}, []string{"database.url_direct"}, "the same as database.url"},
		{
			"two databases", []string{home, "DATABASE_URL=postgres://u:s3cret@a/d", "DOCKET_DATABASE_URL=postgres://u:s3cret@b/d"},
			[]string{"database.url"}, "differs from the value of DATABASE_URL",
		},
		{"no home", nil, []string{"data_dir"}, "set DOCKET_DATA_DIR"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			faults := faultsOf(t, config.Sources{Files: configs.Files, Environ: tt.environ})
			if len(faults) != len(tt.keys) {
				t.Fatalf("want faults of %v, got %v", tt.keys, faults)
			}
			for i, f := range faults {
				if f.Key != tt.keys[i] || !strings.Contains(f.Problem, tt.problem) {
					t.Errorf("want a fault of %s with %q, got %v", tt.keys[i], tt.problem, f)
				}
			}
		})
	}
}

// What looks odd and is right.
func TestAcceptedCombinations(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		environ []string
	}{
		{"http key set on the loopback in production", deployed(config.Production, "DOCKET_AUTH_JWKS_URL=http://127.0.0.1:3000/jwks")},
		{"http key set on localhost in staging", deployed(config.Staging, "DOCKET_AUTH_JWKS_URL=http://localhost:3000/jwks")},
		{"http key set anywhere in local", append(deployed(config.Local, "DOCKET_AUTH_JWKS_URL=http://frontend:3000/jwks"), home)},
		{"the same database under both names", []string{home, "DATABASE_URL=host=db", "DOCKET_DATABASE_URL=host=db"}},
		{"both listeners on any free port", []string{home, "DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0"}},
		{"one port on two addresses", []string{home, "DOCKET_HTTP_ADDRESS=127.0.0.1:80", "DOCKET_ADMIN_ADDRESS=127.0.0.2:80"}},
		{"no home where nothing is kept", deployed(config.Production)},
		{"an audience that is no URL", deployed(config.Production, "DOCKET_AUTH_AUDIENCE=docket")},
		{"the test suite's own variables", []string{home, "DOCKET_TEST_ANYTHING=x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := load(tt.environ...); err != nil {
				t.Error(err)
			}
		})
	}
}

// Files are read strictly, and a fault says in which line.
func TestWrongFiles(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, key, origin, problem string
	}{
		{"unknown key", "# first\nlog:\n  lvl: warn\n", "log.lvl", "configs/local.yaml:3", "the nearest is log.level"},
		{"unknown section", "logging: {level: warn}", "logging", "configs/local.yaml:1", "no such setting"},
		{"capital letters", "Log: {level: warn}", "Log", "configs/local.yaml:1", "no such setting"},
		{"dotted key", "log.level: warn", "log.level", "configs/local.yaml:1", "nested"},
		{"repeated key", "log:\n  level: warn\n  level: info\n", "log.level", "configs/local.yaml:3", "set twice"},
		{"repeated section", "log: {level: warn}\nlog: {format: json}\n", "log", "configs/local.yaml:2", "set twice"},
		{"null", "log: {level: }", "log.level", "configs/local.yaml:1", "has no value"},
		{"tilde is null in YAML", "data_dir: ~", "data_dir", "configs/local.yaml:1", "has no value"},
		{"a value where a section is", "log: warn", "log", "configs/local.yaml:1", "is a section"},
		{"a list where a section is", "log: [warn]", "log", "configs/local.yaml:1", "is a section"},
		{"a section where a value is", "log: {level: {of: warn}}", "log.level", "configs/local.yaml:1", "one value"},
		{"a list where a value is", "log: {level: [warn]}", "log.level", "configs/local.yaml:1", "one value"},
		{"a mapping where a list is", "cors: {allow_origins: {a: b}}", "cors.allow_origins", "configs/local.yaml:1", "must be a list"},
		{"a list in a list", "cors: {allow_origins: [[a]]}", "cors.allow_origins", "configs/local.yaml:1", "entry 1 must be one value"},
		{"a null in a list", "auth: {audience: [~]}", "auth.audience", "configs/local.yaml:1", "entry 1 is empty"},
		{"a time where text is", "http: {address: 2026-01-02}", "http.address", "configs/local.yaml:1", "not host:port"},
		{"an issuer's unknown member", "auth: {issuers: [{issuer: a, name: b}]}", "auth.issuers", "configs/local.yaml:1", `unknown member "name"`},
		{"an issuer without issuer", "auth: {issuers: [{trust: b}]}", "auth.issuers", "configs/local.yaml:1", "entry 1 is empty"},
		{"an issuer's bad trust name", "auth: {issuers: [{issuer: a, trust: 'b c'}]}", "auth.issuers", "configs/local.yaml:1", "trust name holds white space"},
		{"the environment", "environment: local", "environment", "configs/local.yaml:1", "cannot choose it"},
		{"not YAML", "log: [", "", "configs/local.yaml", "not YAML"},
		{"a tab", "log:\n\tlevel: warn", "", "configs/local.yaml", "not YAML"},
		{"a list", "- log", "", "configs/local.yaml", "not a mapping"},
		{"two documents", "log: {level: warn}\n---\nlog: {level: info}\n", "", "configs/local.yaml", "more than one document"},
		{"an alias", "log: {level: &l warn}\ndata_dir: *l\n", "", "configs/local.yaml", "alias in line 2"},
		{"an alias of itself", "data_dir: &a [*a]", "", "configs/local.yaml", "alias in line 1"},
		{"an alias of nothing", "log: *nothing", "", "configs/local.yaml", "not YAML"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			faults := faultsOf(t, config.Sources{Files: files(map[string]string{"local.yaml": tt.text}), Environ: []string{home}})
			if len(faults) != 1 || faults[0].Key != tt.key || faults[0].Origin != tt.origin || !strings.Contains(faults[0].Problem, tt.problem) {
				t.Errorf("want one fault of %s (%s) with %q, got %v", tt.key, tt.origin, tt.problem, faults)
			}
		})
	}
}

func TestMissingFiles(t *testing.T) {
	t.Parallel()
	withoutLevel, err := fs.ReadFile(configs.Files, "default.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		files   fs.FS
		origin  string
		key     string
		problem string
	}{
		{"no default.yaml", fstest.MapFS{}, "configs/default.yaml", "", "does not exist"},
		{"no file for the environment", fstest.MapFS{"default.yaml": {Data: withoutLevel}}, "configs/local.yaml", "", "does not exist"},
		{
			"a default is missing",
			files(map[string]string{"default.yaml": strings.Replace(string(withoutLevel), "level: info", "", 1)}),
			"", "log.level", "every default stands in configs/default.yaml",
		},
		{"a folder instead of a file", fstest.MapFS{"default.yaml/x": {}}, "configs/default.yaml", "", "cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			faults := faultsOf(t, config.Sources{Files: tt.files, Environ: []string{home}})
			if f := faults[0]; f.Key != tt.key || f.Origin != tt.origin || !strings.Contains(f.Problem, tt.problem) {
				t.Errorf("want a fault of %q (%s) with %q first, got %v", tt.key, tt.origin, tt.problem, faults)
			}
		})
	}
}

func TestUnknownFlag(t *testing.T) {
	t.Parallel()
	faults := faultsOf(t, config.Sources{Files: configs.Files, Environ: []string{home}, Overrides: map[string]string{"data-dir": "/x"}})
	if len(faults) != 1 || !strings.Contains(faults[0].Problem, "the nearest is data_dir") {
		t.Errorf("got %v", faults)
	}
}

// However a connection string is broken, nothing of its password is repeated.
func FuzzDatabaseURL(f *testing.F) {
	for _, s := range []string{"postgres://ada:%s@db/d", "host=db password=%s", "postgres://ada:%s@db:x", "%s", "postgres://a:%s/@b", "x://%s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, shape string) {
		const password = "Zq9xW7"
		shape = strings.ReplaceAll(shape, "%s", password)
		if strings.Contains(shape, "ssl") || strings.Contains(shape, "file") {
			t.Skip("a file that cannot be read is named")
		}
		_, err := load(home, "DATABASE_URL="+shape, "DATABASE_URL_DIRECT="+shape)
		if err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("%q: %s", shape, err)
		}
	})
}
