package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/postgres"
)

// What is taken is told by whom, and what is given up in between is had, alone
// and as a part of a unit of work, which goes on either way.
func TestClaim(t *testing.T) {
	t.Parallel()
	const sql = `INSERT INTO items VALUES ($1, $2, $2::uuid::text, now(), 1)`
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 2})
	errTaken := errors.New("taken")
	alone := func(ctx context.Context, fn func(ctx context.Context) error) error { return fn(ctx) }
	n := byte(0)
	for name, within := range map[string]func(context.Context, func(context.Context) error) error{"alone": alone, "in a unit": l.InTx} {
		n++
		id := uuid.UUID{0: n}
		insert := func(ctx context.Context) error {
			_, err := postgres.Exec(ctx, l.DB, ada, sql, id)
			return err
		}
		claim := func(taken func(ctx context.Context) error) (asked int, claimed error) {
			err := within(t.Context(), func(ctx context.Context) error {
				claimed = l.Claim(ctx, "items_pkey", insert, func(ctx context.Context, index int) error {
					asked++
					if index != 0 {
						t.Errorf("%s: index %d of one", name, index)
					}
					return taken(ctx)
				})
				_, err := postgres.Exec(ctx, l.DB, bob, sql, uuid.New())
				return err
			})
			if err != nil {
				t.Errorf("%s: it does not go on after %v: %v", name, claimed, err)
			}
			return asked, claimed
		}
		if asked, err := claim(func(context.Context) error { return errTaken }); err != nil || asked != 0 {
			t.Errorf("%s: of what is free: %v, asked %d times", name, err, asked)
		}
		if asked, err := claim(func(context.Context) error { return errTaken }); !errors.Is(err, errTaken) || asked != 1 {
			t.Errorf("%s: of what is taken: %v, asked %d times", name, err, asked)
		}
		gone := func(context.Context) error {
			l.must(t, fmt.Sprintf(`DELETE FROM items WHERE id = '%s'`, id))
			return fmt.Errorf("look: %w", postgres.ErrNotFound)
		}
		if asked, err := claim(gone); err != nil || asked != 1 {
			t.Errorf("%s: of what is given up: %v, asked %d times", name, err, asked)
		}
		never := func(context.Context) error { return postgres.ErrNotFound }
		if asked, err := claim(never); errs.KindOf(err) != errs.Conflict || asked > 10 {
			t.Errorf("%s: of what is taken and given up for ever: %v, asked %d times", name, err, asked)
		}
	}
}

// Of several, the first that is taken is named, and none is kept.
func TestClaimOfSeveral(t *testing.T) {
	t.Parallel()
	const sql = `INSERT INTO items VALUES ($1, $2, $2::uuid::text, now(), 1)`
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 2})
	errTaken := errors.New("taken")
	if err := l.add(t.Context(), ada, 1); err != nil {
		t.Fatal(err)
	}
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		err := l.Claim(ctx, "items_pkey", func(ctx context.Context) error {
			return postgres.ExecEach(ctx, ada, sql, [][]any{{uuid.UUID{15: 7}}, {uuid.UUID{15: 1}}, {uuid.UUID{15: 8}}})
		}, func(context.Context, int) error { return errTaken })
		if at, ok := errors.AsType[*errs.At](err); !ok || at.Index != 1 || !errors.Is(err, errTaken) {
			t.Errorf("got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := l.count(t, ada); n != 1 {
		t.Errorf("there are %d items", n)
	}
	other := l.Claim(t.Context(), "items_pkey", func(context.Context) error { return errTaken }, func(context.Context, int) error { return nil })
	if !errors.Is(other, errTaken) {
		t.Errorf("another failure became %v", other)
	}
}
