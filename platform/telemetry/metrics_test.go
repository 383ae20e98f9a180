package telemetry_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"docket/platform/telemetry"
)

// clock stands still until it is moved.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newMetrics(c *clock) *telemetry.Metrics {
	return telemetry.NewMetrics(telemetry.Build{Version: "v1.2.3", GoVersion: "go1.26"}, c.now)
}

func scraped(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	r := httptest.NewRecorder()
	m.Handler().ServeHTTP(r, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if r.Code != http.StatusOK {
		t.Fatalf("status %d: %s", r.Code, r.Body)
	}
	return r.Body.String()
}

// lists fails the test unless each line is there, whole.
func lists(t *testing.T, page string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+page, "\n"+line+"\n") {
			t.Errorf("there is no line %s", line)
		}
	}
}

func TestMetricsAreRead(t *testing.T) {
	t.Parallel()
	m := newMetrics(&clock{})
	n := 1.0
	m.Gauge("docket_depth", "d", func() float64 { return n })
	m.Counter("docket_seen_total", "s", func() float64 { return n })
	m.Counters("docket_kinds_total", "k", "kind", func() map[string]uint64 { return map[string]uint64{"a": 2, "b": 0} })
	m.Gauges("docket_levels", "l", "level", func() map[string]float64 { return map[string]float64{"low": n} })
	tally := m.Tally("docket_ends_total", "e", "end", "good", "bad")
	tally.Count("good")
	tally.Count("good")
	tally.Count("made up")
	n = 7
	lists(t, scraped(t, m),
		`docket_build_info{go_version="go1.26",version="v1.2.3"} 1`,
		"docket_depth 7", "docket_seen_total 7", `docket_kinds_total{kind="a"} 2`, `docket_kinds_total{kind="b"} 0`, `docket_levels{level="low"} 7`,
		`docket_ends_total{end="good"} 2`, `docket_ends_total{end="bad"} 0`, `docket_ends_total{end="other"} 1`,
	)
}

func TestRequestsAreMeasured(t *testing.T) {
	t.Parallel()
	m := newMetrics(&clock{})
	get := m.Requests("GET", "/api/v1/tasks/:id")
	get(200, 20*time.Millisecond)
	get(204, 20*time.Millisecond)
	get(404, 2*time.Second)
	get(0, 0)
	m.Requests(telemetry.Unmatched, telemetry.Unmatched)(404, time.Hour)
	page := scraped(t, m)
	lists(t, page,
		`docket_http_request_duration_seconds_count{method="GET",route="/api/v1/tasks/:id",status_class="2xx"} 2`,
		`docket_http_request_duration_seconds_sum{method="GET",route="/api/v1/tasks/:id",status_class="2xx"} 0.04`,
		`docket_http_request_duration_seconds_bucket{method="GET",route="/api/v1/tasks/:id",status_class="2xx",le="0.01"} 0`,
		`docket_http_request_duration_seconds_bucket{method="GET",route="/api/v1/tasks/:id",status_class="2xx",le="0.025"} 2`,
		`docket_http_request_duration_seconds_count{method="GET",route="/api/v1/tasks/:id",status_class="4xx"} 1`,
		`docket_http_request_duration_seconds_count{method="GET",route="/api/v1/tasks/:id",status_class="5xx"} 1`,
		`docket_http_request_duration_seconds_bucket{method="unmatched",route="unmatched",status_class="4xx",le="30"} 0`,
		`docket_http_request_duration_seconds_bucket{method="unmatched",route="unmatched",status_class="4xx",le="+Inf"} 1`,
	)
	if strings.Contains(page, "1xx") || strings.Contains(page, "3xx") {
		t.Error("there are series of classes that nothing was answered with")
	}
}

// The first failure of a route must be a rise, and not the beginning of a
// series, which rate() does not see.
func TestFailuresBeginAtZero(t *testing.T) {
	t.Parallel()
	m := newMetrics(&clock{})
	m.Requests("GET", "/api/v1/tasks")
	lists(t, scraped(t, m), `docket_http_request_duration_seconds_count{method="GET",route="/api/v1/tasks",status_class="5xx"} 0`)
}

func TestJobsAreMeasured(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Unix(1000, 0)}
	m := newMetrics(c)
	job := m.Job("sweep", nil)
	lists(t, scraped(t, m),
		`docket_background_last_success_timestamp_seconds{work="sweep"} 1000`,
		`docket_background_runs_total{result="ok",work="sweep"} 0`, `docket_background_runs_total{result="failed",work="sweep"} 0`)

	_, end := job.Begin(t.Context())
	c.at = c.at.Add(500 * time.Millisecond)
	end(3, nil)
	c.at = c.at.Add(time.Minute)
	_, end = job.Begin(t.Context())
	end(2, errors.New("half way"))
	lists(t, scraped(t, m),
		`docket_background_last_success_timestamp_seconds{work="sweep"} 1000.5`, `docket_background_last_duration_seconds{work="sweep"} 0`,
		`docket_background_runs_total{result="ok",work="sweep"} 1`, `docket_background_runs_total{result="failed",work="sweep"} 1`,
		`docket_background_items_total{work="sweep"} 5`)

	stopped, stop := contextThatEnds(t)
	stop()
	_, end = job.Begin(stopped)
	end(0, stopped.Err())
	lists(t, scraped(t, m), `docket_background_runs_total{result="failed",work="sweep"} 1`)
}

// What is measured of every request may not cost what a collector has to clear
// up.
func TestMeasuringAllocatesNothing(t *testing.T) {
	t.Parallel()
	m := newMetrics(&clock{})
	get, tally := m.Requests("GET", "/api/v1/tasks"), m.Tally("docket_ends_total", "e", "end", "good")
	get(404, time.Second)
	if n := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			get(200, time.Millisecond)
			get(404, time.Millisecond)
			tally.Count("good")
		}
	}).AllocsPerOp(); n != 0 {
		t.Errorf("%d allocations a request", n)
	}
}

func BenchmarkMeasureRequest(b *testing.B) {
	get := newMetrics(&clock{}).Requests("GET", "/api/v1/tasks")
	b.ReportAllocs()
	for b.Loop() {
		get(200, time.Millisecond)
	}
}

func BenchmarkMeasureRequestParallel(b *testing.B) {
	get := newMetrics(&clock{}).Requests("GET", "/api/v1/tasks")
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			get(200, time.Millisecond)
		}
	})
}

func BenchmarkScrape(b *testing.B) {
	m := newMetrics(&clock{})
	for i := range 60 {
		m.Requests("GET", "/api/v1/route/"+strings.Repeat("x", i))(200, time.Millisecond)
	}
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/metrics", nil)
	for b.Loop() {
		m.Handler().ServeHTTP(blackHole{}, r)
	}
}

type blackHole struct{}

func (blackHole) Header() http.Header         { return http.Header{} }
func (blackHole) Write(p []byte) (int, error) { return io.Discard.Write(p) }
func (blackHole) WriteHeader(int)             {}
