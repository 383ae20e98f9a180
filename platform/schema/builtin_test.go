package schema_test

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/schema"
)

var update = flag.Bool("update", false, "make the built-in copy of schema.hcl anew")

// The program knows the schema by a copy, since a package embeds nothing from
// above itself.
func TestBuiltIn(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(repositoryFile(t))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("builtin.hcl", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(schema.BuiltIn())); diff != "" {
		t.Errorf("schema.hcl has changed: go test ./platform/schema -run TestBuiltIn -update (-schema.hcl +built in)\n%s", diff)
	}
}
