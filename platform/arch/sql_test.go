package arch

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// text is a string of a program, put together as far as that can be known
// without running it.
type text struct {
	source source
	at     token.Pos
	value  string
	// table says that the string is all of a table clause, handed to squirrel.
	table bool
	// unowned says that it is sent through a door of platform/postgres that
	// takes no owner.
	unowned bool
}

// statement is how a text begins that is a whole statement of SQL. English
// begins with some of these words as well, hence the second half of some.
var statement = regexp.MustCompile(`(?is)^\s*(SELECT\s|WITH\s.*\bAS\s+(NOT\s+)?(MATERIALIZED\s+)?\(|INSERT\s+INTO\s|UPDATE\s.*\sSET\s|DELETE\s+FROM\s|MERGE\s+INTO\s|TRUNCATE\s|LOCK\s+TABLE\s)`)

// clauseInCapitals is how SQL shows in a fragment; English has no capitals.
var clauseInCapitals = regexp.MustCompile(`\b(FROM|JOIN|INTO|UPDATE|USING|TABLE)\s`)

var userMentioned = regexp.MustCompile(`(?i)\buser_id\b`)

// texts lists the strings of a package's program. Constants count where they
// are used, whole, with their parts resolved by the type checker.
func texts(files []source) []text {
	info := types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	var parsed []*ast.File
	for _, s := range files {
		parsed = append(parsed, s.file)
	}
	// Imports are not followed: strings are put together from this package's
	// own constants. What the checker then cannot resolve is not a constant.
	checker := types.Config{Importer: noImports{}, Error: func(error) {}}
	_, _ = checker.Check(files[0].dir(), files[0].fset, parsed, &info)
	var all []text
	for _, s := range files {
		c := collector{source: s, info: info}
		for _, d := range s.file.Decls {
			c.declaration(d)
		}
		all = append(all, c.found...)
	}
	return all
}

type noImports struct{}

func (noImports) Import(p string) (*types.Package, error) {
	fake := types.NewPackage(p, path.Base(p))
	fake.MarkComplete()
	return fake, nil
}

type collector struct {
	source source
	info   types.Info
	found  []text
}

// declaration passes over constants, which are met again where they are used,
// except for those that may be used in another package.
func (c *collector) declaration(d ast.Decl) {
	g, ok := d.(*ast.GenDecl)
	if !ok || g.Tok != token.CONST {
		ast.Inspect(d, c.visit)
		return
	}
	for _, spec := range g.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok && slices.ContainsFunc(v.Names, (*ast.Ident).IsExported) {
			ast.Inspect(v, c.visit)
		}
	}
}

func (c *collector) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GenDecl:
		if n.Tok == token.CONST {
			return false
		}
	case *ast.Field: // a tag is no text of the program
		return false
	case *ast.CallExpr:
		if table, ok := c.squirrelTable(n); ok {
			c.add(table, c.value(table), true)
		}
		if isDoor(n) {
			inner := collector{source: c.source, info: c.info}
			for _, arg := range n.Args {
				ast.Inspect(arg, inner.visit)
			}
			for _, t := range inner.found {
				t.unowned = true
				c.found = append(c.found, t)
			}
			return false
		}
	case ast.Expr:
		if value := c.value(n); value != hole {
			c.add(n, value, false)
			return false
		}
	}
	return true
}

// isDoor reports whether a call sends a statement without an owner.
func isDoor(call *ast.CallExpr) bool {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		return strings.Contains(f.Sel.Name, doorWord)
	case *ast.Ident:
		return strings.Contains(f.Name, doorWord)
	default:
		return false
	}
}

func (c *collector) add(e ast.Expr, value string, table bool) {
	c.found = append(c.found, text{source: c.source, at: e.Pos(), value: value, table: table})
}

// value is what a string expression evaluates to, with holes where that is not
// known, or one hole where nothing is.
func (c *collector) value(e ast.Expr) string {
	if v := c.info.Types[e].Value; v != nil && v.Kind() == constant.String {
		return constant.StringVal(v)
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return c.value(e.X)
	case *ast.BinaryExpr:
		if left, right := c.value(e.X), c.value(e.Y); e.Op == token.ADD && (left != hole || right != hole) {
			return left + right
		}
	}
	return hole
}

const squirrel = "github.com/Masterminds/squirrel"

// squirrelTable returns the argument of a call that hands squirrel a table.
func (c *collector) squirrelTable(call *ast.CallExpr) (ast.Expr, bool) {
	alias := c.source.nameOf(squirrel)
	method, ok := call.Fun.(*ast.SelectorExpr)
	if alias == "" || !ok || len(call.Args) == 0 {
		return nil, false
	}
	receiver, ok := method.X.(*ast.Ident)
	ofPackage := ok && receiver.Name == alias
	switch method.Sel.Name {
	case "From", "Into", "Table", "Join", "LeftJoin", "RightJoin", "InnerJoin", "CrossJoin":
		return call.Args[0], !ofPackage
	case "Insert", "Replace", "Update", "Delete":
		return call.Args[0], ofPackage
	default:
		return nil, false
	}
}

// tablesOf lists the tables that a text names, and whether it is certain that
// what it names are tables. Of a fragment only clauses in capitals count.
func (t text) tablesOf() (names []string, certain bool) {
	switch {
	case t.table:
		return relations(sqlTokens("FROM " + t.value)), true
	case statement.MatchString(t.value):
		return relations(sqlTokens(t.value)), true
	case clauseInCapitals.MatchString(t.value):
		return relations(sqlTokens(t.value)), false
	default:
		return nil, false
	}
}

// testSupport are packages of platform that tests use and the program does
// not: they make the rows that tests of a module stand on, and read answers.
var testSupport = []string{"platform/pgtest", "platform/httpx/httpxtest"}

// mayName says which tables the SQL of a package may name: owner is whose,
// "" for none.
func mayName(s source) (owner string, checked bool) {
	switch {
	case slices.ContainsFunc(testSupport, s.under):
		return "", false
	case s.inside("internal/postgres"):
		return s.owner(), true
	case s.under("platform"):
		return platformOwner, true
	default:
		return "", true
	}
}

// statements holds the SQL of each package against the owners of tables, and
// all of it against the rule that each statement names the user; but for the
// platform's housekeeping, which goes over the rows of all.
func statements(all []source, schema []table) []breach {
	var found []breach
	texts := programTexts(all)
	queries := withQueries(texts)
	for _, t := range texts {
		owner, checked := mayName(t.source)
		if !checked {
			continue
		}
		names, certain := t.tablesOf()
		for _, name := range names {
			certain := certain && !slices.Contains(queries[t.source.dir()], name)
			found = append(found, t.foreign(name, certain, owner, schema)...)
		}
		if owner != "" && !(owner == platformOwner && t.unowned) {
			found = append(found, t.ownerless(names, owned(schema, owner))...)
		}
	}
	return found
}

// withQueries lists, by package, the names that statements put together with
// squirrel begin with: what one text names with WITH, another reads.
func withQueries(all []text) map[string][]string {
	queries := map[string][]string{}
	for _, t := range all {
		if tokens := sqlTokens(t.value); len(tokens) > 0 && tokens[0].is("WITH") {
			queries[t.source.dir()] = append(queries[t.source.dir()], withNames(tokens)...)
		}
	}
	return queries
}

func programTexts(all []source) []text {
	packages := map[string][]source{}
	for _, s := range all {
		if !s.isTest() {
			packages[s.dir()] = append(packages[s.dir()], s)
		}
	}
	var found []text
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		found = append(found, texts(packages[dir])...)
	}
	return found
}

func owned(schema []table, owner string) []table {
	var own []table
	for _, t := range schema {
		if slices.Contains(t.owners, owner) {
			own = append(own, t)
		}
	}
	return own
}

// foreign refuses a table that is not owner's.
func (t text) foreign(name string, certain bool, owner string, schema []table) []breach {
	i := slices.IndexFunc(schema, func(s table) bool { return s.name == name })
	module := owner != "" && owner != platformOwner
	switch {
	case i >= 0 && slices.Equal(schema[i].owners, []string{owner}):
		return nil
	case i >= 0 && owner == "":
		return []breach{t.source.breach(t.at, "leave SQL to the module's internal/postgres", "SQL names the table %s outside a store", name)}
	case i >= 0:
		return []breach{t.source.breach(t.at, "ask its module: declare a port in your core, and join it in cmd/docket/links.go",
			"SQL of %s names %s, a table of %s", owner, name, strings.Join(schema[i].owners, ", "))}
	case !module || !certain:
		return nil // a catalogue of PostgreSQL, or no SQL at all
	case name == hole:
		return []breach{t.source.breach(t.at, "write the table's name into the text", "SQL names a table that is only known when it runs")}
	default:
		return []breach{t.source.breach(t.at, "declare it in "+schemaFile+", with its owner", "SQL names %s, which is no table of %s", name, schemaFile)}
	}
}

// ownerless refuses SQL that does not say whose rows it is about. names are
// the tables in t, own those of the module.
func (t text) ownerless(names []string, own []table) []breach {
	const instead = "begin its condition with user_id = $1 for each table it names, and let no OR stand beside it; platform/postgres passes the owner as $1"
	whole := statement.MatchString(t.value)
	tokens := sqlTokens(t.value)
	hasOr := slices.ContainsFunc(tokens, func(t sqlToken) bool { return t.is("OR") })
	ofUsers := 0
	for _, name := range names {
		i := slices.IndexFunc(own, func(o table) bool { return o.name == name })
		switch {
		case i < 0:
		case own[i].ownedByUser():
			ofUsers++
		case whole && withoutUser[name] != nil && (!saysWhich(withoutUser[name], t.value) || hasOr):
			return []breach{t.source.breach(t.at, "name the row by the columns that withoutUser in platform/arch lists", "a statement on %s does not say whose row it is about", name)}
		}
	}
	if ofUsers == 0 || t.table {
		return nil // of what is handed to squirrel, builders sees to the user
	}
	inserts, unowned := insertions(tokens, own)
	terms, bound := ownerTerms(tokens)
	switch {
	case unowned:
		return []breach{t.source.breach(t.at, "insert user_id, as $1", "an INSERT does not say whose row it makes")}
	case terms+inserts < ofUsers:
		return []breach{t.source.breach(t.at, instead, "SQL names tables of users %d times, and says whose rows less often", ofUsers)}
	case whole && ofUsers > inserts && !bound:
		return []breach{t.source.breach(t.at, instead, "a statement lacks the condition user_id = $1")}
	default:
		return nil
	}
}

// insertions counts the INSERTs into tables of users, and reports whether one of
// them does not make its row the owner's.
func insertions(tokens []sqlToken, own []table) (n int, unowned bool) {
	w := ownerWalk{tokens: tokens, opens: parentheses(tokens)}
	for i := range tokens {
		if !w.at(i).is("INTO") || !w.at(i-1).is("INSERT") {
			continue
		}
		at := i + 1
		if w.at(at+1).text == "." { // the schema's name
			at += 2
		}
		name := strings.ToLower(w.at(at).text)
		if slices.ContainsFunc(own, func(o table) bool { return o.name == name && o.ownedByUser() }) {
			n++
			unowned = unowned || !w.insertsOwner(at)
		}
	}
	return n, unowned
}

func saysWhich(alternatives [][]*regexp.Regexp, sql string) bool {
	return slices.ContainsFunc(alternatives, func(all []*regexp.Regexp) bool {
		return !slices.ContainsFunc(all, func(r *regexp.Regexp) bool { return !r.MatchString(sql) })
	})
}

// builders holds functions that build statements with squirrel to naming the
// user: they hand the builder to postgres.ListPage or ListUnion, which add the condition,
// or say user_id themselves.
func builders(all []source) []breach {
	var found []breach
	for _, s := range all {
		if s.isTest() || !s.inside("internal/postgres") {
			continue
		}
		for _, d := range s.file.Decls {
			begun := s.beginsStatement(d)
			if begun.IsValid() && !s.namesUser(d) {
				found = append(found, s.breach(begun, "hand the builder to postgres.ListPage in the same function, or write the condition on user_id there",
					"a statement is built without the user"))
			}
		}
	}
	return found
}

const (
	// doorWord is in the name of each function of platform/postgres that sends
	// a statement without an owner.
	doorWord = "Unowned"
	// identifyDoor is the one that a module may use: identified, which asks who
	// somebody is before there is an owner.
	identifyDoor = "GetUnowned"
	identified   = "identity"
)

// doors keeps modules from sending statements without an owner.
func doors(all []source) []breach {
	var found []breach
	for _, s := range all {
		if s.isTest() || s.owner() == "" {
			continue
		}
		for _, use := range s.uses(module + "platform/postgres") {
			if strings.Contains(use.Name, doorWord) && !(s.owner() == identified && use.Name == identifyDoor) {
				found = append(found, s.breach(use.Pos(), "use postgres.Get, List, ListPage or Exec", "postgres.%s sends a statement without an owner", use.Name))
			}
		}
	}
	return found
}

func (s source) beginsStatement(d ast.Decl) token.Pos {
	alias, at := s.nameOf(squirrel), token.NoPos
	ast.Inspect(d, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || at.IsValid() {
			return !at.IsValid()
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok && alias != "" {
			x, ok := sel.X.(*ast.Ident)
			if ok && x.Name == alias && slices.Contains([]string{"Select", "Insert", "Replace", "Update", "Delete"}, sel.Sel.Name) {
				at = call.Pos()
			}
		}
		return true
	})
	return at
}

func (s source) namesUser(d ast.Decl) bool {
	postgres := s.nameOf(module + "platform/postgres")
	found := false
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			found = found || ok && postgres != "" && x.Name == postgres && slices.Contains([]string{"ListPage", "ListUnion"}, n.Sel.Name)
		case *ast.BasicLit:
			found = found || n.Kind == token.STRING && userMentioned.MatchString(n.Value)
		}
		return !found
	})
	return found
}

func TestStatements(t *testing.T) {
	t.Parallel()
	all := repository(t)
	schema, _ := realTables(t)
	t.Run("tables", func(t *testing.T) {
		t.Parallel()
		none(t, statements(all, schema))
	})
	t.Run("builders", func(t *testing.T) {
		t.Parallel()
		none(t, builders(all))
	})
	t.Run("doors", func(t *testing.T) {
		t.Parallel()
		none(t, doors(all))
		seen := false
		for _, s := range all {
			seen = seen || s.owner() == identified && slices.ContainsFunc(s.uses(module+"platform/postgres"), func(u *ast.Ident) bool { return u.Name == identifyDoor })
		}
		if !seen {
			t.Errorf("module %s no longer uses postgres.%s: what does now?", identified, identifyDoor)
		}
	})
}

// The rules above pass for nothing if they see no SQL.
func TestStatementsAreSeen(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, text := range programTexts(repository(t)) {
		if text.source.under("modules/tag/internal/postgres") {
			names, _ := text.tablesOf()
			for _, name := range names {
				seen[name]++
			}
		}
	}
	// Insert, Get, Update, Delete, Existing, and the list's builder.
	if seen["tags"] < 6 {
		t.Errorf("in modules/tag/internal/postgres SQL was seen on %v, want 6 texts on tags", seen)
	}
}

func TestStatementsRefuse(t *testing.T) {
	t.Parallel()
	const postgresImport = "docket/platform/postgres"
	schema, problems := tables(`
// owner: a
table "notes" {
  column "user_id" { type = uuid }
}

// owner: a
table "note_links" {
  column "user_id" { type = uuid }
}

// owner: b
table "others" {
  column "user_id" { type = uuid }
}

// owner: identity
table "users" {
  column "id" { type = uuid }
}

// owner: platform
table "keys" {
  column "name" { type = text }
}

// owner: platform
table "answers" {
  column "user_id" { type = uuid }
}
`, []string{"a", "b", "identity"})
	none(t, problems)

	const store = "modules/a/internal/postgres/store.go"
	const foreign = "SQL of a names others, a table of b\n\tinstead: ask its module: declare a port"
	const unconditional = "a statement lacks the condition user_id = $1\n\tinstead: begin its condition with"
	tests := map[string]struct {
		in   files
		want []string
	}{
		"sound": {files{
			store: inFunc(`SELECT id FROM notes WHERE user_id = $1 AND id = $2`,
				`INSERT INTO notes (id, user_id) VALUES ($2, $1)`,
				`UPDATE notes AS n SET id = $2 WHERE n.user_id=$1`,
				`DELETE FROM public.notes WHERE user_id = $1 AND id IN (SELECT note_id FROM note_links WHERE user_id = $1)`,
				`WITH n AS (INSERT INTO notes (user_id, id) VALUES ($1, $2)) INSERT INTO note_links (user_id, note_id) SELECT $1, $2`,
				"update the note", "select one", "could not take it from others", "insert tag", "with id"),
			"modules/identity/internal/postgres/store.go": inFunc(`SELECT id FROM users WHERE id = $1`,
				`INSERT INTO users (id, issuer, subject) VALUES ($1, $2, $3)`),
			"platform/x/x.go":                           inFunc(`SELECT key FROM keys`, `SELECT 1 FROM pg_database WHERE datname = $1`),
			"platform/pgtest/user.go":                   inFunc(`INSERT INTO users (id) VALUES ($1)`),
			"modules/a/internal/postgres/store_test.go": inFunc(`SELECT count(*) FROM others`),
			"cmd/docket/main.go":                        inFunc("select a command", "the table notes", "deletes from notes what is old"),
		}, nil},
		"another module's table": {files{store: inFunc(
			`SELECT 1 FROM others WHERE user_id = $1`,
			`SELECT 1 FROM notes n JOIN others USING (user_id, id) WHERE n.user_id = $1 AND others.user_id = $1`,
			`EXISTS (SELECT 1 FROM others o WHERE o.user_id = n.user_id)`,
			`select 1 from OTHERS where user_id = $1`,
			`INSERT INTO "others" (user_id) VALUES ($1)`,
			`DELETE FROM notes USING others WHERE notes.user_id = $1 AND others.user_id = $1`,
			`WITH o AS (UPDATE others SET x = 1 WHERE user_id = $1 RETURNING id) SELECT id FROM notes WHERE user_id = $1`,
		)}, []string{
			"store.go:5: " + foreign, "store.go:6: " + foreign, "store.go:7: " + foreign, "store.go:8: " + foreign,
			"store.go:9: " + foreign, "store.go:10: " + foreign, "store.go:11: " + foreign,
		}},
		"a table of the platform": {files{store: inFunc(`SELECT key FROM keys WHERE name = $2`)}, []string{
			"SQL of a names keys, a table of platform",
		}},
		"a module's table in the platform": {files{"platform/x/x.go": inFunc(`SELECT 1 FROM users`)}, []string{
			"platform/x/x.go:5: SQL of platform names users, a table of identity",
		}},
		"rows of all users": {files{
			"platform/x/x.go": "package x\n\nimport \"docket/platform/postgres\"\n\nconst sweep, steal = `DELETE FROM answers`, `DELETE FROM answers WHERE x`\n\n" +
				"func f() {\n\tpostgres.ExecUnowned(nil, nil, sweep, 1)\n\tpostgres.Exec(nil, nil, nil, steal)\n\tpostgres.ExecUnowned(nil, nil, `DELETE FROM notes`)\n}\n",
			store: "package postgres\n\nimport \"docket/platform/postgres\"\n\nfunc f() { postgres.ExecUnowned(nil, nil, `DELETE FROM notes`) }\n",
		}, []string{
			"platform/x/x.go:9: SQL names tables of users 1 times", "platform/x/x.go:10: SQL of platform names notes, a table of a",
			"store.go:5: SQL names tables of users 1 times",
		}},
		"SQL outside a store": {files{
			"modules/a/internal/rest/a.go": inFunc(`SELECT id FROM notes WHERE user_id = $1`),
			"cmd/docket/main.go":           inFunc(`DELETE FROM users WHERE id = $1`),
		}, []string{
			"modules/a/internal/rest/a.go:5: SQL names the table notes outside a store\n\tinstead: leave SQL to",
			"cmd/docket/main.go:5: SQL names the table users outside a store",
		}},
		"a text put together": {files{
			store: "package postgres\n\nimport \"fmt\"\n\n" +
				"const from = ` FROM ` + table\n\nconst unused = `SELECT 1 FROM others`\n\nconst Used = `SELECT 1 FROM others WHERE user_id = $1`\n\n" +
				"func f(s string) []string {\n" +
				"\tconst sql = `SELECT ` + `id` + from + ` WHERE user_id = $1`\n" +
				"\ta := `SELECT id FROM ` + s + ` WHERE user_id = $1`\n" +
				"\tb := fmt.Sprintf(`SELECT id FROM %s WHERE user_id = $1`, s)\n" +
				"\tc := `SELECT id ` + s + ` FROM notes WHERE user_id = $1 AND ` + s\n" +
				"\treturn []string{sql, a, b, c}\n}\n",
			"modules/a/internal/postgres/table.go": "package postgres\n\nconst table = `others`\n",
		}, []string{
			"store.go:9: " + foreign, "store.go:16: " + foreign,
			"store.go:13: SQL names a table that is only known when it runs\n\tinstead: write the table's name",
			"store.go:14: SQL names a table that is only known when it runs",
		}},
		"a table nobody has declared": {files{store: inFunc(`SELECT 1 FROM nots WHERE user_id = $1`)}, []string{
			"SQL names nots, which is no table of schema.hcl",
		}},
		"a query named elsewhere": {files{store: inFunc(`WITH few AS (?)`, `SELECT id FROM few`, `SELECT id FROM many`, `WITH others AS (?)`, `SELECT id FROM others`)}, []string{
			"SQL names many, which is no table of schema.hcl", "SQL of a names others, a table of b",
		}},
		"no user": {files{store: inFunc(
			`SELECT id FROM notes WHERE id = $2`,
			`SELECT user_id FROM notes WHERE id = $2`,
			`SELECT n.id FROM notes n JOIN note_links l ON l.note_id = n.id WHERE n.user_id = $1`,
			`INSERT INTO notes (id) VALUES ($2) RETURNING user_id`,
			`UPDATE notes SET user_id = $2`,
			`DELETE FROM notes WHERE user_id = $12`,
			`TRUNCATE notes`,
			`INSERT INTO notes (user_id, id) SELECT user_id, id FROM note_links WHERE note_id = $2`,
			`AND EXISTS (SELECT 1 FROM note_links WHERE note_id = notes.id)`,
			`SELECT notes.id, notes.user_id FROM note_links JOIN notes ON notes.id = note_links.note_id WHERE note_links.user_id = $1`,
			`SELECT id FROM notes WHERE (user_id = $1 OR true)`,
			`SELECT id FROM notes WHERE NOT (user_id = $1)`,
			`SELECT n.id FROM notes n JOIN note_links l ON l.user_id = n.user_id WHERE n.user_id = l.user_id AND n.user_id = $2`,
			`INSERT INTO notes (id, user_id) VALUES ($1, $2)`,
			`DELETE FROM notes USING note_links l WHERE notes.user_id = l.user_id AND l.user_id = notes.user_id`,
		)}, []string{
			"store.go:5: SQL names tables of users 1 times, and says whose rows less often", "store.go:6: SQL names tables of users 1 times",
			"store.go:7: SQL names tables of users 2 times, and says whose rows less often",
			"store.go:8: an INSERT does not say whose row it makes\n\tinstead: insert user_id, as $1",
			"store.go:9: SQL names tables of users 1 times", "store.go:10: SQL names tables of users 1 times", "store.go:11: SQL names tables of users 1 times",
			"store.go:12: an INSERT does not say", "store.go:13: SQL names tables of users 1 times",
			"store.go:14: SQL names tables of users 2 times", "store.go:15: SQL names tables of users 1 times",
			"store.go:16: SQL names tables of users 1 times", "store.go:17: " + unconditional,
			"store.go:18: an INSERT does not say whose row it makes", "store.go:19: " + unconditional,
		}},
		"no particular row of a table without user_id": {files{
			"modules/identity/internal/postgres/store.go": inFunc(`SELECT id FROM users WHERE email = $2`, `DELETE FROM users`, `DELETE FROM users WHERE id = $1 OR true`),
		}, []string{
			"store.go:5: a statement on users does not say whose row it is about", "store.go:6: a statement on users", "store.go:7: a statement on users",
		}},
		"squirrel": {files{
			store: "package postgres\n\nimport (\n\tsq \"" + squirrel + "\"\n\n\t\"" + postgresImport + "\"\n)\n\nconst table = `others`\n\n" +
				"func f(s string) {\n" +
				"\tb := sq.Select(`id`).From(`notes n`).LeftJoin(`note_links l ON l.user_id = n.user_id`)\n" +
				"\tb = b.Join(`others o USING (id)`).From(table)\n" +
				"\tb = b.From(s)\n" +
				"\tpostgres.ListPage(b, sq.Insert(`others`))\n}\n",
		}, []string{"store.go:13: " + foreign, "store.go:13: " + foreign, "store.go:14: SQL names a table that is only known", "store.go:15: " + foreign}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			planted(t, statements(test.in.tree(t), schema), test.want...)
		})
	}
}

func TestBuildersRefuse(t *testing.T) {
	t.Parallel()
	found := builders(files{
		"modules/a/internal/postgres/list.go": `package postgres

import (
	sq "github.com/Masterminds/squirrel"

	pg "docket/platform/postgres"
)

func paged() { pg.ListPage(sq.Select("id").From("notes")) }

func said() { sq.Select("id").From("notes").Where("user_id = ?", 1) }

func forgotten() { sq.Select("id").From("notes").Where("id = ?", 1) }

func changes() { sq.Update("notes").Set("id", 1) }

var always = sq.Delete("notes")
`,
	}.tree(t))
	planted(t, found,
		"list.go:13: a statement is built without the user\n\tinstead: hand the builder to postgres.ListPage",
		"list.go:15: a statement is built", "list.go:17: a statement is built")
}

func TestDoorsRefuse(t *testing.T) {
	t.Parallel()
	const use = "package postgres\n\nimport pg \"docket/platform/postgres\"\n\nvar get, unowned = pg.Get, pg.GetUnowned\n\nvar all = pg.ExecUnowned\n"
	found := doors(files{
		"modules/a/internal/postgres/store.go":        use,
		"modules/a/internal/postgres/store_test.go":   use,
		"modules/identity/internal/postgres/store.go": use,
		"cmd/docket/app.go":                           use,
	}.tree(t))
	planted(t, found,
		"modules/a/internal/postgres/store.go:5: postgres.GetUnowned sends a statement without an owner\n\tinstead: use postgres.Get",
		"modules/a/internal/postgres/store.go:7: postgres.ExecUnowned", "modules/identity/internal/postgres/store.go:7: postgres.ExecUnowned")
}

// inFunc is a file with these strings, one a line from the fifth on.
func inFunc(strings ...string) string {
	text := "package x\n\nfunc f() []string {\n\treturn []string{\n"
	for _, s := range strings {
		text += "\t\t`" + s + "`,\n"
	}
	return text + "\t}\n}\n"
}
