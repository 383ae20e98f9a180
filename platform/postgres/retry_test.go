package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/postgres"
)

// maxRuns is how often a unit that always gives way runs: once, and four times
// again.
const maxRuns = 5

// gives makes a function that fails with a code of PostgreSQL's, and one that
// counts how often it was called, whatever became of the transaction.
func (l lab) gives(t *testing.T, code string) {
	t.Helper()
	l.must(t, `CREATE SEQUENCE calls; GRANT USAGE ON SEQUENCE calls TO PUBLIC`)
	l.must(t, fmt.Sprintf(`CREATE FUNCTION give() RETURNS int LANGUAGE plpgsql AS $$
		BEGIN PERFORM nextval('calls'); RAISE EXCEPTION 'no' USING ERRCODE = '%s'; END $$`, code))
}

func (l lab) calls(t *testing.T) (n int) {
	t.Helper()
	if err := l.raw.QueryRow(t.Context(), `SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM calls`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

const give = `SELECT give() WHERE $1::uuid IS NOT NULL`

// What gives way for ever is done again a few times, and then refused for now.
func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"40P01", "40001"} {
		l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
		l.gives(t, code)
		runs := 0
		err := l.InTx(t.Context(), func(ctx context.Context) error {
			runs++
			if err := l.add(ctx, ada, 1); err != nil {
				return err
			}
			_, err := postgres.Exec(ctx, l.DB, ada, give)
			return err
		})
		refused, ok := errors.AsType[*errs.Error](err)
		if !ok || refused.Kind != errs.Unavailable || refused.RetryAfter <= 0 {
			t.Errorf("%s: %v", code, err)
		}
		if runs != maxRuns || l.calls(t) != maxRuns || l.count(t, ada) != 0 {
			t.Errorf("%s: %d runs, %d calls, %d items", code, runs, l.calls(t), l.count(t, ada))
		}
		// A statement outside of a unit of work is one by itself.
		if _, err := postgres.Get(t.Context(), l.DB, ada, number, give); errs.KindOf(err) != errs.Unavailable {
			t.Errorf("%s, a statement alone: %v", code, err)
		}
		if n := l.calls(t); n != 2*maxRuns {
			t.Errorf("%s, a statement alone: called %d times", code, n-maxRuns)
		}
	}
}

// Whatever else fails, it is done once: PostgreSQL did not ask for more.
func TestNothingElseIsRetried(t *testing.T) {
	t.Parallel()
	for what, code := range map[string]string{
		"a unique violation": "23505", "a foreign key violation": "23503", "a cancelled query": "57014",
		"a lock timeout": "55P03", "a full disk": "53100", "a lost connection": "08006", "a syntax error": "42601",
		"a shutdown": "57P01", "a rollback for no such reason": "40000", "an unknown outcome": "40003",
	} {
		l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
		l.gives(t, code)
		runs := 0
		err := l.InTx(t.Context(), func(ctx context.Context) error {
			runs++
			_, err := postgres.Exec(ctx, l.DB, ada, give)
			return err
		})
		if err == nil || runs != 1 || l.calls(t) != 1 {
			t.Errorf("%s: %d runs, %d calls, %v", what, runs, l.calls(t), err)
		}
		if _, err := postgres.Exec(t.Context(), l.DB, ada, give); err == nil || l.calls(t) != 2 {
			t.Errorf("%s, a statement alone: %d calls, %v", what, l.calls(t)-1, err)
		}
	}
}

func TestFailureOfOursIsNotRetried(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	runs := 0
	if err := l.InTx(t.Context(), func(context.Context) error { runs++; return errOurs }); !errors.Is(err, errOurs) || runs != 1 {
		t.Errorf("%d runs, %v", runs, err)
	}
}

// Only the outermost unit of work can be run again: inside, PostgreSQL has
// undone more than the part that failed.
func TestUnitsInsideAreRetriedFromOutside(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	l.gives(t, "40P01")
	var outer, attempts, joined int
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		outer++
		if err := l.add(ctx, ada, 1); err != nil {
			return err
		}
		return l.Attempt(ctx, func(ctx context.Context) error {
			attempts++
			return l.InTx(ctx, func(ctx context.Context) error {
				joined++
				if outer == 3 {
					return l.add(ctx, ada, 2)
				}
				_, err := postgres.Exec(ctx, l.DB, ada, give)
				return err
			})
		})
	})
	if err != nil || outer != 3 || attempts != 3 || joined != 3 || l.count(t, ada) != 2 {
		t.Errorf("ran %d, %d and %d times, left %d items, %v", outer, attempts, joined, l.count(t, ada), err)
	}
}

// A conflict that shows only at the commit is retried like any.
func TestSerializationFailureIsResolved(t *testing.T) {
	t.Parallel()
	const units = 4
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: units})
	if err := l.add(t.Context(), ada, 0); err != nil {
		t.Fatal(err)
	}
	var together, done sync.WaitGroup
	together.Add(units)
	var mu sync.Mutex
	runs := 0
	for i := range byte(units) {
		done.Go(func() {
			first := true
			err := l.InTx(t.Context(), func(ctx context.Context) error {
				mu.Lock()
				runs++
				mu.Unlock()
				if _, err := postgres.ExecUnowned(ctx, l.DB, postgres.Door{}, `SET TRANSACTION ISOLATION LEVEL SERIALIZABLE`); err != nil {
					return err
				}
				n, err := postgres.Get(ctx, l.DB, ada, number, `SELECT count(*)::int FROM items WHERE user_id = $1`)
				if err != nil {
					return err
				}
				if first {
					first = false
					together.Done()
					together.Wait()
				}
				// Each writes what it has counted: in any order, one after the
				// other, the ranks are 1, 2, 3 and so on.
				_, err = postgres.Exec(ctx, l.DB, ada, `INSERT INTO items VALUES ($1, $2, $3, now(), $4)`, uuid.UUID{15: 10 + i}, fmt.Sprint("unit ", i), n)
				return err
			})
			if err != nil {
				t.Errorf("unit %d: %v", i, err)
			}
		})
	}
	done.Wait()
	if runs <= units {
		t.Errorf("%d units ran %d times: nothing was to be resolved", units, runs)
	}
	ranks, err := postgres.List(t.Context(), l.DB, ada, number, `SELECT rank FROM items WHERE user_id = $1 ORDER BY rank`)
	if err != nil {
		t.Fatal(err)
	}
	for i, rank := range ranks {
		if rank != i {
			t.Errorf("the ranks are %v: some unit saw what was not so", ranks)
			break
		}
	}
}

// The wait before another run ends with the request.
func TestRetryEndsWithTheDeadline(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	l.gives(t, "40P01")
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	began := time.Now()
	err := l.InTx(ctx, func(ctx context.Context) error {
		runs++
		_, err := postgres.Exec(ctx, l.DB, ada, give)
		cancel()
		return err
	})
	if err == nil || runs != 1 || time.Since(began) > patience {
		t.Errorf("%d runs in %s, %v", runs, time.Since(began), err)
	}
}
