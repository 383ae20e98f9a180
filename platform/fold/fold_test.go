package fold_test

import (
	"strings"
	"testing"

	"docket/platform/fold"
)

func TestKeyIgnoresCaseAndForm(t *testing.T) {
	t.Parallel()
	same := [][2]string{
		{"Work", "wORK"},
		{"STRASSE", "straße"},
		{"ÉCOLE", "e\u0301cole"},
		{"ΣΊΣΥΦΟΣ", "σίσυφος"},
		{"İ", "i\u0307"},
	}
	for _, pair := range same {
		if a, b := fold.Key(pair[0]), fold.Key(pair[1]); a != b {
			t.Errorf("%q and %q have the keys %q and %q", pair[0], pair[1], a, b)
		}
	}
	for _, pair := range [][2]string{{"resume", "résumé"}, {"a", "b"}, {"a b", "ab"}} {
		if fold.Key(pair[0]) == fold.Key(pair[1]) {
			t.Errorf("%q and %q have the same key", pair[0], pair[1])
		}
	}
}

func TestKeyFitsAnIndex(t *testing.T) {
	t.Parallel()
	for _, r := range []string{"ΐ", "𝔘", "ﷺ", "a", "ß"} {
		if n := len(fold.Key(strings.Repeat(r, 500))); n > 2000 {
			t.Errorf("the key of 500 %q has %d bytes", r, n)
		}
	}
}
