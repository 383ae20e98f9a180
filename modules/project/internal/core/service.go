package core

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// maxAttempts bounds how often a write starts over on a project that others make
// and delete at the same time: a project that is there can be locked, one that is
// not cannot.
const maxAttempts = 10

// Service is what can be done with projects.
type Service struct {
	store   Store
	order   Order
	tx      Transactor
	tasks   Tasks
	sources Sources
}

// Tasks is what another module does about the tasks of projects.
type Tasks struct {
	Deletion DeletionListener
	Counts   TaskCounter
}

// Sources are where a Service gets what it cannot decide by itself.
type Sources struct {
	Now   func() time.Time
	NewID func() uuid.UUID
	// LastPosition returns the key of a project that is made now and goes
	// behind all others.
	LastPosition func(now time.Time, id uuid.UUID) string
	// InsertPosition returns the key of a project that goes into a gap, and the
	// new keys of its neighbours where they must make room: of the last so many
	// before the gap and of the first so many behind it, as they were loaded
	// last. It loads at least n on each side, or all that there are.
	InsertPosition func(neighbours func(n int) (before, behind []string, err error)) (key string, newBefore, newBehind []string, err error)
}

// NewService returns a Service that keeps projects in store.
func NewService(store Store, order Order, tx Transactor, tasks Tasks, sources Sources) *Service {
	return &Service{store: store, order: order, tx: tx, tasks: tasks, sources: sources}
}

// Create makes a project with an id of the server's choice.
func (s *Service) Create(ctx context.Context, owner uuid.UUID, change Change) (Project, error) {
	return s.insert(ctx, owner, s.sources.NewID(), change)
}

// Get returns one project, or [NotFound].
func (s *Service) Get(ctx context.Context, owner, id uuid.UUID) (Project, error) {
	return s.store.Get(ctx, owner, id)
}

// List returns one page of the owner's projects, and where it ended if more
// follow.
func (s *Service) List(ctx context.Context, owner uuid.UUID, q Query) ([]Project, *After, error) {
	return s.store.List(ctx, owner, q)
}

// Update changes what change names and leaves the rest, or [NotFound].
func (s *Service) Update(ctx context.Context, owner, id uuid.UUID, guard Guard, change Change) (Project, error) {
	var updated Project
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

// Put makes the project with this id what change says and nothing else, whether it
// was there or not, and reports whether it is new.
func (s *Service) Put(ctx context.Context, owner, id uuid.UUID, guard Guard, change Change) (project Project, created bool, err error) {
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
			project, err = s.insert(ctx, owner, id, change)
			return err
		case err != nil:
			return err
		default:
			project, err = s.revise(ctx, owner, current, Draft{}, guard, change)
			return err
		}
	})
	return project, created, err
}

// Delete removes the project, whose tasks go back to the inbox, or [NotFound].
func (s *Service) Delete(ctx context.Context, owner, id uuid.UUID, guard Guard) error {
	return s.remove(ctx, owner, id, guard, s.tasks.Deletion.ProjectDeleted)
}

// DeleteWithTasks removes the project and its tasks, or [NotFound].
func (s *Service) DeleteWithTasks(ctx context.Context, owner, id uuid.UUID, guard Guard) error {
	return s.remove(ctx, owner, id, guard, s.tasks.Deletion.ProjectDeletedWithTasks)
}

func (s *Service) remove(ctx context.Context, owner, id uuid.UUID, guard Guard, release func(ctx context.Context, owner, project uuid.UUID) error) error {
	return s.tx.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.lock(ctx, owner, id, guard); err != nil {
			return err
		}
		if err := release(ctx, owner, id); err != nil {
			return err
		}
		return s.store.Delete(ctx, owner, id)
	})
}

// lock returns the project, which nobody else changes until the unit of work
// ends, if guard lets it be changed.
func (s *Service) lock(ctx context.Context, owner, id uuid.UUID, guard Guard) (Project, error) {
	current, err := s.store.Lock(ctx, owner, id)
	if err != nil {
		return Project{}, err
	}
	if guard != nil {
		if err := guard(&current); err != nil {
			return Project{}, err
		}
	}
	return current, nil
}

func (s *Service) insert(ctx context.Context, owner, id uuid.UUID, change Change) (Project, error) {
	var d Draft
	if err := change(&d).Err(); err != nil {
		return Project{}, err
	}
	now := s.instant()
	p := newProject(id, d, s.sources.LastPosition(now, id), now)
	return p, s.store.Insert(ctx, owner, p)
}

// revise applies change to draft and keeps the outcome in place of current. A
// change that changes nothing writes nothing.
func (s *Service) revise(ctx context.Context, owner uuid.UUID, current Project, draft Draft, guard Guard, change Change) (Project, error) {
	if guard != nil {
		if err := guard(&current); err != nil {
			return Project{}, err
		}
	}
	if err := change(&draft).Err(); err != nil {
		return Project{}, err
	}
	next, differs := current.revised(draft, s.instant())
	if !differs {
		return current, nil
	}
	return next, s.store.Update(ctx, owner, next)
}

// getter reads a project: [Store].Get or [Store].Lock.
type getter func(ctx context.Context, owner, id uuid.UUID) (Project, error)

// untilUncontended runs a read-modify-write that the revision guards. Where
// another write came in between, it runs again with the project locked, so
// that each has its turn however many write at once.
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
	return errs.Contended("the project is being changed by too many requests at once; try again")
}

// instant is the present to the microsecond, which is what PostgreSQL keeps.
func (s *Service) instant() time.Time { return s.sources.Now().UTC().Truncate(time.Microsecond) }
