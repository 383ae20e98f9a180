package arch

import (
	"flag"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

const codesPackage = module + "platform/errs"

// codes lists the error codes that clients see, as "Code VALUE", sorted: the
// typed constants of platform/errs.
func codes(all []source) []string {
	var found []string
	for _, s := range all {
		if s.dir() != "platform/errs" || s.isTest() {
			continue
		}
		for _, c := range typedConstants(s.file) {
			kind, ok := c.kind.(*ast.Ident)
			if ok && isCode(kind.Name) {
				found = append(found, kind.Name+" "+c.value)
			}
		}
	}
	slices.Sort(found)
	return found
}

func isCode(name string) bool { return name == "Code" || name == "FaultCode" }

type typedConstant struct {
	kind  ast.Expr
	value string
	at    token.Pos
}

// typedConstants lists the constants of a file that are declared with a type
// and a string.
func typedConstants(file *ast.File) []typedConstant {
	var found []typedConstant
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil {
			return true
		}
		for i, v := range spec.Values {
			if value, ok := quoted(v); ok {
				found = append(found, typedConstant{kind: spec.Type, value: value, at: spec.Names[i].Pos()})
			}
		}
		return true
	})
	return found
}

func quoted(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	value, err := strconv.Unquote(lit.Value)
	return value, err == nil
}

// strayCodes looks for codes that are made up outside platform/errs, where the
// list of them would not see them.
func strayCodes(all []source) []breach {
	const instead = "declare it in platform/errs: the codes are part of the API, and listed in platform/arch/testdata/codes.golden"
	var found []breach
	for _, s := range all {
		name := s.nameOf(codesPackage)
		if s.isTest() || name == "" {
			continue
		}
		ofErrs := func(e ast.Expr) bool {
			sel, ok := e.(*ast.SelectorExpr)
			if !ok {
				return false
			}
			x, ok := sel.X.(*ast.Ident)
			return ok && x.Name == name && isCode(sel.Sel.Name)
		}
		for _, c := range typedConstants(s.file) {
			if ofErrs(c.kind) {
				found = append(found, s.breach(c.at, instead, "a code of its own: %s", c.value))
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 1 && ofErrs(call.Fun) {
				if value, ok := quoted(call.Args[0]); ok {
					found = append(found, s.breach(call.Pos(), instead, "a code of its own: %s", value))
				}
			}
			return true
		})
	}
	return found
}

// A client switches on codes: one may be added, none changed or dropped.
func TestCodes(t *testing.T) {
	t.Parallel()
	all := repository(t)
	none(t, strayCodes(all))
	golden := filepath.Join("testdata", "codes.golden")
	got := strings.Join(codes(all), "\n") + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("codes are part of the API: none is renamed or dropped. For a new one run go test ./platform/arch -update (-golden +now)\n%s", diff)
	}
}

func TestCodesRefuse(t *testing.T) {
	t.Parallel()
	all := files{
		"platform/errs/errs.go": "package errs\n\ntype (\n\tCode string\n\tFaultCode string\n)\n\nconst (\n\tCodeB Code = \"B\"\n\tFaultA FaultCode = \"a\"\n\tother string = \"c\"\n)\n",
		"modules/a/internal/core/errors.go": "package core\n\nimport e \"docket/platform/errs\"\n\nconst mine e.Code = \"MINE\"\n\n" +
			"var fault, known = e.FaultCode(\"odd\"), e.CodeB\n",
	}.tree(t)
	if diff := cmp.Diff([]string{"Code B", "FaultCode a"}, codes(all)); diff != "" {
		t.Errorf("codes (-want +got)\n%s", diff)
	}
	planted(t, strayCodes(all),
		"errors.go:5: a code of its own: MINE\n\tinstead: declare it in platform/errs", "errors.go:7: a code of its own: odd")
}
