package core

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// maxAttempts bounds how often a write starts over on a tag that others make
// and delete at the same time: a tag that is there can be locked, one that is
// not cannot.
const maxAttempts = 10

// Service is what can be done with tags.
type Service struct {
	store Store
	tx    Transactor
	tasks Tasks
	now   func() time.Time
	newID func() uuid.UUID
}

// Tasks is what another module does about the tasks that carry tags.
type Tasks struct {
	Deletion DeletionListener
	Counts   TaskCounter
}

// NewService returns a Service that keeps tags in store.
func NewService(store Store, tx Transactor, tasks Tasks, now func() time.Time, newID func() uuid.UUID) *Service {
	return &Service{store: store, tx: tx, tasks: tasks, now: now, newID: newID}
}

// Create makes a tag with an id of the server's choice.
func (s *Service) Create(ctx context.Context, owner uuid.UUID, change Change) (Tag, error) {
	return s.insert(ctx, owner, s.newID(), change)
}

// Get returns one tag, or [NotFound].
func (s *Service) Get(ctx context.Context, owner, id uuid.UUID) (Tag, error) {
	return s.store.Get(ctx, owner, id)
}

// List returns one page of the owner's tags, and where it ended if more
// follow.
func (s *Service) List(ctx context.Context, owner uuid.UUID, q Query) ([]Tag, *After, error) {
	return s.store.List(ctx, owner, q)
}

// Update changes what change names and leaves the rest, or [NotFound].
func (s *Service) Update(ctx context.Context, owner, id uuid.UUID, guard Guard, change Change) (Tag, error) {
	var updated Tag
	err := s.untilUncontended(ctx, func(ctx context.Context, get getter) error {
		current, err := get(ctx, owner, id)
		if err != nil {
			return err
		}
		updated, err = s.revise(ctx, owner, current, current.draft(), guard, change)
		return err
	})
	return updated, err
}

// Put makes the tag with this id what change says and nothing else, whether it
// was there or not, and reports whether it is new.
func (s *Service) Put(ctx context.Context, owner, id uuid.UUID, guard Guard, change Change) (tag Tag, created bool, err error) {
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
			tag, err = s.insert(ctx, owner, id, change)
			return err
		case err != nil:
			return err
		default:
			tag, err = s.revise(ctx, owner, current, Draft{}, guard, change)
			return err
		}
	})
	return tag, created, err
}

// Delete removes the tag and takes it off all tasks, or [NotFound].
func (s *Service) Delete(ctx context.Context, owner, id uuid.UUID, guard Guard) error {
	return s.tx.InTx(ctx, func(ctx context.Context) error {
		current, err := s.store.Lock(ctx, owner, id)
		if err != nil {
			return err
		}
		if guard != nil {
			if err := guard(&current); err != nil {
				return err
			}
		}
		if err := s.tasks.Deletion.TagDeleted(ctx, owner, id); err != nil {
			return err
		}
		return s.store.Delete(ctx, owner, id)
	})
}

func (s *Service) insert(ctx context.Context, owner, id uuid.UUID, change Change) (Tag, error) {
	var d Draft
	if err := change(&d).Err(); err != nil {
		return Tag{}, err
	}
	t := newTag(id, d, s.instant())
	return t, s.store.Insert(ctx, owner, t)
}

// revise applies change to draft and keeps the outcome in place of current. A
// change that changes nothing writes nothing.
func (s *Service) revise(ctx context.Context, owner uuid.UUID, current Tag, draft Draft, guard Guard, change Change) (Tag, error) {
	if guard != nil {
		if err := guard(&current); err != nil {
			return Tag{}, err
		}
	}
	if err := change(&draft).Err(); err != nil {
		return Tag{}, err
	}
	next, differs := current.revised(draft, s.instant())
	if !differs {
		return current, nil
	}
	return next, s.store.Update(ctx, owner, next)
}

// getter reads a tag: [Store].Get or [Store].Lock.
type getter func(ctx context.Context, owner, id uuid.UUID) (Tag, error)

// untilUncontended runs a read-modify-write that the revision guards. Where
// another write came in between, it runs again with the tag locked, so that
// each has its turn however many write at once.
func (s *Service) untilUncontended(ctx context.Context, write func(ctx context.Context, get getter) error) error {
	err := s.tx.Attempt(ctx, func(ctx context.Context) error { return write(ctx, s.store.Get) })
	for range maxAttempts {
		if !errors.Is(err, ErrRevised) && !errors.Is(err, ErrExists) {
			return err
		}
		err = s.tx.Attempt(ctx, func(ctx context.Context) error {
			return s.tx.InTx(ctx, func(ctx context.Context) error { return write(ctx, s.store.Lock) })
		})
	}
	return errs.Contended("the tag is being changed by too many requests at once; try again")
}

// instant is the present to the microsecond, which is what PostgreSQL keeps.
func (s *Service) instant() time.Time { return s.now().UTC().Truncate(time.Microsecond) }
