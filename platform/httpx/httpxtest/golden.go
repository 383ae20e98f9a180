package httpxtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update rewrites the golden files of a package: go test ./… -update.
var update = flag.Bool("update", false, "write golden files instead of comparing with them")

// exchange is what a golden file holds of an answer.
type exchange struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header"`
	Body   json.RawMessage   `json:"body,omitempty"`
}

// Golden compares the answer with testdata/<name>.golden.json: the status, the
// body byte for byte but for white space, and the headers but for those that
// belong to the transport or vary with what else a test did.
func (r Response) Golden(t testing.TB, name string) Response {
	t.Helper()
	file := filepath.Join("testdata", name+".golden.json")
	got := r.golden(t)
	if *update {
		write(t, file, got)
		return r
	}
	want, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is missing; run the test with -update and read what it writes", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")) // a checkout on Windows
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-file +answer):\n%s", file, diff)
	}
	return r
}

// everywhere are headers that every answer has, whatever its route; a test of
// httpx holds them.
var everywhere = []string{"X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "Content-Security-Policy"}

func (r Response) golden(t testing.TB) []byte {
	t.Helper()
	e := exchange{Status: r.Status, Header: map[string]string{}, Body: r.Body}
	for name, values := range r.Header {
		switch {
		case name == "Date", name == "Content-Length", name == "X-Request-Id":
		case strings.HasPrefix(name, "Ratelimit-"):
		case slices.Contains(everywhere, name):
		default:
			e.Header[name] = strings.Join(values, ", ")
		}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(e); err != nil {
		t.Fatalf("the answer cannot be kept as JSON: %v\n%s", err, r.Body)
	}
	return out.Bytes()
}

func write(t testing.TB, file string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
