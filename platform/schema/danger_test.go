package schema_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/pgtest"
	"docket/platform/schema"
)

// base is a schema in which everything can be changed. What stands in it after
// a number is replaced by the changes of a test.
const base = `
schema "public" {}
table "people" {
  schema = schema.public
  column "id" { type = uuid }
  primary_key { columns = [column.id] }
}
table "notes" {
  schema = schema.public
  column "id" { type = uuid }
  column "person_id" {
    type = uuid
    null = true
  }
  column "title" {
    type = text
    null = true
  }
  column "size" { type = int }
  column "color" {
    type    = text
    default = "red"
  }
  primary_key { columns = [column.id] }
  index "notes_title_idx" { columns = [column.title] }
  check "notes_size_check" { expr = "(size >= 0)" }
}
table "drafts" {
  schema = schema.public
  column "id" { type = uuid }
}
`

// change is base with pairs of old and new text replaced.
func change(t *testing.T, pairs ...string) string {
	t.Helper()
	text := base
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the schema has no %q", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

const titleColumn = "  column \"title\" {\n    type = text\n    null = true\n  }\n"

// dangers are the changes of a test, and what is found dangerous about them in
// a table with rows, and in one without. Where both is the same, empty is nil.
var dangers = map[string]struct {
	pairs []string
	drops bool
	rows  []string
	empty []string
}{
	"nothing":                {nil, true, nil, nil},
	"a nullable column":      {[]string{`column "size"`, "column \"more\" {\n type = text\n null = true\n }\n column \"size\""}, true, nil, nil},
	"a constant default":     {[]string{`column "size"`, "column \"more\" {\n type = int\n default = 1\n }\n column \"size\""}, true, nil, nil},
	"an instant by default":  {[]string{`column "size"`, "column \"more\" {\n type = timestamptz\n default = sql(\"now()\")\n }\n column \"size\""}, true, nil, nil},
	"a default for each row": {[]string{`column "size"`, "column \"more\" {\n type = uuid\n default = sql(\"gen_random_uuid()\")\n }\n column \"size\""}, true, []string{"rewrite-table notes.more"}, nil},
	"a generated column":     {[]string{`column "size"`, "column \"more\" {\n type = int\n as {\n expr = \"(size + 1)\"\n type = STORED\n }\n }\n column \"size\""}, true, []string{"rewrite-table notes.more"}, nil},
	"a required column":      {[]string{`column "size"`, "column \"more\" { type = text }\n column \"size\""}, true, []string{"require-column notes.more"}, []string{"require-column notes.more"}},
	"not null":               {[]string{titleColumn, "  column \"title\" { type = text }\n"}, true, []string{"make-not-null notes.title"}, nil},
	"nullable again":         {[]string{`column "size" { type = int }`, "column \"size\" {\n type = int\n null = true\n }"}, true, nil, nil},
	"another type":           {[]string{`column "size" { type = int }`, `column "size" { type = bigint }`}, true, []string{"change-type notes.size"}, nil},
	"another default":        {[]string{`"red"`, `"blue"`}, true, nil, nil},
	"an index":               {[]string{`check "notes`, "index \"notes_size_idx\" { columns = [column.size] }\n check \"notes"}, true, []string{"build-index notes.notes_size_idx"}, nil},
	"a unique index":         {[]string{`check "notes`, "index \"notes_size_key\" {\n unique = true\n columns = [column.size]\n }\n check \"notes"}, true, []string{"build-index notes.notes_size_key"}, nil},
	"another index, same name": {[]string{`index "notes_title_idx" { columns = [column.title] }`, `index "notes_title_idx" { columns = [column.size] }`}, true,
		[]string{"build-index notes.notes_title_idx"}, nil},
	"an index less": {[]string{`index "notes_title_idx" { columns = [column.title] }`, ""}, true, nil, nil},
	"another key": {[]string{`null = true
  }
  column "title"`, `}
  column "title"`, "primary_key { columns = [column.id] }\n  index", "primary_key { columns = [column.id, column.person_id] }\n  index"}, true,
		[]string{"change-key notes", "make-not-null notes.person_id"}, nil},
	"a foreign key":                {[]string{`check "notes`, "foreign_key \"notes_person_fk\" {\n columns = [column.person_id]\n ref_columns = [table.people.column.id]\n }\n check \"notes"}, true, []string{"check-rows notes.notes_person_fk"}, nil},
	"a check":                      {[]string{`check "notes`, "check \"notes_title_check\" { expr = \"(title <> ''::text)\" }\n check \"notes"}, true, []string{"check-rows notes.notes_title_check"}, nil},
	"another check":                {[]string{"size >= 0", "size > 0"}, true, []string{"check-rows notes.notes_size_check"}, nil},
	"a check less":                 {[]string{`check "notes_size_check" { expr = "(size >= 0)" }`, ""}, true, nil, nil},
	"a table":                      {[]string{`table "drafts"`, "table \"more\" {\n schema = schema.public\n column \"id\" { type = uuid }\n index \"more_idx\" { columns = [column.id] }\n }\n table \"drafts\""}, true, nil, nil},
	"a column less":                {[]string{"  index \"notes_title_idx\" { columns = [column.title] }\n", "", titleColumn, ""}, true, []string{"drop-column notes.title"}, []string{"drop-column notes.title"}},
	"a table less":                 {[]string{"table \"drafts\" {\n  schema = schema.public\n  column \"id\" { type = uuid }\n}\n", ""}, true, []string{"drop-table drafts"}, []string{"drop-table drafts"}},
	"a nullable column that stays": {[]string{"  index \"notes_title_idx\" { columns = [column.title] }\n", "", titleColumn, ""}, false, nil, nil},
	"a required column that stays": {[]string{"  check \"notes_size_check\" { expr = \"(size >= 0)\" }\n", "", "  column \"size\" { type = int }\n", ""}, false,
		[]string{"leave-required notes.size"}, []string{"leave-required notes.size"}},
	"a column with a default that stays": {[]string{"  column \"color\" {\n    type    = text\n    default = \"red\"\n  }\n", ""}, false, nil, nil},
}

func TestFindDangers(t *testing.T) {
	t.Parallel()
	before := write(t, base)
	withRows, without := pgtest.AsOwner(t, pgtest.URL(t)), pgtest.AsOwner(t, pgtest.URL(t))
	for _, url := range []string{withRows, without} {
		if _, err := schema.Apply(t.Context(), url, before); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, withRows, "INSERT INTO notes (id, person_id, size) VALUES (gen_random_uuid(), gen_random_uuid(), 1)")
	for name, tt := range dangers {
		file := write(t, change(t, tt.pairs...))
		for what, o := range map[string]struct {
			dangers schema.Dangers
			want    []string
		}{
			"with rows":      {schema.Dangers{URL: withRows}, tt.rows},
			"without":        {schema.Dangers{URL: without}, tt.empty},
			"taken for full": {schema.Dangers{URL: without, Populated: true}, tt.rows},
		} {
			o.dangers.File, o.dangers.Previous, o.dangers.Drops = file, before, tt.drops
			found, err := schema.FindDangers(t.Context(), o.dangers)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, what, err)
			}
			var got []string
			for _, d := range found {
				got = append(got, string(d.Kind)+" "+d.Object)
				if !strings.Contains(d.String(), "instead: ") || d.Why == "" {
					t.Errorf("%s: %q says too little", name, d)
				}
			}
			if diff := cmp.Diff(asSet(o.want), asSet(got)); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, what, diff)
			}
		}
	}
}

// What no release that runs knows may be dropped.
func TestDropsAreDangerousWhileTheyAreRead(t *testing.T) {
	t.Parallel()
	url := pgtest.AsOwner(t, pgtest.URL(t))
	if _, err := schema.Apply(t.Context(), url, write(t, base)); err != nil {
		t.Fatal(err)
	}
	less := write(t, change(t, "  index \"notes_title_idx\" { columns = [column.title] }\n", "", titleColumn, ""))
	for previous, want := range map[string]int{"": 0, less: 0, write(t, base): 1} {
		found, err := schema.FindDangers(t.Context(), schema.Dangers{URL: url, File: less, Previous: previous, Drops: true})
		if err != nil || len(found) != want {
			t.Errorf("previous %q: %v, %v; want %d", previous, found, err, want)
		}
	}
}

func TestBuildIndexes(t *testing.T) {
	t.Parallel()
	url := pgtest.AsOwner(t, pgtest.URL(t))
	if _, err := schema.Apply(t.Context(), url, write(t, base)); err != nil {
		t.Fatal(err)
	}
	execute(t, url, "INSERT INTO notes (id, size) SELECT gen_random_uuid(), 1 FROM generate_series(1, 2)")
	file := write(t, change(t, `check "notes`, `
		column "due" {
			type = date
			null = true
		}
		column "kind" { type = text }
		index "notes_color_idx" { columns = [column.color] }
		index "notes_due_idx" { columns = [column.due, column.id] }
		index "notes_kind_idx" { columns = [column.kind] }
		index "notes_size_key" {
			unique  = true
			columns = [column.size]
		}
		check "notes`))

	// The unique one fails, for two rows are alike, and leaves a broken index.
	done, err := schema.BuildIndexes(t.Context(), url, file, nil)
	if err == nil || !strings.Contains(err.Error(), "notes_size_key") {
		t.Fatalf("with two rows alike: %q, %v", done, err)
	}
	find := func() string {
		found, err := schema.FindDangers(t.Context(), schema.Dangers{URL: url, File: file})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, d := range found {
			all = append(all, string(d.Kind)+" "+d.Object)
		}
		return strings.Join(all, ", ")
	}
	if got := find(); !strings.Contains(got, "broken-index notes.notes_size_key") {
		t.Errorf("found is %s", got)
	}
	execute(t, url, "UPDATE notes SET size = 2 WHERE id = (SELECT id FROM notes LIMIT 1)")
	var said []string
	done, err = schema.BuildIndexes(t.Context(), url, file, func(s string) { said = append(said, s) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(said, done); diff != "" {
		t.Errorf("said and done (-said +done):\n%s", diff)
	}
	for _, s := range done {
		if strings.Contains(s, "INDEX") && !strings.Contains(s, "CONCURRENTLY") {
			t.Errorf("this locks: %s", s)
		}
	}
	// What is left is the column that rows need a value for, and its index.
	if got := find(); got != "require-column notes.kind, build-index notes.notes_kind_idx" {
		t.Errorf("left is %s", got)
	}
	if again, err := schema.BuildIndexes(t.Context(), url, file, nil); err != nil || len(again) > 0 {
		t.Errorf("again: %q, %v", again, err)
	}
	// Applying finds the rest to do, and no index but the one that waits.
	execute(t, url, "DELETE FROM notes")
	statements, err := schema.Apply(t.Context(), url, file)
	if err != nil || strings.Count(strings.Join(statements, "\n"), "CREATE") != 1 {
		t.Errorf("applied: %q, %v", statements, err)
	}
	if got := find(); got != "" {
		t.Errorf("after all: %s", got)
	}
}
