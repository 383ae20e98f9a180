package rest

import (
	"context"

	"github.com/google/uuid"

	"docket/modules/project/internal/core"
)

// Belongings hands out and removes all that a user has of projects: what an
// export and an erasure of the whole account ask for. It is a leaf, built from
// the store alone.
type Belongings struct{ projects core.Belongings }

// NewBelongings returns the Belongings in projects.
func NewBelongings(projects core.Belongings) *Belongings { return &Belongings{projects: projects} }

// Export calls yield with each of the owner's projects as the API shows it: a
// JSON object, whose bytes are valid until yield returns. It stops at the first
// error of yield and returns it.
func (b *Belongings) Export(ctx context.Context, owner uuid.UUID, yield func(object []byte) error) error {
	var object []byte
	return b.projects.Each(ctx, owner, func(p core.Project) error {
		object = view(p).AppendJSON(object[:0])
		return yield(object)
	})
}

// EraseSome removes up to limit rows of what owner has and returns how many it
// removed: fewer than limit only where nothing is left.
func (b *Belongings) EraseSome(ctx context.Context, owner uuid.UUID, limit int) (int, error) {
	return b.projects.EraseSome(ctx, owner, limit)
}
