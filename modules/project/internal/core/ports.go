package core

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Store keeps projects. Each method works on the projects of one owner and takes part
// in the unit of work of its context.
type Store interface {
	// Insert keeps new projects, in order, in one round trip. It returns
	// [ErrExists] or [NameTaken]. Several need a unit of work around them, and
	// the error then says with [errs.At] which of them it is about.
	Insert(ctx context.Context, owner uuid.UUID, ps ...Project) error
	// Get returns one project, or [NotFound].
	Get(ctx context.Context, owner, id uuid.UUID) (Project, error)
	// List returns one page, and where it ended if more follow.
	List(ctx context.Context, owner uuid.UUID, q Query) ([]Project, *After, error)
	// Update keeps p in place of its revision before. It returns [ErrRevised]
	// where that is not the present one, or [NameTaken].
	Update(ctx context.Context, owner uuid.UUID, p Project) error
	// Lock is Get, and keeps everybody else from changing the project until the
	// unit of work ends.
	Lock(ctx context.Context, owner, id uuid.UUID) (Project, error)
	// Delete removes a project that is locked.
	Delete(ctx context.Context, owner, id uuid.UUID) error
}

// Transactor makes one unit of work of many steps.
type Transactor interface {
	// InTx runs fn as one unit of work, or as a part of the one in ctx.
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	// Attempt runs fn, which may fail without dooming the unit of work that
	// it may be part of.
	Attempt(ctx context.Context, fn func(ctx context.Context) error) error
}

// Order is how projects stand one behind the other: by position, ties broken
// by id, those that are archived included.
type Order interface {
	// LockOrder keeps every other unit of work that calls it from going on
	// until this one ends, so that two moves never end in one place.
	LockOrder(ctx context.Context, owner uuid.UUID) error
	// Around returns the n projects nearest before at and the n nearest behind
	// it, or as many as there are, each in order. The project except does not
	// count.
	Around(ctx context.Context, owner uuid.UUID, at Placed, except uuid.UUID, n int) (before, behind []Placed, err error)
	// Reposition gives projects new positions, to make room for the one moving.
	// Of them, it alone counts as moved by its user. Those that are gone stay
	// away.
	Reposition(ctx context.Context, owner, moving uuid.UUID, places []Placed, now time.Time) error
}

// Placed is a project as [Order] sees it.
type Placed struct {
	ID       uuid.UUID
	Position string
}

// DeletionListener is told, inside the unit of work, that a project is about to
// go, so that what carries it can let it go first.
type DeletionListener interface {
	// ProjectDeleted says that the project goes and its tasks stay.
	ProjectDeleted(ctx context.Context, owner, project uuid.UUID) error
	// ProjectDeletedWithTasks says that its tasks go too.
	ProjectDeletedWithTasks(ctx context.Context, owner, project uuid.UUID) error
}

// TaskCounter answers how many tasks projects have.
type TaskCounter interface {
	// ProjectTaskCounts counts, by project, the tasks that are open and those
	// that are done. Projects without any may be left out.
	ProjectTaskCounts(ctx context.Context, owner uuid.UUID, projects []uuid.UUID) (open, done map[uuid.UUID]int, err error)
}

// Query says which projects to list, in which order.
type Query struct {
	// Archived asks for those that are archived, or for those that are not;
	// nil for all.
	Archived *bool
	// Contains, unless empty, asks for names that contain it, without regard to
	// letter case and accents.
	Contains string

	Sort  SortField
	Desc  bool
	After *After
	Limit int
}

// SortField is what projects can be listed by; ties are broken by id.
type SortField string

// The fields projects can be listed by. Names sort without regard to letter case.
const (
	SortPosition  SortField = "position"
	SortName      SortField = "name"
	SortCreatedAt SortField = "created_at"
	SortUpdatedAt SortField = "updated_at"
)

// After is where the page before ended.
type After struct {
	Key string
	ID  uuid.UUID
}
