package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// here is the repository that this package is part of.
const here = "../../.."

// copyOf copies the repository into a temporary folder, without what is hidden,
// installed or built.
func copyOf(t *testing.T) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "docket")
	err := filepath.WalkDir(here, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // somebody's temporary file, gone already
		}
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() && name != here && (strings.HasPrefix(base, ".") || base == "node_modules") {
			return fs.SkipDir
		}
		relative, err := filepath.Rel(here, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case d.Type().IsRegular():
			return copyFile(name, target)
		default:
			return nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// small is a repository with just what the generator looks at.
func small(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"schema.hcl":                          "schema \"public\" {}\n\n// owner: tag\ntable \"tags\" {\n}\n\n// owner: task\ntable \"task_tags\" {\n}\n",
		builtInFile:                           "schema \"public\" {}\n\n// owner: tag\ntable \"tags\" {\n}\n\n// owner: task\ntable \"task_tags\" {\n}\n",
		"cmd/docket/app.go":                   app,
		"cmd/docket/links.go":                 "package main\n\nvar links, _ = 1, 2\n\ntype graph struct{}\n\nfunc greet() {}\n\nfunc (graph) entry() {}\n",
		"modules/tag/internal/rest/routes.go": "package rest\n\nvar paths = []string{\"/tags\", \"/tags/:id\", \"/labels\"}\n",
		"modules/identity/identity.go":        "package identity\n",
	} {
		write(t, root, name, text)
	}
	return root
}

const app = `package main

import (
	"go.uber.org/fx"

	"docket/modules/identity"
	"docket/modules/tag"
	"docket/platform/auth"
	database "docket/platform/postgres"
)

func wiring() fx.Option {
	return fx.Options(
		fx.Provide(auth.New, database.New),
		// modules: one line each
		identity.Module,
		tag.Module,
		links,
	)
}
`

func write(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// snapshot is all files below root, path to text.
func snapshot(t *testing.T, root string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	fsys := os.DirFS(root)
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(fsys, name)
		texts[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// The whole promise: in a copy of this repository, make a module, and hold it
// to what every module is held to.
func TestTheModulePassesItsTests(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("with -short: builds and tests a module in a copy of the repository")
	}
	root := copyOf(t)
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-root", root, "entry"}, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	for _, want := range []string{"new      modules/entry/module.go", "changed  schema.hcl", "changed  cmd/docket/app.go", "/api/v1/entries"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &stdout)
		}
	}
	goes(t, root, "vet", "./modules/entry/...", "./cmd/docket")
	tested := goes(t, root, "test", "./modules/entry/...")
	for _, room := range []string{"core", "postgres", "rest"} {
		if !regexp.MustCompile(`(?m)^ok\s+docket/modules/entry/internal/` + room + `\s`).MatchString(tested) {
			t.Errorf("%s was not tested:\n%s", room, tested)
		}
	}
	goes(t, root, "test", "-run", "^Test(Imports|Statements|Sizes|EveryTableHasOneOwner)$", "./platform/arch")
}

// goes runs the go command in root and returns what it wrote.
func goes(t *testing.T, root string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	root := small(t)
	before := snapshot(t, root)
	if _, err := generate(t.Context(), root, newNames("note", ""), false); err != nil {
		t.Fatal(err)
	}
	after := snapshot(t, root)
	for name, text := range before {
		if name != schemaFile && name != builtInFile && name != appFile && after[name] != text {
			t.Errorf("%s was changed", name)
		}
	}
	added, ok := strings.CutPrefix(after[schemaFile], before[schemaFile]+"\n// owner: note\ntable \"notes\" {\n")
	if !ok || !strings.HasSuffix(added, "\n}\n") || strings.Contains(added, "<<") {
		t.Errorf("schema.hcl is now\n%s", after[schemaFile])
	}
	if diff := cmp.Diff(after[schemaFile], after[builtInFile]); diff != "" {
		t.Errorf("%s is not a copy of %s (-want +got)\n%s", builtInFile, schemaFile, diff)
	}
	want := strings.NewReplacer(
		"\t\"docket/modules/tag\"\n", "\t\"docket/modules/note\"\n\t\"docket/modules/tag\"\n",
		"\t\ttag.Module,\n", "\t\ttag.Module,\n\t\tnote.Module,\n",
	).Replace(app)
	if diff := cmp.Diff(want, after[appFile]); diff != "" {
		t.Errorf("%s (-want +got)\n%s", appFile, diff)
	}
	if _, ok := after["modules/note/internal/core/note.go"]; !ok {
		t.Error("modules/note/internal/core/note.go is missing")
	}

	// A second run finds the module there, and changes nothing.
	if _, err := generate(t.Context(), root, newNames("note", ""), false); err == nil || err.Error() != "modules/note exists" {
		t.Errorf("a second time: %v", err)
	}
	if diff := cmp.Diff(after, snapshot(t, root)); diff != "" {
		t.Errorf("the second run changed something:\n%s", diff)
	}
}

func TestNothingChangesWhereSomethingIsInTheWay(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		name, plural string
		broken       map[string]string // files that differ
		want         string
	}{
		"a name for Go":              {name: "range", want: "keyword of Go"},
		"a predeclared name":         {name: "string", want: "predeclared"},
		"a folder Go does not see":   {name: "testdata", want: "means something else"},
		"capitals":                   {name: "Note", want: "no name for a module"},
		"two words":                  {name: "to_do", want: "no name for a module"},
		"a path":                     {name: "../note", want: "no name for a module"},
		"nothing":                    {name: "", want: "no name for a module"},
		"one letter":                 {name: "n", want: "no name for a module"},
		"a long name":                {name: strings.Repeat("a", maxName+1), want: "too long"},
		"a word of SQL":              {name: "reference", plural: "references", want: "reserved word of PostgreSQL"},
		"a plural that is no word":   {name: "note", plural: "no tes", want: "no name for a module"},
		"a package of the templates": {name: "errs", want: "means something in every module"},
		"a type of the templates":    {name: "store", want: "means something in every module"},
		"a file of the templates":    {name: "ports", want: "means something in every module"},
		"a module":                   {name: "tag", want: "modules/tag exists"},
		"a module without routes":    {name: "identity", want: "modules/identity exists"},
		"a plural that is a module":  {name: "label", plural: "tag", want: `"tag" is a module`},
		"the plural of a module":     {name: "tags", want: "modules/tag serves /tags"},
		"a path that is served":      {name: "label", want: "modules/tag serves /labels"},
		"a table": {name: "link", plural: "works", broken: map[string]string{schemaFile: "table \"works\" {\n}\n"},
			want: `schema.hcl has a table "works"`},
		"a variable of the program": {name: "links", plural: "linkss", want: `cmd/docket/links.go uses the name "links"`},
		"a type of the program":     {name: "graph", want: `cmd/docket/links.go uses the name "graph"`},
		"a function of the program": {name: "greet", want: `cmd/docket/links.go uses the name "greet"`},
		"an import of the program":  {name: "auth", plural: "grants", want: `means something else`},
		"an import by another name": {name: "database", want: `cmd/docket/app.go uses the name "database"`},
		"no list of modules":        {name: "note", broken: map[string]string{appFile: "package main\n"}, want: "no line \"// modules: one line each\""},
		"a list without imports":    {name: "note", broken: map[string]string{appFile: strings.ReplaceAll(app, "docket/modules/", "other/")}, want: "imports no module"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := small(t)
			for path, text := range test.broken {
				write(t, root, path, text)
			}
			before := snapshot(t, root)
			_, err := generate(t.Context(), root, newNames(test.name, test.plural), false)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one with %q", err, test.want)
			}
			if diff := cmp.Diff(before, snapshot(t, root)); diff != "" {
				t.Errorf("something changed:\n%s", diff)
			}
		})
	}
}

func TestAFailedWriteIsUndone(t *testing.T) {
	t.Parallel()
	root := small(t)
	before := snapshot(t, root)
	changes, err := plan(root, newNames("note", ""))
	if err != nil {
		t.Fatal(err)
	}
	// A folder of this name stands in the way of the last file.
	last := changes[len(changes)-1].path
	changes[len(changes)-1].path = "modules/note/internal"
	if err := apply(root, changes); err == nil || !strings.Contains(err.Error(), "write modules/note/internal") {
		t.Errorf("writing %s as a folder: %v", last, err)
	}
	if diff := cmp.Diff(before, snapshot(t, root)); diff != "" {
		t.Errorf("something is left:\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(root, "modules", "note")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("modules/note is left: %v", err)
	}
}

func TestUncommittedChangesAreRefused(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs git")
		}
		t.Skip("needs git")
	}
	root := small(t)
	git := func(args ...string) {
		t.Helper()
		args = append([]string{"-C", root, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)
		if out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q")
	git("add", ".")
	git("commit", "-q", "-m", "Begin")
	write(t, root, "README.md", "of no concern here")
	write(t, root, schemaFile, "// changed\n")
	if _, err := generate(t.Context(), root, newNames("note", ""), false); err == nil || !strings.Contains(err.Error(), "uncommitted changes") || !strings.Contains(err.Error(), schemaFile) {
		t.Errorf("the error is %v", err)
	}
	if _, err := generate(t.Context(), root, newNames("note", ""), true); err != nil {
		t.Errorf("with -dirty: %v", err)
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		"help":            {[]string{"--help"}, exitOK, "example:\n  go run ./platform/tools/newmodule note", ""},
		"no name":         {nil, exitUsage, "", "give one name"},
		"two names":       {[]string{"a", "b"}, exitUsage, "", "give one name"},
		"an unknown flag": {[]string{"-colour", "note"}, exitUsage, "", "not defined: -colour"},
		"a bad name":      {[]string{"-root", here, "Note"}, exitFailure, "", `"Note" is no name for a module`},
		"no repository":   {[]string{"-root", "testdata", "note"}, exitFailure, "", "no repository of Docket"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), test.args, &stdout, &stderr); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if got := stdout.String(); !strings.Contains(got, test.stdout) || (test.stdout == "") != (got == "") {
				t.Errorf("stdout is %q", got)
			}
			if got := stderr.String(); !strings.Contains(got, test.stderr) || (test.stderr == "") != (got == "") {
				t.Errorf("stderr is %q", got)
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, plural string
		want         names
	}{
		{"note", "", names{Name: "note", Plural: "notes", Type: "Note", Types: "Notes", One: "a note", TitleOne: "A note"}},
		{"entry", "", names{Name: "entry", Plural: "entries", Type: "Entry", Types: "Entries", One: "an entry", TitleOne: "An entry"}},
		{"day", "", names{Name: "day", Plural: "days", Type: "Day", Types: "Days", One: "a day", TitleOne: "A day"}},
		{"box", "", names{Name: "box", Plural: "boxes", Type: "Box", Types: "Boxes", One: "a box", TitleOne: "A box"}},
		{"person", "people", names{Name: "person", Plural: "people", Type: "Person", Types: "People", One: "a person", TitleOne: "A person"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, newNames(test.name, test.plural)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
	}
}
