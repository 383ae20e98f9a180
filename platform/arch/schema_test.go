package arch

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	schemaFile = "schema.hcl"
	// platformOwner owns the tables of no module.
	platformOwner = "platform"
	ownerColumn   = "user_id"
)

// table is what the walls need to know of a table in schema.hcl.
type table struct {
	name    string
	line    int
	owners  []string
	columns []string
}

func (t table) ownedByUser() bool { return slices.Contains(t.columns, ownerColumn) }

// withoutUser names the tables of modules whose rows belong to no user, each
// with what a statement must say instead of user_id: any one of the lists.
var withoutUser = map[string][][]*regexp.Regexp{
	// The users themselves: one is found by id, or by who vouched for whom.
	"users": {
		{regexp.MustCompile(`(?i)\bid\s*=\s*\$1\b`)},
		{regexp.MustCompile(`(?i)\bissuer\b`), regexp.MustCompile(`(?i)\bsubject\b`)},
	},
	// Where users were: by the id or the name they had; and those that are to
	// be seen to, whosever they are.
	"tombstones": {
		{regexp.MustCompile(`(?i)\bid\s*=\s*\$1\b`)},
		{regexp.MustCompile(`(?i)\bissuer\b`), regexp.MustCompile(`(?i)\bsubject\b`)},
		{regexp.MustCompile(`(?i)\bfinished_at\s*(<=|IS NULL)`)},
	},
}

var (
	tableLine   = regexp.MustCompile(`^table "(\w+)" \{`)
	ownerLine   = regexp.MustCompile(`^// owner: (\S+)$`)
	columnLine  = regexp.MustCompile(`^  column "(\w+)"`)
	blockLine   = regexp.MustCompile(`^  (primary_key|foreign_key|index)\b`)
	ginLine     = regexp.MustCompile(`^\s+type\s*=\s*GIN$`)
	columnsLine = regexp.MustCompile(`(?:^|[\s{])columns\s*=\s*\[column\.(\w+)`)
)

// tables reads schema.hcl, and finds what is wrong with owners in it. The file
// is read by lines: it is formatted by Atlas, and comments are what matters.
func tables(text string, modules []string) ([]table, []breach) {
	var all []table
	var found []breach
	refuse := func(line int, instead, format string, args ...any) {
		found = append(found, breach{path: schemaFile, line: line, what: fmt.Sprintf(format, args...), instead: instead})
	}
	var owners []string
	var current *table
	var block string
	for i, line := range strings.Split(text, "\n") {
		switch {
		case current != nil && line == "}":
			all, current = append(all, *current), nil
		case current != nil:
			if m := columnLine.FindStringSubmatch(line); m != nil {
				current.columns = append(current.columns, m[1])
			}
			if m := blockLine.FindStringSubmatch(line); m != nil {
				block = m[1]
			}
			if ginLine.MatchString(line) {
				block = ginBlock
			}
			if m := columnsLine.FindStringSubmatch(line); m != nil && current.beginsWithUser(block) && m[1] != ownerColumn {
				refuse(i+1, "let it begin with column."+ownerColumn, "a key or index of %s begins with %s", current.name, m[1])
			}
		case tableLine.MatchString(line):
			current = &table{name: tableLine.FindStringSubmatch(line)[1], line: i + 1, owners: owners}
			owners = nil
		case ownerLine.MatchString(line):
			owners = append(owners, ownerLine.FindStringSubmatch(line)[1])
		case !strings.HasPrefix(line, "//"):
			if owners != nil {
				refuse(i, "put the line right above the table", "an owner of nothing")
			}
			owners = nil
		}
	}
	for _, t := range all {
		if problem, instead := t.problem(modules); problem != "" {
			refuse(t.line, instead, "table %s %s", t.name, problem)
		}
	}
	return all, found
}

// ginBlock is an index of type GIN, which holds words and no columns: where
// they are a user's, each word begins with a mark of that user.
const ginBlock = "GIN index"

// beginsWithUser reports whether the columns of such a block of t must begin
// with the user. The platform's housekeeping goes over the rows of all users,
// so that its indexes need not.
func (t table) beginsWithUser(block string) bool {
	return t.ownedByUser() && block != ginBlock && (block != "index" || !slices.Equal(t.owners, []string{platformOwner}))
}

func (t table) problem(modules []string) (problem, instead string) {
	switch {
	case len(t.owners) == 0:
		return "has no owner", "write // owner: <module> right above it"
	case len(t.owners) > 1:
		return "has several owners", "name the one module whose SQL may name it"
	case t.owners[0] != platformOwner && !slices.Contains(modules, t.owners[0]):
		return "belongs to " + t.owners[0] + ", which is not a module", "name a folder of modules, or platform"
	case t.owners[0] != platformOwner && !t.ownedByUser() && withoutUser[t.name] == nil:
		return "has no column " + ownerColumn, "add it, and begin every key with it"
	default:
		return "", ""
	}
}

func moduleNames(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	entries, err := fs.ReadDir(fsys, "modules")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// realTables reads the repository's own schema.
func realTables(t *testing.T) ([]table, []breach) {
	t.Helper()
	fsys := root(t)
	text, err := fs.ReadFile(fsys, schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	all, found := tables(string(text), moduleNames(t, fsys))
	if len(all) != strings.Count("\n"+string(text), "\ntable ") || len(all) == 0 {
		t.Fatalf("%d tables were read from %s, which has another number", len(all), schemaFile)
	}
	return all, found
}

func TestEveryTableHasOneOwner(t *testing.T) {
	t.Parallel()
	_, found := realTables(t)
	none(t, found)
}

func TestTableOwnersRefuse(t *testing.T) {
	t.Parallel()
	const users = "  column \"user_id\" { type = uuid }\n"
	all, found := tables(`schema "public" {}

// A comment about it.
// owner: tag
table "tags" {
`+users+`  primary_key { columns = [column.user_id, column.id] }
  index "tags_by_name_idx" { columns = [column.name, column.id] }
  index "tags_words_idx" {
    type    = GIN
    columns = [column.words]
  }
  foreign_key "tags_user_fk" {
    columns     = [column.user_id]
    ref_columns = [table.users.column.id]
  }
}

table "orphans" {
`+users+`}

// owner: tag
// owner: task
table "shared" {
`+users+`}

// owner: nobody
table "lost" {
`+users+`}

// owner: tag

table "apart" {
`+users+`}

// owner: tag
table "bare" {
  column "id" { type = uuid }
}

// owner: identity
table "users" {
  column "id" { type = uuid }
}

// owner: platform
table "keys" {
  column "name" { type = text }
  primary_key { columns = [column.name] }
}

// owner: platform
table "answers" {
`+users+`  primary_key { columns = [column.key, column.user_id] }
  index "answers_expiry_idx" { columns = [column.expires_at] }
}
`, []string{"tag", "task", "identity"})
	planted(t, found,
		"schema.hcl:8: a key or index of tags begins with name\n\tinstead: let it begin with column.user_id",
		"schema.hcl:19: table orphans has no owner\n\tinstead: write // owner: <module>",
		"schema.hcl:25: table shared has several owners",
		"schema.hcl:30: table lost belongs to nobody, which is not a module",
		"schema.hcl:34: an owner of nothing\n\tinstead: put the line right above the table",
		"schema.hcl:36: table apart has no owner",
		"schema.hcl:41: table bare has no column user_id",
		"schema.hcl:59: a key or index of answers begins with key",
	)
	if len(all) != 9 {
		t.Errorf("%d tables were read, want 9", len(all))
	}
}
