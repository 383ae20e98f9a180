package core

import (
	"context"

	"github.com/google/uuid"
)

// Belongings is what a user has of tasks, whole: what an export reads and an
// erasure removes.
type Belongings interface {
	// Each calls yield with each of the owner's tasks, in the order of their
	// ids, as they come from the database. It stops at the first error of yield
	// and returns it.
	Each(ctx context.Context, owner uuid.UUID, yield func(Task) error) error
	// EraseSome removes up to limit rows of what the owner has and returns how
	// many it removed: fewer than limit only where nothing is left.
	EraseSome(ctx context.Context, owner uuid.UUID, limit int) (int, error)
}
