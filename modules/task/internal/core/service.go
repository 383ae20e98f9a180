package core

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// maxAttempts bounds how often a write starts over on a task that others make
// and delete at the same time: a task that is there can be locked, one that is
// not cannot.
const maxAttempts = 10

// Service is what can be done with tasks.
type Service struct {
	store   Store
	tree    Tree
	order   Order
	places  Places
	tx      Transactor
	sources Sources
}

// Stores are what a Service keeps tasks in: one store, seen from three sides.
type Stores struct {
	Store Store
	Tree  Tree
	Order Order
}

// Places are the other modules' things that tasks refer to.
type Places struct {
	Projects Projects
	Tags     Tags
}

// Sources are where a Service gets what it cannot decide by itself.
type Sources struct {
	Now   func() time.Time
	NewID func() uuid.UUID
	// LastPosition returns the key of a task that is made now and goes behind
	// all others.
	LastPosition func(now time.Time, id uuid.UUID) string
	// InsertPosition returns the key of a task that goes into a gap, and the
	// new keys of those on both sides that must make room for it; load returns
	// at least n keys on each side, where there are as many.
	InsertPosition func(load func(n int) (before, after []string, err error)) (key string, newBefore, newAfter []string, err error)
}

// NewService returns a Service that keeps tasks in stores.
func NewService(stores Stores, places Places, tx Transactor, sources Sources) *Service {
	return &Service{store: stores.Store, tree: stores.Tree, order: stores.Order, places: places, tx: tx, sources: sources}
}

// Get returns one task, or [NotFound].
func (s *Service) Get(ctx context.Context, owner, id uuid.UUID) (Task, error) {
	return s.store.Get(ctx, owner, id)
}

// Create makes a task with an id of the server's choice.
func (s *Service) Create(ctx context.Context, owner uuid.UUID, change Change) (task Task, err error) {
	id := s.sources.NewID()
	err = s.untilUncontended(ctx, func(ctx context.Context, _ getter) error {
		task, err = s.insert(ctx, owner, id, change)
		return err
	})
	return task, err
}

// Update changes what change names and leaves the rest, or [NotFound]. A task
// that gets another parent or project keeps its position, and stands among its
// new siblings by that.
func (s *Service) Update(ctx context.Context, owner, id uuid.UUID, guard Guard, change Change) (task Task, err error) {
	err = s.untilUncontended(ctx, func(ctx context.Context, get getter) error {
		current, err := get(ctx, owner, id)
		if err != nil {
			return err
		}
		task, err = s.revise(ctx, owner, current, current.draft(), guard, change)
		return err
	})
	return task, err
}

// Put makes the task with this id what change says and nothing else, whether
// it was there or not, and reports whether it is new.
func (s *Service) Put(ctx context.Context, owner, id uuid.UUID, guard Guard, change Change) (task Task, created bool, err error) {
	err = s.untilUncontended(ctx, func(ctx context.Context, get getter) error {
		current, err := get(ctx, owner, id)
		created = errs.KindOf(err) == errs.NotFound
		switch {
		case created:
			if guard != nil {
				if err := guard(nil); err != nil {
					return err
				}
			}
			task, err = s.insert(ctx, owner, id, change)
			return err
		case err != nil:
			return err
		default:
			task, err = s.revise(ctx, owner, current, NewDraft(), guard, change)
			return err
		}
	})
	return task, created, err
}

// Delete removes the task and everything below it, or [NotFound].
func (s *Service) Delete(ctx context.Context, owner, id uuid.UUID, guard Guard) error {
	if guard == nil {
		return s.store.Delete(ctx, owner, id)
	}
	return s.tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.tree.LockBelow(ctx, owner, id); err != nil {
			return err
		}
		current, err := s.store.Get(ctx, owner, id)
		if err != nil {
			return err
		}
		if err := guard(&current); err != nil {
			return err
		}
		return s.store.Delete(ctx, owner, id)
	})
}

func (s *Service) insert(ctx context.Context, owner, id uuid.UUID, change Change) (Task, error) {
	d := NewDraft()
	faults := change(&d)
	if d.ProjectID == nil && d.ParentID == nil {
		return s.keepNew(ctx, owner, id, d, faults)
	}
	// What the task refers to must stay as it is until the task is there.
	var t Task
	err := s.tx.InTx(ctx, func(ctx context.Context) error {
		more, conflict, err := s.place(ctx, owner, nil, &d)
		if err != nil {
			return err
		}
		all := slices.Concat(faults, more) // this may run again
		if conflict != nil && len(all) == 0 {
			return conflict
		}
		t, err = s.keepNew(ctx, owner, id, d, all)
		return err
	})
	return t, err
}

func (s *Service) keepNew(ctx context.Context, owner, id uuid.UUID, d Draft, faults errs.Faults) (Task, error) {
	if err := s.checkRest(ctx, owner, d, nil, faults); err != nil {
		return Task{}, err
	}
	now := s.instant()
	t := newTask(id, d, s.sources.LastPosition(now, id), now)
	return t, s.store.Insert(ctx, owner, t)
}

// revise applies change to draft and keeps the outcome in place of current. A
// change that changes nothing writes nothing.
func (s *Service) revise(ctx context.Context, owner uuid.UUID, current Task, draft Draft, guard Guard, change Change) (Task, error) {
	if guard != nil {
		if err := guard(&current); err != nil {
			return Task{}, err
		}
	}
	faults := change(&draft)
	if same(current.ProjectID, draft.ProjectID) && same(current.ParentID, draft.ParentID) {
		if err := s.checkRest(ctx, owner, draft, current.TagIDs, faults); err != nil {
			return Task{}, err
		}
		next, differs := current.revised(draft, s.instant())
		switch {
		case draft.closes():
			return next, s.tx.InTx(ctx, func(ctx context.Context) error { return s.keep(ctx, owner, current, next, true) })
		case !differs:
			return current, nil
		default:
			return next, s.store.Update(ctx, owner, current, next)
		}
	}
	return s.relocate(ctx, owner, current, draft, faults)
}

// relocate is the part of revise for a task that gets another parent or
// project.
func (s *Service) relocate(ctx context.Context, owner uuid.UUID, current Task, draft Draft, faults errs.Faults) (next Task, err error) {
	err = s.tx.InTx(ctx, func(ctx context.Context) error {
		more, conflict, err := s.place(ctx, owner, &current, &draft)
		if err != nil {
			return err
		}
		all := slices.Concat(faults, more) // this may run again
		if conflict != nil && len(all) == 0 {
			return conflict
		}
		if err := s.checkRest(ctx, owner, draft, current.TagIDs, all); err != nil {
			return err
		}
		next, _ = current.revised(draft, s.instant())
		return s.keep(ctx, owner, current, next, draft.closes())
	})
	return next, err
}

// keep replaces current by next where they differ, and takes what is below
// along: into another project, and, where next is to close it, to its status.
func (s *Service) keep(ctx context.Context, owner uuid.UUID, current, next Task, closes bool) error {
	moves := !same(current.ProjectID, next.ProjectID)
	if moves || closes {
		if err := s.tree.LockBelow(ctx, owner, next.ID); err != nil {
			return err
		}
	}
	closedAt, err := s.replace(ctx, owner, current, next)
	if err != nil {
		return err
	}
	if moves {
		if err := s.tree.MoveBelow(ctx, owner, next.ID, next.ProjectID, next.UpdatedAt); err != nil {
			return err
		}
	}
	if closes {
		return s.tree.CloseBelow(ctx, owner, next.ID, next.Status, closedAt)
	}
	return nil
}

// replace puts next, of which the unit of work holds the lock, in place of
// current, and returns when. Where both are the same it writes nothing, but
// still makes sure that nobody wrote in between: what is done below the task
// rests on how it is.
func (s *Service) replace(ctx context.Context, owner uuid.UUID, current, next Task) (time.Time, error) {
	if next.Revision != current.Revision {
		return next.UpdatedAt, s.store.Update(ctx, owner, current, next)
	}
	present, err := s.store.Get(ctx, owner, current.ID)
	if err == nil && present.Revision != current.Revision || errs.KindOf(err) == errs.NotFound {
		return time.Time{}, ErrRevised
	}
	return s.instant(), err
}

// getter reads a task: [Store].Get, or lock.
type getter func(ctx context.Context, owner, id uuid.UUID) (Task, error)

// lock is [Store].Get inside a unit of work, and keeps everybody else from
// changing the task and what is below it until that ends. The tree is locked
// first, as by those who move.
func (s *Service) lock(ctx context.Context, owner, id uuid.UUID) (Task, error) {
	if err := s.tree.LockTree(ctx, owner); err != nil {
		return Task{}, err
	}
	if err := s.tree.LockBelow(ctx, owner, id); err != nil {
		return Task{}, err
	}
	return s.store.Get(ctx, owner, id)
}

// untilUncontended runs a read-modify-write that the revision guards. Where
// another write came in between, it runs again with the task locked, so that
// each has its turn however many write at once.
func (s *Service) untilUncontended(ctx context.Context, write func(ctx context.Context, get getter) error) error {
	err := s.tx.Attempt(ctx, func(ctx context.Context) error { return write(ctx, s.store.Get) })
	for range maxAttempts {
		if !errors.Is(err, ErrRevised) && !errors.Is(err, ErrExists) && !errors.Is(err, ErrReferenceGone) {
			return err
		}
		err = s.tx.Attempt(ctx, func(ctx context.Context) error {
			return s.tx.InTx(ctx, func(ctx context.Context) error { return write(ctx, s.lock) })
		})
	}
	return errs.Contended("the task is being changed by too many requests at once; try again")
}

// instant is the present to the microsecond, which is what PostgreSQL keeps.
func (s *Service) instant() time.Time { return s.sources.Now().UTC().Truncate(time.Microsecond) }
