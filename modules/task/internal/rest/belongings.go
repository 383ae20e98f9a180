package rest

import (
	"context"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
)

// Belongings hands out and removes all that a user has of tasks: what an
// export and an erasure of the whole account ask for. It is a leaf, built from
// the store alone.
type Belongings struct{ tasks core.Belongings }

// NewBelongings returns the Belongings in tasks.
func NewBelongings(tasks core.Belongings) *Belongings { return &Belongings{tasks: tasks} }

// Export calls yield with each of the owner's tasks as the API shows it: a
// JSON object, whose bytes are valid until yield returns. It stops at the first
// error of yield and returns it.
func (b *Belongings) Export(ctx context.Context, owner uuid.UUID, yield func(object []byte) error) error {
	var object []byte
	return b.tasks.Each(ctx, owner, func(t core.Task) error {
		object = view(t).AppendJSON(object[:0])
		return yield(object)
	})
}

// EraseSome removes up to limit rows of what owner has and returns how many it
// removed: fewer than limit only where nothing is left.
func (b *Belongings) EraseSome(ctx context.Context, owner uuid.UUID, limit int) (int, error) {
	return b.tasks.EraseSome(ctx, owner, limit)
}
