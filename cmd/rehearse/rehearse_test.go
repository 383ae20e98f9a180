package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"docket/platform/localpg"
	"docket/platform/schema"
)

// One failure, so that the tests stay short: CI rehearses every one of them,
// through a pooler, and what operators do besides.
func TestRehearsal(t *testing.T) {
	file, err := schema.Find(".")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(file), ".bin", "atlas")); err != nil {
		lacking(t, "there is no Atlas CLI in .bin: platform/tools/build atlas makes it")
	}
	var said bytes.Buffer
	p := plan{clients: 4, hold: 300 * time.Millisecond, soak: 2 * time.Second, pace: 20 * time.Millisecond, limit: 10 * time.Minute, direct: true, only: "network reset"}
	err = conduct(t.Context(), p, &said)
	t.Logf("\n%s", said.String())
	missing := (*localpg.MissingError)(nil)
	if errors.Is(err, errNoRedis) || errors.As(err, &missing) {
		lacking(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range failures() {
		if got, want := strings.Contains(said.String(), "\n"+f.name+"  "), f.name == p.only; got != want {
			t.Errorf("it says something of %q: %t, want %t", f.name, got, want)
		}
	}
	for _, dir := range []string{os.TempDir(), "/tmp"} {
		left, err := filepath.Glob(filepath.Join(dir, "docket-rehearse-*", "server.log"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range left {
			if text, err := os.ReadFile(path); err == nil && strings.Contains(said.String(), filepath.Dir(path)) {
				t.Errorf("left behind: %s, %d bytes", path, len(text))
			}
		}
	}
}

// lacking skips a test that this machine has not got everything for, which CI
// must have.
func lacking(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// What clients are told is held to what they may be told at the time.
func TestAnswersAreJudged(t *testing.T) {
	t.Parallel()
	refusal := answer{status: 503, code: "SERVICE_UNAVAILABLE", retryAfter: "2"}
	late := answer{status: 504, code: "DEADLINE_EXCEEDED"}
	outage := allowance{unavailable: true, deadline: true}
	for name, c := range map[string]struct {
		may    allowance
		answer answer
		took   time.Duration
		err    error
		wrong  bool
	}{
		"served":                      {answer: answer{status: 200}},
		"served too late":             {answer: answer{status: 200}, took: time.Hour, wrong: true},
		"in use":                      {answer: answer{status: 409, code: "IDEMPOTENCY_KEY_IN_USE"}},
		"refused in an outage":        {may: outage, answer: refusal},
		"refused for nothing":         {answer: refusal, wrong: true},
		"refused without Retry-After": {may: outage, answer: answer{status: 503, code: "SERVICE_UNAVAILABLE"}, wrong: true},
		"another code":                {may: outage, answer: answer{status: 503, code: "OTHER", retryAfter: "2"}, wrong: true},
		"late in an outage":           {may: outage, answer: late},
		"late for nothing":            {answer: late, wrong: true},
		"500 in an outage":            {may: outage, answer: answer{status: 500, code: "INTERNAL", retryAfter: "2"}, wrong: true},
		"401 in an outage":            {may: outage, answer: answer{status: 401, code: "UNAUTHENTICATED"}, wrong: true},
		"cut off":                     {may: outage, err: io.EOF, wrong: true},
		"cut off by a stop":           {may: allowance{noAnswer: true}, err: io.EOF},
	} {
		traffic := newTraffic(time.Millisecond)
		traffic.watch(c.may)
		traffic.note(c.answer, c.took, c.err)
		seen := traffic.seen()
		if got := len(seen.wrong) > 0; got != c.wrong {
			t.Errorf("%s: wrong is %q", name, seen.wrong)
		}
		if failed := c.err != nil || c.answer.status >= 400; failed != (seen.failures() == 1) || failed == (seen.good == 1) {
			t.Errorf("%s: counted as %+v", name, seen)
		}
	}
}

// Whatever is not as it was acknowledged is found.
func TestDifferencesAreFound(t *testing.T) {
	t.Parallel()
	text := "b"
	for name, c := range map[string]struct {
		there []task
		right int
		says  string
	}{
		"all":               {[]task{{"1", "one", nil}, {"2", "two", &text}}, 2, ""},
		"a lost task":       {[]task{{"1", "one", nil}}, 1, `lost: "two"`},
		"a lost change":     {[]task{{"1", "one", nil}, {"2", "two", nil}}, 1, `lost: the description of "two"`},
		"a doubled task":    {[]task{{"1", "one", nil}, {"2", "two", &text}, {"3", "two", &text}}, 2, `doubled: "two"`},
		"an unknown task":   {[]task{{"1", "one", nil}, {"2", "two", &text}, {"3", "three", nil}}, 2, `unexplained: "three"`},
		"nothing whatsever": {nil, 0, `lost: "`},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// One a page, so that pages are followed.
			n := 0
			if cursor := r.URL.Query().Get("cursor"); cursor != "" {
				n = int(cursor[0] - '0')
			}
			var page struct {
				Data []map[string]any  `json:"data"`
				Meta map[string]string `json:"meta"`
			}
			if n < len(c.there) {
				page.Data = []map[string]any{{"id": c.there[n].ID, "title": c.there[n].Title, "description": c.there[n].Description}}
				page.Meta = map[string]string{"next_cursor": string(rune('1' + n))}
			}
			if err := json.NewEncoder(w).Encode(page); err != nil {
				t.Error(err)
			}
		}))
		traffic := newTraffic(time.Millisecond)
		traffic.base.Store(&server.URL)
		user := &client{traffic: traffic, email: "x", http: server.Client(), kept: map[string]string{"1": "", "2": text}, titles: map[string]string{"1": "one", "2": "two"}}
		token := "x"
		user.token.Store(&token)
		right, found, err := user.compare(t.Context())
		server.Close()
		if err != nil || right != c.right || (c.says == "") != (len(found) == 0) || !strings.Contains(strings.Join(found, "\n"), c.says) {
			t.Errorf("%s: %d right, found %q, %v", name, right, found, err)
		}
	}
}

// What grows fails a soak, and what comes and goes does not.
func TestGrowthIsFound(t *testing.T) {
	t.Parallel()
	steady := func(requests float64) sample {
		return sample{goroutines: 30, files: 40, conns: 8, poolMax: 15, rss: 60 * mib, heap: 10 * mib, requests: requests}
	}
	early := []sample{steady(1), steady(2), steady(3)}
	for name, spoil := range map[string]func(*sample){
		"goroutines":  func(s *sample) { s.goroutines = 50 },
		"files":       func(s *sample) { s.files = 60 },
		"connections": func(s *sample) { s.conns = 16 },
		"resident":    func(s *sample) { s.rss = 100 * mib },
		"heap":        func(s *sample) { s.heap = 40 * mib },
		"nothing":     func(s *sample) { s.requests = 1 },
	} {
		late := []sample{steady(4), steady(5), steady(6)}
		for i := range late {
			spoil(&late[i])
		}
		if err := grown(early, late); err == nil {
			t.Errorf("%s: nobody noticed", name)
		}
	}
	late := []sample{steady(4), steady(5), steady(6)}
	late[1].goroutines, late[2].rss = 300, 200*mib // for a moment
	if err := grown(early, late); err != nil {
		t.Errorf("steady: %v", err)
	}
}

func TestMetricsAreRead(t *testing.T) {
	t.Parallel()
	m, err := readMetrics([]byte("# HELP a b c\n# TYPE a counter\na{x=\"1\",y=\"2\"} 2\na{x=\"2\"} 3.5e+01\nab 7\nb 4\n"))
	if err != nil {
		t.Fatal(err)
	}
	if m.sum("a", "") != 37 || m.sum("a", `x="1"`) != 2 || m.sum("b", "") != 4 || m.sum("c", "") != 0 {
		t.Errorf("%v", m)
	}
	if _, err := readMetrics([]byte("a x\n")); err == nil {
		t.Error("nonsense was read")
	}
}

// What happened is on one line, for better or for worse.
func TestLines(t *testing.T) {
	t.Parallel()
	tally := newTally()
	tally.good, tally.slowest = 3, 1500*time.Millisecond
	for want, l := range map[string]line{
		"x                        3 served, slowest 1.5s; nobody noticed": {name: "x", tally: tally, none: true},
		"x                        BROKEN: no":                             {name: "x", err: errors.New("no")},
		"x                        y: 3 served, 2 x 503 SERVICE_UNAVAILABLE, Retry-After 2 s, slowest 1.5s; all well again after 20ms": {name: "x", says: "y: ", took: 20 * time.Millisecond},
		"x                        skipped: needs Linux and a C compiler (Debian: gcc libc6-dev)":                                      {name: "x", err: skip(errNoPreload)},
	} {
		if l.took > 0 {
			l.tally = newTally()
			l.tally.good, l.tally.slowest = 3, tally.slowest
			l.tally.failed["503 SERVICE_UNAVAILABLE"], l.tally.retryAfter["2"] = 2, true
		}
		if got := l.String(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--clients", "0"}, {"--pace", "0s"}, {"--soak", "-1s"}, {"--limit", "0s"}, {"--nonsense"}, {"extra"}} {
		var stderr bytes.Buffer
		if code := run(t.Context(), args, io.Discard, &stderr); code != exitUsage || stderr.Len() == 0 {
			t.Errorf("%v: code %d, %q", args, code, stderr.String())
		}
	}
	if code := run(t.Context(), []string{"--help"}, io.Discard, io.Discard); code != 0 {
		t.Errorf("--help: code %d", code)
	}
}

// A release that does not run on another's schema has to name the step before.
func TestWhatAReleaseSaysOfASchema(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"row-level security does not hold: table tasks has another policy own_rows than it should; mend it with: docket db secure": "does not start before docket db secure",
		"there are no tables; make them with: atlas schema apply --env production":                                                 "does not start before atlas schema apply",
		"panic: runtime error": "",
	} {
		if got, err := refusal(errors.New(text)); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	const failure = `{"success":false,"error":{"code":"SERVICE_UNAVAILABLE","message":"m","details":[%s]}}`
	for details, want := range map[string]string{
		`{"field":"schema","code":"incomplete","message":"lacks tags.color"}`:                                   "is not ready before the schema is applied: lacks tags.color",
		`{"field":"schema","code":"incomplete","message":"lacks x"},{"field":"database","message":"is broken"}`: "",
		`{"field":"database","code":"unavailable","message":"cannot be reached"}`:                               "",
	} {
		got, err := unready(answer{status: 503, body: fmt.Appendf(nil, failure, details)})
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", details, got, err)
		}
	}
}
