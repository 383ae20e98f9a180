package errs_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/errs"
)

// The lists have every code there is, as the golden list of them has it: the
// document of the API is made from these.
func TestEveryCodeIsListed(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile("../arch/testdata/codes.golden")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, kind := range errs.Kinds() {
		for _, code := range errs.CodesOf(kind) {
			listed = append(listed, "Code "+string(code))
		}
	}
	for _, code := range slices.Concat(errs.FaultCodes(), errs.CheckCodes()) {
		listed = append(listed, "FaultCode "+string(code))
	}
	slices.Sort(listed)
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(golden)), "\n"), listed); diff != "" {
		t.Errorf("codes (-there are +listed):\n%s", diff)
	}
}

// Each code of the golden list is explained: what it means, why it happens, and
// what to do. Code stands between pairs of backticks.
func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile("../arch/testdata/codes.golden")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for line := range strings.Lines(string(golden)) {
		kind, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		e := errs.Explain(errs.Code(name))
		if kind == "FaultCode" {
			e = errs.ExplainFault(errs.FaultCode(name))
		}
		texts := slices.Concat([]string{e.Meaning}, e.Causes, e.Remedies)
		if len(e.Causes) == 0 || len(e.Remedies) == 0 {
			t.Errorf("%s lacks a cause or a remedy: %+v", line, e)
		}
		for _, text := range texts {
			if text == "" || strings.Count(text, "`")%2 != 0 || !strings.HasSuffix(text, ".") {
				t.Errorf("%s is explained with %q", name, text)
			}
		}
		if other := seen[e.Meaning]; other != "" {
			t.Errorf("%s and %s mean the same", name, other)
		}
		seen[e.Meaning] = name
	}
	if nothing := errs.Explain("ODD"); nothing.Meaning != "" {
		t.Errorf("a code that there is not is explained: %+v", nothing)
	}
	if nothing := errs.ExplainFault("odd"); nothing.Meaning != "" {
		t.Errorf("a code that there is not is explained: %+v", nothing)
	}
}
