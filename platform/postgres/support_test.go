package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"docket/platform/pgtest"
	"docket/platform/postgres"
	"docket/platform/rowsecurity"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// patience bounds what hangs when something is broken.
const patience = time.Minute

// lab is a database with one table, a pool on it, with row-level security or as
// its owner, and a way around both.
type lab struct {
	*postgres.DB
	url string
	raw *pgx.Conn
}

func newLab(t testing.TB, config postgres.Config) lab {
	t.Helper()
	l := lab{url: pgtest.URL(t)}
	owner := pgtest.AsOwner(t, l.url)
	raw, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := raw.Close(ctx); err != nil {
			t.Errorf("close the connection around the pool: %v", err)
		}
	})
	l.raw = raw
	l.must(t, `CREATE TABLE items (
		user_id uuid, id uuid, name text COLLATE "C", at timestamptz NOT NULL, rank int,
		CONSTRAINT items_pkey PRIMARY KEY (user_id, id),
		CONSTRAINT items_rank_check CHECK (rank >= 0),
		CONSTRAINT items_name_key UNIQUE (user_id, name) DEFERRABLE INITIALLY DEFERRED)`)
	// What this machine or database is set to must not matter.
	l.must(t, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kolkata''', current_database()); END $$`)

	if _, err := rowsecurity.SecureOwn(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	if !config.RowSecurity {
		l.url = owner
	}
	address, pooled := pgtest.Through(t, l.url)
	config.URL, config.Pooler = address, config.Pooler || pooled
	l.DB, err = postgres.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func (l lab) must(t testing.TB, sql string) {
	t.Helper()
	if _, err := l.raw.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// count returns how many items an owner has, as others see it.
func (l lab) count(t *testing.T, owner uuid.UUID) int {
	t.Helper()
	var n int
	if err := l.raw.QueryRow(t.Context(), `SELECT count(*) FROM items WHERE user_id = $1`, owner).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

var (
	ada = uuid.UUID{15: 1}
	bob = uuid.UUID{15: 2}
)

// add inserts an item whose name and id are its number.
func (l lab) add(ctx context.Context, owner uuid.UUID, n byte) error {
	_, err := postgres.Exec(ctx, l.DB, owner, `INSERT INTO items VALUES ($1, $2, $3, $4, $5)`,
		uuid.UUID{15: n}, fmt.Sprint(n), time.Unix(int64(n), 0), n)
	return err
}

func number(n *int) []any { return []any{n} }

// sleep asks the database to take longer than any test waits.
func sleep(ctx context.Context, db *postgres.DB) error {
	_, err := postgres.Exec(ctx, db, ada, `SELECT pg_sleep(600) WHERE $1::uuid IS NOT NULL`)
	return err
}

// eventually waits until holds does.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("%s: not within %s", what, patience)
}

var errOurs = errors.New("a failure of the use case")
