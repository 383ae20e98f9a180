package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

// fetch asks for something outside the API, and returns status and body.
func fetch(t testing.TB, method, url, body string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Error(err)
	}
	if r.URL.Path == livePath || r.URL.Path == readyPath {
		if _, err := asDocumented(httpxtest.Response{Status: answer.StatusCode, Header: answer.Header, Body: content}, r, body); err != nil {
			t.Error(err)
		}
	}
	return answer.StatusCode, string(content)
}

// metricsOf is what the admin listener shows to Prometheus.
func metricsOf(t testing.TB, g greeting) string {
	t.Helper()
	status, page := fetch(t, "GET", g.Admin+"/metrics", "")
	if status != http.StatusOK {
		t.Fatalf("GET /metrics: %d %s", status, page)
	}
	return page
}

// What operators have is not for clients.
func TestAdminIsNotPublic(t *testing.T) {
	t.Parallel()
	s := serving(t)
	origin := strings.TrimSuffix(s.greeting.API, "/api/v1")
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/log/level"} {
		if status, _ := fetch(t, "GET", s.greeting.Admin+path, ""); status != http.StatusOK {
			t.Errorf("GET %s on the admin listener: %d", path, status)
		}
		for _, base := range []string{origin, s.greeting.API} {
			if status, _ := fetch(t, "GET", base+path, ""); status == http.StatusOK {
				t.Errorf("GET %s is served to anybody", path)
			}
		}
	}
}

func sampleOf(page, series string) string {
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(page)
	if found == nil {
		return "absent"
	}
	return found[1]
}

// What happens is counted under its own name.
func TestMetricsOfServing(t *testing.T) {
	t.Parallel()
	s := servingOn(t, "DATABASE_URL="+pgtest.URL(t), "DOCKET_DATA_DIR="+t.TempDir(), "DOCKET_RATE_LIMIT_REQUESTS=8", "DOCKET_RATE_LIMIT_WINDOW=24h")
	ada := s.as(t, adaAddress)
	key := []string{"Idempotency-Key", "k"}
	task := one(t, ada.do(t, "POST", "/tasks", `{"title":"a"}`, key...), 201)
	one(t, ada.do(t, "POST", "/tasks", `{"title":"a"}`, key...), 201)
	ada.do(t, "POST", "/tasks", `{"title":"b"}`, key...).WantFailure(t, 409, "IDEMPOTENCY_KEY_REUSED")
	one(t, ada.do(t, "GET", "/tasks/"+task.ID, ""), 200)
	ada.do(t, "GET", "/tasks/nonsense", "")
	ada.do(t, "GET", "/nowhere/"+task.ID, "").WantFailure(t, 404, "RESOURCE_NOT_FOUND")
	ada.do(t, "GET", "/auth/me/export", "").Want(t, 200)
	stranger := client{base: s.greeting.API, authorization: "Bearer nonsense"}
	stranger.do(t, "GET", "/tasks", "").WantFailure(t, 401, "UNAUTHENTICATED")
	for range 3 {
		ada.do(t, "GET", "/tags", "")
	}

	var page string
	eventually(t, "the download and the first look for erased users have ended", func() bool {
		page = metricsOf(t, s.greeting)
		erased := sampleOf(page, `docket_background_runs_total{result="ok",work="erase_users"}`)
		if erased == "absent" {
			t.Fatal("work in the background is not measured")
		}
		return erased != "0" && sampleOf(page, `docket_http_request_duration_seconds_count{method="GET",route="/api/v1/auth/me/export",status_class="2xx"}`) == "1"
	})
	for series, want := range map[string]string{
		`docket_http_request_duration_seconds_count{method="POST",route="/api/v1/tasks",status_class="2xx"}`:    "2",
		`docket_http_request_duration_seconds_count{method="POST",route="/api/v1/tasks",status_class="4xx"}`:    "1",
		`docket_http_request_duration_seconds_count{method="GET",route="/api/v1/tasks/:id",status_class="2xx"}`: "1",
		`docket_http_request_duration_seconds_count{method="unmatched",route="unmatched",status_class="4xx"}`:   "1",
		`docket_http_failures_total{code="UNAUTHENTICATED"}`:                                                    "1",
		`docket_http_failures_total{code="IDEMPOTENCY_KEY_REUSED"}`:                                             "1",
		`docket_http_failures_total{code="RATE_LIMITED"}`:                                                       "1",
		`docket_http_failures_total{code="other"}`:                                                              "0",
		`docket_idempotency_requests_total{result="served"}`:                                                    "1",
		`docket_idempotency_requests_total{result="replayed"}`:                                                  "1",
		`docket_idempotency_requests_total{result="refused"}`:                                                   "1",
		`docket_auth_tokens_total{outcome="accepted"}`:                                                          "9",
		`docket_auth_tokens_total{outcome="malformed"}`:                                                         "1",
		`docket_auth_tokens_total{outcome="expired"}`:                                                           "0",
		`docket_auth_token_cache_hits_total`:                                                                    "8",
		`docket_auth_key_set_fetches_total{result="ok"}`:                                                        "1",
		`docket_rate_limit_decisions_total{decision="allowed"}`:                                                 "9",
		`docket_rate_limit_decisions_total{decision="refused"}`:                                                 "1",
		`docket_http_requests_in_flight`:                                                                        "0",
		`docket_http_requests_in_flight_max`:                                                                    "1024",
		`docket_http_downloads_in_flight`:                                                                       "0",
		`docket_db_pool_connections{state="acquired"}`:                                                          "0",
		`docket_db_pool_connections_max`:                                                                        "15",
		`docket_stopping`:                                                                                       "0",
	} {
		if got := sampleOf(page, series); got != want {
			t.Errorf("%s is %s, want %s", series, got, want)
		}
	}
	for _, series := range []string{"docket_db_pool_acquires_total", "docket_auth_keys"} {
		if got := sampleOf(page, series); got == "absent" || got == "0" {
			t.Errorf("%s is %s", series, got)
		}
	}
	if strings.Contains(page, task.ID) || strings.Contains(page, "nonsense") {
		t.Error("what a client wrote is in a metric")
	}
}

// Two listeners, each with its own port: either that is taken is named.
func TestAdminPortIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := taken.Addr().String()
	execute(t, []string{"DATABASE_URL=" + pgtest.URL(t), "DOCKET_DATA_DIR=" + t.TempDir(), "DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=" + address}, "serve").
		refused(t, exitFailure, "admin.address", "DOCKET_ADMIN_ADDRESS", address+" is taken", "127.0.0.1:0")
	if err := taken.Close(); err != nil {
		t.Error(err)
	}
}

// The level changes while the program runs, by a signal and by a request.
func TestLevelChangesAtRunTime(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	p := launch(t, "DATABASE_URL="+pgtest.URL(t), "DOCKET_DATA_DIR="+t.TempDir(), "DOCKET_LOG_LEVEL=warn")
	levelIs := func(want string) func() bool {
		return func() bool { _, got := fetch(t, "GET", p.greeting.Admin+"/log/level", ""); return got == want+"\n" }
	}
	if !levelIs("warn")() {
		t.Error("it does not begin at the level that is configured")
	}
	p.signal(t, toggleSignal)
	eventually(t, "a signal turned debug on", levelIs("debug"))
	p.signal(t, toggleSignal)
	eventually(t, "a second one turned it off", levelIs("warn"))
	if status, got := fetch(t, "PUT", p.greeting.Admin+"/log/level", "info"); status != http.StatusOK {
		t.Errorf("PUT: %d %s", status, got)
	}
	before := len(requestLines(p.stderr.String()))
	fetch(t, "GET", strings.TrimSuffix(p.greeting.API, "/api/v1")+"/livez", "")
	eventually(t, "requests are logged", func() bool { return len(requestLines(p.stderr.String())) == before+1 })
	p.signal(t, syscall.SIGTERM)
	p.ends(t, 0)
}

func requestLines(log string) []string {
	var lines []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, `"msg":"request"`) {
			lines = append(lines, line)
		}
	}
	return lines
}

// startOrder is the order in which the parts of a process begin; they end in
// the other. It stands in README.md as well.
var startOrder = []string{"newAdminListener", "newDatabase", "newCursors", "newKeys", "newReplays", "eraseInBackground", "lookOut", "newListener"}

func TestStartAndStopOrder(t *testing.T) {
	t.Parallel()
	s := servingOn(t, "DATABASE_URL="+pgtest.URL(t), "DOCKET_DATA_DIR="+t.TempDir(), "DOCKET_LOG_LEVEL=debug")
	// A collection that is under way does not hold up a stop for long.
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.greeting.Admin, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // the server has closed it
	if _, err := io.WriteString(conn, "GET /debug/pprof/profile?seconds=600 HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	hooks := func(kind string) []string {
		var names []string
		for _, found := range regexp.MustCompile(`"msg":"`+kind+` hook executing"[^\n]*"caller":"[^"]*\.([a-zA-Z]+)"`).FindAllStringSubmatch(s.stderr.String(), -1) {
			names = append(names, found[1])
		}
		return names
	}
	if diff := cmp.Diff(startOrder, hooks("OnStart")); diff != "" {
		t.Errorf("the order of a start (-documented +real):\n%s", diff)
	}
	backwards := slices.DeleteFunc(slices.Clone(startOrder), func(name string) bool { return name == "newCursors" }) // has nothing to stop
	slices.Reverse(backwards)
	if diff := cmp.Diff(backwards, hooks("OnStop")); diff != "" {
		t.Errorf("the order of a stop (-documented +real):\n%s", diff)
	}
}
