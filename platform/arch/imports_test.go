package arch

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// borders are the walls between modules, platform and cmd. They hold for tests
// as well: a module is tested without the others.
//
// Everything else is free for tests, which wire real parts together as cmd
// does: a test of rest may open a database and build the real store.
func borders(all []source) []breach {
	var found []breach
	for _, s := range all {
		for p, at := range s.imported() {
			switch to, _, _ := strings.Cut(strings.TrimPrefix(p, module+"modules/"), "/"); {
			case within(p, module+"cmd"):
				found = append(found, s.breach(at, "move what is shared into platform, or into a module", "imports %s: nothing imports cmd", p))
			case !within(p, module+"modules") || s.under("cmd"):
			case s.owner() == "":
				found = append(found, s.breach(at, "let the module hand it over, and join the two in cmd/docket", "imports %s: only cmd knows modules", p))
			case to != s.owner():
				found = append(found, s.breach(at, "declare the port that "+s.owner()+" needs in its internal/core/ports.go, and join it to what "+to+" offers in cmd/docket/links.go",
					"module %s imports %s: no module imports another", s.owner(), p))
			}
		}
	}
	return found
}

// coreMayImport besides the standard library.
var coreMayImport = []string{"github.com/google/uuid", module + "platform/errs"}

// coreMayNot import of the standard library: what ties rules to a way of
// storing or sending them.
var coreMayNot = []string{"database/sql", "net/http", "encoding/json"}

// cores keeps the rules of a module free of everything but Go.
func cores(all []source) []breach {
	const instead = "declare in ports.go what the core needs, and build it in internal/postgres or internal/rest"
	var found []breach
	for _, s := range all {
		if s.isTest() || !s.inside("internal/core") {
			continue
		}
		for p, at := range s.imported() {
			own := within(p, module+"modules/"+s.owner()+"/internal/core")
			barred := slices.ContainsFunc(coreMayNot, func(b string) bool { return within(p, b) })
			if !own && !slices.Contains(coreMayImport, p) && (barred || !standard(p)) {
				found = append(found, s.breach(at, instead, "a core imports %s", p))
			}
		}
	}
	return found
}

// standard reports whether p is of the standard library: the only paths whose
// first element has no dot, but for the module's own.
func standard(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return !strings.Contains(first, ".") && first+"/" != module
}

// adapters may not reach across to the other side of the hexagon.
func adapters(all []source) []breach {
	barred := map[string][]string{
		"internal/postgres": {module + "platform/httpx", "github.com/gofiber", "github.com/valyala/fasthttp", "net/http", "go.uber.org/fx", "/internal/rest"},
		"internal/rest":     {module + "platform/postgres", "github.com/jackc", "database/sql", "github.com/Masterminds/squirrel", "go.uber.org/fx", "/internal/postgres"},
	}
	var found []breach
	for part, paths := range barred {
		for _, s := range all {
			if s.isTest() || !s.inside(part) {
				continue
			}
			for p, at := range s.imported() {
				for _, b := range paths {
					if strings.HasPrefix(b, "/") {
						b = module + "modules/" + s.owner() + b
					}
					if within(p, b) {
						found = append(found, s.breach(at, "go through internal/core: rest calls its Service, which calls the Store", "%s imports %s", part, p))
					}
				}
			}
		}
	}
	return found
}

// home says where a library lives: the folders (or files) whose code may
// import it, each possibly with * for the name of a module.
type home struct {
	library string
	in      []string
	instead string
}

var homes = []home{
	{"go.uber.org/fx/fxevent", []string{"platform/telemetry", "cmd"}, "log through the *slog.Logger you are given"},
	{"go.uber.org/fx", []string{"modules/*/module.go", "cmd"}, "write a plain constructor, and name it in the module's module.go"},
	{"github.com/spf13/viper", []string{"platform/config"}, "take the value as a parameter; platform/config reads it"},
	{"github.com/gofiber/fiber", []string{"platform/httpx", "cmd"}, "handle an *httpx.Request and return an httpx.Response"},
	{"github.com/valyala/fasthttp", []string{"platform/httpx", "cmd"}, "handle an *httpx.Request and return an httpx.Response"},
	{"github.com/jackc/pgx", []string{"platform/postgres", "platform/schema", "platform/rowsecurity", "platform/localpg", "platform/pgtest", "platform/pgbouncer", "platform/config", "cmd/bench", "cmd/rehearse"}, "use platform/postgres, which puts the owner into each statement"},
	{"github.com/jackc/pgerrcode", []string{"platform/postgres", "platform/schema", "platform/localpg", "platform/pgtest"}, "ask postgres.Violated for the constraint"},
	{"github.com/vgarvardt/pgx-google-uuid", []string{"platform/postgres"}, "open the pool with postgres.Open"},
	{"github.com/Masterminds/squirrel", []string{"platform/postgres", "modules/*/internal/postgres"}, "leave SQL to a store"},
	{"database/sql", []string{"platform/schema"}, "use platform/postgres"},
	{"ariga.io/atlas", []string{"platform/schema"}, "call schema.Apply or schema.Plan"},
	{"github.com/golang-jwt", []string{"platform/auth"}, "ask auth.Verifier for the principal"},
	{"github.com/MicahParks", []string{"platform/auth"}, "ask auth.Verifier for the principal"},
	{"github.com/spf13/cobra", []string{"cmd"}, "take the value as a parameter"},
}

// libraries keeps each library in its home, so that replacing one changes one
// place.
func libraries(all []source) []breach {
	var found []breach
	for _, s := range all {
		if s.isTest() {
			continue
		}
		for p, at := range s.imported() {
			i := slices.IndexFunc(homes, func(h home) bool { return within(p, h.library) })
			if i >= 0 && !slices.ContainsFunc(homes[i].in, s.lives) {
				found = append(found, s.breach(at, homes[i].instead, "imports %s, which only %s may", p, strings.Join(homes[i].in, ", ")))
			}
		}
	}
	return found
}

func (s source) lives(in string) bool { return s.under(strings.Replace(in, "*", s.owner(), 1)) }

// contracts keeps what others may know of a module in two files.
func contracts(all []source) []breach {
	var found []breach
	for _, s := range all {
		dir := "modules/" + s.owner()
		if s.owner() == "" || s.isTest() || s.dir() != dir || s.path == dir+"/contract.go" || s.path == dir+"/module.go" {
			continue
		}
		for _, name := range exported(s.file) {
			found = append(found, s.breach(name.Pos(), "move it below internal, and name it in contract.go if another module needs it",
				"module %s exports %s outside contract.go and module.go", s.owner(), name.Name))
		}
	}
	return found
}

// exported lists the exported names that a file declares at its top level.
func exported(file *ast.File) []*ast.Ident {
	var names []*ast.Ident
	for _, d := range file.Decls {
		names = append(names, declared(d)...)
	}
	return slices.DeleteFunc(names, func(n *ast.Ident) bool { return !n.IsExported() })
}

func declared(d ast.Decl) []*ast.Ident {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return []*ast.Ident{d.Name}
	case *ast.GenDecl:
		var names []*ast.Ident
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name)
			case *ast.ValueSpec:
				names = append(names, spec.Names...)
			}
		}
		return names
	default:
		return nil
	}
}

// The clock and chance, which modules are given from outside.
var (
	clockNames = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	chance     = []string{"math/rand", "crypto/rand"}
)

// injected keeps the clock and chance out of modules.
func injected(all []source) []breach {
	const clock = "take now func() time.Time in the constructor, as core.NewService does"
	const ids = "take newID func() uuid.UUID in the constructor, as core.NewService does"
	var found []breach
	for _, s := range all {
		if s.owner() == "" || s.isTest() {
			continue
		}
		for p, at := range s.imported() {
			if slices.ContainsFunc(chance, func(c string) bool { return within(p, c) }) {
				found = append(found, s.breach(at, ids, "a module imports %s", p))
			}
		}
		for _, use := range s.uses("time") {
			if slices.Contains(clockNames, use.Name) {
				found = append(found, s.breach(use.Pos(), clock, "a module reads the clock: time.%s", use.Name))
			}
		}
		for _, use := range s.uses("github.com/google/uuid") {
			if strings.HasPrefix(use.Name, "New") || use.Name == "Must" {
				found = append(found, s.breach(use.Pos(), ids, "a module makes ids: uuid.%s", use.Name))
			}
		}
	}
	return found
}

// uses lists where s names something of the package p.
func (s source) uses(p string) []*ast.Ident {
	name := s.nameOf(p)
	if name == "" {
		return nil
	}
	var found []*ast.Ident
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == name {
				found = append(found, sel.Sel)
			}
		}
		return true
	})
	return found
}

// dotted are imports that put another package's names among a file's own,
// where no rule that looks for pkg.Name finds them.
func dotted(all []source) []breach {
	var found []breach
	for _, s := range all {
		for _, i := range s.file.Imports {
			if i.Name != nil && i.Name.Name == "." {
				found = append(found, s.breach(i.Pos(), "import it under its name", "imports %s into the file's own scope", importPath(i)))
			}
		}
	}
	return found
}

func TestImports(t *testing.T) {
	t.Parallel()
	all := repository(t)
	for name, rule := range map[string]func([]source) []breach{
		"borders": borders, "cores": cores, "adapters": adapters, "libraries": libraries,
		"contracts": contracts, "injected": injected, "dotted": dotted,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			none(t, rule(all))
		})
	}
}

func TestImportsRefuse(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rule func([]source) []breach
		in   files
		want []string
	}{
		"one module in another": {borders, files{
			"modules/a/internal/core/a.go":      importing("docket/modules/b"),
			"modules/a/internal/rest/deep/a.go": importing("docket/modules/b/internal/core"),
			"modules/a/a_test.go":               importing("docket/modules/b"),
			"modules/a/module.go":               importing("docket/modules/a/internal/core", "docket/platform/errs"),
			"cmd/docket/app.go":                 importing("docket/modules/a", "docket/modules/b"),
		}, []string{
			"modules/a/internal/core/a.go:3: module a imports docket/modules/b: no module imports another\n\tinstead: declare the port",
			"modules/a/internal/rest/deep/a.go:3: module a imports",
			"modules/a/a_test.go:3: module a imports",
		}},
		"a module whose name begins like another's": {borders, files{
			"modules/tag/module.go": importing("docket/modules/tagging"),
		}, []string{"module tag imports docket/modules/tagging"}},
		"modules and cmd below platform": {borders, files{
			"platform/x/x.go":          importing("docket/modules/a"),
			"platform/x/x_test.go":     importing("docket/cmd/docket"),
			"configs/configs.go":       importing("docket/modules/a"),
			"modules/a/module.go":      importing("docket/cmd/docket/x"),
			"platform/tools/t/main.go": importing("docket/platform/x"),
		}, []string{
			"platform/x/x.go:3: imports docket/modules/a: only cmd knows modules",
			"platform/x/x_test.go:3: imports docket/cmd/docket: nothing imports cmd",
			"configs/configs.go:3: imports docket/modules/a",
			"modules/a/module.go:3: imports docket/cmd/docket/x: nothing imports cmd",
		}},
		"a core that knows how it is kept or sent": {cores, files{
			"modules/a/internal/core/a.go": importing("context", "errors", "time", "github.com/google/uuid", "docket/platform/errs",
				"docket/modules/a/internal/core/rank", "net/http", "net/http/httptest", "encoding/json", "database/sql", "golang.org/x/text/cases",
				"docket/platform/fold", "docket/modules/a/internal/postgres"),
			"modules/a/internal/core/a_test.go": importing("github.com/google/go-cmp/cmp", "encoding/json"),
			"modules/a/internal/rest/a.go":      importing("net/http"),
		}, []string{
			"imports net/http\n\tinstead: declare in ports.go", "imports net/http/httptest", "imports encoding/json", "imports database/sql",
			"imports golang.org/x/text/cases", "imports docket/platform/fold", "imports docket/modules/a/internal/postgres",
		}},
		"a store that knows HTTP": {adapters, files{
			"modules/a/internal/postgres/a.go": importing("docket/platform/httpx", "github.com/gofiber/fiber/v2", "go.uber.org/fx",
				"docket/modules/a/internal/rest", "docket/platform/postgres", "docket/modules/a/internal/core"),
			"modules/a/internal/postgres/a_test.go": importing("docket/platform/httpx"),
		}, []string{
			"internal/postgres imports docket/platform/httpx\n\tinstead: go through internal/core", "imports github.com/gofiber/fiber/v2",
			"imports go.uber.org/fx", "imports docket/modules/a/internal/rest",
		}},
		"a handler that knows PostgreSQL": {adapters, files{
			"modules/a/internal/rest/a.go": importing("github.com/jackc/pgx/v5", "docket/platform/postgres", "go.uber.org/fx",
				"github.com/Masterminds/squirrel", "docket/modules/a/internal/postgres", "docket/platform/httpx", "docket/platform/postgresql"),
			"modules/a/internal/rest/a_test.go": importing("docket/modules/a/internal/postgres", "docket/platform/pgtest", "docket/platform/postgres"),
		}, []string{
			"internal/rest imports github.com/jackc/pgx/v5\n\tinstead: go through internal/core", "imports docket/platform/postgres\n",
			"imports go.uber.org/fx", "imports github.com/Masterminds/squirrel", "imports docket/modules/a/internal/postgres",
		}},
		"libraries away from home": {libraries, files{
			"modules/a/module.go":              importing("go.uber.org/fx"),
			"modules/a/contract.go":            importing("go.uber.org/fx"),
			"cmd/docket/app.go":                importing("go.uber.org/fx", "go.uber.org/fx/fxevent", "github.com/gofiber/fiber/v2", "github.com/spf13/viper"),
			"platform/telemetry/fx.go":         importing("go.uber.org/fx/fxevent"),
			"platform/telemetry/more.go":       importing("go.uber.org/fx"),
			"platform/config/load.go":          importing("github.com/spf13/viper", "github.com/jackc/pgx/v5/pgconn"),
			"platform/httpx/app.go":            importing("github.com/gofiber/fiber/v2/middleware/cors"),
			"platform/page/page.go":            importing("github.com/gofiber/fiber/v2"),
			"platform/auth/token.go":           importing("github.com/golang-jwt/jwt/v5", "github.com/jackc/pgx/v5"),
			"platform/auth/token_test.go":      importing("github.com/jackc/pgx/v5"),
			"platform/schema/schema.go":        importing("ariga.io/atlas/sql/postgres", "github.com/jackc/pgx/v5/stdlib"),
			"platform/localpg/start.go":        importing("ariga.io/atlas/sql/schema"),
			"modules/a/internal/postgres/a.go": importing("github.com/Masterminds/squirrel", "github.com/jackc/pgx/v5"),
		}, []string{
			"modules/a/contract.go:3: imports go.uber.org/fx, which only modules/*/module.go, cmd may\n\tinstead: write a plain constructor",
			"cmd/docket/app.go:6: imports github.com/spf13/viper, which only platform/config may",
			"platform/telemetry/more.go:3: imports go.uber.org/fx,",
			"platform/page/page.go:3: imports github.com/gofiber/fiber/v2,",
			"platform/auth/token.go:4: imports github.com/jackc/pgx/v5,",
			"platform/localpg/start.go:3: imports ariga.io/atlas/sql/schema, which only platform/schema may",
			"modules/a/internal/postgres/a.go:4: imports github.com/jackc/pgx/v5,",
		}},
		"a third file with exports": {contracts, files{
			"modules/a/contract.go":             "package a\n\ntype Offer = int",
			"modules/a/module.go":               "package a\n\nvar Module = 1",
			"modules/a/extra.go":                "package a\n\ntype T int\n\nfunc (T) M() {}\n\nfunc F() {}\n\nconst x, C = 1, 2\n\nvar v int",
			"modules/a/a_test.go":               "package a\n\nfunc TestA() {}",
			"modules/a/internal/core/entity.go": "package core\n\ntype Entity int",
		}, []string{
			"modules/a/extra.go:3: module a exports T outside contract.go and module.go\n\tinstead: move it below internal",
			"extra.go:5: module a exports M", "extra.go:7: module a exports F", "extra.go:9: module a exports C",
		}},
		"a clock and chance of a module's own": {injected, files{
			"modules/a/internal/core/a.go": "package core\n\nimport (\n\t\"time\"\n\n\tid \"github.com/google/uuid\"\n)\n\nvar now, a, b, zero, second = time.Now, id.New(), id.Must(id.NewV7()), id.Nil, time.Second",
			"modules/a/module.go":          importing("math/rand/v2", "crypto/rand"),
			"modules/a/a_test.go":          "package a\n\nimport \"time\"\n\nvar now = time.Now()",
			"platform/x/x.go":              "package x\n\nimport \"time\"\n\nvar now = time.Now()",
		}, []string{
			"a.go:9: a module reads the clock: time.Now\n\tinstead: take now", "a module makes ids: uuid.New\n\tinstead: take newID",
			"a module makes ids: uuid.Must", "a module makes ids: uuid.NewV7", "imports math/rand/v2", "imports crypto/rand",
		}},
		"a dot import": {dotted, files{
			"modules/a/internal/core/a.go": "package core\n\nimport . \"time\"\n\nvar now = Now()",
		}, []string{"imports time into the file's own scope\n\tinstead: import it under its name"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			planted(t, test.rule(test.in.tree(t)), test.want...)
		})
	}
}

// importing is a file whose imports stand one a line from the third on.
func importing(paths ...string) string {
	var b strings.Builder
	b.WriteString("package x\n\n")
	for _, p := range paths {
		b.WriteString("import _ \"" + p + "\"\n")
	}
	return b.String()
}
