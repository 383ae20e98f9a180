package httpx_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
)

func corsApp(t *testing.T) *httpxtest.App {
	t.Helper()
	return httpxtest.New(t, append(newNotes().routes(), failing()...), func(c *httpx.Config) {
		c.AllowOrigins = []string{"https://app.example.com", "http://localhost:3000"}
	})
}

func varies(r httpxtest.Response, by string) bool {
	return slices.Contains(strings.Split(r.Header.Get("Vary"), ", "), by)
}

func TestAllowedOrigin(t *testing.T) {
	t.Parallel()
	app := corsApp(t)
	for _, origin := range []string{"https://app.example.com", "http://localhost:3000"} {
		for path, status := range map[string]int{
			base + "/notes": 200, base + "/notes/x": 400, base + "/nothing": 404, base + "/panics": 500, base + "/notes?limit=0": 422,
		} {
			r := app.As("ada").Do(t, "GET", path, "", "Origin", origin).Want(t, status)
			for name, want := range map[string]string{
				"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true",
				"Access-Control-Expose-Headers": "ETag,Location,Retry-After,X-Request-Id,RateLimit-Limit,RateLimit-Remaining,RateLimit-Reset,Idempotent-Replayed",
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: %s is %q, want %q", path, name, got, want)
				}
			}
			if !varies(r, "Origin") {
				t.Errorf("%s: Vary is %q", path, r.Header.Get("Vary"))
			}
		}
	}
	// A browser must see why it was refused.
	r := app.Anonymous().Do(t, "GET", base+"/notes", "", "Origin", "http://localhost:3000")
	if r.WantFailure(t, http.StatusUnauthorized, "UNAUTHENTICATED"); r.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("401 cannot be read by the browser")
	}
}

func TestOtherOrigin(t *testing.T) {
	t.Parallel()
	app := corsApp(t)
	for _, origin := range []string{
		"https://evil.example.com", "null", "*", "https://app.example.com.evil.com", "http://app.example.com", "https://app.example.com:444",
		"https://xapp.example.com", "https://app.example.com/", "https://app.example.com,http://localhost:3000", "localhost:3000",
	} {
		for _, method := range []string{"GET", "OPTIONS"} {
			r := app.As("ada").Do(t, method, base+"/notes", "", "Origin", origin, "Access-Control-Request-Method", "GET")
			for name := range r.Header {
				if name == "Access-Control-Allow-Origin" || name == "Access-Control-Allow-Credentials" {
					t.Errorf("%s from %s: %s is %q", method, origin, name, r.Header.Get(name))
				}
			}
			if !varies(r, "Origin") {
				t.Errorf("%s from %s: Vary is %q", method, origin, r.Header.Get("Vary"))
			}
		}
	}
	if r := app.As("ada").Do(t, "GET", base+"/notes", "").Want(t, http.StatusOK); !varies(r, "Origin") {
		t.Errorf("without Origin, Vary is %q", r.Header.Get("Vary"))
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	app := corsApp(t)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		// A browser sends no token with it, and it must not need one.
		r := app.Anonymous().Do(t, "OPTIONS", base+"/notes/"+httpxtest.ID(1).String(), "", "Origin", "https://app.example.com",
			"Access-Control-Request-Method", method, "Access-Control-Request-Headers", "authorization,content-type,if-match,idempotency-key").
			Want(t, http.StatusNoContent)
		if len(r.Body) > 0 {
			t.Errorf("204 has a body: %s", r.Body)
		}
		if !slices.Contains(strings.Split(r.Header.Get("Access-Control-Allow-Methods"), ","), method) {
			t.Errorf("%s is not among %q", method, r.Header.Get("Access-Control-Allow-Methods"))
		}
		allowed := strings.Split(strings.ToLower(r.Header.Get("Access-Control-Allow-Headers")), ",")
		for _, name := range []string{"authorization", "content-type", "if-match", "if-none-match", "idempotency-key", "x-request-id", "traceparent", "tracestate"} {
			if !slices.Contains(allowed, name) {
				t.Errorf("%s is not among %q", name, allowed)
			}
		}
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Credentials": "true", "Access-Control-Max-Age": "600",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		for _, name := range []string{"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"} {
			if !varies(r, name) {
				t.Errorf("Vary is %q, without %s", r.Header.Get("Vary"), name)
			}
		}
	}
}
