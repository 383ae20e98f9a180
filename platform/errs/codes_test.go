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
	for _, code := range errs.FaultCodes() {
		listed = append(listed, "FaultCode "+string(code))
	}
	slices.Sort(listed)
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(golden)), "\n"), listed); diff != "" {
		t.Errorf("codes (-there are +listed):\n%s", diff)
	}
}
