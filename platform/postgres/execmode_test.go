package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"docket/platform/pgtest"
	"docket/platform/postgres"
)

const preparedItems = `SELECT count(*)::int FROM pg_prepared_statements WHERE $1::uuid IS NOT NULL AND statement LIKE '%FROM items%' AND statement NOT LIKE '%pg_prepared%'`

// preparing reports whether a pool leaves statements prepared: where a unit of
// work reads, the session that it has knows the statement.
func preparing(t *testing.T, db *postgres.DB) bool {
	t.Helper()
	prepared := 0
	err := db.InTx(t.Context(), func(ctx context.Context) (err error) {
		if _, err := postgres.List(ctx, db, ada, itemFields, `SELECT `+itemColumns+` FROM items WHERE user_id = $1`); err != nil {
			return err
		}
		prepared, err = postgres.Get(ctx, db, ada, number, preparedItems)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return prepared > 0
}

// The pooler is asked whether it keeps statements, unless a setting says so.
func TestAskedWhetherItKeepsPreparedStatements(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	for name, tt := range map[string]struct {
		kept     int
		pooler   bool
		prepared postgres.Prepared
		want     bool
	}{
		"none kept":             {0, true, postgres.PreparedAuto, false},
		"kept":                  {200, true, postgres.PreparedAuto, true},
		"kept, said to be lost": {200, true, postgres.PreparedLost, false},
		"kept, said so":         {200, true, postgres.PreparedKept, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range 3 { // each time the server connections are others, and used
				if i == 0 || tt.pooler {
					url := pgtest.Pooler(t, l.url, pgtest.PoolerConfig{Prepared: tt.kept})
					wantPreparing(t, postgres.Config{URL: url, Pooler: true, Prepared: tt.prepared, RowSecurity: true, MinConns: 3, MaxConns: 4}, tt.want)
					wantPreparing(t, postgres.Config{URL: url, Pooler: true, Prepared: tt.prepared, RowSecurity: true, MinConns: 3, MaxConns: 4}, tt.want)
				}
			}
		})
	}
	wantPreparing(t, postgres.Config{URL: l.url}, true)
	wantPreparing(t, postgres.Config{URL: l.url, Prepared: postgres.PreparedLost}, false)
	// A pooler that is none, or one in session mode, never hands over another
	// server: nobody knows, and nothing is prepared.
	wantPreparing(t, postgres.Config{URL: l.url, Pooler: true}, false)
}

func wantPreparing(t *testing.T, c postgres.Config, want bool) {
	t.Helper()
	db, err := postgres.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if got := preparing(t, db); got != want {
		t.Errorf("%+v: statements are prepared: %t, want %t", c, got, want)
	}
}

// Many clients on few server connections, whichever the pooler is: nothing
// fails, and everybody reads their own.
func TestManyClientsThroughAPooler(t *testing.T) {
	t.Parallel()
	const clients, rounds = 12, 40
	for _, kept := range []int{0, 200} {
		t.Run(fmt.Sprint(kept), func(t *testing.T) {
			t.Parallel()
			l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
			url := pgtest.Pooler(t, l.url, pgtest.PoolerConfig{Prepared: kept, Servers: 4})
			db, err := postgres.Open(t.Context(), postgres.Config{URL: url, Pooler: true, RowSecurity: true, MaxConns: clients})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			errs := make([]error, clients)
			var group sync.WaitGroup
			for c := range clients {
				group.Go(func() {
					for r := range rounds {
						errs[c] = errors.Join(errs[c], oneRound(t.Context(), db, c*rounds+r))
					}
				})
			}
			group.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Error(err)
			}
		})
	}
}

func oneRound(ctx context.Context, db *postgres.DB, n int) error {
	got, err := postgres.Get(ctx, db, ada, number, `SELECT $2::int WHERE $1::uuid IS NOT NULL`, n)
	if err == nil && got != n {
		err = fmt.Errorf("asked for %d, got %d", n, got)
	}
	return errors.Join(err, db.InTx(ctx, func(ctx context.Context) error {
		if _, err := postgres.Exec(ctx, db, ada, `SELECT $1::uuid, $2::text`, fmt.Sprint(n)); err != nil {
			return err
		}
		_, err := postgres.List(ctx, db, ada, itemFields, `SELECT `+itemColumns+` FROM items WHERE user_id = $1 LIMIT $2`, n)
		return err
	}))
}

// A column changes its type under prepared statements, and one is added: no
// caller notices, in a unit of work or out of it.
func TestAColumnChangesUnderPreparedStatements(t *testing.T) {
	t.Parallel()
	for name, kept := range map[string]int{"direct": -1, "none kept": 0, "kept": 200} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
			c := postgres.Config{URL: l.url, RowSecurity: true, MinConns: 4, MaxConns: 4}
			if kept >= 0 {
				c.URL, c.Pooler = pgtest.Pooler(t, l.url, pgtest.PoolerConfig{Prepared: kept, Servers: 2}), true
			}
			db, err := postgres.Open(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := postgres.Exec(t.Context(), db, ada, `INSERT INTO items VALUES ($1, $2, 'n', now(), 7)`, ada); err != nil {
				t.Fatal(err)
			}
			for _, change := range []string{"SELECT 1", "ALTER TABLE items ALTER COLUMN rank TYPE bigint", "ALTER TABLE items ADD COLUMN note text", "ALTER TABLE items ALTER COLUMN rank TYPE int"} {
				l.must(t, change)
				var group sync.WaitGroup
				for range 8 {
					group.Go(func() {
						for range 10 {
							if err := readRank(t.Context(), db); err != nil {
								t.Errorf("after %s: %v", change, err)
							}
						}
					})
				}
				group.Wait()
			}
		})
	}
}

func readRank(ctx context.Context, db *postgres.DB) error {
	const query = `SELECT rank FROM items WHERE user_id = $1`
	n, err := postgres.Get(ctx, db, ada, number, query)
	if err == nil && n != 7 {
		err = fmt.Errorf("the rank is %d", n)
	}
	return errors.Join(err, db.InTx(ctx, func(ctx context.Context) error {
		_, err := postgres.Get(ctx, db, ada, number, query)
		return err
	}))
}
