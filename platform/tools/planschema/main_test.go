package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"docket/platform/pgtest"
	"docket/platform/release"
	"docket/platform/schema"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const shipped = `
schema "public" {}
table "notes" {
  schema = schema.public
  column "id" { type = uuid }
  column "title" {
    type = text
    null = true
  }
  primary_key { columns = [column.id] }
}
`

type checkout string

// repository is one with two commits: a release, and what is on top of it.
func repository(t *testing.T, next string) checkout {
	t.Helper()
	c := checkout(t.TempDir())
	for i, text := range []string{shipped, next} {
		if err := os.WriteFile(filepath.Join(string(c), schema.File), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			c.must(t, "init", "-q", "-b", "main")
		}
		c.must(t, "add", ".")
		c.must(t, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "c")
	}
	return c
}

func (c checkout) must(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs git")
	}
	out, err := release.Checkout(c).Git(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The whole command, on a checkout of its own.
func TestRun(t *testing.T) {
	t.Parallel()
	next := strings.Replace(shipped, "    null = true\n", "", 1)
	next = strings.Replace(next, "primary_key", "index \"notes_title_idx\" { columns = [column.title] }\n  primary_key", 1)
	c := repository(t, next)
	url := pgtest.AsOwner(t, pgtest.URL(t))
	says(t, c, url, "install", true, c.must(t, "rev-parse", "HEAD^"))
	query(t, url, "INSERT INTO notes VALUES (gen_random_uuid(), 'a')")

	says(t, c, url, "drift", true, "drift: none", c.must(t, "rev-parse", "HEAD^"))
	says(t, c, url, "dangers", false, "make-not-null notes.title", "build-index notes.notes_title_idx", "dangerous changes, 2")
	says(t, c, url, "index", true, `CREATE INDEX CONCURRENTLY "notes_title_idx"`)
	says(t, c, url, "index", true, "none to build")
	says(t, c, url, "dangers", false, "make-not-null notes.title", "dangerous changes, 1")
	accepted := filepath.Join(string(c), schema.AcceptedFile)
	if err := os.WriteFile(accepted, []byte("make-not-null notes.title one row\ndrop-table more gone\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, c, url, "dangers", true, "accepted: make-not-null notes.title: one row", "of no use any more: drop-table more")
	says(t, c, url, "left", false, "SET NOT NULL")
	if _, err := schema.Apply(t.Context(), url, filepath.Join(string(c), schema.File)); err != nil {
		t.Fatal(err)
	}
	says(t, c, url, "left", true, "nothing")
	query(t, url, "ALTER TABLE notes ALTER COLUMN id SET DEFAULT gen_random_uuid()")
	says(t, c, url, "drift", false, "DROP DEFAULT", "has drifted")
	says(t, c, url, "lefts", false, "there is no")
	says(t, c, "", "left", false, "DATABASE_URL_DIRECT")
}

func says(t *testing.T, c checkout, url, verb string, ok bool, all ...string) {
	t.Helper()
	var out strings.Builder
	file := filepath.Join(string(c), schema.File)
	err := run(t.Context(), settings{url: url, file: file}, "", verb, &out)
	if err != nil {
		out.WriteString(err.Error())
	}
	if (err == nil) != ok {
		t.Errorf("%s: %v\n%s", verb, err, &out)
	}
	for _, want := range all {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s does not say %q:\n%s", verb, want, &out)
		}
	}
}

func query(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}
