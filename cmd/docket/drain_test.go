package main

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

// held is a server with a request under way that waits for a lock.
type held struct {
	*process
	url      string // of its database
	ada      client
	answered chan outcome
	// letGo lets the request go on.
	letGo func()
}

// outcome is how a request of another goroutine went.
type outcome struct {
	answer httpxtest.Response
	err    error
}

// holding has a PATCH wait for a row that the test has locked.
func holding(t *testing.T, settings ...string) *held {
	t.Helper()
	url, dir := pgtest.URL(t), t.TempDir()
	settings = append(settings, "DATABASE_URL="+url, "DOCKET_DATA_DIR="+dir)
	h := &held{process: launch(t, settings...), answered: make(chan outcome, 1)}
	h.url = url
	ada := client{base: h.greeting.API, authorization: "Bearer " + execute(t, settings[len(settings)-1:], "token").ok(t)}
	h.ada = ada
	tag := one(t, ada.do(t, "POST", "/tags", `{"name":"held"}`), 201)

	conn, err := pgx.Connect(t.Context(), pgtest.AsOwner(t, url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM tags WHERE id = $1 FOR UPDATE", tag.ID); err != nil {
		t.Fatal(err)
	}
	h.letGo = func() {
		if err := tx.Commit(t.Context()); err != nil {
			t.Error(err)
		}
	}
	go func() {
		answer, err := ada.try(t.Context(), "PATCH", "/tags/"+tag.ID, `{"name":"changed"}`)
		h.answered <- outcome{answer, err}
	}()
	eventually(t, "the request waits for the lock", func() bool {
		return query(t, url, "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") != "0"
	})
	return h
}

func (h *held) stopping(t *testing.T) {
	t.Helper()
	eventually(t, "it stops", func() bool { return strings.Contains(h.stderr.String(), `"stopping"`) })
}

// After a first Ctrl-C nothing new is taken, and what is under way is finished.
func TestInterruptLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	h := holding(t, "DOCKET_HTTP_DRAIN_TIMEOUT=2m", "DOCKET_HTTP_REQUEST_TIMEOUT=2m")
	h.signal(t, os.Interrupt)
	h.stopping(t)
	address := strings.TrimSuffix(strings.TrimPrefix(h.greeting.API, "http://"), "/api/v1")
	eventually(t, "new connections are refused", func() bool {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return true
		}
		return conn.Close() != nil
	})
	select {
	case <-h.ended:
		t.Fatalf("it ended while a request was under way\n%s", h.stderr)
	default:
	}
	h.letGo()
	got := <-h.answered
	if got.err != nil {
		t.Fatal(got.err)
	}
	if tag := one(t, got.answer, 200); tag.Name != "changed" {
		t.Errorf("the request under way was answered %+v", tag)
	}
	h.ends(t, 0)
}

// A second Ctrl-C waits for nothing.
func TestSecondInterruptStopsAtOnce(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	h := holding(t, "DOCKET_HTTP_DRAIN_TIMEOUT=10m", "DOCKET_HTTP_REQUEST_TIMEOUT=5m")
	h.signal(t, os.Interrupt)
	h.stopping(t)
	h.interruptUntilEnded(t)
	h.ends(t, exitFailure)
	if !strings.Contains(h.stderr.String(), "cut off by a second signal") {
		t.Errorf("it does not say what it did to them:\n%s", h.stderr)
	}
	if got := <-h.answered; got.err == nil {
		t.Errorf("the request under way was answered %d", got.answer.Status)
	}
	h.letGo()
}

// A request that outlasts the drain time does not outlast the server.
func TestDrainTimeEnds(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	h := holding(t, "DOCKET_HTTP_DRAIN_TIMEOUT=100ms", "DOCKET_HTTP_REQUEST_TIMEOUT=5m")
	h.signal(t, os.Interrupt)
	h.ends(t, exitFailure)
	if !strings.Contains(h.stderr.String(), "cut off after http.drain_timeout (DOCKET_HTTP_DRAIN_TIMEOUT), 100ms") {
		t.Errorf("it does not say what it did to them:\n%s", h.stderr)
	}
	h.letGo()
}
