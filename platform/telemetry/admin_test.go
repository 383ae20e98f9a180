package telemetry_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"docket/platform/telemetry"
)

func contextThatEnds(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}

// admin is an admin listener of the test's own.
type admin struct {
	handler http.Handler
	log     *slog.Logger
	level   *slog.LevelVar
	out     bytes.Buffer
}

func newAdmin(level slog.Level) *admin {
	a := &admin{}
	a.log, a.level = telemetry.NewLogger(&a.out, telemetry.LogOptions{Format: telemetry.JSON, Level: level})
	a.handler = telemetry.AdminHandler(newMetrics(&clock{}), a.log, a.level)
	return a
}

func (a *admin) do(t *testing.T, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	return w
}

func TestAdminServes(t *testing.T) {
	t.Parallel()
	a := newAdmin(slog.LevelInfo)
	for path, want := range map[string]string{
		"/":                              "/metrics",
		"/metrics":                       "\ngo_goroutines ",
		"/log/level":                     "info\n",
		"/debug/pprof/":                  "goroutine",
		"/debug/pprof/goroutine?debug=1": "goroutine profile: total ",
		"/debug/pprof/cmdline":           "telemetry.test",
	} {
		if got := a.do(t, "GET", path, ""); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), want) {
			t.Errorf("GET %s: %d, and %q is not in it", path, got.Code, want)
		}
	}
	for path, status := range map[string]int{"/nothing": 404, "/api/v1/tasks": 404} {
		if got := a.do(t, "GET", path, "").Code; got != status {
			t.Errorf("GET %s: %d, want %d", path, got, status)
		}
	}
}

func TestLevelIsChanged(t *testing.T) {
	t.Parallel()
	a := newAdmin(slog.LevelInfo)
	a.log.Debug("before")
	if got := a.do(t, "PUT", "/log/level", " Debug\n"); got.Code != http.StatusOK || got.Body.String() != "debug\n" {
		t.Errorf("PUT debug: %d %s", got.Code, got.Body)
	}
	a.log.Debug("between")
	if got := a.do(t, "GET", "/log/level", "").Body.String(); got != "debug\n" {
		t.Errorf("the level is now %q", got)
	}
	a.do(t, "PUT", "/log/level", "error")
	a.log.Warn("after")
	for text, want := range map[string]bool{"before": false, "between": true, "after": false, `"from":"info","to":"debug"`: true, `"from":"debug","to":"error"`: true} {
		if got := strings.Contains(a.out.String(), text); got != want {
			t.Errorf("%q in the log: %v, want %v\n%s", text, got, want, a.out.String())
		}
	}
	a.do(t, "PUT", "/log/level", "info") // which error hides, but not this change
	if !strings.Contains(a.out.String(), `"from":"error","to":"info"`) {
		t.Errorf("a change is not in the log:\n%s", a.out.String())
	}
}

func TestLevelIsNotChanged(t *testing.T) {
	t.Parallel()
	a := newAdmin(slog.LevelWarn)
	for _, body := range []string{"", "loud", "debug info", "{\"level\":\"debug\"}", strings.Repeat("debug", 100)} {
		if got := a.do(t, "PUT", "/log/level", body); got.Code != http.StatusBadRequest {
			t.Errorf("PUT %.20q: %d %s", body, got.Code, got.Body)
		}
	}
	// A page of another origin, in the browser of an operator.
	if got := a.do(t, "PUT", "/log/level", "debug", "Sec-Fetch-Site", "cross-site"); got.Code != http.StatusForbidden {
		t.Errorf("PUT from a page: %d", got.Code)
	}
	if got := a.do(t, "POST", "/log/level", "debug").Code; got != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got)
	}
	if a.level.Level() != slog.LevelWarn {
		t.Errorf("the level is now %s", a.level.Level())
	}
}

func TestToggleDebug(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ configured, first, second slog.Level }{
		{slog.LevelInfo, slog.LevelDebug, slog.LevelInfo},
		{slog.LevelError, slog.LevelDebug, slog.LevelError},
		{slog.LevelDebug, slog.LevelInfo, slog.LevelDebug},
	} {
		a := newAdmin(tt.configured)
		telemetry.ToggleDebug(t.Context(), a.log, a.level, tt.configured)
		first := a.level.Level()
		telemetry.ToggleDebug(t.Context(), a.log, a.level, tt.configured)
		if first != tt.first || a.level.Level() != tt.second {
			t.Errorf("configured %s: %s, then %s", tt.configured, first, a.level.Level())
		}
	}
}
