package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/postgres"
)

// addLater inserts an item at the latest possible moment.
func addLater(ctx context.Context, owner uuid.UUID, n byte) error {
	return postgres.ExecLater(ctx, owner, `INSERT INTO items VALUES ($1, $2, $3, $4, $5)`,
		uuid.UUID{15: n}, string('a'+rune(n)), time.Unix(int64(n), 0), n)
}

// seen is what a unit of work itself sees of an owner's items.
func (l lab) seen(ctx context.Context, t *testing.T) int {
	t.Helper()
	n, err := postgres.Get(ctx, l.DB, ada, number, `SELECT count(*)::int FROM items WHERE user_id = $1`)
	if err != nil {
		t.Errorf("count the items: %v", err)
	}
	return n
}

// modes are the ways in which statements are sent.
var modes = map[string]postgres.Config{
	"direct":           {MaxConns: 1, RowSecurity: true},
	"through a pooler": {MaxConns: 1, RowSecurity: true, Pooler: true},
	"one wall":         {MaxConns: 1},
}

// What is sent later is there for whatever comes after it.
func TestExecLaterKeepsItsPlace(t *testing.T) {
	t.Parallel()
	for mode, config := range modes {
		l := newLab(t, config)
		for name, next := range map[string]func(ctx context.Context) error{
			"a query": func(ctx context.Context) error {
				if n := l.seen(ctx, t); n != 1 {
					t.Errorf("%s: a query sees %d items", mode, n)
				}
				return nil
			},
			"a statement": func(ctx context.Context) error {
				n, err := postgres.Exec(ctx, l.DB, ada, `UPDATE items SET rank = 9 WHERE user_id = $1`)
				if n != 1 {
					t.Errorf("%s: a statement meets %d items", mode, n)
				}
				return err
			},
			"a copy": func(ctx context.Context) error {
				if config.RowSecurity {
					return nil // and COPY, which is refused then
				}
				_, err := postgres.Copy(ctx, l.DB, bob, "items", []string{"id", "name", "at", "rank"}, func(yield func([]any) bool) {
					yield([]any{uuid.New(), uuid.NewString(), time.Now(), 1})
				})
				return err
			},
			"the commit": func(context.Context) error { return nil },
		} {
			err := l.InTx(t.Context(), func(ctx context.Context) error {
				return errors.Join(addLater(ctx, ada, 1), next(ctx))
			})
			if n := l.count(t, ada); err != nil || n != 1 {
				t.Errorf("%s, before %s: %d items, %v", mode, name, n, err)
			}
			l.must(t, `DELETE FROM items`)
		}
	}
}

func TestExecLaterFailsWithWhatComesNext(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	bad := func(ctx context.Context) error {
		return postgres.ExecLater(ctx, ada, `INSERT INTO items VALUES ($1, $2, 'x', now(), -1)`, uuid.UUID{15: 1})
	}
	if err := l.InTx(t.Context(), bad); postgres.Violated(err) != "items_rank_check" {
		t.Errorf("at the commit: %v", err)
	}
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		if err := bad(ctx); err != nil {
			return err
		}
		return l.add(ctx, ada, 2)
	})
	if postgres.Violated(err) != "items_rank_check" || l.count(t, ada) != 0 {
		t.Errorf("at the next statement: %d items, %v", l.count(t, ada), err)
	}
	if err := bad(t.Context()); err == nil {
		t.Error("it runs outside of a unit of work")
	}
	if err := l.add(t.Context(), ada, 3); err != nil {
		t.Errorf("the connection is spoilt: %v", err)
	}
}

// An attempt takes back what was to be sent later, wherever it is by then.
func TestAttemptTakesBackWhatIsStillToBeSent(t *testing.T) {
	t.Parallel()
	for mode, config := range modes {
		l := newLab(t, config)
		err := l.InTx(t.Context(), func(ctx context.Context) error {
			for name, fn := range map[string]func(ctx context.Context) error{
				"nothing sent":         func(ctx context.Context) error { return addLater(ctx, ada, 1) },
				"sent":                 func(ctx context.Context) error { return errors.Join(addLater(ctx, ada, 1), l.add(ctx, ada, 2)) },
				"sent, and more":       func(ctx context.Context) error { return errors.Join(l.add(ctx, ada, 1), addLater(ctx, ada, 2)) },
				"refused":              func(ctx context.Context) error { return errors.Join(l.add(ctx, ada, 1), l.add(ctx, ada, 1)) },
				"refused, and goes on": func(ctx context.Context) error { _ = l.add(ctx, ada, 10); return l.add(ctx, ada, 1) },
				"an attempt that held": func(ctx context.Context) error {
					return l.Attempt(ctx, func(ctx context.Context) error { return addLater(ctx, ada, 1) })
				},
				"one that held, and on": func(ctx context.Context) error {
					return errors.Join(l.Attempt(ctx, func(ctx context.Context) error { return l.add(ctx, ada, 1) }), addLater(ctx, ada, 2))
				},
			} {
				err := l.Attempt(ctx, func(ctx context.Context) error { return errors.Join(fn(ctx), errOurs) })
				if n := l.seen(ctx, t); !errors.Is(err, errOurs) || n != 0 {
					t.Errorf("%s, %s: %d items are left, %v", mode, name, n, err)
				}
			}
			return errors.Join(l.Attempt(ctx, func(ctx context.Context) error { return addLater(ctx, ada, 20) }), addLater(ctx, ada, 21))
		})
		if n := l.count(t, ada); err != nil || n != 2 {
			t.Errorf("%s: %d items, want those of the last attempt and after, %v", mode, n, err)
		}
	}
}

func execute(ctx context.Context, l lab, sql string) error {
	_, err := postgres.Exec(ctx, l.DB, ada, sql)
	return err
}

// The first statement of a unit may fail before anything was begun.
func TestUnitWhoseFirstStatementIsUnsound(t *testing.T) {
	t.Parallel()
	for mode, config := range modes {
		l := newLab(t, config)
		err := l.InTx(t.Context(), func(ctx context.Context) error {
			if err := l.Attempt(ctx, func(ctx context.Context) error { return execute(ctx, l, `SELECT nonsense WHERE $1`) }); err == nil {
				t.Errorf("%s: nonsense was taken", mode)
			}
			return l.add(ctx, ada, 1)
		})
		if n := l.count(t, ada); err != nil || n != 1 {
			t.Errorf("%s: %d items, %v", mode, n, err)
		}
		if err := l.InTx(t.Context(), func(ctx context.Context) error { return execute(ctx, l, `SELECT nonsense WHERE $1`) }); err == nil {
			t.Errorf("%s: nonsense was committed", mode)
		}
		// What did not begin cannot be half-way through: this is a unit too.
		err = l.InTx(t.Context(), func(ctx context.Context) error { return errors.Join(l.add(ctx, ada, 2), errOurs) })
		if n := l.count(t, ada); !errors.Is(err, errOurs) || n != 1 {
			t.Errorf("%s, afterwards: %d items, %v", mode, n, err)
		}
	}
}

// Later in a unit, such a statement fails before the savepoint is set that it
// came with, and dooms the whole.
func TestUnsoundStatementDoomsTheUnit(t *testing.T) {
	t.Parallel()
	for mode, config := range modes {
		l := newLab(t, config)
		err := l.InTx(t.Context(), func(ctx context.Context) error {
			if err := l.add(ctx, ada, 1); err != nil {
				return err
			}
			if err := l.Attempt(ctx, func(ctx context.Context) error { return execute(ctx, l, `SELECT nonsense WHERE $1`) }); err == nil {
				t.Errorf("%s: nonsense was taken", mode)
			}
			return nil
		})
		if n := l.count(t, ada); err == nil || n != 0 {
			t.Errorf("%s: %d items, %v", mode, n, err)
		}
		if err := l.add(t.Context(), ada, 2); err != nil {
			t.Errorf("%s: the connection is spoilt: %v", mode, err)
		}
	}
}

// A failure that an attempt's function keeps to itself is found out.
func TestAttemptThatHidesAFailure(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		err := l.Attempt(ctx, func(ctx context.Context) error {
			_ = errors.Join(l.add(ctx, ada, 1), l.add(ctx, ada, 1))
			return nil
		})
		if err == nil {
			t.Error("the attempt is said to have succeeded")
		}
		return l.add(ctx, ada, 2)
	})
	if n := l.count(t, ada); err != nil || n != 1 {
		t.Errorf("%d items, %v", n, err)
	}
}

// A unit of work that asks nothing of the database begins no transaction.
func TestEmptyUnitSendsNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		return l.Attempt(ctx, func(context.Context) error { return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	var last string
	if err := l.raw.QueryRow(t.Context(), `SELECT query FROM pg_stat_activity WHERE application_name = 'docket' AND datname = current_database()`).Scan(&last); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(last, "commit") || strings.Contains(last, "begin") {
		t.Errorf("an empty unit of work sent %q", last)
	}
}
