package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/postgres"
)

func TestAfterCommit(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 2})
	var told []string
	note := func(ctx context.Context, what string) {
		l.AfterCommit(ctx, func() { told = append(told, fmt.Sprintf("%s: %d rows", what, l.count(t, ada))) })
	}
	note(t.Context(), "no unit")
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		note(ctx, "first")
		if err := l.Attempt(ctx, func(ctx context.Context) error { note(ctx, "attempt"); return l.add(ctx, ada, 1) }); err != nil {
			return err
		}
		if err := l.Attempt(ctx, func(ctx context.Context) error { note(ctx, "undone"); return errOurs }); !errors.Is(err, errOurs) {
			t.Errorf("got %v", err)
		}
		if err := l.InTx(ctx, func(ctx context.Context) error { note(ctx, "joined"); return l.add(ctx, ada, 2) }); err != nil {
			return err
		}
		if len(told) != 1 {
			t.Errorf("before the commit: %q", told)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"no unit: 0 rows", "first: 2 rows", "attempt: 2 rows", "joined: 2 rows"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	err = l.InTx(t.Context(), func(ctx context.Context) error { note(ctx, "failed"); return errOurs })
	if !errors.Is(err, errOurs) || len(told) != len(want) {
		t.Errorf("after a failure: %v, %q", err, told)
	}
}

// What is undone and done again is told of once.
func TestAfterCommitOfWhatGaveWay(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{MaxConns: 2})
	runs, told := 0, 0
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		l.AfterCommit(ctx, func() { told++ })
		if runs++; runs > 1 {
			return nil
		}
		_, err := postgres.ExecUnowned(ctx, l.DB, postgres.Door{}, `DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`)
		return err
	})
	if err != nil || runs != 2 || told != 1 {
		t.Errorf("%v: %d runs, told %d times", err, runs, told)
	}
}

func items(from, to byte) func(yield func([]any) bool) {
	return func(yield func([]any) bool) {
		for n := from; n <= to; n++ {
			if !yield([]any{uuid.UUID{15: n}, fmt.Sprint(n), time.Unix(int64(n), 0), int(n)}) {
				return
			}
		}
	}
}

func TestCopyAndEach(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{MaxConns: 2})
	columns := []string{"id", "name", "at", "rank"}
	if n, err := postgres.Copy(t.Context(), l.DB, ada, "items", columns, items(1, 200)); err != nil || n != 200 {
		t.Fatalf("%d rows, %v", n, err)
	}
	if n, err := postgres.Copy(t.Context(), l.DB, bob, "items", columns, items(1, 3)); err != nil || n != 3 {
		t.Fatalf("%d rows, %v", n, err)
	}
	// What the table refuses, it refuses whole.
	_, err := postgres.Copy(t.Context(), l.DB, bob, "items", columns, items(3, 9))
	if postgres.Violated(err) != "items_pkey" || l.count(t, bob) != 3 {
		t.Errorf("a row twice: %v, %d rows", err, l.count(t, bob))
	}

	const sql = `SELECT rank FROM items WHERE user_id = $1 AND rank > $2 ORDER BY rank`
	var got []int
	for n, err := range postgres.Each(t.Context(), l.DB, ada, number, sql, 195) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n)
	}
	if !slices.Equal(got, []int{196, 197, 198, 199, 200}) {
		t.Errorf("got %v", got)
	}
	for n, err := range postgres.Each(t.Context(), l.DB, ada, number, sql, 0) {
		if n != 1 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
		break
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for what, c := range map[string]struct {
		ctx  context.Context //nolint:containedctx // of a table of cases
		sql  string
		kind errs.Kind
	}{
		"a name read as a number": {t.Context(), `SELECT name FROM items WHERE user_id = $1`, errs.Internal},
		"a table that is not":     {t.Context(), `SELECT 1 FROM nothing WHERE user_id = $1`, errs.Internal},
		"one fails in the middle": {t.Context(), `SELECT 1 / (rank - 100) FROM items WHERE user_id = $1`, errs.Internal},
		"past the deadline":       {ctx, `SELECT rank FROM items, pg_sleep(600) WHERE user_id = $1`, errs.DeadlineExceeded},
	} {
		var last error
		for _, err := range postgres.Each(c.ctx, l.DB, ada, number, c.sql) {
			if last != nil {
				t.Errorf("%s: something comes after %v", what, last)
			}
			last = err
		}
		if last == nil || errs.KindOf(last) != c.kind {
			t.Errorf("%s: %v", what, last)
		}
	}
	if err := l.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{MaxConns: 1})
	if err := l.add(t.Context(), ada, 1); err != nil {
		t.Fatal(err)
	}
	count := func(ctx context.Context) int {
		n, err := postgres.Get(ctx, l.DB, ada, number, `SELECT count(*)::int FROM items WHERE user_id = $1`)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	err := l.Snapshot(t.Context(), func(ctx context.Context) error {
		before := count(ctx)
		l.must(t, `INSERT INTO items SELECT user_id, '00000000-0000-0000-0000-000000000009', 'late', at FROM items`)
		if after := count(ctx); before != 1 || after != 1 {
			t.Errorf("%d rows, then %d", before, after)
		}
		return l.Attempt(ctx, func(ctx context.Context) error {
			if err := l.add(ctx, ada, 3); err == nil {
				t.Error("a snapshot can be written to")
			}
			return nil
		})
	})
	if err == nil || l.count(t, ada) != 2 {
		t.Errorf("a failed statement ended well: %v, %d rows", err, l.count(t, ada))
	}
	if err := l.Snapshot(t.Context(), func(context.Context) error { return errOurs }); !errors.Is(err, errOurs) {
		t.Errorf("got %v", err)
	}
	if n := count(t.Context()); n != 2 {
		t.Errorf("%d rows after the snapshot", n)
	}
}
