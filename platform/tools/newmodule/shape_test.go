package main

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// differ are the declarations, by file, that a module made here has otherwise
// than tag, or not at all, because they are about what tags alone have: a
// color, tasks to be taken off and counted, names to be found by, other modules that ask for them.
//
// All others are the same to the letter. A change of tag that every module
// should have goes into the templates; one that is about tags alone, in here.
var differ = map[string][]string{
	"internal/core/NAME.go": {
		"Tag", "Draft", "newTag", "Tag.draft", "Tag.revised", "Color", "colorFormat", "ParseColor", "sameColor", "import regexp",
	},
	"internal/core/ports.go":     {"DeletionListener", "TaskCounter", "Query"},
	"internal/core/service.go":   {"Service", "NewService", "Tasks", "Service.Delete"},
	"internal/postgres/list.go":  {"Store.List", "import docket/platform/fold"},
	"internal/postgres/store.go": {"columns", "fields", "Store.Insert", "Store.Update", "Store.Existing"},
	"internal/rest/dto.go":       {"tagView.AppendJSON", "read"},
	"internal/rest/handlers.go":  {"handlers.list", "handlers.get"},
	"internal/rest/routes.go":    {"Routes", "patience", "import time"}, // the words of a summary
	"internal/rest/schema.go":    {"group", "name", "color", "intoID", "shown", "exampleID", "otherID", "maxContains", "contains", "include"},
	"module.go":                  {"Module"},
	"contract.go": {"DeletionListener", "TaskCounter", "Existence", "Belongings", "Seeding", "NewSeeding",
		"import docket/modules/tag/internal/core", "import docket/modules/tag/internal/postgres", "import docket/modules/tag/internal/rest", "import docket/platform/postgres"},
}

func TestTheTemplatesAreTagWithoutWhatTagsAloneHave(t *testing.T) {
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
		original, err := os.ReadFile(filepath.Join(here, "modules", "tag", filepath.FromSlash(name)))
		if err != nil {
			t.Errorf("the templates have a file that modules/tag has not: %v", err)
			continue
		}
		key := strings.Replace(name, "core/tag.go", "core/NAME.go", 1)
		for _, problem := range compare(declarations(t, original), declarations(t, text), differ[key]) {
			t.Errorf("%s: %s", key, problem)
		}
	}
	if seen < 10 {
		t.Errorf("only %d files were compared", seen)
	}
}

// compare returns what sets the template apart from tag but for what is
// allowed to, and what is allowed in vain.
func compare(tag, template map[string]string, allowed []string) []string {
	var problems []string
	all := maps.Clone(tag)
	maps.Copy(all, template)
	for _, word := range slices.Sorted(maps.Keys(all)) {
		same, allow := tag[word] == template[word], slices.Contains(allowed, word)
		switch {
		case same && allow:
			problems = append(problems, word+" is the same in tag and in the template: take it off the list")
		case !same && !allow:
			problems = append(problems, word+" is not as in modules/tag: change the template likewise, or list it if it is about tags alone")
		}
	}
	for _, word := range allowed {
		if _, ok := all[word]; !ok {
			problems = append(problems, word+" is neither in tag nor in the template: take it off the list")
		}
	}
	return problems
}

func TestCompareFindsDrift(t *testing.T) {
	t.Parallel()
	tag := map[string]string{"same": "1", "changed": "2", "added": "3", "color": "4", "alike": "5"}
	template := map[string]string{"same": "1", "changed": "1", "extra": "6", "alike": "5"}
	got := compare(tag, template, []string{"color", "alike", "gone"})
	want := []string{"added is not", "alike is the same", "changed is not", "extra is not", "gone is neither"}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// declarations maps what a file declares and imports to its text, without
// comments.
func declarations(t *testing.T, text []byte) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	add := func(word string, node any) {
		var b bytes.Buffer
		// An empty file set: where something stands does not count.
		if err := format.Node(&b, token.NewFileSet(), node); err != nil {
			t.Fatal(err)
		}
		found[word] = b.String()
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			add(receiver(d)+d.Name.Name, d)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				add(nameOf(spec), spec)
			}
		}
	}
	return found
}

func nameOf(spec ast.Spec) string {
	switch spec := spec.(type) {
	case *ast.ImportSpec:
		return "import " + strings.Trim(spec.Path.Value, `"`)
	case *ast.TypeSpec:
		return spec.Name.Name
	case *ast.ValueSpec:
		return spec.Names[0].Name
	default:
		return ""
	}
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
