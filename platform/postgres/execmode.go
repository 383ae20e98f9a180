package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/singleflight"
)

// Prepared says whether a statement stays prepared from one transaction to the
// next, which halves the cost of a get.
type Prepared int32

// The answers to that.
const (
	// PreparedAuto is PreparedKept on a direct connection, and what the pooler
	// turns out to do behind one.
	PreparedAuto Prepared = iota
	PreparedKept
	PreparedLost
)

// execModes picks how pgx sends statements, connection by connection.
//
// Where statements stay prepared it is prepared ones. A pooler in transaction
// mode may hand the next statement to a server that never saw the preparation,
// unless it keeps account of them (PgBouncer from 1.21 on, with
// max_prepared_statements): describing each statement once and sending it
// unnamed is then the fastest way that is always right.
type execModes struct {
	known  atomic.Int32 // a Prepared; PreparedAuto as long as it is to be asked
	pooler bool
	asking singleflight.Group
}

func newExecModes(c Config) *execModes {
	m := &execModes{pooler: c.Pooler}
	if c.Prepared == PreparedAuto && !c.Pooler {
		c.Prepared = PreparedKept
	}
	m.known.Store(int32(c.Prepared))
	return m
}

// choose sets the mode of a connection that is about to be made. Its error is
// that of reaching the database, which the connection would have met as well.
func (m *execModes) choose(ctx context.Context, to *pgx.ConnConfig) error {
	to.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	if Prepared(m.known.Load()) == PreparedAuto {
		if err := m.ask(ctx, to); err != nil {
			return err
		}
	}
	if Prepared(m.known.Load()) == PreparedLost {
		to.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	return nil
}

// ask finds out, once for all connections that wait for the answer.
func (m *execModes) ask(ctx context.Context, to *pgx.ConnConfig) error {
	answer := m.asking.DoChan("", func() (any, error) {
		if Prepared(m.known.Load()) != PreparedAuto {
			return nil, nil //nolint:nilnil // the answer is in known
		}
		// For all that wait, not for the one that came first.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
		defer cancel()
		kept, err := keepsPrepared(ctx, to.Copy())
		if err != nil {
			return nil, fmt.Errorf("ask the pooler whether it keeps prepared statements: %w", err)
		}
		if kept {
			m.known.CompareAndSwap(int32(PreparedAuto), int32(PreparedKept))
		} else {
			m.known.CompareAndSwap(int32(PreparedAuto), int32(PreparedLost))
		}
		return nil, nil //nolint:nilnil // the answer is in known
	})
	select {
	case a := <-answer:
		return a.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// outdated is told that a prepared statement was not what it was taken for.
// Behind a pooler there is no getting rid of it: it belongs to connections of
// the pooler's, to which all of ours lead. So nothing is prepared from now on.
func (m *execModes) outdated() {
	if m.pooler {
		m.known.Store(int32(PreparedLost))
	}
}

const (
	// askTimeout bounds the asking, connecting included: what a connection may
	// take, and a moment for the questions.
	askTimeout = connectTimeout + 2*time.Second
	// askServers is how many server connections of the pooler are kept busy to
	// get another than the first.
	askServers = 4
	askSQL     = "SELECT pg_backend_pid()"
)

// keepsPrepared reports whether a statement that was prepared on one server
// connection of a pooler can be executed on another. It prepares one, lets go of
// the connection, and executes it until it got another connection; the one that
// it had is taken by somebody else meanwhile. Where it never gets another, as
// with a single server, the answer is no, which is slower but always right. An
// error says that the database could not be reached.
func keepsPrepared(ctx context.Context, config *pgx.ConnConfig) (bool, error) {
	asker, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, err
	}
	defer hangUp(ctx, asker)
	// What an earlier process may have left somewhere must not be taken for it.
	name := "docket_asks_" + rand.Text()
	first, err := prepareOn(ctx, asker, name)
	for taken := 0; err == nil && taken <= askServers; taken++ {
		var server int
		if err = asker.QueryRow(ctx, name).Scan(&server); err == nil && server != first {
			return true, nil
		}
		if err == nil {
			var holder *pgx.Conn
			if holder, err = pgx.ConnectConfig(ctx, config); err == nil {
				defer hangUp(ctx, holder)
				err = hold(ctx, holder, name)
			}
		}
	}
	if err == nil || forgot(err) || errors.Is(err, context.DeadlineExceeded) {
		return false, nil
	}
	return false, err
}

// prepareOn prepares the statement in a transaction, and returns which server
// that was on.
func prepareOn(ctx context.Context, c *pgx.Conn, name string) (server int, err error) {
	if _, err := c.Exec(ctx, "begin"); err != nil {
		return 0, err
	}
	if _, err := c.Prepare(ctx, name, askSQL); err != nil {
		return 0, err
	}
	if err := c.QueryRow(ctx, name).Scan(&server); err != nil {
		return 0, err
	}
	_, err = c.Exec(ctx, "commit")
	return server, err
}

// hold keeps a server connection busy until c is closed, and removes the
// statement if it was left on that one; where it was not, PostgreSQL's refusal
// changes nothing.
func hold(ctx context.Context, c *pgx.Conn, name string) error {
	if _, err := c.Exec(ctx, "begin"); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, "deallocate "+pgx.Identifier{name}.Sanitize()); err != nil && sqlState(err) == "" {
		return err
	}
	return nil
}

// hangUp closes a connection; a transaction that it held open ends with it.
func hangUp(ctx context.Context, c *pgx.Conn) { _ = c.Close(ctx) } // of no more use

// forgot reports whether err says that a prepared statement is not there, or is
// somebody else's: the pooler, if there is one, does not keep account of them.
func forgot(err error) bool {
	code := sqlState(err)
	return code == pgerrcode.InvalidSQLStatementName || code == pgerrcode.DuplicatePreparedStatement
}

// outdatedPlan reports whether err says that a prepared statement has other
// columns now than when it was prepared: the type of one was changed. The
// message is translated by servers, the routine is not.
func outdatedPlan(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == pgerrcode.FeatureNotSupported && pg.Routine == "RevalidateCachedQuery"
}

// misprepared reports whether a statement failed before it began, for what was
// prepared earlier. PostgreSQL has then done nothing of it, nor of the
// transaction that it was in.
func misprepared(err error) bool { return forgot(err) || outdatedPlan(err) }

// misfit is a row that could not be read, of a statement that may be run again.
type misfit struct{ error }

// Unwrap returns what did not fit.
func (m *misfit) Unwrap() error { return m.error }

// misfits reports whether a row came otherwise than its statement was once
// described. A pooler that keeps account of statements prepares them by itself
// on a server that does not have them: where the type of a column was changed in
// between, nobody says so.
func misfits(err error) bool {
	_, ok := errors.AsType[*misfit](err)
	return ok
}

// repeatable marks as a misfit the error of reading what sql yields, if nothing
// is done twice by running it again: it only reads, or goes with its unit of
// work.
func repeatable(ctx context.Context, sql string, err error) error {
	if _, ok := errors.AsType[pgx.ScanArgError](err); !ok || unitFrom(ctx) == nil && !strings.HasPrefix(sql, "SELECT ") {
		return err
	}
	return &misfit{err}
}

// prepareAnew throws every connection away with what is prepared on it.
func (db *DB) prepareAnew() {
	db.modes.outdated()
	db.pool.Reset()
}
