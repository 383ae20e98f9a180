package core

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Store keeps tasks. Each method works on the tasks of one owner and takes
// part in the unit of work of its context.
type Store interface {
	// Insert keeps a new task. It returns [ErrExists] or [ErrReferenceGone].
	Insert(ctx context.Context, owner uuid.UUID, t Task) error
	// InsertMany keeps new tasks in one round trip, in order. An error says
	// with [errs.At] at which task it ended, and is otherwise as that of
	// Insert. It is called inside a unit of work.
	InsertMany(ctx context.Context, owner uuid.UUID, tasks []Task) error
	// Get returns one task, or [NotFound].
	Get(ctx context.Context, owner, id uuid.UUID) (Task, error)
	// Update keeps t in place of before, its last revision. It returns
	// [ErrRevised] where that is not the present one, or [ErrReferenceGone].
	Update(ctx context.Context, owner uuid.UUID, before, t Task) error
	// Delete removes the task and everything below it, or [NotFound].
	Delete(ctx context.Context, owner, id uuid.UUID) error
}

// Tree is how tasks hang together: each below its parent.
type Tree interface {
	// LockTree keeps every other unit of work that calls it from going on
	// until this one ends, so that two moves never make a cycle between them.
	LockTree(ctx context.Context, owner uuid.UUID) error
	// Ancestries returns, for each of ids that is a task, the task and those
	// above it, the topmost last.
	Ancestries(ctx context.Context, owner uuid.UUID, ids []uuid.UUID) (map[uuid.UUID][]Ancestor, error)
	// Height returns how many levels the task and what is below it span.
	Height(ctx context.Context, owner, id uuid.UUID) (int, error)
	// LockBelow keeps everybody else from changing the task and what is below
	// it until the unit of work ends. It comes before a change of several of
	// them: all who change several lock them in the same order, or two of
	// them could each wait for the other.
	LockBelow(ctx context.Context, owner, id uuid.UUID) error
	// MoveBelow puts everything below the task into a project, nil for the
	// inbox.
	MoveBelow(ctx context.Context, owner, id uuid.UUID, project *uuid.UUID, now time.Time) error
	// CloseBelow gives everything open below the task a closed status.
	CloseBelow(ctx context.Context, owner, id uuid.UUID, status Status, now time.Time) error
}

// Ancestor is a task seen from below.
type Ancestor struct {
	ID        uuid.UUID
	ProjectID *uuid.UUID
}

// Projects answers where tasks may go.
type Projects interface {
	// TakesTasks says of those projects that the owner has whether each takes
	// tasks. Inside a unit of work the answer holds until its end.
	TakesTasks(ctx context.Context, owner uuid.UUID, projects []uuid.UUID) (map[uuid.UUID]bool, error)
}

// Tags answers what tasks may carry.
type Tags interface {
	// MissingTags returns those of ids that the owner does not have as tags.
	MissingTags(ctx context.Context, owner uuid.UUID, ids []uuid.UUID) ([]uuid.UUID, error)
}

// Transactor makes one unit of work of many steps.
type Transactor interface {
	// InTx runs fn as one unit of work, or as a part of the one in ctx.
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	// Attempt runs fn, which may fail without dooming the unit of work that
	// it may be part of.
	Attempt(ctx context.Context, fn func(ctx context.Context) error) error
}
