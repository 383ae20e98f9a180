package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// eachCommand calls f with every command of ours; Cobra's own come later, when
// one is run.
func eachCommand(c *cobra.Command, f func(*cobra.Command)) {
	f(c)
	for _, sub := range c.Commands() {
		eachCommand(sub, f)
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	t.Parallel()
	n := 0
	eachCommand(newRootCommand(), func(c *cobra.Command) {
		n++
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), args, &stdout, &stderr)
		if code != 0 || stderr.Len() > 0 {
			t.Errorf("%v: code %d, stderr %q", args, code, stderr.String())
		}
		_, examples, _ := strings.Cut(stdout.String(), "\nExamples:\n")
		example, _, _ := strings.Cut(examples, "\n\n")
		if !strings.Contains(example, c.CommandPath()) || !strings.Contains(stdout.String(), "\nUsage:\n") {
			t.Errorf("%v shows no example of its use:\n%s", args, stdout.String())
		}
	})
	if n < 7 {
		t.Errorf("there are %d commands: the rule has lost its object", n)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	got := execute(t, nil, "version").ok(t)
	if !regexp.MustCompile(`^docket \S+ go1\.\S+ \w+/\w+$`).MatchString(got) {
		t.Errorf("docket version prints %q", got)
	}
}

func TestConfigMasksSecretsAndNamesOrigins(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	got := execute(t, []string{"DATABASE_URL=postgres://u:geheim@db.example.com/docket", "DOCKET_REDIS_URL=redis://:heimlich@cache/0"},
		"config", "--data-dir", dir).ok(t)
	for _, line := range []string{
		`(?m)^environment +local +configs/default\.yaml$`,
		`(?m)^database\.url +postgres://u:\S+@db\.example\.com/docket +environment DATABASE_URL$`,
		`(?m)^data_dir +` + regexp.QuoteMeta(dir) + ` +flag --data-dir$`,
	} {
		if !regexp.MustCompile(line).MatchString(got) {
			t.Errorf("no line %s in\n%s", line, got)
		}
	}
	for _, secret := range []string{"geheim", "heimlich"} {
		if strings.Contains(got, secret) {
			t.Errorf("the secret %q is printed:\n%s", secret, got)
		}
	}
}

func TestDatabaseURL(t *testing.T) {
	t.Parallel()
	const pooled, direct = "DATABASE_URL=postgres://u:p@ep-1-pooler.neon.tech/d", "postgres://u:p@ep-1.neon.tech/d"
	both := []string{pooled, "DATABASE_URL_DIRECT=" + direct}
	if got := execute(t, both, "db", "url").ok(t); "DATABASE_URL="+got != pooled {
		t.Errorf("docket db url prints %s", got)
	}
	if got := execute(t, both, "db", "url", "--direct").ok(t); got != direct {
		t.Errorf("docket db url --direct prints %s", got)
	}
	execute(t, []string{pooled}, "db", "url", "--direct").refused(t, exitFailure, "DATABASE_URL_DIRECT")
	execute(t, nil, "db", "url", "--data-dir", t.TempDir()).refused(t, exitFailure, "no private PostgreSQL runs", "docket serve")
}

// deployed are the settings that staging and production ask for.
var deployed = []string{
	"DATABASE_URL=postgres://u:p@127.0.0.1:1/d", "DOCKET_AUTH_JWKS_URL=https://127.0.0.1:1/api/auth/jwks",
	"DOCKET_AUTH_ISSUER=https://app.example.com", "DOCKET_AUTH_AUDIENCE=https://api.example.com",
}

// A wrong setting or command line ends the program before it does anything,
// with code 2 and a message that helps.
func TestWrongUseIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings []string
		args     string
		says     []string
	}{
		"a wrong value": {
			[]string{"DOCKET_HTTP_ADDRESS=nonsense"}, "serve",
			[]string{"http.address", "DOCKET_HTTP_ADDRESS", `"nonsense"`, "127.0.0.1:8080"},
		},
		"two wrong values": {
			[]string{"DOCKET_LOG_LEVEL=loud", "DOCKET_HTTP_REQUEST_TIMEOUT=10"}, "config",
			[]string{"2 faults", "log.level", "debug, info, warn or error", "http.request_timeout", "10s"},
		},
		"a mistyped variable":       {[]string{"DOCKET_HTTP_ADDR=:1"}, "serve", []string{"DOCKET_HTTP_ADDR (environment)", "DOCKET_HTTP_ADDRESS"}},
		"a mistyped environment":    {[]string{"DOCKET_ENVIRONMENT=prod"}, "serve", []string{"environment", `"prod"`, "production"}},
		"staging with nothing":      {[]string{"DOCKET_ENVIRONMENT=staging"}, "serve", []string{"database.url", "auth.jwks_url", "development issuer"}},
		"production without issuer": {append([]string{"DOCKET_ENVIRONMENT=production"}, deployed[:2]...), "serve", []string{"auth.issuers", "auth.audience"}},
		"every origin":              {[]string{"DOCKET_CORS_ALLOW_ORIGINS=*"}, "serve", []string{"cors.allow_origins"}},
		"a secret that is wrong":    {[]string{"DATABASE_URL=postgres://u:geheim@host:port/d"}, "serve", []string{"database.url"}},
		"a redis without address":   {[]string{"DOCKET_RATE_LIMIT_STORE=redis"}, "serve", []string{"rate_limit.store", "redis.url"}},
		"no folder of settings":     {nil, "config --configs nowhere", []string{"nowhere"}},
		"a stray argument":          {nil, "serve now", []string{`"now"`, "docket serve --help"}},
		"a mistyped flag":           {nil, "serve --data-dri x", []string{"--data-dri", "docket serve --help"}},
		"a mistyped command":        {nil, "server", []string{`"server"`, "serve"}},
		"a mistyped subcommand":     {nil, "db ulr", []string{`"ulr"`, "url"}},
		"a token for no time":       {nil, "token --expires 0s", []string{"--expires"}},
		"a token for some time":     {nil, "token --expires soon", []string{"--expires", "soon"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := execute(t, append([]string{"DOCKET_DATA_DIR=" + t.TempDir()}, c.settings...), strings.Fields(c.args)...)
			r.refused(t, exitUsage, c.says...)
			if strings.Contains(r.stderr, "geheim") {
				t.Errorf("a secret is printed: %s", r.stderr)
			}
		})
	}
}

// What is no mistake of the command line fails with code 1.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings []string
		args     string
		says     []string
	}{
		"a token where there is no development issuer": {append([]string{"DOCKET_ENVIRONMENT=staging"}, deployed...), "token", []string{"development issuer", "staging"}},
		"a token beside a real issuer":                 {deployed[1:], "token", []string{"development issuer"}},
		"a database that is not there":                 {deployed[:1], "serve", []string{"database", "127.0.0.1:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			execute(t, append([]string{"DOCKET_DATA_DIR=" + t.TempDir(), "DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0"}, c.settings...), strings.Fields(c.args)...).
				refused(t, exitFailure, c.says...)
		})
	}
}
