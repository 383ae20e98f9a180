package idempotency_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"docket/platform/httpx/httpxtest"
	"docket/platform/idempotency"
	"docket/platform/pgtest"
	"docket/platform/postgres"
	"docket/platform/rowsecurity"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// patience bounds what hangs when something is broken.
const patience = time.Minute

// lab is a store of answers, beside a table whose rows are the writes that
// were executed, and a way around the pool.
type lab struct {
	*idempotency.Store
	db    *postgres.DB
	clock *httpxtest.Clock
	url   string
	owner string // the URL of who sees everything
	raw   *pgx.Conn
	ada   uuid.UUID
	bob   uuid.UUID
}

func newLab(t testing.TB) *lab {
	t.Helper()
	l := &lab{url: pgtest.URL(t), clock: httpxtest.NewClock()}
	l.owner = pgtest.AsOwner(t, l.url)
	l.raw = l.connect(t)
	l.must(t, `CREATE TABLE writes (user_id uuid NOT NULL, note text PRIMARY KEY)`)
	var err error
	if _, err = rowsecurity.SecureOwn(t.Context(), l.owner); err != nil {
		t.Fatal(err)
	}
	address, pooled := pgtest.Through(t, l.url)
	if l.db, err = postgres.Open(t.Context(), postgres.Config{URL: address, Pooler: pooled, MinConns: 1, MaxConns: 6, RowSecurity: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.db.Close)
	l.ada, l.bob = httpxtest.AddUser(t, l.db, "ada"), httpxtest.AddUser(t, l.db, "bob")
	l.Store = idempotency.NewStore(l.db, l.clock.Now)
	return l
}

func (l *lab) connect(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), l.owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close a connection around the pool: %v", err)
		}
	})
	return conn
}

func (l *lab) must(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := l.raw.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// begin opens a transaction around the pool, rolled back at the latest when
// the test ends.
func (l *lab) begin(t testing.TB) pgx.Tx {
	t.Helper()
	tx, err := l.connect(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func (l *lab) count(t testing.TB, sql string) (n int) {
	t.Helper()
	if err := l.raw.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// writes counts what was executed, as others see it.
func (l *lab) writes(t testing.TB) int {
	t.Helper()
	return l.count(t, `SELECT count(*) FROM writes`)
}

func (l *lab) keys(t testing.TB) int {
	t.Helper()
	return l.count(t, `SELECT count(*) FROM idempotency_keys`)
}

// write executes the write that the row note stands for.
func (l *lab) write(ctx context.Context, owner uuid.UUID, note string) error {
	_, err := postgres.Exec(ctx, l.db, owner, `INSERT INTO writes (user_id, note) VALUES ($1, $2)`, note)
	return err
}

// writing serves a request that writes a row, each time another one, and is
// answered made.
func (l *lab) writing(owner uuid.UUID) func(context.Context) (idempotency.Answer, error) {
	return func(ctx context.Context) (idempotency.Answer, error) {
		return made, l.write(ctx, owner, uuid.NewString())
	}
}

var (
	made = idempotency.Answer{Status: 201, ETag: `"tag"`, Location: "/here", Body: []byte(`{"made":true}`)}
	one  = []byte("fingerprint of one request")
	two  = []byte("fingerprint of another")
)

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
