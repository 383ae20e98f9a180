package config_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"docket/platform/config"
)

var update = flag.Bool("update", false, "write the schema of the settings anew")

const folder = "../../configs"

// valid holds a file of settings to the schema.
func valid(t *testing.T, text []byte) error {
	t.Helper()
	written, err := config.JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(written))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("settings.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("settings.json")
	if err != nil {
		t.Fatal(err)
	}
	var settings any
	if err := yaml.Unmarshal(text, &settings); err != nil {
		t.Fatal(err)
	}
	plain, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

func TestSchemaOfTheFilesIsTheOneInTheRepository(t *testing.T) {
	t.Parallel()
	written, err := config.JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join(folder, "schema.json")
	if *update {
		if err := os.WriteFile(golden, written, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(kept), "\r\n", "\n"), string(written)); diff != "" {
		t.Errorf("the settings have another schema than %s; go test ./platform/config -update writes it (-file +now)\n%s", golden, diff)
	}
}

func TestFilesMeetTheirSchemaAndNameIt(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files of settings, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(t, text); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if !strings.HasPrefix(string(text), "# yaml-language-server: $schema=schema.json\n") {
			t.Errorf("%s does not name its schema to editors in its first line", file)
		}
	}
}

// What the program takes the schema takes, and what the program refuses it
// refuses, as far as a schema can tell.
func TestSchemaOfTheFilesRefusesMistakes(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"http: {request_timeout: 1m30s}", "database: {pooler: true}", "database: {pooler: auto}", `database: {row_security: "on"}`,
		"rate_limit: {requests: 1000000}", "auth: {issuers: [https://a.example, {issuer: https://b.example, trust: b}]}",
		"# nothing", "http:\nlog: {level: info}", "cors: {allow_origins: https://a.example}", `cors: {allow_origins: ""}`,
		`cors: {allow_origins: "https://a.example:8443, http://localhost:3000"}`, "cors: {allow_origins: [capacitor://localhost, 'http://[::1]:80']}",
		"http: {trusted_proxies: '10.0.0.0/8, 192.0.2.7'}", "http: {trusted_proxies: ['fd00::/8', '::ffff:192.0.2.7']}", "auth: {issuers: 'a, b', audience: a}",
		"rate_limit: {requests: '100'}", "http: {address: ':8080'}", "http: {address: '[::1]:8080'}", "http: {address: localhost:0}",
		"auth: {jwks_url: ''}", "auth: {jwks_url: https://a.example/jwks}", "redis: {url: 'rediss://u:p@cache:6380/1'}",
		"database: {url: 'host=/tmp user=a'}", "database: {url: postgresql://a@b/c, url_direct: ''}",
	} {
		if err := valid(t, []byte(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"htpp: {}", "http: {port: 80}", "http: 7", "environment: prod", "http: {request_timeout: 10}", "http: {request_timeout: soon}",
		"rate_limit: {requests: 0}", "rate_limit: {requests: 1000001}", "rate_limit: {store: disk}",
		"database: {pooler: maybe}", "log: {level: loud}", "cors: {allow_origins: all}", "cors: {allow_origins: [nonsense]}", "cors: {allow_origins: ['https://*.a.example']}", "cors: {allow_origins: 'https://a.example/'}",
		"http: {trusted_proxies: nonsense}", "http: {trusted_proxies: [10.0.0]}", "rate_limit: {requests: '0'}", "rate_limit: {requests: many}", "http: {request_timeout: }",
		"http: {address: nonsense}", "admin: {address: 9090}", "http: {address: 'a b:80'}", "auth: {jwks_url: nonsense}", "auth: {issuers: [a b]}",
		"redis: {url: nonsense}", "redis: {url: http://a}", "database: {url: nonsense}", "database: {url_direct: mysql://a/b}", "cors: {allow_origins: [https://a.example, https://a.example]}",
		"auth: {issuers: [{isuer: x}]}", "auth: {audience: [a, a]}",
	} {
		if valid(t, []byte(bad)) == nil {
			t.Errorf("%s passes", bad)
		}
	}
}
