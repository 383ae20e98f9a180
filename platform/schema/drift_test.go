package schema_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"docket/platform/schema"
)

func TestDriftIsWhatNoReleaseKnows(t *testing.T) {
	t.Parallel()
	url := emptyDatabase(t)
	previous := write(t, base)
	next := write(t, change(t, `column "size"`, "column \"more\" {\n type = text\n null = true\n }\n column \"size\"",
		`check "notes`, "index \"notes_size_idx\" { columns = [column.size] }\n check \"notes"))
	drift := func(drops bool) string {
		statements, err := schema.Drift(t.Context(), url, previous, next, drops)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(statements, "\n")
	}
	none := func(when string) {
		t.Helper()
		if got := drift(false); got != "" {
			t.Errorf("%s, drift: %s", when, got)
		}
	}
	none("empty")
	if _, err := schema.Apply(t.Context(), url, previous); err != nil {
		t.Fatal(err)
	}
	none("as the release that runs has it")
	execute(t, url, "CREATE INDEX notes_size_idx ON notes (size)")
	none("with an index built ahead")
	execute(t, url, "CREATE TABLE stray (n int)", "ALTER TABLE notes ADD COLUMN stray text")
	none("with what drops have left")
	if got := drift(true); !strings.Contains(got, `DROP TABLE "public"."stray"`) || !strings.Contains(got, `DROP COLUMN "stray"`) {
		t.Errorf("where that is dropped, drift: %s", got)
	}
	execute(t, url,
		"ALTER TABLE notes ALTER COLUMN color DROP DEFAULT",
		"ALTER TABLE notes DROP CONSTRAINT notes_size_check, ADD CONSTRAINT notes_size_check CHECK (size > 5)",
		"CREATE INDEX by_hand ON notes (color)")
	got := drift(false)
	for _, want := range []string{`ALTER COLUMN "color" SET DEFAULT`, `"notes_size_check" CHECK (size >= 0)`, `DROP INDEX "public"."by_hand"`} {
		if !strings.Contains(got, want) {
			t.Errorf("drift is without %q: %s", want, got)
		}
	}
	left, err := schema.Left(t.Context(), url, next, false)
	if all := strings.Join(left, "\n"); err != nil || !strings.Contains(all, `ADD COLUMN "more"`) || strings.Contains(all, "stray") || strings.Contains(all, "notes_size_idx") {
		t.Errorf("left is %s, %v", all, err)
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), schema.AcceptedFile)
	if _, err := schema.ReadAccepted(path); err != nil {
		t.Errorf("without a file: %v", err)
	}
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, wrong := range []string{"make-notnull tasks.title because", "make-not-null tasks.title", "make-not-null"} {
		put("# a comment\n\n" + wrong)
		if _, err := schema.ReadAccepted(path); err == nil || !strings.Contains(err.Error(), path+":3") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	put("make-not-null tasks.title  each has one\r\nbuild-index tasks.old made long ago\n")
	accepted, err := schema.ReadAccepted(path)
	if err != nil {
		t.Fatal(err)
	}
	found := []schema.Danger{{Kind: schema.MakeNotNull, Object: "tasks.title"}, {Kind: schema.ChangeType, Object: "tasks.title"}}
	if why, ok := accepted.Why(found[0]); !ok || why != "each has one" {
		t.Errorf("accepted: %t, %q", ok, why)
	}
	if why, ok := accepted.Why(found[1]); ok {
		t.Errorf("another kind is accepted: %q", why)
	}
	if got := accepted.Beyond(found); len(got) != 1 || got[0] != "build-index tasks.old" {
		t.Errorf("beyond: %q", got)
	}
}

// What the repository accepts can be read.
func TestTheRepositorysAcceptedFile(t *testing.T) {
	t.Parallel()
	if _, err := schema.ReadAccepted(filepath.Join(filepath.Dir(repositoryFile(t)), schema.AcceptedFile)); err != nil {
		t.Error(err)
	}
}
