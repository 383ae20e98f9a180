package arch

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "docket/"

// source is one Go file. Rules see the repository as a list of them.
type source struct {
	path string // slash-separated, from the root of the repository
	fset *token.FileSet
	file *ast.File
}

func (s source) dir() string           { return path.Dir(s.path) }
func (s source) isTest() bool          { return strings.HasSuffix(s.path, "_test.go") }
func (s source) under(dir string) bool { return s.path == dir || strings.HasPrefix(s.path, dir+"/") }
func (s source) line(p token.Pos) int  { return s.fset.Position(p).Line }

// owner returns the module that s belongs to, or "".
func (s source) owner() string {
	parts := strings.Split(s.path, "/")
	if len(parts) < 3 || parts[0] != "modules" {
		return ""
	}
	return parts[1]
}

// inside reports whether s is in the named part of a module: internal/core,
// internal/postgres, internal/rest, or a folder below.
func (s source) inside(part string) bool {
	return s.owner() != "" && s.under("modules/"+s.owner()+"/"+part)
}

// breach is one place that breaks a rule.
type breach struct {
	path    string
	line    int
	what    string // what is wrong there
	instead string // what to do
}

func (b breach) String() string {
	return fmt.Sprintf("%s:%d: %s\n\tinstead: %s", b.path, b.line, b.what, b.instead)
}

func (s source) breach(at token.Pos, instead, format string, args ...any) breach {
	return breach{path: s.path, line: s.line(at), what: fmt.Sprintf(format, args...), instead: instead}
}

// tree reads all Go files of the module docket below the root of fsys.
func tree(fsys fs.FS) ([]source, error) {
	fset := token.NewFileSet()
	var all []source
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return enter(fsys, name)
		case path.Ext(name) != ".go":
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if inProgram(file) {
			all = append(all, source{path: name, fset: fset, file: file})
		}
		return nil
	})
	return all, err
}

// enter skips the folders that the go command skips, and other Go modules.
func enter(fsys fs.FS, dir string) error {
	base := path.Base(dir)
	if dir == "." {
		return nil
	}
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "node_modules" {
		return fs.SkipDir
	}
	_, err := fs.Stat(fsys, path.Join(dir, "go.mod"))
	switch {
	case err == nil:
		return fs.SkipDir
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return err
	}
}

// inProgram reports whether a file is built on any system without a build tag
// that somebody has to ask for.
func inProgram(file *ast.File) bool {
	for _, group := range file.Comments {
		if group.Pos() > file.Package {
			return true
		}
		for _, c := range group.List {
			expr, err := constraint.Parse(c.Text)
			if err != nil {
				continue // an ordinary comment
			}
			return slices.ContainsFunc([]string{"linux", "darwin", "freebsd", "windows"}, func(system string) bool {
				return expr.Eval(func(tag string) bool {
					return tag == system || tag == "unix" && system != "windows" || tag == "amd64" || strings.HasPrefix(tag, "go1.")
				})
			})
		}
	}
	return true
}

// imported returns the paths that s imports, each with its place.
func (s source) imported() map[string]token.Pos {
	all := make(map[string]token.Pos, len(s.file.Imports))
	for _, i := range s.file.Imports {
		all[importPath(i)] = i.Pos()
	}
	return all
}

func importPath(i *ast.ImportSpec) string {
	p, err := strconv.Unquote(i.Path.Value)
	if err != nil {
		return i.Path.Value // the parser has accepted it, so this does not happen
	}
	return p
}

// calls the package p, as s imports it, by this name; "" where it does not.
func (s source) nameOf(p string) string {
	for _, i := range s.file.Imports {
		if importPath(i) != p {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return path.Base(p)
	}
	return ""
}

// within reports whether an import path is p or lies below it.
func within(imported, p string) bool {
	return imported == p || strings.HasPrefix(imported, p+"/")
}

// root is the repository that this package is part of.
func root(t *testing.T) fs.FS {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatalf("the root of the repository should be %s: %v", dir, err)
	}
	return os.DirFS(dir)
}

// repository is the real tree. A rule that sees no file passes for nothing, so
// an empty one is an error.
func repository(t *testing.T) []source {
	t.Helper()
	all, err := tree(root(t))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(all, func(s source) bool { return s.path == "modules/tag/module.go" }) {
		t.Fatalf("modules/tag/module.go is not among the %d files found", len(all))
	}
	return all
}

// files is a small tree made up for a test, path to text.
type files map[string]string

func (f files) tree(t *testing.T) []source {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range f {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	all, err := tree(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// none fails the test for each breach.
func none(t *testing.T, found []breach) {
	t.Helper()
	for _, b := range found {
		t.Error(b)
	}
}

// planted checks that a rule finds exactly what was planted: one breach for
// each of want, in any order, that names the place and holds the text.
func planted(t *testing.T, found []breach, want ...string) {
	t.Helper()
	left := slices.Clone(found)
	for _, w := range want {
		i := slices.IndexFunc(left, func(b breach) bool { return strings.Contains(b.String(), w) })
		if i < 0 {
			t.Errorf("not refused: %s\nfound: %v", w, found)
			continue
		}
		if left[i].instead == "" {
			t.Errorf("refused without a way out: %s", left[i])
		}
		left = slices.Delete(left, i, i+1)
	}
	for _, b := range left {
		t.Errorf("refused, and should not be: %s", b)
	}
}

func TestTreeSkipsWhatIsNotTheProgram(t *testing.T) {
	t.Parallel()
	got := files{
		"go.mod":                      "module docket",
		"a/a.go":                      "package a",
		"a/a_linux.go":                "//go:build linux\n\npackage a",
		"a/a_other.go":                "// Copyright.\n\n//go:build !linux && !windows\n\npackage a",
		"a/pinned.go":                 "//go:build pinned\n\npackage a",
		"a/testdata/b.go":             "package b",
		".cache/c.go":                 "package c",
		"web/node_modules/gyp/gyp.go": "package gyp",
		"tools/d/go.mod":              "module d",
		"tools/d/d.go":                "package d",
	}.tree(t)
	var names []string
	for _, s := range got {
		names = append(names, s.path)
	}
	if want := []string{"a/a.go", "a/a_linux.go", "a/a_other.go"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}
