package core

import (
	"context"

	"github.com/google/uuid"
)

// Store keeps tags. Each method works on the tags of one owner and takes part
// in the unit of work of its context.
type Store interface {
	// Insert keeps new tags, in order, in one round trip. It returns
	// [ErrExists] or [NameTaken]. Several need a unit of work around them, and
	// the error then says with [errs.At] which of them it is about.
	Insert(ctx context.Context, owner uuid.UUID, ts ...Tag) error
	// Get returns one tag, or [NotFound].
	Get(ctx context.Context, owner, id uuid.UUID) (Tag, error)
	// List returns one page, and where it ended if more follow.
	List(ctx context.Context, owner uuid.UUID, q Query) ([]Tag, *After, error)
	// Update keeps t in place of its revision before. It returns [ErrRevised]
	// where that is not the present one, or [NameTaken].
	Update(ctx context.Context, owner uuid.UUID, t Tag) error
	// Lock is Get, and keeps everybody else from changing the tag until the
	// unit of work ends.
	Lock(ctx context.Context, owner, id uuid.UUID) (Tag, error)
	// Delete removes a tag that is locked.
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

// DeletionListener is told, inside the unit of work, that a tag is about to
// go, so that what carries it can let it go first.
type DeletionListener interface {
	// TagDeleted says that the tag goes.
	TagDeleted(ctx context.Context, owner, tag uuid.UUID) error
	// TagMerged says that the tag from goes, and that what carries it is to
	// carry the tag into from then on.
	TagMerged(ctx context.Context, owner, from, into uuid.UUID) error
}

// TaskCounter answers how many tasks carry tags.
type TaskCounter interface {
	// TagTaskCounts counts, by tag, the tasks that carry it. Tags that none
	// carries may be left out.
	TagTaskCounts(ctx context.Context, owner uuid.UUID, tags []uuid.UUID) (map[uuid.UUID]int, error)
}

// Query says which tags to list, in which order.
type Query struct {
	// Contains, unless empty, asks for names that contain it, without regard to
	// letter case and accents.
	Contains string

	Sort  SortField
	Desc  bool
	After *After
	Limit int
}

// SortField is what tags can be listed by; ties are broken by id.
type SortField string

// The fields tags can be listed by. Names sort without regard to letter case.
const (
	SortName      SortField = "name"
	SortCreatedAt SortField = "created_at"
	SortUpdatedAt SortField = "updated_at"
)

// After is where the page before ended.
type After struct {
	Key string
	ID  uuid.UUID
}
