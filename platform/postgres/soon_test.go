package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/postgres"
)

// addSoon inserts an item, whose rank is the number that it is given.
func (l lab) addSoon(ctx context.Context, n byte, rank int) error {
	return postgres.ExecSoon(ctx, l.DB, ada, `INSERT INTO items VALUES ($1, $2, $3, $4, $5)`, uuid.UUID{15: n}, string('a'+rune(n)), time.Unix(0, 0), rank)
}

func TestExecSoonIsDone(t *testing.T) {
	t.Parallel()
	for mode, config := range modes {
		l := newLab(t, config)
		runs := 0
		err := l.InTx(t.Context(), func(ctx context.Context) error {
			runs++
			if err := l.addSoon(ctx, 1, 1); err != nil {
				return err
			}
			if n := l.seen(ctx, t); n != 1 {
				t.Errorf("%s: the unit itself sees %d items", mode, n)
			}
			return l.addSoon(ctx, 2, 2)
		})
		if n := l.count(t, ada); err != nil || n != 2 || runs != 1 {
			t.Errorf("%s: %d items after %d runs, %v", mode, n, runs, err)
		}
		if err := l.addSoon(t.Context(), 3, 3); err != nil || l.count(t, ada) != 3 {
			t.Errorf("%s, outside of a unit: %v", mode, err)
		}
		err = l.InTx(t.Context(), func(ctx context.Context) error { return errors.Join(l.addSoon(ctx, 4, 4), errOurs) })
		if n := l.count(t, ada); !errors.Is(err, errOurs) || n != 3 {
			t.Errorf("%s, in a unit that fails: %d items, %v", mode, n, err)
		}
	}
}

// Who asked for what violates a constraint is told so, whatever it was that it
// went out with, and whatever became of the failure of that.
func TestExecSoonThatIsRefused(t *testing.T) {
	t.Parallel()
	for mode, config := range modes {
		l := newLab(t, config)
		for name, then := range map[string]func(ctx context.Context) error{
			"the commit":  func(context.Context) error { return nil },
			"a statement": func(ctx context.Context) error { return l.add(ctx, ada, 2) },
			"a failure's other name": func(ctx context.Context) error {
				if l.add(ctx, ada, 2) != nil {
					return errOurs
				}
				return nil
			},
			"an attempt": func(ctx context.Context) error {
				return l.Attempt(ctx, func(ctx context.Context) error { return l.add(ctx, ada, 2) })
			},
			"another": func(ctx context.Context) error { return l.addSoon(ctx, 2, 2) },
		} {
			var told []error
			err := l.InTx(t.Context(), func(ctx context.Context) error {
				err := l.addSoon(ctx, 1, -1)
				if told = append(told, err); err != nil {
					return err
				}
				return then(ctx)
			})
			if len(told) != 2 || told[0] != nil || postgres.Violated(told[1]) != "items_rank_check" || postgres.Violated(err) != "items_rank_check" {
				t.Errorf("%s, with %s: told %v, in the end %v", mode, name, told, err)
			}
			if n := l.count(t, ada); n != 0 {
				t.Errorf("%s, with %s: %d items", mode, name, n)
			}
		}
	}
}

// An attempt that comes first may take it back as any other, and go on; one that
// has a savepoint hears of it at once, since it may be undone on purpose.
func TestExecSoonWithinAnAttempt(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	runs := 0
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		runs++
		err := l.Attempt(ctx, func(ctx context.Context) error { return l.addSoon(ctx, 1, -1) })
		if runs == 2 {
			if postgres.Violated(err) != "items_rank_check" {
				t.Errorf("the attempt ended with %v", err)
			}
			return l.addSoon(ctx, 2, 2)
		}
		return err
	})
	if n := l.count(t, ada); err != nil || n != 1 || runs != 2 {
		t.Errorf("%d items after %d runs, %v", n, runs, err)
	}
	runs = 0
	err = l.InTx(t.Context(), func(ctx context.Context) error {
		runs++
		l.seen(ctx, t)
		err := l.Attempt(ctx, func(ctx context.Context) error { return errors.Join(l.addSoon(ctx, 3, -1), errOurs) })
		if postgres.Violated(err) != "items_rank_check" {
			t.Errorf("an attempt that is undone was told %v", err)
		}
		return nil
	})
	if err != nil || runs != 1 {
		t.Errorf("%d runs, %v", runs, err)
	}
}
