package core

import (
	"context"

	"github.com/google/uuid"
)

// Store keeps projects. Each method works on the projects of one owner and takes part
// in the unit of work of its context.
type Store interface {
	// Insert keeps a new project. It returns [ErrExists] or [NameTaken].
	Insert(ctx context.Context, owner uuid.UUID, p Project) error
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

// DeletionListener is told, inside the unit of work, that a project is about to
// go, so that what carries it can let it go first.
type DeletionListener interface {
	ProjectDeleted(ctx context.Context, owner, project uuid.UUID) error
}

// Query says which projects to list, in which order.
type Query struct {
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
