package main

import (
	"crypto/rand"
	"html"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"docket/platform/auth/devissuer"
	"docket/platform/pages"
	"docket/platform/pgtest"
)

// Each code that the API has ever had is explained on a page of its own, which
// needs no script and is reached from the list, the document and the reference.
func TestErrorPages(t *testing.T) {
	t.Parallel()
	s := serving(t)
	root := client{base: s.site()}
	golden, err := os.ReadFile("../../platform/arch/testdata/codes.golden")
	if err != nil {
		t.Fatal(err)
	}
	list := string(root.do(t, "GET", pages.ErrorsPath, "").Want(t, 200).Body)
	for line := range strings.Lines(string(golden)) {
		_, code, _ := strings.Cut(strings.TrimSpace(line), " ")
		r := root.do(t, "GET", pages.ErrorsPath+"/"+code, "").Want(t, 200)
		text := string(r.Body)
		for _, part := range []string{"<h1><code>" + code + "</code></h1>", "Why it happens", "What to do", "<li>"} {
			if !strings.Contains(text, part) {
				t.Errorf("the page of %s lacks %s:\n%s", code, part, text)
			}
		}
		if strings.Contains(text, "<script") || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
			t.Errorf("the page of %s is %s with a script", code, r.Header.Get("Content-Type"))
		}
		if !strings.Contains(list, `href="/docs/errors/`+code+`"`) {
			t.Errorf("the list of errors does not lead to %s", code)
		}
	}
	if document := string(root.do(t, "GET", openAPIPath, "").Want(t, 200).Body); !strings.Contains(document, "(/docs/errors)") {
		t.Error("the document does not lead to the errors")
	}
	failure := root.do(t, "GET", pages.ErrorsPath+"/VALIDATION_FALED", "").WantFailure(t, 404, "RESOURCE_NOT_FOUND")
	if !strings.Contains(failure.Message, "did you mean VALIDATION_FAILED?") {
		t.Errorf("of a mistyped code it says %q", failure.Message)
	}
}

// A slash too many leads to the page, with what stands behind it.
func TestSlashBehindPages(t *testing.T) {
	t.Parallel()
	site := serving(t).site()
	root := client{base: site}
	unled := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	leads := func(from string) (to string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site+from, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := unled.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusPermanentRedirect {
			t.Errorf("%s is answered %d (%v)", from, answer.StatusCode, err)
		}
		return answer.Header.Get("Location")
	}
	for from, to := range map[string]string{
		"/docs/": "/docs", "/docs/?a=b&c": "/docs?a=b&c", "/docs/errors/": "/docs/errors", "/docs/errors/taken/": "/docs/errors/taken",
	} {
		if got := leads(from); got != to {
			t.Errorf("%s leads to %q, want %q", from, got, to)
		}
		root.do(t, "GET", to, "").Want(t, 200)
	}
	root.do(t, "GET", "/docs//", "").WantFailure(t, 404, "RESOURCE_NOT_FOUND")
	if to := leads("/docs/errors/no%0d%0asuch/"); to != "/docs/errors/no%0d%0asuch" {
		t.Errorf("a line feed leads to %q", to)
	}
}

// What the page of RATE_LIMITED tells to do gets every request through.
func TestRateLimitedSnippet(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("node"); err != nil && os.Getenv("CI") != "true" {
		t.Skipf("needs Node.js: %v", err)
	}
	s := servingOn(t, "DATABASE_URL="+pgtest.URL(t), "DOCKET_DATA_DIR="+t.TempDir(), "DOCKET_RATE_LIMIT_REQUESTS=4", "DOCKET_RATE_LIMIT_WINDOW=2s")
	page := string(client{base: s.site()}.do(t, "GET", pages.ErrorsPath+"/RATE_LIMITED", "").Want(t, 200).Body)
	_, after, _ := strings.Cut(page, `<code id="snippet">`)
	snippet, _, found := strings.Cut(after, "</code>")
	if !found {
		t.Fatalf("it has no snippet:\n%s", page)
	}
	const use = `
const network = globalThis.fetch;
let refused = 0;
globalThis.fetch = async (request) => {
  const answer = await network(request);
  if (answer.status === 429) refused++;
  return answer;
};
const answers = await Promise.all(Array.from({ length: 8 }, () => send(new Request(process.env.DOCKET_API + "/auth/me", {
  headers: { Authorization: process.env.AUTHORIZATION },
}))));
console.log(answers.every((answer) => answer.status === 200) && refused > 0);
`
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "use.mjs"), []byte(html.UnescapeString(snippet)+use), 0o600); err != nil {
		t.Fatal(err)
	}
	said := runIn(t, folder, []string{"DOCKET_API=" + s.greeting.API, "AUTHORIZATION=" + s.as(t, adaAddress).authorization}, "use.mjs")
	if string(said) != "true\n" {
		t.Errorf("that they all got through, some after a wait, is %s", said)
	}
	for _, name := range []string{"Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} {
		if !strings.Contains(page, "<tr><td><code>"+name+"</code></td>") {
			t.Errorf("the page does not say what %s means", name)
		}
	}
}

// Error pages can be read in the dark and on a phone.
func TestErrorPagesInABrowser(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	s := serving(t)
	for name, how := range map[string]screen{"desk": desk, "phone": phone} {
		for _, path := range []string{pages.ErrorsPath, pages.ErrorsPath + "/VALIDATION_FAILED", pages.ErrorsPath + "/taken"} {
			page := open(t, browser, how, s.site()+path)
			page.fits(t)
			page.shoot(t, name+strings.ReplaceAll(path, "/", "-"))
			ground := eval[[]int](t, page, `getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).map(Number)`)
			if dark := ground[0] < 128; dark != (how.scheme == "dark") {
				t.Errorf("%s: the ground of %s is %v", name, path, ground)
			}
		}
	}
}

// On a developer's machine a 401 says which check failed, and nowhere else.
func TestWhichCheckFailed(t *testing.T) {
	t.Parallel()
	near := serving(t)
	far := servingOn(t, append(near.settings, "DOCKET_ENVIRONMENT=test", "DOCKET_LOG_FORMAT=json",
		"DOCKET_AUTH_JWKS_URL="+near.site()+jwksPath, "DOCKET_AUTH_ISSUER="+devissuer.IssuerURL, "DOCKET_AUTH_AUDIENCE=https://api.example.com")...)
	now := time.Now()
	token, err := near.issuer.Sign(devissuer.Claims{Subject: "x", IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for header, check := range map[string]string{
		"": "token_missing: no Authorization header", "Basic eDp5": "scheme_refused: the scheme is not Bearer",
		"Bearer " + token[:len(token)-8] + "AAAAAAAA": "signature_invalid: ",
	} {
		failure := client{base: near.greeting.API, authorization: header}.do(t, "GET", "/tasks", "").WantFailure(t, 401, "UNAUTHENTICATED")
		if !strings.Contains(failure.Message, check) {
			t.Errorf("in local %q is answered %q, without %q", header, failure.Message, check)
		}
	}
	stranger, err := devissuer.Open(t.TempDir(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := stranger.Sign(devissuer.Claims{Subject: "x", IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{
		"", "Basic eDp5", "Bearer garbage", "Bearer " + token, "Bearer " + token[:len(token)-8] + "AAAAAAAA",
		"Bearer " + forged, "Bearer " + expired(t, stranger),
	} {
		failure := client{base: far.greeting.API, authorization: header}.do(t, "GET", "/tasks", "").WantFailure(t, 401, "UNAUTHENTICATED")
		if failure.Message != "a valid bearer token is required" {
			t.Errorf("in test %q is answered %q", header, failure.Message)
		}
	}
}
