package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"docket/platform/errs"
	"docket/platform/pgtest"
	"docket/platform/redistest"
)

func execSQL(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.AsOwner(t, url))
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func (s *instance) origin() string { return strings.TrimSuffix(s.greeting.API, "/api/v1") }

// becomesReady waits until a server that has only just started has fetched its
// keys, and returns what it then says of itself.
func becomesReady(t *testing.T, origin string) (text string) {
	t.Helper()
	eventually(t, "ready", func() bool {
		var status int
		status, text = fetch(t, "GET", origin+readyPath, "")
		return status == http.StatusOK
	})
	return text
}

// Every check is named, whether it is well or not; and `docket health` says the
// same as /readyz.
func TestReadiness(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	s := servingOn(t, "DATABASE_URL="+url, "DOCKET_DATA_DIR="+t.TempDir())
	address := []string{"health", "--address", strings.TrimPrefix(s.origin(), "http://")}

	text := becomesReady(t, s.origin())
	var answer struct {
		Data health `json:"data"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if answer.Data.Status != "ready" || len(answer.Data.Checks) != 3 {
		t.Errorf("ready, it says %s", text)
	}
	for name, c := range answer.Data.Checks {
		if c.Status != "ok" {
			t.Errorf("%s is %+v", name, c)
		}
	}
	if keys := answer.Data.Checks["key_set"]; keys.AgeSeconds == nil || *keys.AgeSeconds < 0 || keys.Keys != 1 {
		t.Errorf("the key set is %+v", keys)
	}
	if answer.Data.Checks["schema"].Columns < 50 {
		t.Errorf("the schema is %+v", answer.Data.Checks["schema"])
	}
	if got := execute(t, nil, address...).ok(t); !strings.Contains(got, `"status":"ready"`) {
		t.Errorf("docket health prints %s", got)
	}

	if _, there := answer.Data.Checks["rate_limit"]; there {
		t.Errorf("without a Redis, it says %s", text)
	}

	const gone = "schema lacks tags.color, task_search"
	execSQL(t, url, "ALTER TABLE tags RENAME COLUMN color TO colour", "DROP TABLE task_search")
	if status, text := fetch(t, "GET", s.origin()+"/readyz", ""); status != http.StatusServiceUnavailable || !strings.Contains(text, "not ready: "+gone+`"`) {
		t.Errorf("without a column: %d %s", status, text)
	} else if !strings.Contains(text, `"details":[{"field":"schema","code":"incomplete","message":"lacks tags.color, task_search"}]`) {
		t.Errorf("what is missing is not told to programs: %s", text)
	}
	execute(t, nil, address...).refused(t, exitFailure, "not ready: "+gone)
	if got := execute(t, nil, append(address, "--live")...).ok(t); got != `{"status":"alive"}` {
		t.Errorf("docket health --live prints %s", got)
	}
}

// A database that takes connections and says nothing holds up no probe.
func TestReadinessIsBounded(t *testing.T) {
	t.Parallel()
	var runs atomic.Int32
	letGo := make(chan struct{})
	defer close(letGo)
	r := &readiness{checks: []check{
		{name: "deaf", run: func(context.Context) (finding, error) { runs.Add(1); <-letGo; return finding{}, nil }},
		{name: "broken", run: func(context.Context) (finding, error) {
			return finding{}, &unready{errs.FaultUnavailable, "is broken", errors.New("for the log")}
		}},
		{name: "well", run: func(context.Context) (finding, error) { return finding{}, nil }},
		{name: "spare", optional: true, run: func(context.Context) (finding, error) { return finding{}, errors.New("is gone") }},
	}}
	answers := make(chan error, 20)
	for range cap(answers) {
		go func() {
			_, err := r.probe(t.Context())
			answers <- err
		}()
	}
	for range cap(answers) {
		var err error
		select {
		case err = <-answers:
		case <-time.After(patience):
			t.Fatal("a probe waits for a check that does not end")
		}
		var told *errs.Error
		if !errors.As(err, &told) || told.Message != "not ready: deaf did not answer within 2s; broken is broken" || !strings.Contains(err.Error(), "for the log") {
			t.Errorf("told %v", err)
		}
	}
	var told *errs.Error
	if _, err := r.probe(t.Context()); !errors.As(err, &told) {
		t.Fatal(err)
	}
	want := []errs.Fault{{Field: "deaf", Code: errs.FaultTimeout, Message: "did not answer within 2s"}, {Field: "broken", Code: errs.FaultUnavailable, Message: "is broken"}}
	if diff := cmp.Diff(want, told.Details); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
	if n := runs.Load(); n != 1 {
		t.Errorf("20 probes at once ran a check %d times", n)
	}
}

// A Redis that is gone is told of; it takes a server out only where that serves
// nobody without it.
func TestReadinessWithoutRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	settings := func(onFailure string) []string {
		return []string{
			"DATABASE_URL=" + pgtest.URL(t), "DOCKET_DATA_DIR=" + t.TempDir(), "DOCKET_RATE_LIMIT_STORE=redis", "DOCKET_REDIS_URL=" + redis.URL(),
			"DOCKET_RATE_LIMIT_REDIS_TIMEOUT=5s", "DOCKET_RATE_LIMIT_ON_FAILURE=" + onFailure,
		}
	}
	open, closed := servingOn(t, settings("open")...), servingOn(t, settings("closed")...)
	for name, s := range map[string]*instance{"open": open, "closed": closed} {
		if text := becomesReady(t, s.origin()); !strings.Contains(text, `"rate_limit":{"status":"ok"`) {
			t.Errorf("%s, with Redis: %s", name, text)
		}
	}
	redis.Kill()
	if status, text := fetch(t, "GET", open.origin()+"/readyz", ""); status != http.StatusOK || !strings.Contains(text, `"rate_limit":{"status":"degraded","message":"cannot be counted: Redis cannot be reached"}`) {
		t.Errorf("open, without Redis: %d %s", status, text)
	}
	if status, text := fetch(t, "GET", closed.origin()+"/readyz", ""); status != http.StatusServiceUnavailable || !strings.Contains(text, `"details":[{"field":"rate_limit","code":"unavailable","message":"cannot be counted: Redis cannot be reached"}]`) {
		t.Errorf("closed, without Redis: %d %s", status, text)
	}
	redis.Restart(t)
	for name, s := range map[string]*instance{"open": open, "closed": closed} {
		eventually(t, name+": ready again", func() bool {
			status, text := fetch(t, "GET", s.origin()+"/readyz", "")
			return status == http.StatusOK && strings.Contains(text, `"rate_limit":{"status":"ok"`)
		})
	}
}

func TestHealthOfNobody(t *testing.T) {
	t.Parallel()
	closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Error(err)
	}
	execute(t, nil, "health", "--address", address).refused(t, exitFailure, "no server answers", address)
	execute(t, []string{"DOCKET_HTTP_ADDRESS=" + address}, "health").refused(t, exitFailure, "no server answers", address)
	execute(t, []string{"DOCKET_HTTP_ADDRESS=127.0.0.1:0"}, "health").refused(t, exitUsage, "--address")
	execute(t, nil, "health", "--address", "nonsense").refused(t, exitUsage, "host:port")
	execute(t, nil, "health", "--timeout", "0s").refused(t, exitUsage, "--timeout")

	other := http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: patience}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = other.Serve(l) }() // until Close
	defer func() { _ = other.Close() }()
	execute(t, nil, "health", "--address", l.Addr().String()).refused(t, exitFailure, "not as docket does")
}

func TestReachableAt(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		":8080": "127.0.0.1:8080", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "[::1]:80", "127.0.0.1:80": "127.0.0.1:80", "docket.internal:80": "docket.internal:80",
	} {
		if got, err := reachableAt(in); err != nil || got != want {
			t.Errorf("%s is reached at %s, %v; want %s", in, got, err, want)
		}
	}
}
