package core

import (
	"context"
	"errors"

	"github.com/google/uuid"
)

// ErrRevised says that a user changed after it was read. The service acts on
// it; it reaches no client.
var ErrRevised = errors.New("the user was changed in between")

// Store keeps users.
type Store interface {
	// FindOrAdd returns the user of fresh's issuer and subject, or adds fresh.
	// However many ask at once, one user comes of it.
	FindOrAdd(ctx context.Context, fresh User) (User, error)
	// Get returns one user, or [NotFound].
	Get(ctx context.Context, id uuid.UUID) (User, error)
	// Update keeps u in place of its revision before, or [ErrRevised].
	Update(ctx context.Context, u User) error
}

// Memory remembers users that were met before, so that a request of theirs
// asks no database. It may forget any of them.
type Memory interface {
	Recall(issuer, subject string) (User, bool)
	Remember(u User)
}
