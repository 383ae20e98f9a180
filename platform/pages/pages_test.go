package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"regexp"
	"strings"
	"testing"
)

func set(t *testing.T) *Set {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What others made is what they published, as SOURCE says.
func TestInterfaceIsWhatWasPublished(t *testing.T) {
	t.Parallel()
	source, err := assets.ReadFile("assets/scalar/SOURCE")
	if err != nil {
		t.Fatal(err)
	}
	packed, err := assets.ReadFile("assets/scalar/standalone.js.gz")
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	script, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(script)
	if !strings.Contains(string(source), "\nsha256: "+hex.EncodeToString(sum[:])+"\n") {
		t.Errorf("the script's SHA-256 is %x; SOURCE says\n%s", sum, source)
	}
	if version := regexp.MustCompile(`(?m)^version: (\S+)$`).FindStringSubmatch(string(source)); version == nil || !bytes.Contains(script, []byte(version[1])) {
		t.Errorf("the script does not name the version %v", version)
	}
	if license, err := assets.ReadFile("assets/scalar/LICENSE"); err != nil || !bytes.Contains(license, []byte("MIT License")) {
		t.Errorf("there is no licence (%v)", err)
	}
}

// A token cannot end the block that it stands in, and none is written where
// there is none.
func TestReferenceSettings(t *testing.T) {
	t.Parallel()
	page, err := set(t).Reference(Reference{Document: "/openapi.json", Token: "</script><b>"})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(page, []byte("</script><b>")) || !bytes.Contains(page, []byte(`"token":"\u003c/script\u003e\u003cb\u003e"`)) {
		t.Errorf("the token is not a text:\n%s", page)
	}
	if page, err = set(t).Reference(Reference{Document: "/openapi.json"}); err != nil || bytes.Contains(page, []byte("token")) {
		t.Errorf("without a token (%v):\n%s", err, page)
	}
}

// No page asks another host for anything, or runs a script of its own.
func TestPagesLoadTheirOwn(t *testing.T) {
	t.Parallel()
	page, err := set(t).Reference(Reference{Document: "/openapi.json"})
	if err != nil {
		t.Fatal(err)
	}
	loads := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(string(page), -1)
	if len(loads) < 4 {
		t.Errorf("it loads %q", loads)
	}
	for _, l := range loads {
		if !strings.HasPrefix(l[1], "/") || strings.HasPrefix(l[1], "//") {
			t.Errorf("it names %s", l[1])
		}
	}
	if _, err := set(t).url("nothing.js"); err == nil {
		t.Error("a page may name a file that there is not")
	}
}
