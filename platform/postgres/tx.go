package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// unboundCommit is how long a commit may take whose context has no deadline.
const unboundCommit = 5 * time.Second

// ErrRollbackOnly says that something inside a unit of work failed, that its
// caller went on as if nothing had happened, and that the whole was therefore
// undone rather than committed by half.
var ErrRollbackOnly = errors.New("unit of work was marked for rollback by a failure inside it")

type unitKey struct{}

// unit is one transaction, or one savepoint in it, and what must be remembered
// about it.
type unit struct {
	line         *line
	rollbackOnly bool
	// outer is the unit that this one is a savepoint of, nil at the top.
	outer     *unit
	savepoint string // its name, "" at the top
	// whole says that there is nothing in the transaction but this attempt: to
	// begin anew takes it back, without a savepoint.
	whole     bool
	before    scope // of the line where the savepoint was set
	committed bool
	// after is what is to be done once this unit is committed for good.
	after []func()
}

func unitFrom(ctx context.Context) *unit {
	u, _ := ctx.Value(unitKey{}).(*unit)
	return u
}

// InTx runs fn as one unit of work: everything it does with the context it is
// given commits together or not at all. Inside a unit already under way fn
// joins it, and a failure of fn then dooms the whole even where its caller
// swallows the error; [DB.Attempt] is for a failure that may be swallowed.
//
// Where PostgreSQL gave the unit up in favour of another (a deadlock, a
// serialization failure), or [ExecSoon] asks for it, fn runs again, a bounded
// number of times. It must therefore be such that it can: it changes nothing but
// the database, starts no goroutines that use its context, and waits for nothing
// else.
func (db *DB) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if u := unitFrom(ctx); u != nil {
		err := fn(ctx)
		if err != nil {
			u.rollbackOnly = true
		}
		return err
	}
	return db.retry(ctx, func() error {
		tripped, err := db.transact(ctx, fn, true)
		if tripped && err != nil {
			_, err = db.transact(ctx, fn, false)
		}
		return err
	})
}

// transact runs fn once, in a transaction, and reports whether a statement of
// [ExecSoon] that did not wait violated a constraint.
func (db *DB) transact(ctx context.Context, fn func(ctx context.Context) error, hasty bool) (tripped bool, err error) {
	line, err := db.openLine(ctx, beginUnit)
	if err != nil {
		return false, err
	}
	line.hasty = hasty
	err = run(ctx, &unit{line: line}, fn)
	return line.tripped, err
}

// Attempt runs fn, which may fail without dooming the unit of work that it is
// part of: what it did is then undone, and the rest goes on. A statement that
// PostgreSQL cannot even read dooms the unit all the same. Outside a unit it is
// just fn.
func (db *DB) Attempt(ctx context.Context, fn func(ctx context.Context) error) error {
	u := unitFrom(ctx)
	if u == nil {
		return fn(ctx)
	}
	inner := &unit{line: u.line, outer: u, whole: !u.line.touched, savepoint: u.savepoint, before: u.line.scope}
	if !inner.whole {
		inner.savepoint += "attempt_"
		u.line.mark(inner.savepoint)
	}
	return run(ctx, inner, fn)
}

// AfterCommit runs fn once what the unit of work in ctx did is committed, and
// never if that is undone: for whatever leaves the process, or is remembered in
// it. Outside a unit fn runs at once. It must not fail and not wait.
func (db *DB) AfterCommit(ctx context.Context, fn func()) {
	if u := unitFrom(ctx); u != nil {
		u.after = append(u.after, fn)
		return
	}
	fn()
}

// run runs fn in u and commits or rolls back.
func run(ctx context.Context, u *unit, fn func(ctx context.Context) error) error {
	defer u.end(ctx)
	if err := fn(context.WithValue(ctx, unitKey{}, u)); err != nil {
		return err
	}
	if u.rollbackOnly {
		return ErrRollbackOnly
	}
	if err := u.commit(ctx); err != nil {
		return translate(ctx, fmt.Errorf("commit: %w", err))
	}
	if u.outer != nil {
		u.outer.after = append(u.outer.after, u.after...)
		return nil
	}
	for _, fn := range u.after {
		fn()
	}
	return nil
}

// commit is not given up at once where the deadline passes: nobody could then
// tell whether it happened. Before it began, the deadline counts.
func (u *unit) commit(ctx context.Context) error {
	if err := inTime(ctx); err != nil {
		return err
	}
	left := unboundCommit
	if deadline, bounded := ctx.Deadline(); bounded {
		left = time.Until(deadline) + u.line.grace/2
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), left)
	defer cancel()
	err := error(nil)
	switch {
	case u.outer == nil:
		err = u.line.commit(ctx)
	case u.line.status() == 'E': // a failure inside that fn kept to itself
		err = pgx.ErrTxCommitRollback
	case u.whole:
	default:
		u.line.settle(u.savepoint)
	}
	u.committed = err == nil
	return err
}

// end undoes the unit unless it was committed, though the deadline may have
// passed, and gives the connection back at the top.
func (u *unit) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), u.line.grace/2)
	defer cancel()
	switch {
	case u.outer == nil:
		u.line.end(ctx)
	case u.committed:
	case u.whole:
		u.line.beginAnew(ctx)
	default:
		u.line.undo(ctx, u.savepoint, u.before)
	}
}
