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

	"github.com/jackc/pgx/v5"

	"docket/platform/errs"
	"docket/platform/pgtest"
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

// Every check is named, whether it is well or not; and `docket health` says the
// same as /readyz.
func TestReadiness(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	s := servingOn(t, "DATABASE_URL="+url, "DOCKET_DATA_DIR="+t.TempDir())
	address := []string{"health", "--address", strings.TrimPrefix(s.origin(), "http://")}

	status, text := fetch(t, "GET", s.origin()+"/readyz", "")
	var answer struct {
		Data health `json:"data"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v: %s", status, err, text)
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

	const gone = "schema lacks tags.color, task_search"
	execSQL(t, url, "ALTER TABLE tags RENAME COLUMN color TO colour", "DROP TABLE task_search")
	if status, text := fetch(t, "GET", s.origin()+"/readyz", ""); status != http.StatusServiceUnavailable || !strings.Contains(text, "not ready: "+gone+`"`) {
		t.Errorf("without a column: %d %s", status, text)
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
		{"deaf", func(context.Context) (finding, error) { runs.Add(1); <-letGo; return finding{}, nil }},
		{"broken", func(context.Context) (finding, error) {
			return finding{}, &unready{"is broken", errors.New("for the log")}
		}},
		{"well", func(context.Context) (finding, error) { return finding{}, nil }},
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
	if n := runs.Load(); n != 1 {
		t.Errorf("20 probes at once ran a check %d times", n)
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
