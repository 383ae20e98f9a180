package auth

import (
	"strings"
	"testing"
)

// What the log says of an issuer helps with a slip in the configuration, and
// repeats none of what the token has.
func TestDiffers(t *testing.T) {
	t.Parallel()
	configured := []string{"https://app.example.com", "http://localhost:3000/auth"}
	for issuer, want := range map[string]string{
		"https://app.example.com/":          "differs from https://app.example.com by a slash at the end",
		"https://APP.example.com":           "differs from https://app.example.com by capital letters",
		"http://app.example.com":            "differs from https://app.example.com by http or https",
		"https://app.example.com:8443":      "differs from https://app.example.com by its port",
		"https://app.example.com/secret":    "differs from https://app.example.com by what comes after the host",
		"http://localhost:3001/auth":        "differs from http://localhost:3000/auth by its port",
		"https://secret.example.com":        "is not like any that is configured",
		"secret":                            "is not like any that is configured",
		"":                                  "is not like any that is configured",
		"https://secret\n%zz":               "is not like any that is configured",
		"https://app.example.com\x00secret": "is not like any that is configured",
	} {
		if got := differs(issuer, configured); got != want || strings.Contains(got, "secret") {
			t.Errorf("%q %s, want: %s", issuer, got, want)
		}
	}
	for text, want := range map[string]string{"secret": "(6 bytes, sha256 2bb80d53…)", "": "(0 bytes, sha256 e3b0c442…)"} {
		if got := marked(text); got != want {
			t.Errorf("%q is marked %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{"HS256": "HS256", "none": "none", "secret": marked("secret")} {
		if got := algorithmName(text); got != want {
			t.Errorf("algorithm %q is %s, want %s", text, got, want)
		}
	}
}
