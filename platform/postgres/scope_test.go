package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/postgres"
)

// all counts whatever the database lets an owner see: it has no condition.
const all = `SELECT count(*)::int FROM items WHERE $1::uuid IS NOT NULL`

func (l lab) sees(ctx context.Context, t *testing.T, what string, owner uuid.UUID, want int) {
	t.Helper()
	if n, err := postgres.Get(ctx, l.DB, owner, number, all); err != nil || n != want {
		t.Errorf("%s: %s sees %d items, %v; want %d", what, owner, n, err, want)
	}
}

func (l lab) nobodySees(ctx context.Context, t *testing.T, what string) {
	t.Helper()
	if n, err := postgres.GetUnowned(ctx, l.DB, postgres.Door{}, number, `SELECT count(*)::int FROM items`); err != nil || n != 0 {
		t.Errorf("%s: nobody sees %d items, %v", what, n, err)
	}
}

// A statement sees the rows of its owner, whichever came before it on the same
// connection, in a unit of work or out of it, and whatever was undone.
func TestEachStatementIsItsOwners(t *testing.T) {
	t.Parallel()
	for mode, config := range modes {
		if !config.RowSecurity {
			continue
		}
		l := newLab(t, config)
		for owner, n := range map[uuid.UUID]byte{ada: 1, bob: 2} {
			for i := range n {
				if err := l.add(t.Context(), owner, i); err != nil {
					t.Fatal(err)
				}
			}
		}
		look := func(ctx context.Context, what string) {
			what = mode + ", " + what
			l.sees(ctx, t, what, ada, 1)
			l.sees(ctx, t, what, bob, 2)
			l.nobodySees(ctx, t, what)
			l.sees(ctx, t, what, uuid.UUID{15: 3}, 0)
			l.sees(postgres.PlannedAnew(ctx), t, what+", planned anew", ada, 1)
			l.sees(postgres.InOrder(ctx), t, what+", in order", bob, 2)
			l.sees(postgres.Seeking(ctx, "'word'"), t, what+", seeking", bob, 2)
			l.nobodySees(ctx, t, what)
		}
		look(t.Context(), "alone")
		err := l.InTx(t.Context(), func(ctx context.Context) error {
			look(ctx, "in a unit")
			err := l.Attempt(ctx, func(ctx context.Context) error {
				l.sees(ctx, t, mode+", in an attempt", bob, 2)
				return errOurs
			})
			l.sees(ctx, t, mode+", after an attempt of the same", bob, 2)
			l.sees(ctx, t, mode+", then", ada, 1)
			_ = l.Attempt(ctx, func(ctx context.Context) error {
				_ = addLater(ctx, bob, 9) // is never sent
				return errOurs
			})
			l.sees(ctx, t, mode+", after an attempt that sent nothing", bob, 2)
			l.sees(ctx, t, mode+", then", ada, 1)
			_ = l.Attempt(ctx, func(ctx context.Context) error { return l.add(ctx, bob, 0) }) // is there
			l.sees(ctx, t, mode+", after an attempt that failed", bob, 2)
			look(ctx, "at the end of a unit")
			if !errors.Is(err, errOurs) {
				return err
			}
			return addLater(ctx, bob, 9)
		})
		if n := l.count(t, bob); err != nil || n != 3 {
			t.Errorf("%s: Bob has %d items, %v", mode, n, err)
		}
		// No owner can write what is another's.
		_, err = postgres.Exec(t.Context(), l.DB, ada, `INSERT INTO items SELECT $2, $1, 'x', now(), 1`, bob)
		if err == nil || l.count(t, bob) != 3 {
			t.Errorf("%s: Ada wrote an item of Bob's: %v", mode, err)
		}
	}
}

// Settings are the transaction's: the connection keeps nothing of them.
func TestNothingOfAScopeIsLeft(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	const settings = `SELECT concat(current_setting('app.user_id', true), current_setting('app.door', true), current_setting('app.key', true),
		current_setting('app.sought', true), nullif(current_setting('plan_cache_mode'), 'auto'), nullif(current_setting('enable_sort'), 'on'))`
	text := func(s *string) []any { return []any{s} }
	ctx := postgres.Seeking(postgres.InOrder(t.Context()), "'word'")
	if got, err := postgres.List(ctx, l.DB, ada, text, settings+` WHERE $1::uuid IS NOT NULL`); err != nil || len(got) != 1 || got[0] != ada.String()+"'word'force_custom_planoff" {
		t.Errorf("a statement's settings are %q, %v", got, err)
	}
	since := time.Date(2026, time.March, 14, 12, 0, 0, 0, time.UTC)
	if got, err := postgres.GetUnowned(t.Context(), l.DB, postgres.Expired(since), text, settings); err != nil || got != "expired2026-03-14T12:00:00Z" {
		t.Errorf("at a door the settings are %q, %v", got, err)
	}
	if got, err := postgres.GetUnowned(t.Context(), l.DB, postgres.Door{}, text, settings); err != nil || got != "" {
		t.Errorf("left over: %q, %v", got, err)
	}
}
