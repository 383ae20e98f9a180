package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"docket/platform/errs"
	"docket/platform/pgtest"
	"docket/platform/postgres"
)

// sleeper stands where a database is that takes its time to come up: clients
// are received in one way until it is woken, and led to the database after.
type sleeper struct {
	url   string
	awake chan struct{}
}

// newSleeper listens on a port in front of the database at databaseURL.
func newSleeper(t *testing.T, databaseURL string, receive func(awake <-chan struct{}, c net.Conn) (goOn bool)) *sleeper {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	network, target := endpoint(u)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.RawQuery = listener.Addr().String(), "sslmode=disable"
	s := &sleeper{url: u.String(), awake: make(chan struct{})}
	var group sync.WaitGroup
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(func() {
		cancel()
		_ = listener.Close() // the end of Accept
		group.Wait()
	})
	group.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				stop := context.AfterFunc(ctx, func() { _ = client.Close() })
				defer stop()
				defer func() { _ = client.Close() }()
				if receive(s.awake, client) {
					lead(ctx, client, network, target)
				}
			})
		}
	})
	return s
}

// endpoint is where the database of a URL listens.
func endpoint(u *url.URL) (network, address string) {
	if folder := u.Query().Get("host"); folder != "" {
		return "unix", filepath.Join(folder, ".s.PGSQL."+u.Query().Get("port"))
	}
	return "tcp", u.Host
}

func lead(ctx context.Context, client net.Conn, network, target string) {
	server, err := new(net.Dialer).DialContext(ctx, network, target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(server, client) // ends when either hangs up
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server) // the same
}

// silently holds the line and says nothing, as Neon's proxy does while the
// computer behind it starts.
func silently(awake <-chan struct{}, _ net.Conn) bool {
	<-awake
	return true
}

// starting sends everybody away, as a PostgreSQL does that is not up yet.
func starting(awake <-chan struct{}, c net.Conn) bool {
	select {
	case <-awake:
		return true
	default:
	}
	backend := pgproto3.NewBackend(c, c)
	if _, err := backend.ReceiveStartupMessage(); err != nil {
		return false
	}
	backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "57P03", Message: "the database system is starting up"})
	_ = backend.Flush() // the client may be gone
	return false
}

// The first request after a night without calls waits for the database, as
// long as it has time, however often a connection is given up meanwhile.
func TestWaitsForADatabaseThatWakesUp(t *testing.T) {
	t.Parallel()
	const night = 1500 * time.Millisecond
	for name, tt := range map[string]struct {
		receive func(<-chan struct{}, net.Conn) bool
		config  postgres.Config
	}{
		"silent":                  {silently, postgres.Config{}},
		"silent, behind a pooler": {silently, postgres.Config{Pooler: true}},
		"starting":                {starting, postgres.Config{}},
		"starting, behind one":    {starting, postgres.Config{Pooler: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSleeper(t, pgtest.URL(t), tt.receive)
			tt.config.URL = s.url + "&connect_timeout=1"
			db, err := postgres.New(t.Context(), tt.config)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			time.AfterFunc(night, func() { close(s.awake) })
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			failures := make(chan error, 4)
			go func() { failures <- db.Ping(ctx) }()
			go func() { failures <- readOne(ctx, db) }()
			go func() { failures <- db.InTx(ctx, func(ctx context.Context) error { return readOne(ctx, db) }) }()
			go func() { failures <- db.Snapshot(ctx, func(ctx context.Context) error { return readOne(ctx, db) }) }()
			for range cap(failures) {
				if err := <-failures; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func readOne(ctx context.Context, db *postgres.DB) error {
	n, err := postgres.Get(ctx, db, ada, number, `SELECT 1 WHERE $1::uuid IS NOT NULL`)
	if err == nil && n != 1 {
		err = fmt.Errorf("got %d", n)
	}
	return err
}

// A request whose time is over first hears that the database is away, and when
// to come back; not before its time, and not long after.
func TestWaitsForNoLongerThanTheDeadline(t *testing.T) {
	t.Parallel()
	s := newSleeper(t, pgtest.URL(t), starting)
	defer close(s.awake)
	db, err := postgres.New(t.Context(), postgres.Config{URL: s.url})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const deadline = time.Second
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	began := time.Now()
	err = readOne(ctx, db)
	if took := time.Since(began); took < deadline/2 {
		t.Errorf("it was given up after %s", took)
	}
	if e, ok := errors.AsType[*errs.Error](err); !ok || e.Kind != errs.Unavailable && e.Kind != errs.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
}

// Idle connections that the other end has closed are noticed before use: none
// of the first requests of a morning fails.
func TestIdleConnectionsAreCheckedBeforeUse(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	db, err := postgres.Open(t.Context(), postgres.Config{URL: l.url, RowSecurity: true, MinConns: 4, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	eventually(t, "all connections are there", func() bool {
		n, err := postgres.Get(t.Context(), db, ada, number, `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'docket' AND $1::uuid IS NOT NULL`)
		if err != nil {
			t.Fatal(err)
		}
		return n >= 4
	})
	time.Sleep(1100 * time.Millisecond) // what is used within a second is not asked
	l.must(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	for range 8 {
		if err := readOne(t.Context(), db); err != nil {
			t.Error(err)
		}
	}
}
