package config

import (
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/configs"
)

// The names that the API's contract fixes, and those that came on top.
var contract = map[string]string{
	"DOCKET_ENVIRONMENT":              "environment",
	"DOCKET_HTTP_ADDRESS":             "http.address",
	"DOCKET_ADMIN_ADDRESS":            "admin.address",
	"DATABASE_URL":                    "database.url",
	"DOCKET_DATABASE_URL":             "database.url",
	"DATABASE_URL_DIRECT":             "database.url_direct",
	"DOCKET_DATABASE_POOLER":          "database.pooler",
	"DOCKET_DATABASE_PREPARED":        "database.prepared",
	"DOCKET_DATABASE_ROW_SECURITY":    "database.row_security",
	"DOCKET_DATABASE_BINARIES":        "database.binaries",
	"DOCKET_DATA_DIR":                 "data_dir",
	"DOCKET_LOG_FORMAT":               "log.format",
	"DOCKET_LOG_LEVEL":                "log.level",
	"DOCKET_HTTP_REQUEST_TIMEOUT":     "http.request_timeout",
	"DOCKET_HTTP_DRAIN_TIMEOUT":       "http.drain_timeout",
	"DOCKET_HTTP_MAX_IN_FLIGHT":       "http.max_in_flight",
	"DOCKET_HTTP_TRUSTED_PROXIES":     "http.trusted_proxies",
	"DOCKET_AUTH_JWKS_URL":            "auth.jwks_url",
	"DOCKET_AUTH_JWKS_REFRESH":        "auth.jwks_refresh",
	"DOCKET_AUTH_ISSUER":              "auth.issuers",
	"DOCKET_AUTH_AUDIENCE":            "auth.audience",
	"DOCKET_CORS_ALLOW_ORIGINS":       "cors.allow_origins",
	"DOCKET_RATE_LIMIT_REQUESTS":      "rate_limit.requests",
	"DOCKET_RATE_LIMIT_AUTH_FAILURES": "rate_limit.auth_failures",
	"DOCKET_RATE_LIMIT_ON_FAILURE":    "rate_limit.on_failure",
	"DOCKET_RATE_LIMIT_REDIS_TIMEOUT": "rate_limit.redis_timeout",
	"DOCKET_RATE_LIMIT_WINDOW":        "rate_limit.window",
	"DOCKET_RATE_LIMIT_STORE":         "rate_limit.store",
	"DOCKET_REDIS_URL":                "redis.url",
}

func TestTableIsTheContract(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, s := range settings {
		for _, name := range s.env {
			got[name] = s.key
		}
		if s.doc == "" || s.allowed == "" || s.decode.read == nil || s.decode.schema == nil {
			t.Errorf("%s: the row is not complete", s.key)
		}
	}
	if diff := cmp.Diff(contract, got); diff != "" {
		t.Errorf("variables (-contract +table):\n%s", diff)
	}
}

// Every leaf of Config is set by exactly one row of the table, and every row
// sets one.
func TestTableCoversConfig(t *testing.T) {
	t.Parallel()
	samples := map[string]string{
		"environment": "test", "http.address": ":1", "admin.address": ":1", "database.url": "host=a",
		"database.url_direct": "host=a", "database.pooler": "true", "database.prepared": "true", "database.row_security": "on", "database.binaries": "/b", "data_dir": "/d",
		"log.format": "text", "log.level": "warn", "http.request_timeout": "1s", "http.drain_timeout": "1s",
		"http.trusted_proxies": "10.0.0.1", "auth.jwks_url": "https://a/jwks", "auth.jwks_refresh": "1s", "auth.issuers": "i", "auth.audience": "a",
		"cors.allow_origins": "https://a", "rate_limit.requests": "1", "rate_limit.window": "1s", "rate_limit.auth_failures": "1",
		"rate_limit.on_failure": "closed", "rate_limit.redis_timeout": "1s", "http.max_in_flight": "1",
		"rate_limit.store": "redis", "redis.url": "redis://a",
	}
	owner := map[string]string{}
	for _, s := range settings {
		var c Config
		if err := s.decode.read(&c, samples[s.key]); err != nil {
			t.Fatalf("%s: %v", s.key, err)
		}
		set := slices.DeleteFunc(leaves(reflect.ValueOf(c), ""), func(l leaf) bool { return l.zero })
		if len(set) != 1 {
			t.Errorf("%s sets %d leaves of Config, want 1: %v", s.key, len(set), set)
			continue
		}
		if first, taken := owner[set[0].path]; taken {
			t.Errorf("%s and %s both set %s", first, s.key, set[0].path)
		}
		owner[set[0].path] = s.key
	}
	for _, l := range leaves(reflect.ValueOf(Config{}), "") {
		if owner[l.path] == "" {
			t.Errorf("Config%s is set by no setting", l.path)
		}
	}
}

type leaf struct {
	path string
	zero bool
}

// leaves lists the exported fields of v that are no structs.
func leaves(v reflect.Value, path string) []leaf {
	if v.Kind() != reflect.Struct {
		return []leaf{{path, v.IsZero()}}
	}
	var out []leaf
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.IsExported() {
			out = append(out, leaves(v.Field(i), path+"."+field.Name)...)
		}
	}
	return out
}

// default.yaml is the reference that people read: above each key stands the
// variable that sets it.
func TestDefaultFileNamesEveryVariable(t *testing.T) {
	t.Parallel()
	data, err := fs.ReadFile(configs.Files, "default.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	l := &loader{src: Sources{Files: configs.Files, FilesName: "configs"}}
	f := l.readFile("default.yaml")
	for _, s := range settings {
		line, ok := f.lines[s.key]
		if !ok {
			t.Errorf("%s has no default", s.key)
			continue
		}
		var comment []string
		for i := line - 2; i >= 0 && strings.HasPrefix(strings.TrimSpace(lines[i]), "#"); i-- {
			comment = append(comment, lines[i])
		}
		for _, name := range s.env {
			if !strings.Contains(strings.Join(comment, "\n"), name) {
				t.Errorf("the comment above %s does not name %s", s.key, name)
			}
		}
	}
	if len(l.faults) > 0 {
		t.Errorf("default.yaml: %v", l.faults)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	tests := []struct{ got, want string }{
		{nearestEnv("DOCKET_HTTP_ADDR"), "DOCKET_HTTP_ADDRESS"},
		{nearestEnv("DOCKET_AUTH_ISSUERS"), "DOCKET_AUTH_ISSUER"},
		{nearestEnv("DOCKET_DATABASE_URL_DIRECT"), "DATABASE_URL_DIRECT"},
		{nearestEnv("DOCKET_log_level"), "DOCKET_LOG_LEVEL"},
		{nearestKey("log.lvl"), "log.level"},
		{nearestKey("Http.Address"), "http.address"},
		{nearestKey("http.timeout"), "http.drain_timeout"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("nearest = %s, want %s", tt.got, tt.want)
		}
	}
}

func TestUserDataDir(t *testing.T) {
	t.Parallel()
	home := []string{"HOME=/home/ada", "LocalAppData=/appdata"}
	tests := []struct {
		goos string
		root bool
		env  []string
		e    Environment
		want string
	}{
		{"linux", true, home, Local, "/var/lib/docket"},
		{"linux", true, home, Test, "/var/lib/docket-test"},
		{"linux", true, []string{"XDG_DATA_HOME=/data"}, Local, "/data/docket"},
		{"linux", false, home, Local, "/home/ada/.local/share/docket"},
		{"linux", false, home, Test, "/home/ada/.local/share/docket-test"},
		{"linux", false, []string{"HOME=/home/ada", "XDG_DATA_HOME=/data"}, Local, "/data/docket"},
		{"linux", false, []string{"HOME=/home/ada", "XDG_DATA_HOME=data"}, Local, "/home/ada/.local/share/docket"},
		{"linux", false, nil, Local, ""},
		{"darwin", false, home, Local, "/home/ada/Library/Application Support/docket"},
		{"windows", false, home, Local, "/appdata/docket"},
		{"windows", false, nil, Local, ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %t %v", tt.goos, tt.root, tt.env), func(t *testing.T) {
			t.Parallel()
			if got := UserDataDir(tt.goos, tt.root, tt.env, tt.e); got != tt.want {
				t.Errorf("UserDataDir = %q, want %q", got, tt.want)
			}
		})
	}
}
