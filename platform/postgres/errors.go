package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"docket/platform/errs"
)

// unavailableRetryAfter is what a client is asked to wait while the database
// is out of reach: a restart or a Neon cold start takes about this long.
const unavailableRetryAfter = 2 * time.Second

// ErrNotFound is what [Get] returns where no row matches.
var ErrNotFound = errors.New("no such row")

// ErrLockTimeout says that somebody else held a lock for too long.
var ErrLockTimeout = errors.New("waited too long for a lock")

// errLate is that of a statement whose deadline was over before it could begin.
var errLate = errors.New("the deadline was over before")

// inTime returns [errLate] where the time of ctx is over.
func inTime(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", errLate, err)
	}
	return nil
}

// ownerKey ends the name of each foreign key to the user whom a row belongs to.
// One that is violated means that the user was erased after the request was
// let in: by another process, which this one has not heard of yet.
const ownerKey = "_user_fk"

// Violated returns the name of the constraint that err says was violated, or
// "". The name is what a store turns into a failure of its domain.
func Violated(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pgerrcode.IsIntegrityConstraintViolation(pg.Code) {
		return pg.ConstraintName
	}
	return ""
}

// translate gives a failure of the transport its meaning for the caller: the
// deadline passed (504) or the database cannot be reached (503). What the
// database itself refused stays as it is, for the store to understand; but that
// the owner is gone (401) means the same to all stores.
func translate(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, errAsleep):
		e := errs.New(errs.Unavailable, "the database cannot be reached at the moment")
		e.RetryAfter = unavailableRetryAfter
		return e.Because(err)
	case waited(err):
		e := errs.New(errs.Unavailable, "the database is busy: no connection to it came free in time")
		e.RetryAfter = unavailableRetryAfter
		return e.Because(err)
	case deadlinePassed(ctx, err):
		if silent(err) {
			e := errs.New(errs.Unavailable, "the database fell silent, and what became of the request is not known; send it again with the same Idempotency-Key")
			e.RetryAfter = unavailableRetryAfter
			return e.Because(err)
		}
		return errs.New(errs.DeadlineExceeded, "the request took longer than its deadline and was given up").Because(err)
	case strings.HasSuffix(Violated(err), ownerKey):
		return errs.New(errs.Unauthenticated, "a valid bearer token is required").Because(err)
	case sqlState(err) == pgerrcode.LockNotAvailable:
		e := errs.New(errs.Unavailable, "the database was busy with other work on the same data")
		e.RetryAfter = unavailableRetryAfter
		return e.Because(fmt.Errorf("%w: %w", ErrLockTimeout, err))
	case gaveWay(err):
		e := errs.New(errs.Unavailable, "the database was busy with other work on the same data")
		e.RetryAfter = unavailableRetryAfter
		return e.Because(err)
	case unreachable(err):
		e := errs.New(errs.Unavailable, "the database cannot be reached at the moment")
		e.RetryAfter = unavailableRetryAfter
		return e.Because(err)
	default:
		return withoutValues(err)
	}
}

func deadlinePassed(ctx context.Context, err error) bool {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return true
	}
	if _, connecting := errors.AsType[*pgconn.ConnectError](err); connecting {
		return false // by the pool, whose deadline is not the request's
	}
	return errors.Is(err, context.DeadlineExceeded) || sqlState(err) == pgerrcode.QueryCanceled
}

// waited reports whether the deadline passed while a connection was waited for:
// of that alone the pool says nothing but what the context does.
func waited(err error) bool {
	if errors.Is(err, errLate) || sqlState(err) != "" || pgconn.Timeout(err) {
		return false
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return !connecting && errors.Is(err, context.DeadlineExceeded)
}

// silent reports whether a statement was sent and neither its end nor its
// cancellation was heard of: it may have been carried out all the same.
func silent(err error) bool {
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return sqlState(err) == "" && !connecting && !pgconn.SafeToRetry(err) && pgconn.Timeout(err)
}

// sqlState is the code of what the database refused, or "".
func sqlState(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

func unreachable(err error) bool {
	if code := sqlState(err); code != "" {
		// Read-only is a server that was a primary until a failover.
		return pgerrcode.IsConnectionException(code) || code == pgerrcode.ReadOnlySQLTransaction ||
			pgerrcode.IsInsufficientResources(code) ||
			pgerrcode.IsOperatorIntervention(code)
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
