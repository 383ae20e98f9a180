package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"

	"docket/platform/postgres"
)

func TestUnitCommits(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 2})
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		if err := l.add(ctx, ada, 1); err != nil {
			return err
		}
		if n := l.count(t, ada); n != 0 {
			t.Errorf("others see %d items before the commit", n)
		}
		return l.add(ctx, ada, 2)
	})
	if n := l.count(t, ada); err != nil || n != 2 {
		t.Errorf("%d items, %v", n, err)
	}
}

func TestUnitRollsBack(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	for name, c := range map[string]struct {
		fn   func(ctx context.Context) error
		want error
	}{
		"a failure": {func(context.Context) error { return errOurs }, errOurs},
		"a failure of a joined unit": {func(ctx context.Context) error {
			return l.InTx(ctx, func(context.Context) error { return errOurs })
		}, errOurs},
		"a failure after a joined unit": {func(ctx context.Context) error {
			return errors.Join(l.InTx(ctx, func(ctx context.Context) error { return l.add(ctx, ada, 2) }), errOurs)
		}, errOurs},
		"a swallowed failure of a joined unit": {func(ctx context.Context) error {
			if err := l.InTx(ctx, func(context.Context) error { return errOurs }); !errors.Is(err, errOurs) {
				t.Errorf("the joined unit returned %v", err)
			}
			return l.add(ctx, ada, 3)
		}, postgres.ErrRollbackOnly},
		"a swallowed failure two units down": {func(ctx context.Context) error {
			return l.InTx(ctx, func(ctx context.Context) error {
				_ = l.InTx(ctx, func(context.Context) error { return errOurs })
				return nil
			})
		}, postgres.ErrRollbackOnly},
	} {
		err := l.InTx(t.Context(), func(ctx context.Context) error {
			if err := l.add(ctx, ada, 1); err != nil {
				return err
			}
			return c.fn(ctx)
		})
		if n := l.count(t, ada); !errors.Is(err, c.want) || n != 0 {
			t.Errorf("%s: %d items, %v; want none, %v", name, n, err, c.want)
		}
	}
}

func TestUnitThatPanicsRollsBackAndGivesItsConnectionBack(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	func() {
		defer func() {
			if p := recover(); p != "oops" {
				t.Errorf("recovered %v", p)
			}
		}()
		err := l.InTx(t.Context(), func(ctx context.Context) error {
			if err := l.add(ctx, ada, 1); err != nil {
				t.Error(err)
			}
			panic("oops")
		})
		t.Errorf("came back with %v", err)
	}()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := l.add(ctx, ada, 2); err != nil {
		t.Fatal(err)
	}
	if n := l.count(t, ada); n != 1 {
		t.Errorf("%d items", n)
	}
}

func TestJoinedUnitIsTheSameTransaction(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1}) // a second transaction would wait for ever
	transaction := func(ctx context.Context) (n int) {
		n, err := postgres.Get(ctx, l.DB, ada, number, `SELECT txid_current()::text::int WHERE $1::uuid IS NOT NULL`)
		if err != nil {
			t.Error(err)
		}
		return n
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := l.InTx(ctx, func(ctx context.Context) error {
		outer := transaction(ctx)
		return l.InTx(ctx, func(ctx context.Context) error {
			if inner := transaction(ctx); inner != outer {
				t.Errorf("transactions %d and %d", outer, inner)
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAttemptMayFail(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		if err := l.add(ctx, ada, 1); err != nil {
			return err
		}
		for name, fn := range map[string]func(ctx context.Context) error{
			"ours":       func(ctx context.Context) error { return errors.Join(l.add(ctx, ada, 2), errOurs) },
			"PostgreSQL": func(ctx context.Context) error { return l.add(ctx, ada, 1) },
			"of a unit that joins": func(ctx context.Context) error {
				return l.InTx(ctx, func(ctx context.Context) error { return errors.Join(l.add(ctx, ada, 3), errOurs) })
			},
			"swallowed": func(ctx context.Context) error {
				_ = l.InTx(ctx, func(ctx context.Context) error { return errors.Join(l.add(ctx, ada, 4), errOurs) })
				return nil
			},
		} {
			if err := l.Attempt(ctx, fn); err == nil {
				t.Errorf("%s: the attempt succeeded", name)
			}
		}
		return l.Attempt(ctx, func(ctx context.Context) error { return l.add(ctx, ada, 5) })
	})
	if n := l.count(t, ada); err != nil || n != 2 {
		t.Errorf("%d items, %v; want those outside of what failed", n, err)
	}
	if err := l.Attempt(t.Context(), func(ctx context.Context) error { return l.add(ctx, ada, 6) }); err != nil {
		t.Errorf("an attempt outside of a unit: %v", err)
	}
	// What an attempt did goes with the unit that it is part of.
	err = l.InTx(t.Context(), func(ctx context.Context) error {
		return errors.Join(l.Attempt(ctx, func(ctx context.Context) error { return l.add(ctx, ada, 7) }), errOurs)
	})
	if n := l.count(t, ada); !errors.Is(err, errOurs) || n != 3 {
		t.Errorf("%d items, %v", n, err)
	}
}

func TestCommitThatIsRefused(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		if err := l.add(ctx, ada, 1); err != nil {
			return err
		}
		_, err := postgres.Exec(ctx, l.DB, ada, `INSERT INTO items SELECT $1, $2, name, at FROM items`, uuid.UUID{15: 9})
		return err // the name is checked at the commit
	})
	if n := l.count(t, ada); postgres.Violated(err) != "items_name_key" || n != 0 {
		t.Errorf("%d items, %v", n, err)
	}
}

// Two units that want the same two rows in opposite order cannot both have
// their way; the one that PostgreSQL gives up is done again.
func TestDeadlockIsResolved(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 2})
	for n := byte(1); n <= 2; n++ {
		if err := l.add(t.Context(), ada, n); err != nil {
			t.Fatal(err)
		}
	}
	var both, done sync.WaitGroup
	both.Add(2)
	var runs [2]int
	for i := range byte(2) {
		done.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := l.InTx(ctx, func(ctx context.Context) error {
				runs[i]++
				touch := func(n byte) error {
					_, err := postgres.Exec(ctx, l.DB, ada, `UPDATE items SET rank = rank + 10 WHERE user_id = $1 AND id = $2`, uuid.UUID{15: n})
					return err
				}
				if err := touch(1 + i); err != nil {
					return err
				}
				if runs[i] == 1 {
					both.Done()
					both.Wait()
				}
				return touch(2 - i)
			})
			if err != nil {
				t.Errorf("unit %d: %v", i, err)
			}
		})
	}
	done.Wait()
	if runs[0]+runs[1] < 3 { // the one may be back before the other goes on
		t.Errorf("the units ran %v times, want one of them again", runs)
	}
	ranks, err := postgres.List(t.Context(), l.DB, ada, number, `SELECT rank FROM items WHERE user_id = $1 ORDER BY rank`)
	if err != nil || len(ranks) != 2 || ranks[0] != 21 || ranks[1] != 22 {
		t.Errorf("ranks are %v, %v; want both units in each", ranks, err)
	}
}
