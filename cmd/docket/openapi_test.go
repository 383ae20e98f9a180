package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/errs"
	"docket/platform/openapi"
	"docket/platform/pages"
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

// Whatever a client may get is in the document: as an operation, or, where no
// client has use for a method, in words.
func TestOpenAPINamesWhatIsBesideTheAPI(t *testing.T) {
	t.Parallel()
	text, err := document(assembled(t))
	if err != nil {
		t.Fatal(err)
	}
	var d openapi.Document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	root := client{base: serving(t).site()}
	for _, path := range []string{openAPIPath, d.ExternalDocs.URL, pages.ErrorsPath, pages.ErrorsPath + "/" + string(errs.CodeInvalid)} {
		if !strings.Contains(d.Info.Description, path) {
			t.Errorf("the description does not name %s", path)
		}
		root.do(t, "GET", path, "").Want(t, 200)
	}
}
