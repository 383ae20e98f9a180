package config_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"docket/configs"
	"docket/platform/config"
)

// home is the least that a laptop's environment holds.
const home = "HOME=/home/ada"

var equal = cmp.FilterPath(func(p cmp.Path) bool {
	return p.Last().String() == ".effective"
}, cmp.Ignore())

var comparePrefix = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })

func load(environ ...string) (config.Config, error) {
	return config.Load(config.Sources{Files: configs.Files, Environ: environ})
}

// deployed is the least that staging and production ask for.
func deployed(e config.Environment, more ...string) []string {
	return append([]string{
		"DOCKET_ENVIRONMENT=" + string(e),
		"DATABASE_URL=postgres://ada:s3cret@db.example/docket",
		"DOCKET_AUTH_JWKS_URL=https://app.example.com/api/auth/jwks",
		"DOCKET_AUTH_ISSUER=https://app.example.com",
		"DOCKET_AUTH_AUDIENCE=https://api.example.com",
	}, more...)
}

// The contract's defaults.
func TestLoadDefaults(t *testing.T) {
	t.Parallel()
	got, err := load(home, "XDG_DATA_HOME=/data")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Environment: config.Local,
		HTTP:        config.HTTP{Address: "127.0.0.1:8080", RequestTimeout: 10 * time.Second, DrainTimeout: 15 * time.Second, MaxInFlight: 1024, TrustedProxies: []netip.Prefix{}},
		Admin:       config.Admin{Address: "127.0.0.1:8081"},
		Database:    config.Database{Pooler: config.PoolerAuto, Prepared: config.PreparedAuto, RowSecurity: true},
		DataDir:     got.DataDir, // differs by system, see TestUserDataDir
		Log:         config.Log{Format: config.LogAuto, Level: slog.LevelInfo},
		Auth:        config.Auth{JWKSRefresh: 5 * time.Minute, Issuers: []config.Issuer{}, Audience: []string{}},
		CORS:        config.CORS{AllowOrigins: []string{"http://localhost:3000"}},
		RateLimit: config.RateLimit{
			Requests: 100, AuthFailures: 20, Window: time.Minute, Store: config.StoreMemory,
			OnFailure: config.FailOpen, RedisTimeout: 50 * time.Millisecond,
		},
	}
	if diff := cmp.Diff(want, got, equal, comparePrefix); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	if got.DataDir == "" || !got.PrivateDatabase() || !got.DevelopmentIssuer() {
		t.Errorf("local with nothing set: data %q, private database %v, development issuer %v",
			got.DataDir, got.PrivateDatabase(), got.DevelopmentIssuer())
	}
}

func TestLoadEverythingFromTheEnvironment(t *testing.T) {
	t.Parallel()
	got, err := load(
		"DOCKET_ENVIRONMENT=production", "DOCKET_HTTP_ADDRESS=[::]:80", "DOCKET_ADMIN_ADDRESS=localhost:81",
		"DOCKET_DATABASE_URL=postgres://ada:s3cret@ep-cool-1-pooler.eu.neon.tech/docket",
		"DATABASE_URL_DIRECT=host=ep-cool-1.eu.neon.tech user=ada password=s3cret",
		"DOCKET_DATABASE_POOLER=auto", "DOCKET_DATABASE_PREPARED=false", "DOCKET_DATABASE_ROW_SECURITY=off", "DOCKET_DATA_DIR=/var/lib/docket/",
		"DOCKET_LOG_FORMAT=text", "DOCKET_LOG_LEVEL=error", "DOCKET_HTTP_REQUEST_TIMEOUT=1500ms",
		"DOCKET_HTTP_DRAIN_TIMEOUT=1m", "DOCKET_HTTP_TRUSTED_PROXIES= 10.0.0.0/8 , 192.0.2.7,2001:db8::/32,::ffff:192.0.2.8",
		"DOCKET_AUTH_JWKS_URL=https://app.example.com/jwks", "DOCKET_AUTH_JWKS_REFRESH=1m", "DOCKET_AUTH_ISSUER=https://old.example,https://new.example",
		"DOCKET_AUTH_AUDIENCE=a,b", "DOCKET_CORS_ALLOW_ORIGINS=https://app.example.com,capacitor://localhost,http://[::1]:3000",
		"DOCKET_RATE_LIMIT_REQUESTS=7", "DOCKET_RATE_LIMIT_WINDOW=30s", "DOCKET_RATE_LIMIT_STORE=redis",
		"DOCKET_RATE_LIMIT_AUTH_FAILURES=3", "DOCKET_RATE_LIMIT_ON_FAILURE=closed", "DOCKET_RATE_LIMIT_REDIS_TIMEOUT=70ms", "DOCKET_HTTP_MAX_IN_FLIGHT=9",
		"DOCKET_REDIS_URL=rediss://:s3cret@cache:6379/2", "DOCKET_TEST_POSTGRES=anything", "UNRELATED=x",
	)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Environment: config.Production,
		HTTP: config.HTTP{
			Address: "[::]:80", RequestTimeout: 1500 * time.Millisecond, DrainTimeout: time.Minute, MaxInFlight: 9,
			TrustedProxies: []netip.Prefix{
				netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"),
				netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("192.0.2.8/32"),
			},
		},
		Admin: config.Admin{Address: "localhost:81"},
		Database: config.Database{
			URL:       "postgres://ada:s3cret@ep-cool-1-pooler.eu.neon.tech/docket",
			URLDirect: "host=ep-cool-1.eu.neon.tech user=ada password=s3cret", Pooler: config.PoolerAuto, Prepared: config.PreparedNo,
		},
		DataDir: "/var/lib/docket",
		Log:     config.Log{Format: config.LogText, Level: slog.LevelError},
		Auth: config.Auth{
			JWKSURL: "https://app.example.com/jwks", JWKSRefresh: time.Minute,
			Issuers: []config.Issuer{
				{Issuer: "https://old.example", Trust: "https://old.example"},
				{Issuer: "https://new.example", Trust: "https://old.example"},
			},
			Audience: []string{"a", "b"},
		},
		CORS: config.CORS{AllowOrigins: []string{"https://app.example.com", "capacitor://localhost", "http://[::1]:3000"}},
		RateLimit: config.RateLimit{
			Requests: 7, AuthFailures: 3, Window: 30 * time.Second, Store: config.StoreRedis,
			OnFailure: config.FailClosed, RedisTimeout: 70 * time.Millisecond,
		},
		Redis: config.Redis{URL: "rediss://:s3cret@cache:6379/2"},
	}
	if diff := cmp.Diff(want, got, equal, comparePrefix); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !got.Database.Pooled() || got.PrivateDatabase() || got.DevelopmentIssuer() {
		t.Errorf("pooled %v, private %v, development issuer %v", got.Database.Pooled(), got.PrivateDatabase(), got.DevelopmentIssuer())
	}
}

// Each environment's own file, as shipped, loads with the least that it needs.
func TestLoadShippedEnvironments(t *testing.T) {
	t.Parallel()
	tests := []struct {
		environ []string
		want    config.Environment
		format  config.LogFormat
		origins int
		address string
	}{
		{[]string{home}, config.Local, config.LogAuto, 1, "127.0.0.1:8080"},
		{deployed(config.Test), config.Test, config.LogAuto, 1, "127.0.0.1:0"},
		{deployed(config.Staging), config.Staging, config.LogJSON, 0, "127.0.0.1:8080"},
		{deployed(config.Production), config.Production, config.LogJSON, 0, "127.0.0.1:8080"},
	}
	for _, tt := range tests {
		t.Run(string(tt.want), func(t *testing.T) {
			t.Parallel()
			got, err := load(tt.environ...)
			if err != nil {
				t.Fatal(err)
			}
			if got.Environment != tt.want || got.Log.Format != tt.format || got.HTTP.Address != tt.address || len(got.CORS.AllowOrigins) != tt.origins {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// files are the shipped ones with some replaced.
func files(replaced map[string]string) fs.FS {
	out := fstest.MapFS{}
	for _, name := range []string{"default.yaml", "local.yaml", "test.yaml", "staging.yaml", "production.yaml"} {
		data, err := fs.ReadFile(configs.Files, name)
		if err != nil {
			panic(err)
		}
		out[name] = &fstest.MapFile{Data: data}
	}
	for name, text := range replaced {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func TestLoadOrderAndOrigins(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		file      string
		environ   []string
		overrides map[string]string
		value     string
		origin    string
	}{
		{"default", "", nil, nil, "info", "configs/default.yaml"},
		{"environment's file", "log: {level: warn}", nil, nil, "warn", "configs/local.yaml"},
		{"variable", "log: {level: warn}", []string{"DOCKET_LOG_LEVEL=error"}, nil, "error", "environment DOCKET_LOG_LEVEL"},
		{"flag", "log: {level: warn}", []string{"DOCKET_LOG_LEVEL=error"}, map[string]string{"log.level": "debug"}, "debug", "flag --log-level"},
		{"an empty variable is none", "log: {level: warn}", []string{"DOCKET_LOG_LEVEL= "}, nil, "warn", "configs/local.yaml"},
		{"the last of a variable's values counts", "", []string{"DOCKET_LOG_LEVEL=warn", "DOCKET_LOG_LEVEL=error"}, nil, "error", "environment DOCKET_LOG_LEVEL"},
		{"a section of comments alone", "log:\n  # level: warn\n", nil, nil, "info", "configs/default.yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := config.Load(config.Sources{
				Files:     files(map[string]string{"local.yaml": tt.file}),
				Environ:   append([]string{home}, tt.environ...),
				Overrides: tt.overrides,
			})
			if err != nil {
				t.Fatal(err)
			}
			s := setting(t, got, "log.level")
			if s.Value != tt.value || s.Origin != tt.origin {
				t.Errorf("log.level = %s from %s, want %s from %s", s.Value, s.Origin, tt.value, tt.origin)
			}
			if got.Log.Format != config.LogAuto {
				t.Errorf("another key of the section was lost: %+v", got.Log)
			}
		})
	}
}

func setting(t *testing.T, c config.Config, key string) config.Setting {
	t.Helper()
	for _, s := range c.Effective() {
		if s.Key == key {
			return s
		}
	}
	t.Fatalf("no effective setting %s", key)
	return config.Setting{}
}

func TestEnvironmentFromTheFlag(t *testing.T) {
	t.Parallel()
	got, err := config.Load(config.Sources{
		Files:     configs.Files,
		FilesName: "/etc/docket",
		Environ:   append(deployed(config.Production), home),
		Overrides: map[string]string{"environment": "test"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Environment != config.Test || got.HTTP.Address != "127.0.0.1:0" {
		t.Errorf("environment %s, address %s", got.Environment, got.HTTP.Address)
	}
	if s := setting(t, got, "http.address"); s.Origin != "/etc/docket/test.yaml" {
		t.Errorf("origin %q does not name the folder", s.Origin)
	}
}

// Nothing but Sources counts.
func TestLoadIgnoresTheProcessEnvironment(t *testing.T) {
	t.Setenv("DOCKET_HTTP_ADDRESS", "192.0.2.1:1")
	t.Setenv("HTTP.ADDRESS", "192.0.2.1:1")
	t.Setenv("DOCKET_NO_SUCH_THING", "x")
	got, err := load(home)
	if err != nil {
		t.Fatal(err)
	}
	if got.HTTP.Address != "127.0.0.1:8080" {
		t.Errorf("address %s", got.HTTP.Address)
	}
}

func TestIssuers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, yaml, variable string
		want                 []config.Issuer
		shown                string
	}{
		{"variable, one", "[]", "https://a", []config.Issuer{{Issuer: "https://a", Trust: "https://a"}}, "https://a"},
		{
			"variable, a moved domain", "[]", "https://a,https://b",
			[]config.Issuer{{Issuer: "https://a", Trust: "https://a"}, {Issuer: "https://b", Trust: "https://a"}},
			"https://a, https://b (trust https://a)",
		},
		{"text", "[https://a]", "", []config.Issuer{{Issuer: "https://a", Trust: "https://a"}}, "https://a"},
		{"text with a comma", "'https://a,https://b'", "", []config.Issuer{{Issuer: "https://a", Trust: "https://a"}, {Issuer: "https://b", Trust: "https://a"}}, "https://a, https://b (trust https://a)"},
		{
			"trust names", "[{issuer: https://B, trust: acme}, {issuer: https://a}, {issuer: https://c, trust: other}]", "",
			[]config.Issuer{{Issuer: "https://B", Trust: "acme"}, {Issuer: "https://a", Trust: "acme"}, {Issuer: "https://c", Trust: "other"}},
			"https://B (trust acme), https://a (trust acme), https://c (trust other)",
		},
		{"the variable replaces the list", "[{issuer: https://b, trust: acme}]", "https://a", []config.Issuer{{Issuer: "https://a", Trust: "https://a"}}, "https://a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := config.Load(config.Sources{
				Files:   files(map[string]string{"local.yaml": "auth: {jwks_url: http://a/jwks, audience: [x], issuers: " + tt.yaml + "}"}),
				Environ: []string{home, "DOCKET_AUTH_ISSUER=" + tt.variable},
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Auth.Issuers); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if s := setting(t, got, "auth.issuers"); s.Value != tt.shown {
				t.Errorf("shown as %q, want %q", s.Value, tt.shown)
			}
		})
	}
}

func TestDirectURL(t *testing.T) {
	t.Parallel()
	const (
		plain  = "postgres://u:s3cret@db.example/d"
		pooler = "postgres://u:s3cret@ep-x-pooler.eu.neon.tech/d"
		direct = "postgres://u:s3cret@ep-x.eu.neon.tech/d"
		// The marker counts in the first label of the host alone.
		decoy = "postgres://u-pooler:s3cret@db.x-pooler.example/d-pooler"
	)
	tests := []struct {
		name, url, direct, pooler string
		wantPooled                bool
		wantDirect, wantOrigin    string
	}{
		{"none", "", "", "auto", false, "", "configs/default.yaml"},
		{"plain", plain, "", "auto", false, plain, "built in"},
		{"plain, with a direct one", plain, direct, "auto", false, direct, "environment DATABASE_URL_DIRECT"},
		{"neon pooler", pooler, "", "auto", true, "", "configs/default.yaml"},
		{"neon pooler, with the direct one", pooler, direct, "auto", true, direct, "environment DATABASE_URL_DIRECT"},
		{"keyword form", "host=ep-x-pooler.eu.neon.tech user=u", "", "auto", true, "", "configs/default.yaml"},
		{"decoy", decoy, "", "auto", false, decoy, "built in"},
		{"said to be a pooler", plain, "", "true", true, "", "configs/default.yaml"},
		{"said to be none", pooler, "", "false", false, pooler, "built in"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := load(home, "DATABASE_URL="+tt.url, "DATABASE_URL_DIRECT="+tt.direct, "DOCKET_DATABASE_POOLER="+tt.pooler)
			if err != nil {
				t.Fatal(err)
			}
			if got.Database.Pooled() != tt.wantPooled || got.Database.URLDirect != tt.wantDirect {
				t.Errorf("pooled %v, direct %q", got.Database.Pooled(), got.Database.URLDirect)
			}
			if s := setting(t, got, "database.url_direct"); s.Origin != tt.wantOrigin {
				t.Errorf("origin %q, want %q", s.Origin, tt.wantOrigin)
			}
		})
	}
}

func TestEffectiveMasksSecrets(t *testing.T) {
	t.Parallel()
	got, err := load(deployed(config.Production,
		"DATABASE_URL_DIRECT=host=db.example user=ada password='s3cret s3cret' dbname=docket",
		"DOCKET_REDIS_URL=redis://:s3cret@cache:6379/0")...)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"database.url":        "postgres://ada:***@db.example/docket",
		"database.url_direct": "host=db.example user=ada password=*** dbname=docket",
		"redis.url":           "redis://:***@cache:6379/0",
		"auth.jwks_url":       "https://app.example.com/api/auth/jwks",
		"http.address":        "127.0.0.1:8080",
	}
	for key, value := range want {
		if s := setting(t, got, key); s.Value != value {
			t.Errorf("%s shown as %q, want %q", key, s.Value, value)
		}
	}
	if text := fmt.Sprint(got.Effective(), got.LogValue()); strings.Contains(text, "s3cret") {
		t.Errorf("a secret shows: %s", text)
	}
	got.Effective()[0].Value = "changed"
	if s := got.Effective()[0]; s.Value != "production" {
		t.Errorf("a caller can change the settings: %v", s)
	}
}

// Not the first fault: all of them, each with what a person needs to mend it.
func TestLoadReportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Sources{
		Files: files(map[string]string{"production.yaml": "http:\n  addresses: 127.0.0.1:80\n  request_timeout: 10\nauth: {jwks_url: \"\"}\n"}),
		Environ: []string{
			"DOCKET_ENVIRONMENT=production", "DOCKET_LOG_LEVEL=loud", "DOCKET_CORS_ALLOW_ORIGIN=*",
			"DOCKET_DATABASE_URL=postgres://ada:s3cret@db:port/docket",
		},
		Overrides: map[string]string{"log.format": "xml"},
	})
	const want = `settings: 7 faults
  DOCKET_CORS_ALLOW_ORIGIN (environment): no such setting; the nearest is DOCKET_CORS_ALLOW_ORIGINS
  http.addresses (configs/production.yaml:2): no such setting; the nearest is http.address
  database.url (environment DOCKET_DATABASE_URL): is no connection string that pgx can read; in a URL, characters such as @ : / ? # % in the password must be percent-encoded; allowed: postgres://user:password@host:5432/database, or the keyword=value form
  log.format = "xml" (flag --log-format): is not one of the known values; allowed: auto, text or json
  log.level = "loud" (environment DOCKET_LOG_LEVEL): is not a level; allowed: debug, info, warn or error
  http.request_timeout = "10" (configs/production.yaml:3): has no unit (ms, s, m, h); allowed: a duration from 1ms to 5m, such as 10s
  auth.jwks_url (configs/production.yaml:4): is required in production, which refuses the development issuer; set DOCKET_AUTH_JWKS_URL; allowed: an https URL, such as https://app.example.com/api/auth/jwks; http for a loopback host, or in local and test`
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var typed *config.Error
	if !errors.As(err, &typed) || len(typed.Faults) != 7 {
		t.Errorf("not an *Error with 7 faults: %#v", err)
	}
}
