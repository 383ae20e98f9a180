package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The template is a tag without what tags alone need. Rendered as "tag", all
// that it declares or imports must be in the same file of modules/tag: when tag
// takes another shape, this asks for the templates to follow.
func TestTheTemplatesHaveTheShapeOfTag(t *testing.T) {
	t.Parallel()
	texts, err := render(newNames("tag", ""))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for name, text := range texts {
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		seen++
		made := parse(t, name, text)
		original, err := os.ReadFile(filepath.Join(here, "modules", "tag", filepath.FromSlash(name)))
		if err != nil {
			t.Errorf("the templates have a file that modules/tag has not: %v", err)
			continue
		}
		tag := parse(t, name, original)
		for _, word := range declarations(made) {
			if !slices.Contains(declarations(tag), word) {
				t.Errorf("%s: the templates declare %s, modules/tag does not", name, word)
			}
		}
		for _, i := range made.Imports {
			if !slices.ContainsFunc(tag.Imports, func(o *ast.ImportSpec) bool { return o.Path.Value == i.Path.Value }) {
				t.Errorf("%s: the templates import %s, modules/tag does not", name, i.Path.Value)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d files were compared", seen)
	}
}

func parse(t *testing.T, name string, text []byte) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// declarations lists what a file declares, methods with their receiver, and
// what its structs and interfaces hold.
func declarations(file *ast.File) []string {
	var words []string
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			words = append(words, receiver(d)+d.Name.Name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				words = append(words, ofSpec(spec)...)
			}
		}
	}
	return words
}

func ofSpec(spec ast.Spec) []string {
	var words []string
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		words = append(words, spec.Name.Name)
		ast.Inspect(spec.Type, func(n ast.Node) bool {
			if f, ok := n.(*ast.Field); ok {
				for _, name := range f.Names {
					words = append(words, spec.Name.Name+"."+name.Name)
				}
			}
			_, function := n.(*ast.FuncType)
			return !function
		})
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			words = append(words, name.Name)
		}
	}
	return words
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	kind := f.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	if id, ok := kind.(*ast.Ident); ok {
		return id.Name + "."
	}
	return "?."
}
