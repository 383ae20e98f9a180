package rowsecurity_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"docket/platform/pgtest"
	"docket/platform/rowsecurity"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return conn
}

func must(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func problems(t *testing.T, url string) []string {
	t.Helper()
	return found(t, url, rowsecurity.Inspect)
}

func limits(t *testing.T, url string) []string {
	t.Helper()
	return found(t, url, rowsecurity.InspectSettings)
}

// found is what one look at a database finds, as people read it.
func found(t *testing.T, url string, inspect func(context.Context, string) ([]rowsecurity.Problem, error)) []string {
	t.Helper()
	all := []string{}
	problems, err := inspect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		all = append(all, p.String())
	}
	return all
}

// A time limit that is missing, or none, is found and mended, wherever it was
// taken away; one of somebody's own is left alone.
func TestTimeLimitsOfTheRole(t *testing.T) {
	t.Parallel()
	url := pgtest.AsOwner(t, pgtest.URL(t))
	const role = "o'limits" // of this test alone: roles belong to all databases
	service, err := rowsecurity.As(url, role)
	if err != nil {
		t.Fatal(err)
	}
	owner := connect(t, url)
	must(t, owner, `CREATE ROLE "o'limits" LOGIN`)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.WithoutCancel(t.Context()), url)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := conn.Exec(context.WithoutCancel(t.Context()), `DROP OWNED BY "o'limits"; DROP ROLE "o'limits"`); err != nil {
			t.Error(err)
		}
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	secure := func() {
		t.Helper()
		if _, err := rowsecurity.Secure(t.Context(), url, rowsecurity.Options{Role: role}); err != nil {
			t.Fatal(err)
		}
		if left := limits(t, service); len(left) > 0 {
			t.Errorf("secured, it finds %q", left)
		}
	}
	if left := limits(t, service); len(left) != 6 || left[0] != "role o'limits has no statement_timeout" {
		t.Errorf("of a plain role it finds %q", left)
	}
	secure()
	for breaking, want := range map[string]string{
		`ALTER ROLE "o'limits" RESET lock_timeout`:        "role o'limits has no lock_timeout",
		`ALTER ROLE "o'limits" SET statement_timeout = 0`: "role o'limits has a statement_timeout of 0, which is none",
		`DO $$ BEGIN EXECUTE format('ALTER ROLE "o''limits" IN DATABASE %I SET lock_timeout = 0', current_database()); END $$`: "role o'limits has a lock_timeout of 0, which is none",
	} {
		must(t, owner, breaking)
		if diff := cmp.Diff([]string{want}, limits(t, service)); diff != "" {
			t.Errorf("%s (-want +found):\n%s", breaking, diff)
		}
		secure()
	}
	must(t, owner, `ALTER ROLE "o'limits" SET statement_timeout = '2min'`)
	secure()
	for name, want := range map[string]string{"statement_timeout": "2min", "lock_timeout": "1min", "idle_in_transaction_session_timeout": "30s"} {
		var got string
		if err := connect(t, service).QueryRow(t.Context(), "SHOW "+name).Scan(&got); err != nil || got != want {
			t.Errorf("a session has a %s of %s, %v; want %s", name, got, err, want)
		}
	}
}

// Every way in which the wall can be pulled down is found, and mended.
func TestEachGapIsFoundAndMended(t *testing.T) {
	t.Parallel()
	const role = "docket_app"
	for breaking, want := range map[string][]string{
		"": {},
		"ALTER TABLE tasks DISABLE ROW LEVEL SECURITY":   {"table tasks has no row-level security"},
		"ALTER TABLE tags NO FORCE ROW LEVEL SECURITY":   {"table tags does not force row-level security on its owner"},
		"DROP POLICY own_rows ON task_search":            {"table task_search has no policy own_rows"},
		"DROP POLICY subject_select ON users":            {"table users has no policy subject_select"},
		"ALTER POLICY own_rows ON tasks USING (true)":    {"table tasks has another policy own_rows than it should"},
		"ALTER POLICY own_rows ON tasks TO CURRENT_USER": {"table tasks has another policy own_rows than it should"},
		"CREATE POLICY wide ON projects FOR SELECT USING (true)": {
			"table projects has a policy wide that is not Docket's",
		},
		"CREATE POLICY narrow ON projects AS RESTRICTIVE USING (false)": {}, // takes away, opens nothing
		"CREATE TABLE notes (user_id uuid, id uuid)": {
			"table notes has no row-level security", "table notes does not force row-level security on its owner",
			"table notes does not grant SELECT, INSERT, UPDATE, DELETE to the role docket_app", "table notes has no policy own_rows",
		},
		"CREATE TABLE elsewhere (id int)":                    {}, // nobody granted it
		"REVOKE UPDATE, DELETE ON tasks FROM " + role:        {"table tasks does not grant UPDATE, DELETE to the role docket_app"},
		"GRANT TRUNCATE ON tasks TO " + role:                 {"table tasks grants TRUNCATE to the role docket_app"},
		"GRANT UPDATE ON service_keys TO " + role:            {"table service_keys grants UPDATE to the role docket_app"},
		"REVOKE USAGE ON SCHEMA public FROM PUBLIC, " + role: {"role docket_app may not use the schema public"},
		"GRANT CREATE ON SCHEMA public TO PUBLIC":            {"role docket_app may create things in the schema public, which others would take for Docket's"},
		"GRANT CREATE ON SCHEMA public TO " + role:           {"role docket_app may create things in the schema public, which others would take for Docket's"},
		"CREATE VIEW titles AS SELECT title FROM tasks; GRANT SELECT ON titles TO " + role: {
			"view titles is not security_invoker, and shows rows of all users to the role docket_app",
		},
		"CREATE VIEW inner_view AS SELECT title FROM tasks; CREATE VIEW outer_view AS SELECT * FROM inner_view; GRANT SELECT (title) ON outer_view TO PUBLIC": {
			"view outer_view is not security_invoker, and shows rows of all users to the role docket_app",
		},
		"CREATE VIEW titles WITH (security_invoker = on) AS SELECT title FROM tasks; GRANT SELECT ON titles TO " + role: {},
		"CREATE VIEW titles AS SELECT title FROM tasks":                                                                 {}, // nobody granted it
		"CREATE VIEW one AS SELECT 1 AS n; GRANT SELECT ON one TO PUBLIC":                                               {}, // shows nothing of ours
		"CREATE MATERIALIZED VIEW titles AS SELECT title FROM tasks; GRANT SELECT ON titles TO " + role: {
			"materialized view titles holds rows of all users, and can be read by the role docket_app",
		},
		"CREATE FUNCTION everything(n int) RETURNS SETOF tasks LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM tasks'": {
			"function everything(integer) is SECURITY DEFINER, of an owner for whom no policy holds, and can be called by the role docket_app",
		},
		"CREATE FUNCTION everything() RETURNS SETOF tasks LANGUAGE sql AS 'SELECT * FROM tasks'":                {}, // with the caller's rights
		"CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NULL; END'": {}, // called by nobody
	} {
		t.Run(breaking, func(t *testing.T) {
			t.Parallel()
			url := pgtest.URL(t)
			owner := connect(t, pgtest.AsOwner(t, url))
			if breaking != "" {
				must(t, owner, breaking)
			}
			if diff := cmp.Diff(want, problems(t, url)); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			mended, err := rowsecurity.Secure(t.Context(), pgtest.AsOwner(t, url), rowsecurity.Options{})
			if err != nil || len(mended) != len(want) {
				t.Errorf("mended %v, %v", mended, err)
			}
			if left := problems(t, url); len(left) > 0 {
				t.Errorf("afterwards: %q", left)
			}
		})
	}
}

// A role is its server's, so that these have one of their own.
func TestRolesThatBypassTheWall(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t)
	url := server.URL("postgres")
	conn := connect(t, url)
	must(t, conn, "CREATE TABLE notes (user_id uuid); CREATE ROLE app LOGIN; CREATE ROLE boss SUPERUSER; CREATE ROLE maker CREATEROLE; CREATE TABLE elsewhere (id int)")
	for _, name := range []string{"users", "tombstones"} {
		must(t, conn, "CREATE TABLE "+name+" (id uuid, issuer text, subject text, erased_at timestamptz, finished_at timestamptz)")
	}
	must(t, conn, "CREATE TABLE idempotency_keys (user_id uuid, expires_at timestamptz); CREATE TABLE task_search (user_id uuid, words tsvector)")
	app, err := rowsecurity.As(url, "app")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rowsecurity.Secure(t.Context(), url, rowsecurity.Options{Role: "app"}); err == nil || !strings.Contains(err.Error(), "service_keys is missing: apply the schema first") {
		t.Errorf("without a table: %v", err)
	}
	must(t, conn, "CREATE TABLE service_keys (name text)")
	if _, err := rowsecurity.Secure(t.Context(), url, rowsecurity.Options{Role: "docket"}); err == nil || !strings.Contains(err.Error(), "by the role that owns the tables, and for another") {
		t.Errorf("for the owner: %v", err)
	}
	for breaking, want := range map[string][]string{
		"ALTER ROLE app SUPERUSER":             {"role app is a superuser, for whom no policy holds"},
		"ALTER ROLE app BYPASSRLS":             {"role app has BYPASSRLS: no policy holds for it"},
		"GRANT boss TO app":                    {"role app is a member of boss, for whom no policy holds"},
		"ALTER ROLE app CREATEROLE":            {"role app has CREATEROLE, and could give itself other rights"},
		"ALTER ROLE app REPLICATION":           {"role app has REPLICATION, and could read all tables as they are stored"},
		"ALTER ROLE app CREATEDB":              {}, // a database of its own is no way to ours
		"GRANT maker TO app":                   {"role app is a member of maker, which can get around policies"},
		"GRANT pg_read_server_files TO app":    {"role app is a member of pg_read_server_files, which can get around policies"},
		"ALTER TABLE elsewhere OWNER TO app":   {"table elsewhere belongs to the role app, which should own nothing"},
		"ALTER SCHEMA public OWNER TO app":     {"role app owns the schema public, or the database, and could drop its tables"},
		"ALTER DATABASE postgres OWNER TO app": {"role app owns the schema public, or the database, and could drop its tables"},
		"ALTER TABLE notes OWNER TO app":       {"table notes belongs to the role app, which could take its policies away"},
	} {
		if _, err := rowsecurity.Secure(t.Context(), url, rowsecurity.Options{Role: "app"}); err != nil {
			t.Fatalf("before %s: %v", breaking, err)
		}
		must(t, conn, breaking)
		if diff := cmp.Diff(want, problems(t, app)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", breaking, diff)
		}
		// What belongs to the role is for a person to give to another.
		_, err := rowsecurity.Secure(t.Context(), url, rowsecurity.Options{Role: "app"})
		object, owned := strings.CutSuffix(breaking, "OWNER TO app")
		if !owned {
			if err != nil {
				t.Errorf("after %s: %v", breaking, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want[0]) {
			t.Errorf("%s: %v", breaking, err)
		}
		owner := "docket"
		if strings.Contains(breaking, "SCHEMA") {
			owner = "pg_database_owner"
		}
		must(t, conn, object+"OWNER TO "+owner)
	}
}

// The password is the one that was given, and in no error.
func TestSecureMakesARoleThatCanLogIn(t *testing.T) {
	t.Parallel()
	url := pgtest.AsOwner(t, pgtest.URL(t))
	o := rowsecurity.Options{Role: "other app", Password: `it's \ a secret`}
	if mended, err := rowsecurity.Secure(t.Context(), url, o); err != nil || len(mended) == 0 {
		t.Fatalf("%v, %v", mended, err)
	}
	service, err := rowsecurity.As(url, o.Role)
	if err != nil {
		t.Fatal(err)
	}
	if left := problems(t, service); len(left) > 0 {
		t.Errorf("the new role: %q", left)
	}
	if left := limits(t, service); len(left) > 0 {
		t.Errorf("the new role: %q", left)
	}
	var timeout string
	if err := connect(t, service).QueryRow(t.Context(), `SHOW idle_in_transaction_session_timeout`).Scan(&timeout); err != nil || timeout != "30s" {
		t.Errorf("its transactions may idle for %s, %v", timeout, err)
	}
	// PostgreSQL keeps passwords as SCRAM-SHA-256; a wrong one shows in that.
	var kept bool
	if err := connect(t, url).QueryRow(t.Context(), `SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = $1`, o.Role).Scan(&kept); err != nil || !kept {
		t.Errorf("a password is kept: %t, %v", kept, err)
	}
	o.Role, o.Password = strings.Repeat("long", 30), "geheim"
	if _, err := rowsecurity.Secure(t.Context(), "postgres://nobody:geheim@127.0.0.1:1/x", o); err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("without a database: %v", err)
	}
}

// Whoever is not told of an owner, or through a door, meets nothing.
func TestItFailsClosed(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	owner := connect(t, pgtest.AsOwner(t, url))
	must(t, owner, `INSERT INTO users (id, issuer, subject, profile_as_of, created_at, updated_at)
		SELECT gen_random_uuid(), 'site', n::text, now(), now(), now() FROM generate_series(1, 3) AS n;
		INSERT INTO tags (user_id, id, name, name_key, created_at, updated_at) SELECT id, id, 'n', 'n', now(), now() FROM users;
		INSERT INTO idempotency_keys (user_id, key, fingerprint, expires_at) SELECT id, 'k', '', now() + make_interval(days => subject::int - 2) FROM users;
		INSERT INTO tombstones SELECT id, issuer, subject, now() - CASE subject WHEN '3' THEN interval '1 hour' ELSE '0' END, CASE subject WHEN '1' THEN now() END FROM users`)
	for name, c := range map[string]struct {
		settings string
		want     string // how many users, tags, answers and tombstones are met
	}{
		"nobody":                  {"", "0 0 0 0"},
		"an owner":                {"SELECT set_config('app.user_id', (SELECT id::text FROM pg_temp.first), true)", "1 1 1 1"},
		"nobody in words":         {"SET LOCAL app.user_id = ''", "0 0 0 0"},
		"a subject":               {"SET LOCAL app.door = 'subject'; SELECT set_config('app.key', 'site' || chr(10) || '2', true)", "1 0 0 1"},
		"no such subject":         {"SET LOCAL app.door = 'subject'; SELECT set_config('app.key', 'sit' || chr(10) || 'e2', true)", "0 0 0 0"},
		"a key and no door":       {"SELECT set_config('app.key', 'site' || chr(10) || '2', true)", "0 0 0 0"},
		"what is expired":         {"SET LOCAL app.door = 'expired'; SELECT set_config('app.key', now()::text, true)", "0 0 2 1"},
		"who is erased":           {"SET LOCAL app.door = 'erase'", "0 0 0 2"},
		"who was erased just now": {"SET LOCAL app.door = 'erased'", "0 0 0 2"},
		"and longer ago":          {"SET LOCAL app.door = 'erased'; SELECT set_config('app.key', (now() - interval '2 hours')::text, true)", "0 0 0 3"},
		"no such door":            {"SET LOCAL app.door = 'x'; SET LOCAL app.key = 'y'", "0 0 0 0"},
	} {
		t.Run(name, func(t *testing.T) {
			var id, got string
			if err := owner.QueryRow(t.Context(), `SELECT id::text FROM users WHERE subject = '1'`).Scan(&id); err != nil {
				t.Fatal(err)
			}
			conn := connect(t, url)
			must(t, conn, strings.NewReplacer("(SELECT id::text FROM pg_temp.first)", "'"+id+"'").Replace("BEGIN; "+c.settings))
			err := conn.QueryRow(t.Context(), `SELECT concat_ws(' ', (SELECT count(*) FROM users), (SELECT count(*) FROM tags),
				(SELECT count(*) FROM idempotency_keys), (SELECT count(*) FROM tombstones))`).Scan(&got)
			if err != nil || got != c.want {
				t.Errorf("it meets %s, %v; want %s", got, err, c.want)
			}
		})
	}
}

// No door leads further than it is meant to.
func TestDoorsAreNarrow(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	owner := connect(t, pgtest.AsOwner(t, url))
	must(t, owner, `INSERT INTO users (id, issuer, subject, profile_as_of, created_at, updated_at)
		SELECT gen_random_uuid(), 'site', n::text, now(), now(), now() FROM generate_series(1, 3) AS n;
		INSERT INTO idempotency_keys (user_id, key, fingerprint, expires_at) SELECT id, 'k', '', now() - interval '1 day' FROM users;
		INSERT INTO tombstones SELECT id, issuer, subject, now(), CASE subject WHEN '1' THEN now() END FROM users`)
	conn := connect(t, url)
	const expired = "SET LOCAL app.door = 'expired'; SELECT set_config('app.key', now()::text, true); "
	const erase = "SET LOCAL app.door = 'erase'; "
	const subject = "SET LOCAL app.door = 'subject'; SELECT set_config('app.key', 'site' || chr(10) || '2', true); "
	for sql, want := range map[string]string{
		expired + "UPDATE idempotency_keys SET expires_at = now()": "42501",
		expired + "UPDATE tombstones SET finished_at = now()":      "42501",
		expired + "DELETE FROM users":                              "DELETE 0",
		erase + "UPDATE tombstones SET erased_at = now()":          "42501",
		erase + "DELETE FROM tombstones":                           "DELETE 0",
		subject + "DELETE FROM users":                              "DELETE 0",
		subject + "UPDATE users SET name = 'x'":                    "UPDATE 0",
		subject + "DELETE FROM tombstones":                         "DELETE 0",
		subject + "INSERT INTO users (id, issuer, subject, profile_as_of, created_at, updated_at) VALUES (gen_random_uuid(), 'site', '9', now(), now(), now())": "42501",
		"INSERT INTO users (id, issuer, subject, profile_as_of, created_at, updated_at) VALUES (gen_random_uuid(), 'site', '2', now(), now(), now())":           "42501",
		"UPDATE service_keys SET key = ''":             "42501",
		"TRUNCATE tasks CASCADE":                       "42501",
		"ALTER TABLE tasks DISABLE ROW LEVEL SECURITY": "42501",
	} {
		must(t, conn, "BEGIN")
		results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
		got := ""
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
			got = pg.Code
		} else if len(results) > 0 {
			got = results[len(results)-1].CommandTag.String()
		}
		if got != want {
			t.Errorf("%s: %s, %v; want %s", sql, got, err, want)
		}
		must(t, conn, "ROLLBACK")
	}
}

// Columns that policies name can be changed while the policies are lifted, and
// nothing is to be seen meanwhile.
func TestLift(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	owner := connect(t, pgtest.AsOwner(t, url))
	const alter = "ALTER TABLE users ALTER COLUMN subject TYPE varchar"
	if _, err := owner.Exec(t.Context(), alter); err == nil || !strings.Contains(err.Error(), "policy") {
		t.Errorf("under a policy: %v", err)
	}
	if err := rowsecurity.Lift(t.Context(), pgtest.AsOwner(t, url)); err != nil {
		t.Fatal(err)
	}
	must(t, owner, alter)
	must(t, owner, "ALTER TABLE users ALTER COLUMN subject TYPE text")
	must(t, owner, "INSERT INTO users (id, issuer, subject, profile_as_of, created_at, updated_at) VALUES (gen_random_uuid(), 'a', 'b', now(), now(), now())")
	var n int
	if err := connect(t, url).QueryRow(t.Context(), "SELECT count(*) FROM users").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d users show without policies, %v", n, err)
	}
	if _, err := rowsecurity.SecureOwn(t.Context(), pgtest.AsOwner(t, url)); err != nil {
		t.Fatal(err)
	}
	if left := problems(t, url); len(left) > 0 {
		t.Errorf("afterwards: %q", left)
	}
}

func TestHeld(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	for address, want := range map[string]bool{url: true, pgtest.AsOwner(t, url): false} {
		if held, err := rowsecurity.Held(t.Context(), address); err != nil || held != want {
			t.Errorf("held: %t, %v; want %t", held, err, want)
		}
	}
}

func TestAs(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"postgres://u:p@h/d?sslmode=require": "postgres://app:p@h/d?sslmode=require",
		"postgresql://h/d":                   "postgresql://app@h/d",
		"host=h user=u password=geheim":      "",
		"http://u:geheim@h":                  "",
	} {
		got, err := rowsecurity.As(from, "app")
		if got != want || (err == nil) != (want != "") || err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %q, %v", from, got, err)
		}
	}
}
