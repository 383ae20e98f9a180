package arch

import (
	"fmt"
	"go/ast"
	"regexp"
	"strings"
	"testing"
)

// The sizes of the house. More than that in one piece is two pieces.
const (
	maxFunctionLines    = 60
	maxFileLines        = 400
	maxInterfaceMethods = 6
	maxDependencies     = 5 // parameters of a constructor, its context not counted
)

var constructor = regexp.MustCompile(`^[nN]ew([A-Z]|$)`)

// sizes measures modules and platform.
func sizes(all []source) []breach {
	var found []breach
	for _, s := range all {
		if s.isTest() || !s.under("modules") && !s.under("platform") {
			continue
		}
		if n := s.line(s.file.FileEnd); n > maxFileLines {
			found = append(found, s.breach(s.file.FileEnd, "split it by behaviour", "the file has %d lines, more than %d", n, maxFileLines))
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				found = append(found, s.functionSize(n)...)
			case *ast.InterfaceType:
				if m := n.Methods.NumFields(); m > maxInterfaceMethods {
					found = append(found, s.breach(n.Pos(), "split it by who calls what", "an interface of %d methods, more than %d", m, maxInterfaceMethods))
				}
			}
			return true
		})
	}
	return found
}

func (s source) functionSize(f *ast.FuncDecl) []breach {
	var found []breach
	if n := s.line(f.End()) - s.line(f.Pos()) - 1; n > maxFunctionLines {
		found = append(found, s.breach(f.Pos(), "name its parts and give each a function", "%s has %d lines, more than %d", f.Name.Name, n, maxFunctionLines))
	}
	if !constructor.MatchString(f.Name.Name) || f.Recv != nil {
		return found
	}
	if n := dependencies(f.Type.Params.List); n > maxDependencies {
		found = append(found, s.breach(f.Pos(), "split what it makes by behaviour", "%s takes %d dependencies, more than %d", f.Name.Name, n, maxDependencies))
	}
	return found
}

func dependencies(params []*ast.Field) int {
	n := 0
	for _, p := range params {
		if sel, ok := p.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Context" {
			continue
		}
		n += max(1, len(p.Names))
	}
	return n
}

func TestSizes(t *testing.T) {
	t.Parallel()
	none(t, sizes(repository(t)))
}

func TestSizesRefuse(t *testing.T) {
	t.Parallel()
	lines := func(n int) string { return strings.Repeat("\t_ = 0\n", n) }
	methods := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "\tM%d()\n", i)
		}
		return b.String()
	}
	long := "package x\n\nfunc f() {\n" + lines(61) + "}\n"
	found := sizes(files{
		"platform/x/long.go":               long,
		"platform/x/fits.go":               "package x\n\nfunc f() {\n" + lines(60) + "}\n",
		"platform/x/long_test.go":          long,
		"cmd/docket/long.go":               long,
		"platform/x/file.go":               "package x\n" + strings.Repeat("\n", 400) + "var x = 1\n",
		"platform/x/full.go":               "package x\n" + strings.Repeat("\n", 398) + "var y = 1\n",
		"modules/a/internal/core/ports.go": "package core\n\ntype Wide interface {\n" + methods(7) + "}\n\ntype Narrow interface {\n" + methods(6) + "}\n",
		"modules/a/internal/core/service.go": "package core\n\nimport \"context\"\n\nfunc NewWide(a, b, c, d, e, f int) {}\n\n" +
			"func NewNarrow(ctx context.Context, a, b, c, d, e int) {}\n\nfunc Newish(a, b, c, d, e, f int) {}\n",
	}.tree(t))
	planted(t, found,
		"platform/x/long.go:3: f has 61 lines, more than 60\n\tinstead: name its parts",
		"platform/x/file.go:402: the file has 402 lines, more than 400\n\tinstead: split it", "modules/a/internal/core/ports.go:3: an interface of 7 methods",
		"modules/a/internal/core/service.go:5: NewWide takes 6 dependencies, more than 5")
}
