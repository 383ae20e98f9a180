package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"docket/platform/postgres"
)

// peek looks at how many items ada has, and makes nothing of it.
func (l lab) peek(ctx context.Context, t *testing.T) {
	t.Helper()
	if _, err := postgres.Peek(ctx, l.DB, ada, number, `SELECT count(*)::int FROM items WHERE user_id = $1`); err != nil {
		t.Errorf("peek: %v", err)
	}
}

// mixed says of how many of ada's items another transaction than this one made,
// a subtransaction included.
func (l lab) mixed(ctx context.Context, t *testing.T) int {
	t.Helper()
	n, err := postgres.Get(ctx, l.DB, ada, number, `SELECT count(*)::int FROM items WHERE user_id = $1 AND xmin <> pg_current_xact_id()::xid`)
	if err != nil {
		t.Errorf("ask who made the items: %v", err)
	}
	return n
}

// Before an attempt there may be nothing to keep: it then is the transaction,
// and what comes after it fails is another.
func TestAttemptThatComesFirst(t *testing.T) {
	t.Parallel()
	for mode, config := range modes {
		for name, before := range map[string]func(ctx context.Context, l lab){
			"nothing": func(context.Context, lab) {},
			"a peek":  func(ctx context.Context, l lab) { l.peek(ctx, t) },
			"a lock": func(ctx context.Context, l lab) {
				if err := postgres.LockLater(ctx, 1, patience); err != nil {
					t.Error(err)
				}
			},
		} {
			l := newLab(t, config)
			err := l.InTx(t.Context(), func(ctx context.Context) error {
				before(ctx, l)
				for what, fn := range map[string]func(ctx context.Context) error{
					"ours":    func(ctx context.Context) error { return errors.Join(l.add(ctx, ada, 1), errOurs) },
					"unsent":  func(ctx context.Context) error { return errors.Join(addLater(ctx, ada, 1), errOurs) },
					"another": func(ctx context.Context) error { return errors.Join(l.add(ctx, bob, 1), errOurs) },
					"refused": func(ctx context.Context) error { return errors.Join(l.add(ctx, ada, 1), l.add(ctx, ada, 1)) },
					"nothing": func(context.Context) error { return errOurs },
					"a look":  func(ctx context.Context) error { l.peek(ctx, t); return errOurs },
					"hidden":  func(ctx context.Context) error { _ = errors.Join(l.add(ctx, ada, 1), l.add(ctx, ada, 1)); return nil },
					"inside": func(ctx context.Context) error {
						return l.Attempt(ctx, func(ctx context.Context) error { return errors.Join(l.add(ctx, ada, 1), errOurs) })
					},
					"after": func(ctx context.Context) error {
						return errors.Join(l.Attempt(ctx, func(ctx context.Context) error { return l.add(ctx, ada, 1) }), errOurs)
					},
					"then one": func(ctx context.Context) error {
						_ = l.Attempt(ctx, func(ctx context.Context) error { return errors.Join(l.add(ctx, ada, 1), errOurs) })
						return errors.Join(l.add(ctx, ada, 1), errOurs)
					},
				} {
					if err := l.Attempt(ctx, fn); err == nil {
						t.Errorf("%s, after %s: %s was taken for a success", mode, name, what)
					}
				}
				err := l.Attempt(ctx, func(ctx context.Context) error {
					return l.Attempt(ctx, func(ctx context.Context) error { return l.add(ctx, ada, 2) })
				})
				if n := l.mixed(ctx, t); n != 0 {
					t.Errorf("%s, after %s: a savepoint was set before there was anything", mode, name)
				}
				return err
			})
			if n := l.count(t, ada) + l.count(t, bob); err != nil || n != 1 {
				t.Errorf("%s, after %s: %d items, %v", mode, name, n, err)
			}
		}
	}
}

// What came before an attempt that fails is there after it: changes, locks, and
// a failure.
func TestAttemptLeavesWhatCameBefore(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	transaction := func(ctx context.Context) (n int) {
		n, err := postgres.Get(ctx, l.DB, ada, number, `SELECT txid_current()::text::int WHERE $1::uuid IS NOT NULL`)
		if err != nil {
			t.Error(err)
		}
		return n
	}
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		before := transaction(ctx)
		l.peek(ctx, t)
		_ = l.Attempt(ctx, func(ctx context.Context) error { return errors.Join(l.add(ctx, ada, 1), l.add(ctx, ada, 1)) })
		if after := transaction(ctx); after != before {
			t.Errorf("transaction %d, then %d", before, after)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	err = l.InTx(t.Context(), func(ctx context.Context) error {
		if _, err := postgres.Peek(ctx, l.DB, ada, number, `SELECT 1 / count(*)::int FROM items WHERE user_id = $1`); err == nil {
			t.Error("there was something to divide by")
		}
		_ = l.Attempt(ctx, func(ctx context.Context) error { return l.add(ctx, ada, 1) })
		return nil
	})
	if n := l.count(t, ada); err == nil || n != 0 {
		t.Errorf("after a look that failed: %d items, %v", n, err)
	}
	if _, err := postgres.Peek(t.Context(), l.DB, ada, number, `SELECT 1 FROM items WHERE user_id = $1`); !errors.Is(err, postgres.ErrNotFound) {
		t.Errorf("a look outside of a unit of work: %v", err)
	}
}

// A lock holds until its unit of work ends, and is waited for no longer than was
// said.
func TestLockLater(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 2})
	if err := postgres.LockLater(t.Context(), 1, patience); err == nil {
		t.Error("there is a lock outside of a unit of work")
	}
	locked := func(lock int64, wait time.Duration, inside func(ctx context.Context)) error {
		return l.InTx(context.WithoutCancel(t.Context()), func(ctx context.Context) error {
			if err := postgres.LockLater(ctx, lock, wait); err != nil {
				return err
			}
			l.peek(ctx, t)
			inside(ctx)
			return nil
		})
	}
	waits := func(lock int64) error {
		return l.InTx(context.WithoutCancel(t.Context()), func(ctx context.Context) error {
			return errors.Join(postgres.LockLater(ctx, lock, time.Millisecond), l.add(ctx, ada, 1))
		})
	}
	err := locked(1, patience, func(context.Context) {
		if err := waits(1); !errors.Is(err, postgres.ErrLockTimeout) {
			t.Errorf("beside who holds the lock: %v", err)
		}
		if err := waits(2); err != nil {
			t.Errorf("with another lock: %v", err)
		}
	})
	if err != nil {
		t.Error(err)
	}
	if err := locked(1, time.Millisecond, func(context.Context) {}); err != nil {
		t.Errorf("once the lock is free: %v", err)
	}
	if n := l.count(t, ada); n != 1 {
		t.Errorf("%d items", n)
	}
}
