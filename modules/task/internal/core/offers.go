package core

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Release lets go of what other modules are about to delete or merge: what
// tasks offer to them. It is a leaf, built from the store alone.
type Release struct {
	references References
	now        func() time.Time
}

// References is what [Release] needs of the store.
type References interface {
	// ToInbox takes every task out of a project.
	ToInbox(ctx context.Context, owner, project uuid.UUID, now time.Time) error
	// DeleteIn deletes every task of a project.
	DeleteIn(ctx context.Context, owner, project uuid.UUID) error
	// Untag takes a tag off every task.
	Untag(ctx context.Context, owner, tag uuid.UUID, now time.Time) error
	// Retag gives every task that carries the tag from the tag into instead.
	Retag(ctx context.Context, owner, from, into uuid.UUID, now time.Time) error
}

// NewRelease returns a Release of references.
func NewRelease(references References, now func() time.Time) *Release {
	return &Release{references: references, now: now}
}

// ProjectDeleted puts the project's tasks back into the inbox.
func (r *Release) ProjectDeleted(ctx context.Context, owner, project uuid.UUID) error {
	return r.references.ToInbox(ctx, owner, project, r.instant())
}

// ProjectDeletedWithTasks deletes the project's tasks.
func (r *Release) ProjectDeletedWithTasks(ctx context.Context, owner, project uuid.UUID) error {
	return r.references.DeleteIn(ctx, owner, project)
}

// TagDeleted takes the tag off all tasks.
func (r *Release) TagDeleted(ctx context.Context, owner, tag uuid.UUID) error {
	return r.references.Untag(ctx, owner, tag, r.instant())
}

// TagMerged gives all tasks that carry the tag from the tag into instead, once.
func (r *Release) TagMerged(ctx context.Context, owner, from, into uuid.UUID) error {
	return r.references.Retag(ctx, owner, from, into, r.instant())
}

func (r *Release) instant() time.Time { return r.now().UTC().Truncate(time.Microsecond) }
