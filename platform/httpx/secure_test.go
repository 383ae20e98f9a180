package httpx_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
)

// Whatever the answer, a browser is told what not to do with it.
func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, append(newNotes().routes(), failing()...))
	if err := app.AddDocument("/docs", "text/html; charset=utf-8", []byte("<p>é</p>")); err != nil {
		t.Fatal(err)
	}
	address := listen(t, app)
	for name, raw := range map[string]string{
		"a list":           head("GET", base+"/notes"),
		"no route":         head("GET", "/nowhere"),
		"no token":         "GET " + base + "/notes HTTP/1.1\r\nHost: docket\r\n\r\n",
		"a panic":          head("GET", base+"/panics"),
		"a wrong method":   head("BREW", base+"/notes"),
		"a large body":     head("POST", base+"/notes", "Content-Length: 2000000"),
		"large headers":    head("GET", base+"/notes", "X-Long: "+strings.Repeat("a", httpx.MaxHeaderBytes)),
		"doubtful framing": smuggled["two hosts"],
		"a preflight":      head("OPTIONS", base+"/notes", "Origin: http://x", "Access-Control-Request-Method: GET"),
		"a page":           head("GET", "/docs"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := talk(t, address, "GET", raw)
			for header, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Strict-Transport-Security": "",
			} {
				if got := r.Header.Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
			policy := r.Header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
				if !strings.Contains(policy, part) {
					t.Errorf("Content-Security-Policy is %q, without %s", policy, part)
				}
			}
			if scripts := strings.Contains(policy, "script-src 'self'"); scripts != (name == "a page") || strings.Contains(policy, "http") {
				t.Errorf("Content-Security-Policy is %q", policy)
			}
		})
	}
}

// Only a proxy that is trusted can know that the client came over TLS. In
// process, the peer is 0.0.0.0.
func TestTransportSecurity(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")}
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		proto   string
		want    string
	}{
		"TLS":                      {trusted, "https", "max-age=31536000"},
		"TLS before another proxy": {trusted, "HTTPS, http", "max-age=31536000"},
		"no TLS":                   {trusted, "http", ""},
		"nothing is said":          {trusted, "", ""},
		"nobody is trusted":        {nil, "https", ""},
		"another is trusted":       {[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "https", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := httpxtest.New(t, newNotes().routes(), func(config *httpx.Config) { config.TrustedProxies = c.trusted })
			r := app.As("ada").Do(t, "GET", base+"/notes", "", "X-Forwarded-Proto", c.proto).Want(t, http.StatusOK)
			if got := r.Header.Get("Strict-Transport-Security"); got != c.want {
				t.Errorf("Strict-Transport-Security is %q, want %q", got, c.want)
			}
		})
	}
}

// A script must be able to read why its request never became one.
func TestRefusalsAreSharedWithAllowedOrigins(t *testing.T) {
	t.Parallel()
	app := corsApp(t)
	address := listen(t, app)
	for origin, allowed := range map[string]string{"https://app.example.com": "https://app.example.com", "https://evil.example.com": ""} {
		r := talk(t, address, "POST", head("POST", base+"/notes", "Origin: "+origin, "Content-Length: 2000000"))
		r.WantFailure(t, http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE")
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != allowed {
			t.Errorf("to %s, Access-Control-Allow-Origin is %q", origin, got)
		}
		if !varies(r, "Origin") {
			t.Errorf("Vary is %q", r.Header.Get("Vary"))
		}
	}
}
