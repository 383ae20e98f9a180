package main

import (
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"docket/configs"
	"docket/platform/config"
	"docket/platform/httpx"
	_ "docket/platform/httpx/httpxtest" // the flag -update
	"docket/platform/postgres"
)

// unconnected is the graph as serve builds it, with a database that nothing
// asks before the start.
func unconnected(t *testing.T) graph {
	t.Helper()
	cfg, err := config.Load(config.Sources{Files: configs.Files, Environ: []string{"DOCKET_DATA_DIR=" + t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := openIssuer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return graph{cfg: cfg, log: slog.New(slog.DiscardHandler), level: new(slog.LevelVar), databaseURL: "postgres://nobody@127.0.0.1:1/nothing", issuer: issuer}
}

// assembled is the program put together as serve does, and not started.
func assembled(t *testing.T, more ...fx.Option) *httpx.App {
	t.Helper()
	var listening *listener
	var app *httpx.App
	var db *postgres.DB
	more = append(more, fx.Populate(&listening, &app, &db))
	if err := newApp(unconnected(t), more...).Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return app
}

func TestGraph(t *testing.T) {
	t.Parallel()
	var listening *listener
	if err := fx.ValidateApp(wiring(unconnected(t)), fx.Populate(&listening)); err != nil {
		t.Error(err)
	}
}

// A missing part must not go unnoticed: nothing asks for it but a constructor
// deep in the graph.
func TestGraphRefusesAMissingIssuer(t *testing.T) {
	t.Parallel()
	g := unconnected(t)
	g.issuer = nil // and no key set either
	err := newApp(g, fx.Populate(new(*listener))).Err()
	if err == nil || !strings.Contains(err.Error(), "DOCKET_AUTH_JWKS_URL") {
		t.Errorf("without any source of keys: %v", err)
	}
}

// witness notes which constructors the graph has and which of them ran.
type witness struct {
	mu       sync.Mutex
	provided map[string]string // output types by constructor
	ran      map[string]bool
}

func newWitness() *witness { return &witness{provided: map[string]string{}, ran: map[string]bool{}} }

// LogEvent implements [fxevent.Logger].
func (w *witness) LogEvent(event fxevent.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *fxevent.Provided:
		if !strings.HasPrefix(e.ConstructorName, "go.uber.org/fx.") { // Fx's own, offered to all
			w.provided[e.ConstructorName] = strings.Join(e.OutputTypeNames, ", ")
		}
	case *fxevent.Run:
		w.ran[e.Name] = true
	}
}

// idle lists the output types of constructors that nothing asked for.
func (w *witness) idle() []string {
	var types []string
	for name, outputs := range w.provided {
		if !w.ran[name] {
			types = append(types, outputs)
		}
	}
	return types
}

// links counts the constructors of cmd that make what a module's core needs.
func (w *witness) links() int {
	n := 0
	for name, types := range w.provided {
		if strings.HasPrefix(types, "core.") && strings.HasPrefix(name, "docket/cmd/docket.") {
			n++
		}
	}
	return n
}

// Every link, and every other part, is asked for by something.
func TestNothingIsProvidedInVain(t *testing.T) {
	t.Parallel()
	w := newWitness()
	assembled(t, fx.WithLogger(func() fxevent.Logger { return w }))
	for _, types := range w.idle() {
		t.Errorf("nothing asks for %s", types)
	}
	if got, want := w.links(), linksIn(t); got != want || got == 0 {
		t.Errorf("the graph has %d links, links.go has %d", got, want)
	}

	planted := newWitness()
	assembled(t, fx.WithLogger(func() fxevent.Logger { return planted }), fx.Provide(func() *strings.Builder { return nil }))
	if diff := cmp.Diff([]string{"*strings.Builder"}, planted.idle()); diff != "" {
		t.Errorf("what nothing asks for goes unnoticed (-want +got):\n%s", diff)
	}
}

// linksIn counts the functions in links.go.
func linksIn(t *testing.T) int {
	t.Helper()
	n := 0
	ast.Inspect(parse(t, "links.go"), func(node ast.Node) bool {
		if _, ok := node.(*ast.FuncLit); ok {
			n++
		}
		return true
	})
	return n
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// joins lists the modules of whose contract a file names something. Their
// Module, which is all that app.go needs to list them, does not count.
func joins(f *ast.File) []string {
	modules := map[string]string{} // by the name that the file has for it
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		name, isModule := strings.CutPrefix(path, "docket/modules/")
		if err != nil || !isModule {
			continue
		}
		local := name
		if spec.Name != nil {
			local = spec.Name.Name
		}
		modules[local] = name
	}
	found := map[string]bool{}
	ast.Inspect(f, func(node ast.Node) bool {
		if s, ok := node.(*ast.SelectorExpr); ok && s.Sel.Name != "Module" {
			if x, ok := s.X.(*ast.Ident); ok && modules[x.Name] != "" {
				found[modules[x.Name]] = true
			}
		}
		return true
	})
	return slices.Sorted(maps.Keys(found))
}

func TestModulesMeetInLinksAlone(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		meeting := joins(parse(t, file))
		if file == "links.go" {
			if len(meeting) < 2 {
				t.Errorf("links.go joins %v: the rule has lost its object", meeting)
			}
		} else if len(meeting) > 1 {
			t.Errorf("%s joins the modules %v; do that in links.go", file, meeting)
		}
	}
	planted, err := parser.ParseFile(token.NewFileSet(), "app.go", `package main
		import ("docket/modules/tag"; other "docket/modules/task")
		var a, b, c = tag.Module, other.Module, func(e *tag.Existence) other.Tags { return e }`, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"tag", "task"}, joins(planted)); diff != "" {
		t.Errorf("a link outside links.go goes unnoticed (-want +got):\n%s", diff)
	}
}

const routesFile = "testdata/routes.golden"

// The list of routes is API: none comes or goes by accident.
func TestRoutes(t *testing.T) {
	t.Parallel()
	got := served(assembled(t))
	if f := flag.Lookup("update"); f.Value.String() == "true" {
		if err := os.MkdirAll(filepath.Dir(routesFile), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(routesFile, []byte(strings.Join(got, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(routesFile)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is missing; run the test with -update and read what it writes", routesFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")), "\n")
	if diff := cmp.Diff(listed, got); diff != "" {
		t.Errorf("what is served is not what is listed in %s; -update lists it (-listed +served):\n%s", routesFile, diff)
	}
}

// served lists what the application answers to, as "METHOD path operation", in
// the order of paths. A HEAD goes with each GET.
func served(app *httpx.App) []string {
	operations := map[string]string{}
	for _, r := range app.Routes() {
		operations[r.Method+" "+httpx.BasePath+r.Path] = r.Operation
	}
	var lines []string
	for _, r := range app.Fiber().GetRoutes(true) {
		if r.Method == fiber.MethodHead {
			continue
		}
		call := r.Method + " " + r.Path
		lines = append(lines, strings.TrimSpace(call+" "+operations[call]))
	}
	slices.SortFunc(lines, func(a, b string) int {
		return strings.Compare(pathOf(a)+" "+a, pathOf(b)+" "+b)
	})
	return lines
}

func pathOf(line string) string { return strings.Fields(line)[1] }

func TestEveryOperationHasItsName(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range assembled(t).Routes() {
		if r.Operation == "" || r.Summary == "" || seen[r.Operation] {
			t.Errorf("%s %s: operation %q, summary %q: both are needed, and the first once", r.Method, r.Path, r.Operation, r.Summary)
		}
		seen[r.Operation] = true
	}
	if len(seen) == 0 {
		t.Error("there are no routes")
	}
}
