package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"docket/platform/pgtest"
)

// inProduction are settings of a production that can start but for its database.
func inProduction(t *testing.T, databaseURL string, more ...string) []string {
	t.Helper()
	return append([]string{
		"DOCKET_ENVIRONMENT=production", "DATABASE_URL=" + databaseURL, "DOCKET_DATA_DIR=" + t.TempDir(),
		"DOCKET_AUTH_JWKS_URL=http://127.0.0.1:1/jwks", "DOCKET_AUTH_ISSUER=https://app.example.com", "DOCKET_AUTH_AUDIENCE=https://api.example.com",
		"DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0",
	}, more...)
}

// sqlAsOwner runs statements around the wall.
func sqlAsOwner(t *testing.T, databaseURL, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.AsOwner(t, databaseURL))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Production does not serve where the database would not keep users apart, and
// says what to do.
func TestProductionRefusesToServeWithoutTheSecondWall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		breaking string
		asOwner  bool
		settings string
		want     []string
	}{
		"a superuser": {asOwner: true, want: []string{"role docket is a superuser", "docket db secure"}},
		"a superuser, and a missing table": {
			asOwner: true, breaking: "DROP TABLE service_keys", want: []string{"role docket is a superuser", "docket db secure"},
		},
		"a missing policy, and a missing table": {
			breaking: "DROP TABLE service_keys; DROP POLICY own_rows ON tasks", want: []string{"table tasks has no policy own_rows"},
		},
		"a missing policy": {breaking: "DROP POLICY own_rows ON tasks", want: []string{"table tasks has no policy own_rows", "docket db secure"}},
		"without force":    {breaking: "ALTER TABLE tags NO FORCE ROW LEVEL SECURITY", want: []string{"table tags does not force", "docket db secure"}},
		"much is missing": {
			breaking: "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY; ALTER TABLE tags DISABLE ROW LEVEL SECURITY; ALTER TABLE projects DISABLE ROW LEVEL SECURITY; ALTER TABLE users DISABLE ROW LEVEL SECURITY",
			want:     []string{"and 1 more (docket db check)"},
		},
		"off, and yet it holds": {settings: "DOCKET_DATABASE_ROW_SECURITY=off", want: []string{"database.row_security", "turn it on"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.URL(t)
			if c.breaking != "" {
				sqlAsOwner(t, address, c.breaking)
			}
			if c.asOwner {
				address = pgtest.AsOwner(t, address)
			}
			settings := inProduction(t, address)
			if c.settings != "" {
				settings = append(settings, c.settings)
			}
			execute(t, settings, "serve").refused(t, exitFailure, c.want...)
		})
	}
}

// Elsewhere it says so, and serves: somebody may be trying something out.
func TestLocalWarnsOfAMissingSecondWall(t *testing.T) {
	needsSignals(t)
	t.Parallel()
	for name, c := range map[string]struct {
		setting string
		warned  bool
	}{"on": {"DOCKET_DATABASE_ROW_SECURITY=on", true}, "off": {"DOCKET_DATABASE_ROW_SECURITY=off", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := launch(t, "DATABASE_URL="+pgtest.AsOwner(t, pgtest.URL(t)), "DOCKET_DATA_DIR="+t.TempDir(), c.setting)
			p.signal(t, syscall.SIGTERM)
			p.ends(t, 0) // all that it says has been read by then
			if got := strings.Contains(p.stderr.String(), "docket db secure mends it"); got != c.warned {
				t.Errorf("it warns: %t, want %t: %s", got, c.warned, p.stderr)
			}
		})
	}
}

type checked struct {
	OK       bool `json:"ok"`
	Problems []struct{ Object, Problem, Mend string }
}

func checkOf(t *testing.T, settings []string) (checked, int) {
	t.Helper()
	out := execute(t, settings, "db", "check")
	var c checked
	if err := json.Unmarshal([]byte(out.stdout), &c); err != nil {
		t.Fatalf("%v: %s%s", err, out.stdout, out.stderr)
	}
	return c, out.code
}

// What db check finds, the commands that it names mend.
func TestCheckAndSecure(t *testing.T) {
	t.Parallel()
	address := pgtest.URL(t)
	direct := "DATABASE_URL_DIRECT=" + pgtest.AsOwner(t, address)
	settings := append(inProduction(t, address), direct)
	if c, code := checkOf(t, settings); code != 0 || !c.OK || len(c.Problems) != 0 {
		t.Errorf("of a sound database: %d, %+v", code, c)
	}
	sqlAsOwner(t, address, `DROP POLICY own_rows ON tasks; REVOKE INSERT ON tags FROM docket_app; DROP INDEX tags_by_name_idx;
		ALTER TABLE tags DROP CONSTRAINT tags_color_check; ALTER TABLE projects ADD COLUMN left_over int;
		ALTER TABLE tags ADD CONSTRAINT later CHECK (name <> 'x') NOT VALID;
		DO $$ BEGIN EXECUTE format('ALTER ROLE docket_app IN DATABASE %I SET lock_timeout = 0', current_database()); END $$`)
	c, code := checkOf(t, settings)
	mends := map[string]int{}
	for _, p := range c.Problems {
		mends[p.Mend]++
	}
	if code != exitFailure || c.OK || mends["docket db secure"] != 3 || mends["platform/tools/schema apply --env production"] < 2 || mends[`ALTER TABLE tags VALIDATE CONSTRAINT later`] != 1 {
		t.Errorf("of a broken database: %d, %+v", code, c)
	}
	const password = "a-password-of-32-characters-and-so"
	out := execute(t, append(settings, "APP_PASSWORD="+password), "db", "secure", "--password-env", "APP_PASSWORD").ok(t)
	var done struct {
		Role, DatabaseURL string
		Mended            []string
	}
	if err := json.Unmarshal([]byte(strings.ReplaceAll(out, "database_url", "DatabaseURL")), &done); err != nil {
		t.Fatal(err)
	}
	if done.Role != "docket_app" || len(done.Mended) != 3 || strings.Contains(out, password) || !strings.Contains(done.DatabaseURL, "docket_app:$APP_PASSWORD@") {
		t.Errorf("secured: %s", out)
	}
	if again := execute(t, settings, "db", "secure").ok(t); !strings.Contains(again, `"mended":[]`) {
		t.Errorf("once more: %s", again)
	}
	c, _ = checkOf(t, settings)
	for _, p := range c.Problems {
		if p.Mend == "docket db secure" {
			t.Errorf("it is still found that %s %s", p.Object, p.Problem)
		}
	}
	for _, env := range []string{"UNSET=1", "APP_PASSWORD=short", "APP_PASSWORD=aaaaaaaaaaaaaaaaaaaa'"} {
		execute(t, append(settings, env), "db", "secure", "--password-env", "APP_PASSWORD").refused(t, exitUsage, "--password-env")
	}
	execute(t, inProduction(t, address, "DATABASE_URL_DIRECT="+address), "db", "secure").refused(t, exitFailure, "by the role that owns the tables")
}

func TestServiceAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, env, want string }{
		{"postgres://u:geheim@ep-1-pooler.neon.tech/d?sslmode=require", "APP", "postgres://app:$APP@ep-1-pooler.neon.tech/d?sslmode=require"},
		{"postgres://u:geheim@ep-1-pooler.neon.tech/d?sslmode=require", "", "postgres://app:$PASSWORD@ep-1-pooler.neon.tech/d?sslmode=require"},
		{"postgres://u@/d?host=%2Frun", "", "postgres://app@/d?host=%2Frun"},
		{"host=h password=geheim", "", ""},
	} {
		got, err := serviceAddress(c.from, "app", c.env)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", c.from, got, err)
		}
		if err == nil {
			if _, err := url.Parse(strings.ReplaceAll(got, "$", "")); err != nil {
				t.Error(err)
			}
		}
		if strings.Contains(fmt.Sprint(got, err), "geheim") {
			t.Errorf("%s gives the password away", c.from)
		}
	}
}
