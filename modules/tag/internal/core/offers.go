package core

import (
	"context"

	"github.com/google/uuid"
)

// Existence answers which tags there are: what other modules may ask. It is a
// leaf, built from the store alone.
type Existence struct{ ids IDs }

// IDs is what [Existence] needs of the store.
type IDs interface {
	// Existing returns those of ids that the owner has as tags.
	Existing(ctx context.Context, owner uuid.UUID, ids []uuid.UUID) ([]uuid.UUID, error)
}

// NewExistence returns an Existence over ids.
func NewExistence(ids IDs) *Existence { return &Existence{ids: ids} }

// MissingTags returns those of ids that the owner does not have as tags, in
// the order given.
func (e *Existence) MissingTags(ctx context.Context, owner uuid.UUID, ids []uuid.UUID) ([]uuid.UUID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	existing, err := e.ids.Existing(ctx, owner, ids)
	if err != nil {
		return nil, err
	}
	there := make(map[uuid.UUID]bool, len(existing))
	for _, id := range existing {
		there[id] = true
	}
	var missing []uuid.UUID
	for _, id := range ids {
		if !there[id] {
			missing = append(missing, id)
		}
	}
	return missing, nil
}
