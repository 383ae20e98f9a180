package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
)

const (
	// eraseRows bounds how many rows one transaction of an erasure removes: few
	// enough to be over in a fraction of a second.
	eraseRows = 5000
	// eraseTimeout bounds one such transaction.
	eraseTimeout = time.Minute
	// buried is how long a tombstone stands after the last row is gone: longer
	// than any token lives, and than a deletion takes to reach the issuer.
	buried = 30 * 24 * time.Hour
)

var errErased = errors.New("the user was erased")

// Erased says that nobody is signed in any more: a client cannot tell it from
// any other token that proves nothing.
func Erased() error {
	return errs.New(errs.Unauthenticated, "a valid bearer token is required").Because(errErased)
}

// Tombstones remember who was erased. Each method takes part in the unit of
// work of its context.
type Tombstones interface {
	// Lock is [Store].Get, and keeps everybody else from changing or erasing
	// the user until the unit of work ends.
	Lock(ctx context.Context, id uuid.UUID) (User, error)
	// Bury says that u is erased from now on; u is locked.
	Bury(ctx context.Context, u User) error
	// Recent returns who was buried since an instant of the store's own clock,
	// or a little before; since the present where that is zero.
	Recent(ctx context.Context, since time.Time) (Sight, error)
	// Claim returns a buried user of whom rows may be left, but for those of
	// except, and keeps other processes from the same until the unit of work
	// ends. It returns false where there is none, or others are at work on all.
	Claim(ctx context.Context, except []uuid.UUID) (uuid.UUID, bool, error)
	// Finish removes the user's own row, and with it whatever refers to it.
	Finish(ctx context.Context, id uuid.UUID, now time.Time) error
	// Sweep removes the tombstones that were finished before an instant, and
	// returns how many.
	Sweep(ctx context.Context, before time.Time) (int, error)
}

// Belongings are what the parts of Docket keep of a user, in the order in which
// it can be removed: what refers comes before what is referred to.
type Belongings []Belonging

// Belonging is what one part of Docket keeps of a user.
type Belonging interface {
	// EraseSome removes up to limit rows of what owner has and returns how many
	// it removed: fewer than limit only where nothing is left.
	EraseSome(ctx context.Context, owner uuid.UUID, limit int) (int, error)
}

// Transactor makes one unit of work of many steps.
type Transactor interface {
	// InTx runs fn as one unit of work, or as a part of the one in ctx.
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	// AfterCommit runs fn once the unit of work in ctx is committed.
	AfterCommit(ctx context.Context, fn func())
}

// Erasure erases users. A request only writes a tombstone, from which moment
// the user's tokens open nothing; removing what the user had takes longer than
// a request may, and happens in the background, see [Erasure.Run].
type Erasure struct {
	tombstones Tombstones
	tx         Transactor
	memory     Memory
	belongings Belongings
	now        func() time.Time
	wake       chan struct{}
}

// NewErasure returns an Erasure of belongings.
func NewErasure(tombstones Tombstones, tx Transactor, memory Memory, belongings Belongings, now func() time.Time) *Erasure {
	return &Erasure{tombstones: tombstones, tx: tx, memory: memory, belongings: belongings, now: now, wake: make(chan struct{}, 1)}
}

// Erase puts an end to the user, or returns [Erased] where somebody was
// quicker. What the user had is out of reach when the unit of work commits, and
// gone soon after.
func (e *Erasure) Erase(ctx context.Context, id uuid.UUID, guard Guard) error {
	return e.tx.InTx(ctx, func(ctx context.Context) error {
		u, err := e.tombstones.Lock(ctx, id)
		if err != nil {
			return asErased(err)
		}
		if guard != nil {
			if err := guard(&u); err != nil {
				return err
			}
		}
		if err := e.tombstones.Bury(ctx, u); err != nil {
			return err
		}
		e.tx.AfterCommit(ctx, func() {
			e.memory.Forget(u, e.now())
			e.signal()
		})
		return nil
	})
}

// signal tells whoever waits for [Erasure.Woken]; one that is not heard yet
// stands for any number.
func (e *Erasure) signal() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Woken receives when there is something for [Erasure.Run] to do. Another
// process may have left something behind as well, which nothing tells.
func (e *Erasure) Woken() <-chan struct{} { return e.wake }

// Run removes what is left of erased users, in transactions of at most 5,000
// rows, until there is nothing left that another process is not already at. It
// can be stopped at any moment and goes on where it was. A user whose rows
// cannot be removed keeps it from none of the others; it then returns why.
func (e *Erasure) Run(ctx context.Context) error {
	var failed []uuid.UUID
	var failures []error
	for ctx.Err() == nil {
		id, found, err := e.step(ctx, failed)
		switch {
		case err != nil && !found:
			return errors.Join(append(failures, err)...)
		case err != nil:
			failed = append(failed, id)
			failures = append(failures, fmt.Errorf("erase the user %s: %w", id, err))
		case !found:
			return errors.Join(failures...)
		}
	}
	return errors.Join(append(failures, ctx.Err())...)
}

// step is one transaction of an erasure: some rows of one user, or, once there
// are none, the user.
func (e *Erasure) step(ctx context.Context, except []uuid.UUID) (id uuid.UUID, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, eraseTimeout)
	defer cancel()
	err = e.tx.InTx(ctx, func(ctx context.Context) (err error) {
		id, found, err = e.tombstones.Claim(ctx, slices.Clip(except))
		if err != nil || !found {
			return err
		}
		left := eraseRows
		for _, b := range e.belongings {
			n, err := b.EraseSome(ctx, id, left)
			if err != nil {
				return err
			}
			if left -= n; left <= 0 {
				return nil
			}
		}
		if left < eraseRows {
			// A request that was let in before may have added something since.
			return nil
		}
		return e.tombstones.Finish(ctx, id, e.instant())
	})
	return id, found, err
}

// Sweep removes tombstones that have stood for long enough, and returns how
// many.
func (e *Erasure) Sweep(ctx context.Context) (int, error) {
	return e.tombstones.Sweep(ctx, e.instant().Add(-buried))
}

func (e *Erasure) instant() time.Time { return e.now().UTC().Truncate(time.Microsecond) }

// asErased says of a user who is not there what that means to the user.
func asErased(err error) error {
	if errs.KindOf(err) == errs.NotFound {
		return Erased()
	}
	return err
}
