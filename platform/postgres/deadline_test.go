package postgres_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/postgres"
)

// A statement past its deadline is either not done, or done and said to be so:
// whoever is told that nothing was written may write it again.
func TestDeadlineTellsTheTruth(t *testing.T) {
	t.Parallel()
	const tries = 200
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 4})
	done := map[string]bool{}
	dice := rand.New(rand.NewPCG(1, 2))
	late := 0
	for i := range tries {
		name := fmt.Sprint("try ", i)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(dice.Int64N(int64(600*time.Microsecond))))
		_, err := postgres.Exec(ctx, l.DB, ada, `INSERT INTO items VALUES ($1, $2, $3, now(), 1)`, uuid.New(), name)
		cancel()
		done[name] = err == nil
		if err != nil {
			late++
			// Some do not even get a connection in that time.
			if kind := errs.KindOf(err); kind != errs.DeadlineExceeded && kind != errs.Unavailable {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	names, err := postgres.List(t.Context(), l.DB, ada, func(s *string) []any { return []any{s} }, `SELECT name FROM items WHERE user_id = $1`)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	for name, said := range done {
		if there[name] != said {
			t.Errorf("%s: it is said to be done: %t; it is there: %t", name, said, there[name])
		}
	}
	t.Logf("%d of %d were late", late, tries)
}

// deaf leads to the database of a URL until dead is closed, and from then on
// swallows what either side says, as a network does that is cut.
func deaf(t *testing.T, databaseURL string, dead <-chan struct{}) func(<-chan struct{}, net.Conn) bool {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	network, address := endpoint(u)
	return func(_ <-chan struct{}, client net.Conn) bool {
		server, err := net.Dial(network, address)
		if err != nil {
			return false
		}
		defer func() { _ = server.Close() }()
		go func() {
			_, _ = io.Copy(swallowing{server, dead}, client) // ends when either hangs up
			_ = server.Close()
		}()
		_, _ = io.Copy(swallowing{client, dead}, server) // the same
		return false
	}
}

type swallowing struct {
	io.Writer
	dead <-chan struct{}
}

func (s swallowing) Write(p []byte) (int, error) {
	select {
	case <-s.dead:
		return len(p), nil
	default:
		return s.Writer.Write(p)
	}
}

// Where the network is cut, whoever waits hears so soon after the deadline, and
// that nobody knows what came of a statement, or of a commit.
func TestDeadNetworkIsGivenUp(t *testing.T) {
	t.Parallel()
	const (
		left, grace = time.Second, 400 * time.Millisecond
		// A commit that had 5 seconds of its own, whatever the deadline, took 7.
		limit = 6 * time.Second
	)
	for _, cutFirst := range []bool{true, false} {
		t.Run(fmt.Sprintf("cut before the statement: %t", cutFirst), func(t *testing.T) {
			t.Parallel()
			plain := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
			dead := make(chan struct{})
			var db *postgres.DB
			// After the connections: it would wait for their other ends.
			t.Cleanup(func() {
				if db != nil {
					db.Close()
				}
			})
			s := newSleeper(t, plain.url, deaf(t, plain.url, dead))
			var err error
			db, err = postgres.Open(t.Context(), postgres.Config{URL: s.url, RowSecurity: true, MaxConns: 1, Grace: grace})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), left)
			defer cancel()
			began := time.Now()
			err = db.InTx(ctx, func(ctx context.Context) error {
				if cutFirst {
					close(dead)
				} else {
					defer close(dead)
				}
				_, err := postgres.Exec(ctx, db, ada, `INSERT INTO items VALUES ($1, $2, 'x', now(), 1)`, uuid.New())
				return err
			})
			took := time.Since(began)
			wantUnavailable(t, err)
			if took < left || took > limit {
				t.Errorf("it was given up after %s", took)
			}
		})
	}
}
