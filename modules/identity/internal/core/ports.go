package core

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// ErrRevised says that a user changed after it was read. The service acts on
// it; it reaches no client.
var ErrRevised = errors.New("the user was changed in between")

// Store keeps users.
type Store interface {
	// FindOrAdd returns the user of fresh's issuer and subject, or adds fresh.
	// However many ask at once, one user comes of it. It returns [Erased] where
	// that user was erased.
	FindOrAdd(ctx context.Context, fresh User) (User, error)
	// Get returns one user, or [NotFound].
	Get(ctx context.Context, id uuid.UUID) (User, error)
	// Update keeps u in place of its revision before, or [ErrRevised].
	Update(ctx context.Context, u User) error
}

// Memory remembers users that were met before, so that a request of theirs
// asks no database. It may forget any of them.
type Memory interface {
	// Recall returns a user that was remembered after since.
	Recall(issuer, subject string, since time.Time) (User, bool)
	// Remember keeps u as it was found at an instant; it is ignored where u was
	// forgotten a moment before.
	Remember(u User, at time.Time)
	// Forget drops u, who was erased.
	Forget(u User, at time.Time)
}
