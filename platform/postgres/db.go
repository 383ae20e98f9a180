// Package postgres is how Docket's stores reach PostgreSQL: one pool, one way
// to run a statement on behalf of an owner, one unit of work.
package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says which database to use and how.
type Config struct {
	// URL is a PostgreSQL connection URL or keyword string.
	URL string
	// Pooler says that a transaction-mode pooler (PgBouncer, Neon's -pooler
	// address) stands in between: the session changes with each transaction, and
	// no startup parameter but the harmless ones is accepted.
	Pooler bool
	// Prepared overrides what is known or found out about statements that are
	// prepared.
	Prepared Prepared
	// MinConns are kept open when idle; MaxConns bounds the pool. Zero means
	// the defaults, 5 and 15.
	MinConns, MaxConns int32
	// RowSecurity says that the policies of platform/rowsecurity hold for the
	// role of URL: each statement then tells PostgreSQL on whose behalf it runs,
	// with no round trip of its own.
	RowSecurity bool
	// Grace is how long after the deadline of a context its statement, or the
	// commit of its unit of work, may still be heard out before all is given up; 0
	// is 2 seconds. Half of it is for a commit to go on, half to hear what came of
	// a cancellation.
	Grace time.Duration
	// Tracer is told of each statement; nil where nobody is.
	Tracer Tracer
}

const (
	defaultMinConns = 5
	defaultMaxConns = 15

	// Connections are renewed so that a rolled password, a moved primary or a
	// pooler restart is noticed by all of them within the half hour; the
	// jitter keeps them from doing so together.
	maxConnLifetime       = 30 * time.Minute
	maxConnLifetimeJitter = 5 * time.Minute

	// The pool connects on its own time, not on that of the request that it
	// does so for, and cannot be closed meanwhile: without a bound, a server
	// that takes connections and says nothing holds up a stop for a minute.
	// connect_timeout in the URL comes before it.
	connectTimeout = 5 * time.Second

	// A connection that was idle for a second is asked for a sign of life before
	// it is used (pgxpool.Config.ShouldPing): a suspended Neon computer has
	// closed it, and some networks forget it. This bounds the answer.
	idlePingTimeout = 2 * time.Second

	defaultGrace = 2 * time.Second
)

// abandoned are the settings by which PostgreSQL notices that the other end of
// a session is gone without a word, and lets go of what it held: a host that
// lost its power or its network. Behind a pooler the role has to have them.
var abandoned = map[string]string{
	"idle_in_transaction_session_timeout": "30s",
	"tcp_keepalives_idle":                 "30",
	"tcp_keepalives_interval":             "10",
	"tcp_keepalives_count":                "3",
}

// DB is a pool of connections to one database. Its methods are safe for
// concurrent use; [New] makes it and Close ends it.
type DB struct {
	pool        *pgxpool.Pool
	modes       *execModes
	rowSecurity bool
	grace       time.Duration
}

// Open is [New] and a [DB.Ping].
func Open(ctx context.Context, c Config) (*DB, error) {
	db, err := New(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := db.Ping(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// New prepares a pool, which connects only when first used.
func New(ctx context.Context, c Config) (*DB, error) {
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err)
	}
	pc.MinConns = orDefault(c.MinConns, defaultMinConns)
	pc.MaxConns = orDefault(c.MaxConns, defaultMaxConns)
	pc.MinConns = min(pc.MinConns, pc.MaxConns)
	if pc.ConnConfig.ConnectTimeout == 0 {
		pc.ConnConfig.ConnectTimeout = connectTimeout
	}
	pc.MaxConnLifetime = maxConnLifetime
	pc.MaxConnLifetimeJitter = maxConnLifetimeJitter
	pc.ConnConfig.RuntimeParams["application_name"] = "docket"
	pc.ConnConfig.RuntimeParams["timezone"] = "UTC"
	if !c.Pooler { // which refuses them
		for name, value := range abandoned {
			if pc.ConnConfig.RuntimeParams[name] == "" {
				pc.ConnConfig.RuntimeParams[name] = value
			}
		}
	}
	modes := newExecModes(c)
	pc.BeforeConnect = modes.choose
	pc.PingTimeout = idlePingTimeout
	if c.Grace <= 0 {
		c.Grace = defaultGrace
	}
	pc.ConnConfig.BuildContextWatcherHandler = cancelAndListen(c.Grace / 2)
	if c.Tracer != nil {
		pc.ConnConfig.Tracer = tracing{c.Tracer}
	}
	pc.AfterConnect = RegisterTypes

	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("make the connection pool: %w", err)
	}
	return &DB{pool: pool, modes: modes, rowSecurity: c.RowSecurity, grace: c.Grace}, nil
}

// Close waits for borrowed connections to come back, then closes all.
func (db *DB) Close() { db.pool.Close() }

// Ping asks the database for a sign of life. The error is an
// [errs.Unavailable] when it cannot be reached.
func (db *DB) Ping(ctx context.Context) error {
	err := inTime(ctx)
	if err == nil {
		err = db.awake(ctx, func() error { return db.pool.Ping(ctx) })
	}
	if err != nil {
		return translate(ctx, fmt.Errorf("reach the database: %w", err))
	}
	return nil
}

func orDefault(n, def int32) int32 {
	if n > 0 {
		return n
	}
	return def
}

// cancelAndListen has the server give up a statement whose deadline passes, and
// hears for a while what came of it: hung up on, as pgx does by default, it may
// be done all the same, and whoever was told that it was not does it twice.
func cancelAndListen(d time.Duration) func(*pgconn.PgConn) ctxwatch.Handler {
	return func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: d}
	}
}

// conn is what a pool and a transaction have in common.
type conn interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
}

// conn returns the transaction of the unit of work in ctx, else the pool, to
// send statements on behalf of who.
func (db *DB) conn(ctx context.Context, who scope) conn {
	who = who.within(ctx)
	if u := unitFrom(ctx); u != nil {
		u.line.as(who)
		return u.line
	}
	if !db.rowSecurity && !plansInOrder(ctx) {
		return db.pool
	}
	enter := who.enter(scope{})
	if plansAnew(ctx) {
		enter.sql += planAnew
	}
	if plansInOrder(ctx) {
		enter.sql += planInOrder
	}
	return shot{db.pool, enter}
}

// RegisterTypes lets a connection carry uuid.UUID as its sixteen bytes (left
// alone, pgx finds its driver.Valuer first and sends text, which costs a tenth
// of the server's time on a plain get) and read every instant as UTC, whatever
// the zone of the machine.
func RegisterTypes(_ context.Context, c *pgx.Conn) error {
	registerUUID(c.TypeMap())
	c.TypeMap().RegisterType(&pgtype.Type{
		Name:  "timestamptz",
		OID:   pgtype.TimestamptzOID,
		Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}
