package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The contract, as it stands in the repository: a change of it shows in review.
// After one: go test ./cmd/docket -run TestOpenAPI -update.
func TestOpenAPIIsTheOneInTheRepository(t *testing.T) {
	t.Parallel()
	text, err := document(assembled(t))
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	golden := filepath.Join("testdata", "openapi.json")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(read(t, "cmd", "docket", golden), got.String()); diff != "" {
		t.Errorf("the API has another description than %s; if that is meant, run go test ./cmd/docket -run TestOpenAPI -update (-file +now)\n%s", golden, diff)
	}
}
