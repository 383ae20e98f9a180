package rest

import (
	"context"

	"github.com/google/uuid"

	"docket/modules/tag/internal/core"
)

// Belongings hands out and removes all that a user has of tags: what an
// export and an erasure of the whole account ask for. It is a leaf, built from
// the store alone.
type Belongings struct{ tags core.Belongings }

// NewBelongings returns the Belongings in tags.
func NewBelongings(tags core.Belongings) *Belongings { return &Belongings{tags: tags} }

// Export calls yield with each of the owner's tags as the API shows it: a
// JSON object, whose bytes are valid until yield returns. It stops at the first
// error of yield and returns it.
func (b *Belongings) Export(ctx context.Context, owner uuid.UUID, yield func(object []byte) error) error {
	var object []byte
	return b.tags.Each(ctx, owner, func(t core.Tag) error {
		object = view(t).AppendJSON(object[:0])
		return yield(object)
	})
}

// EraseSome removes up to limit rows of what owner has and returns how many it
// removed: fewer than limit only where nothing is left.
func (b *Belongings) EraseSome(ctx context.Context, owner uuid.UUID, limit int) (int, error) {
	return b.tags.EraseSome(ctx, owner, limit)
}
