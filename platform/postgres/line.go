package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// line is a connection that a unit of work has to itself. What nobody waits for
// (the begin, a savepoint, a write whose outcome is not asked for) goes out
// together with what comes next: each round trip to a database that is not on
// the same machine costs more than all the rest of a small transaction.
type line struct {
	conn  *pgxpool.Conn
	later []waiting
	// writes says that what waits in later is more than its own brackets.
	writes bool
	// begin is the statement by which the transaction began.
	begin string
	// touched says that there is something in the transaction, or in later, that
	// an attempt which fails must leave as it was.
	touched bool
	// scope is that of the transaction once later is sent.
	scope scope
	// hasty lets [ExecSoon] not wait, and tripped says that it should have.
	hasty, tripped bool
	rowSecurity    bool
	grace          time.Duration // see [Config]
}

// beginUnit begins a unit of work that can begin anew: it sees what was committed
// before each of its statements, whenever it began.
const beginUnit = "begin"

type deferred struct {
	sql  string
	args []any
}

// waiting is a statement in [line.later].
type waiting struct {
	deferred
	soon bool // by [ExecSoon]
}

// openLine takes a connection for a transaction that begins so.
func (db *DB) openLine(ctx context.Context, begin string) (*line, error) {
	if err := inTime(ctx); err != nil {
		return nil, translate(ctx, err)
	}
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return nil, translate(ctx, fmt.Errorf("begin: %w", err))
	}
	return &line{
		conn: conn, later: []waiting{{deferred: deferred{sql: begin}}}, begin: begin, touched: begin != beginUnit,
		rowSecurity: db.rowSecurity, grace: db.grace,
	}, nil
}

func (l *line) put(sql string, args ...any) {
	l.later = append(l.later, waiting{deferred: deferred{sql, args}})
}

// as makes what comes next run on behalf of who.
func (l *line) as(who scope) {
	if !l.rowSecurity || who == l.scope {
		return
	}
	l.later = append(l.later, waiting{deferred: who.enter(l.scope)})
	l.scope = who
}

// status is that of the connection's transaction: 'I' none, 'T' open, 'E'
// failed. https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-READYFORQUERY
func (l *line) status() byte { return l.conn.Conn().PgConn().TxStatus() }

// SendBatch implements [conn].
func (l *line) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	l.touched = true
	if len(l.later) == 0 {
		return l.conn.SendBatch(ctx, b)
	}
	var whole pgx.Batch
	for _, d := range l.later {
		whole.Queue(d.sql, d.args...)
	}
	whole.QueuedQueries = append(whole.QueuedQueries, b.QueuedQueries...)
	results := l.conn.SendBatch(ctx, &whole)
	for len(l.later) > 0 {
		if _, err := results.Exec(); err != nil {
			l.tripped = l.tripped || l.later[0].soon && Violated(err) != ""
			return results // which fails with the same error from here on
		}
		l.later = l.later[1:]
	}
	l.writes = false
	return results
}

// Exec implements [conn].
func (l *line) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	l.touched = true
	if len(l.later) == 0 {
		return l.conn.Exec(ctx, sql, args...)
	}
	var b pgx.Batch
	b.Queue(sql, args...)
	results := l.SendBatch(ctx, &b)
	tag, err := results.Exec()
	if closed := results.Close(); err == nil {
		err = closed
	}
	return tag, err
}

// Query implements [conn].
func (l *line) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	l.touched = true
	if len(l.later) == 0 {
		return l.conn.Query(ctx, sql, args...) //nolint:rowserrcheck // by the caller
	}
	var b pgx.Batch
	b.Queue(sql, args...)
	results := l.SendBatch(ctx, &b)
	rows, err := results.Query() //nolint:rowserrcheck // by the caller
	if err != nil {
		_ = results.Close() // says the same again
		return nil, err
	}
	return &batchRows{Rows: rows, results: results}, nil
}

// CopyFrom implements [conn].
func (l *line) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	l.touched = true
	if len(l.later) > 0 {
		if err := l.SendBatch(ctx, &pgx.Batch{}).Close(); err != nil {
			return 0, err
		}
	}
	return l.conn.CopyFrom(ctx, table, columns, rows)
}

// commit ends the transaction, unless it never began for want of a statement.
func (l *line) commit(ctx context.Context) error {
	if l.status() == 'I' && !l.writes {
		return nil
	}
	tag, err := l.Exec(ctx, "commit")
	if err == nil && tag.String() == "ROLLBACK" {
		return pgx.ErrTxCommitRollback
	}
	return err
}

// end gives the connection back, and the transaction up where it is open. Its
// error would be of no use to anyone: a connection that cannot roll back is
// closed, and the server then rolls back by itself.
func (l *line) end(ctx context.Context) {
	if l.status() != 'I' {
		if _, err := l.conn.Exec(ctx, "rollback"); err != nil {
			_ = l.conn.Conn().Close(ctx)
		}
	}
	l.conn.Release()
}

// mark sets a savepoint.
func (l *line) mark(savepoint string) { l.put("savepoint " + savepoint) }

// settle lets go of a savepoint, and keeps what was done since.
func (l *line) settle(savepoint string) { l.put("release savepoint " + savepoint) }

// undo takes back what was done since a savepoint, where the scope was that
// which is given: PostgreSQL takes settings back as well. An error, of a
// connection that is gone, is met again by the next statement.
func (l *line) undo(ctx context.Context, savepoint string, before scope) {
	l.scope = before
	marked := slices.IndexFunc(l.later, func(d waiting) bool { return d.sql == "savepoint "+savepoint })
	if marked >= 0 { // it was not even sent
		l.later = l.later[:marked]
		return
	}
	l.later = nil
	if l.status() == 'T' {
		l.put("rollback to savepoint " + savepoint)
		l.settle(savepoint)
		return
	}
	// A failed transaction takes nothing else, not even the preparation of
	// what is to come after.
	_, _ = l.conn.Exec(ctx, "rollback to savepoint "+savepoint+"; release savepoint "+savepoint)
}

// beginAnew takes back all that the transaction did, if anything, and begins it
// again with what comes next.
func (l *line) beginAnew(ctx context.Context) {
	if !l.touched {
		return
	}
	l.later, l.writes, l.touched, l.scope = nil, false, false, scope{}
	switch l.status() {
	case 'I':
	case 'T':
		l.put("rollback")
	default: // see undo; an error is met again by the next statement
		_, _ = l.conn.Exec(ctx, "rollback")
	}
	l.put(l.begin)
}

// ExecLater is [Exec] for a statement whose outcome nobody asks for. It is sent
// with the next statement of its unit of work, or with the commit, which fails
// where it does. It needs a unit of work.
func ExecLater(ctx context.Context, owner uuid.UUID, sql string, args ...any) error {
	u := unitFrom(ctx)
	if u == nil {
		return errNoUnit
	}
	u.line.as(of(owner))
	u.line.put(sql, ownedArgs(owner, args)...)
	u.line.writes, u.line.touched = true, true
	return nil
}

// batchRows are the rows of the last statement of a batch, which ends with
// them.
type batchRows struct {
	pgx.Rows
	results pgx.BatchResults
	err     error
}

// Next implements [pgx.Rows].
func (r *batchRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Close implements [pgx.Rows].
func (r *batchRows) Close() {
	r.Rows.Close()
	if err := r.results.Close(); r.err == nil {
		r.err = err
	}
}

// Err implements [pgx.Rows].
func (r *batchRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return err
	}
	return r.err
}
