package schema_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"docket/platform/pgtest"
	"docket/platform/schema"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// emptyDatabase is one without a schema, on a server of the test's own.
func emptyDatabase(t *testing.T) string {
	t.Helper()
	server := pgtest.Server(t)
	if err := server.EnsureDatabase(t.Context(), "docket"); err != nil {
		t.Fatal(err)
	}
	return server.URL("docket")
}

func repositoryFile(t *testing.T) string {
	t.Helper()
	path, err := schema.Find(".")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), schema.File)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// objects lists the tables, indexes and constraints in the schema public.
func objects(t *testing.T, url string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), `
		SELECT 'relation ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
		UNION ALL SELECT 'constraint ' || conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'
		ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err := errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	return names
}

func TestApplyTheRepositorysSchema(t *testing.T) {
	t.Parallel()
	url, file := emptyDatabase(t), repositoryFile(t)
	planned, err := schema.Plan(t.Context(), url, file)
	if err != nil || len(planned) == 0 {
		t.Fatalf("Plan: %d statements, %v", len(planned), err)
	}
	if got := objects(t, url); len(got) > 0 {
		t.Fatalf("Plan made %v", got)
	}
	applied, err := schema.Apply(t.Context(), url, file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(planned, applied); diff != "" {
		t.Errorf("planned and applied statements (-planned +applied):\n%s", diff)
	}
	for _, table := range []string{"users", "projects", "tags", "tasks"} {
		if !slices.Contains(objects(t, url), "relation "+table) {
			t.Errorf("there is no table %s", table)
		}
	}
	for name, f := range map[string]func(context.Context, string, string) ([]string, error){"Apply": schema.Apply, "Plan": schema.Plan} {
		if again, err := f(t.Context(), url, file); err != nil || len(again) > 0 {
			t.Errorf("%s on a database that agrees: %q, %v", name, again, err)
		}
	}
}

func TestApplyRepairsDrift(t *testing.T) {
	t.Parallel()
	url, file := pgtest.AsOwner(t, pgtest.URL(t)), repositoryFile(t)
	want := objects(t, url)
	execute(t, url,
		"CREATE TABLE strange (n int)",
		"CREATE TYPE mood AS ENUM ('good')",
		"ALTER TABLE projects ADD COLUMN strange text",
		"CREATE INDEX strange_idx ON projects (strange)",
		"ALTER TABLE tags DROP COLUMN color",
		"CREATE FUNCTION stays() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"CREATE SCHEMA elsewhere",
		"CREATE TABLE elsewhere.stays (n int)",
	)
	statements, err := schema.Apply(t.Context(), url, file)
	if err != nil || len(statements) == 0 {
		t.Fatalf("Apply: %q, %v", statements, err)
	}
	if diff := cmp.Diff(want, objects(t, url)); diff != "" {
		t.Errorf("after the repair (-want +got):\n%s", diff)
	}
	execute(t, url, "SELECT color FROM tags", "SELECT stays()", "SELECT n FROM elsewhere.stays")
}

func TestApplyIgnoresTheRolesSearchPath(t *testing.T) {
	t.Parallel()
	url, file := pgtest.AsOwner(t, pgtest.URL(t)), repositoryFile(t)
	execute(t, url, "CREATE SCHEMA docket", "CREATE TABLE docket.users (n int)") // "$user" comes first
	if statements, err := schema.Apply(t.Context(), url, file); err != nil || len(statements) > 0 {
		t.Errorf("Apply: %q, %v", statements, err)
	}
}

const good = `
schema "public" {}
table "notes" {
  schema = schema.public
  column "id" { type = uuid }
  primary_key { columns = [column.id] }
}
`

func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	url := emptyDatabase(t)
	for name, text := range map[string]string{
		"syntax":             good + "table {",
		"unknown type":       strings.Replace(good, "uuid", "uuidd", 1),
		"unknown reference":  strings.Replace(good, "[column.id]", "[column.ids]", 1),
		"misspelt block":     good + `tabel "lost" { schema = schema.public }`,
		"view":               good + `view "lost" { schema = schema.public }`,
		"stray attribute":    good + `lost = 1`,
		"no schema":          "",
		"another schema":     strings.ReplaceAll(good, "public", "other"),
		"two schemas":        good + `schema "other" {}`,
		"fails when applied": good + `table "later" { schema = schema.public` + "\n" + `column "n" { type = int }` + "\n" + `check "later_chk" { expr = "no_such_function(n)" } }`,
	} {
		file := write(t, text)
		statements, err := schema.Apply(t.Context(), url, file)
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %q, %v", name, statements, err)
		}
		if got := objects(t, url); len(got) > 0 {
			t.Fatalf("%s left %v", name, got)
		}
	}
	if _, err := schema.Apply(t.Context(), url, write(t, good)); err != nil {
		t.Errorf("the file without damage: %v", err)
	}
}

func TestApplyCannotReachTheDatabase(t *testing.T) {
	t.Parallel()
	file := write(t, good)
	for _, url := range []string{"postgres://docket@127.0.0.1:1/docket", "not a url ="} {
		if statements, err := schema.Apply(t.Context(), url, file); err == nil {
			t.Errorf("%q: %q", url, statements)
		}
	}
	missing := filepath.Join(t.TempDir(), schema.File)
	if _, err := schema.Apply(t.Context(), "postgres://", missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
}

func TestStartsDoNotRace(t *testing.T) {
	t.Parallel()
	url, file := emptyDatabase(t), repositoryFile(t)
	const starts = 6
	statements, errs := make([][]string, starts), make([]error, starts)
	var group sync.WaitGroup
	for i := range starts {
		group.Go(func() { statements[i], errs[i] = schema.Apply(t.Context(), url, file) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	working := 0
	for _, s := range statements {
		if len(s) > 0 {
			working++
		}
	}
	if working != 1 {
		t.Errorf("%d of %d starts changed the schema", working, starts)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	deep := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(filepath.Join(deep, schema.File), 0o700); err != nil { // a folder of that name
		t.Fatal(err)
	}
	if path, err := schema.Find(deep); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), deep) {
		t.Errorf("where there is none: %q, %v", path, err)
	}
	for _, dir := range []string{root, filepath.Join(root, "a")} { // the nearer one wins
		want := filepath.Join(dir, schema.File)
		if err := os.WriteFile(want, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := schema.Find(deep); err != nil || got != want {
			t.Errorf("Find = %q, %v; want %q", got, err, want)
		}
	}
}
