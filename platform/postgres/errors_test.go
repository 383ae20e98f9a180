package postgres_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/pgtest"
	"docket/platform/postgres"
)

// busy reports whether any session of the pool is still at work.
func (l lab) busy(t *testing.T) bool {
	t.Helper()
	var n int
	const sql = `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()`
	if err := l.raw.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n > 0
}

func TestDeadlineCancelsTheQuery(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	for name, work := range map[string]func(ctx context.Context) error{
		"statement": func(ctx context.Context) error { return sleep(ctx, l.DB) },
		"get": func(ctx context.Context) error {
			_, err := postgres.Get(ctx, l.DB, ada, number, `SELECT 1 FROM pg_sleep(600) WHERE $1::uuid IS NOT NULL`)
			return err
		},
		"list": func(ctx context.Context) error {
			_, err := postgres.List(ctx, l.DB, ada, number, `SELECT 1 FROM pg_sleep(600) WHERE $1::uuid IS NOT NULL`)
			return err
		},
		"unit": func(ctx context.Context) error {
			return l.InTx(ctx, func(ctx context.Context) error { return errors.Join(l.add(ctx, ada, 1), sleep(ctx, l.DB)) })
		},
		"attempt": func(ctx context.Context) error {
			return l.InTx(ctx, func(ctx context.Context) error {
				return l.Attempt(ctx, func(ctx context.Context) error { return errors.Join(l.add(ctx, ada, 1), sleep(ctx, l.DB)) })
			})
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		err := work(ctx)
		cancel()
		if errs.KindOf(err) != errs.DeadlineExceeded {
			t.Errorf("%s: %v", name, err)
		}
		eventually(t, name+": the query is cancelled in the server", func() bool { return !l.busy(t) })
		if n := l.count(t, ada); n != 0 {
			t.Errorf("%s: %d items were written", name, n)
		}
		// The one connection of the pool, or its successor, is fit for use.
		if err := l.Ping(t.Context()); err != nil {
			t.Errorf("%s: afterwards: %v", name, err)
		}
	}
}

func TestDeadlineWhileWaitingForAConnection(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	err := l.InTx(t.Context(), func(context.Context) error {
		for name, work := range map[string]func(ctx context.Context) error{
			"statement": func(ctx context.Context) error { return l.add(ctx, ada, 1) },
			"unit":      func(ctx context.Context) error { return l.InTx(ctx, func(context.Context) error { return nil }) },
			"ping":      l.Ping,
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			wantUnavailable(t, work(ctx))
			// What did not even begin to wait was late, whoever is to blame.
			if err := work(ctx); errs.KindOf(err) != errs.DeadlineExceeded {
				t.Errorf("%s, too late: %v", name, err)
			}
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStatementTimeoutIsADeadline(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	l.must(t, `DO $$ BEGIN EXECUTE format('ALTER ROLE docket_app IN DATABASE %I SET statement_timeout = 50', current_database()); END $$`)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: l.url, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := sleep(t.Context(), db); errs.KindOf(err) != errs.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Kind != errs.Unavailable || e.RetryAfter <= 0 {
		t.Errorf("got %v, want that the database is unavailable, and when to come back", err)
	}
}

func TestOpenWithoutDatabase(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = postgres.Open(t.Context(), postgres.Config{URL: "postgres://ada:s3cr3t@" + address + "/docket?sslmode=disable"})
	wantUnavailable(t, err)
	if strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("the error tells the password: %v", err)
	}
}

// A server that takes connections and says nothing is as good as none.
func TestOpenWithSilentDatabase(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}()
	url := "postgres://ada@" + listener.Addr().String() + "/docket?sslmode=disable"
	hasty, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err = postgres.Open(hasty, postgres.Config{URL: url})
	wantUnavailable(t, err)
	if took := time.Since(start); took > patience/2 {
		t.Errorf("in a hurry, it took %s", took)
	}
	_, err = postgres.Open(t.Context(), postgres.Config{URL: url + "&connect_timeout=1"})
	wantUnavailable(t, err)
}

func TestOpenRefusesWhatIsNoURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://ada:s3cr3t@host:port/docket", "postgres://ada:s3cr3t@host/docket?sslmode=maybe", "host=x password=s3cr3t port=many"} {
		_, err := postgres.Open(t.Context(), postgres.Config{URL: url})
		if err == nil || errs.KindOf(err) != errs.Internal || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestOpenOfADatabaseThatIsNotThere(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	_, err := postgres.Open(t.Context(), postgres.Config{URL: strings.Replace(url, "docket_test_", "docket_never_", 1)})
	if err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("got %v", err)
	}
}

func TestConnectionsThatBreakAreReplaced(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 3})
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		if err := l.add(ctx, ada, 1); err != nil {
			return err
		}
		l.must(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		err := l.add(ctx, ada, 2)
		wantUnavailable(t, err)
		return err
	})
	wantUnavailable(t, err)
	if n := l.count(t, ada); n != 0 {
		t.Errorf("%d items were written", n)
	}
	eventually(t, "the pool recovers", func() bool {
		err := l.add(t.Context(), ada, 3)
		if err != nil {
			wantUnavailable(t, err)
		}
		return err == nil
	})
}

func TestServerThatStops(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t)
	if err := server.EnsureDatabase(t.Context(), "docket"); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: server.URL("docket"), MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	asleep := make(chan error, 1)
	go func() {
		asleep <- db.InTx(t.Context(), func(ctx context.Context) error { return sleep(ctx, db) })
	}()
	eventually(t, "a query is under way", func() bool {
		n, err := postgres.Get(t.Context(), db, ada, number, `SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND state = 'active' AND pid <> pg_backend_pid() AND $1::uuid IS NOT NULL`)
		if err != nil {
			t.Fatal(err)
		}
		return n > 0
	})
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, <-asleep)
	for range 3 {
		_, err := postgres.Exec(t.Context(), db, ada, `SELECT $1::uuid`)
		wantUnavailable(t, err)
	}
	wantUnavailable(t, db.Ping(t.Context()))
	wantUnavailable(t, db.InTx(t.Context(), func(context.Context) error { return nil }))
}

func TestViolated(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	if err := l.add(t.Context(), ada, 1); err != nil {
		t.Fatal(err)
	}
	id := uuid.UUID{15: 1}
	for name, c := range map[string]struct {
		sql, want string
		args      []any
	}{
		"primary key": {`INSERT INTO items VALUES ($1, $2, 'x', now())`, "items_pkey", []any{id}},
		"check":       {`UPDATE items SET rank = -1 WHERE user_id = $1`, "items_rank_check", nil},
		"unique":      {`INSERT INTO items SELECT $1, $2, name, at FROM items`, "items_name_key", []any{bob}},
		"foreign key": {`INSERT INTO task_tags (user_id, task_id, tag_id, created_at) VALUES ($1, $2, $2, now())`, "task_tags_task_fk", []any{id}},
		"not null":    {`UPDATE items SET at = NULL WHERE user_id = $1`, "", nil}, // has no name
		"syntax":      {`SELEC $1`, "", nil},
	} {
		_, err := postgres.Exec(t.Context(), l.DB, ada, c.sql, c.args...)
		if err == nil || postgres.Violated(err) != c.want || errs.KindOf(err) != errs.Internal {
			t.Errorf("%s: %v violates %q, want %q", name, err, postgres.Violated(err), c.want)
		}
	}
	if got := postgres.Violated(nil); got != "" {
		t.Errorf("nil violates %q", got)
	}
}

// A row of somebody who was erased meanwhile: the one failure of the database
// that is about who asks.
func TestAnOwnerWhoIsGoneIsNobody(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	_, err := postgres.Exec(t.Context(), l.DB, ada, `INSERT INTO tags VALUES ($1, $1, 'n', 'n', NULL, now(), now())`)
	if errs.KindOf(err) != errs.Unauthenticated || postgres.Violated(err) != "tags_user_fk" {
		t.Errorf("a tag of nobody: %v, violates %q", err, postgres.Violated(err))
	}
	err = l.InTx(t.Context(), func(ctx context.Context) error {
		_, err := postgres.Exec(ctx, l.DB, ada, `INSERT INTO idempotency_keys VALUES ($1, 'k', '', 0, '', '', '', now())`)
		return err
	})
	if errs.KindOf(err) != errs.Unauthenticated {
		t.Errorf("a key of nobody: %v", err)
	}
}
