package core

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// maxAttempts bounds how often a write starts over because another came in
// between.
const maxAttempts = 10

// remembered is how long a user is known without being looked up again, as long
// as [Lookout] sees no tombstone: should one escape it, for instance because
// the store's clock was set back by minutes, this is where that ends.
const remembered = 5 * time.Minute

// Service is what can be done with users.
type Service struct {
	store   Store
	memory  Memory
	lookout *Lookout
	now     func() time.Time
	newID   func() uuid.UUID
}

// NewService returns a Service that keeps users in store, and remembers them in
// the memory that lookout watches over.
func NewService(store Store, memory Memory, lookout *Lookout, now func() time.Time, newID func() uuid.UUID) *Service {
	return &Service{store: store, memory: memory, lookout: lookout, now: now, newID: newID}
}

// Identify returns the id of the user that claims speak of, and makes that
// user at first sight. It asks the store only about users this process has not
// met lately, or whose profile changed. It returns [Erased] where the user was
// erased.
func (s *Service) Identify(ctx context.Context, c Claims) (uuid.UUID, error) {
	began := s.now()
	if since, ok := s.lookout.trusts(began); ok {
		if u, ok := s.memory.Recall(c.Issuer, c.Subject, since); ok && !u.outdatedBy(c) {
			return u.ID, nil
		}
	}
	u, err := s.store.FindOrAdd(ctx, newUser(s.newID(), c, s.instant()))
	if err != nil {
		return uuid.Nil, err
	}
	if u.outdatedBy(c) {
		u = u.withProfile(c, s.instant())
		err := s.store.Update(ctx, u)
		if errors.Is(err, ErrRevised) {
			// Whoever was quicker may have changed something else. A profile is
			// not worth a second attempt, the next request brings it again: as
			// long as nobody remembers this one as kept.
			return u.ID, nil
		}
		if err != nil {
			return uuid.Nil, err
		}
	}
	s.memory.Remember(u, began)
	return u.ID, nil
}

// Get returns the user who asks, or [Erased].
func (s *Service) Get(ctx context.Context, id uuid.UUID) (User, error) {
	u, err := s.store.Get(ctx, id)
	return u, asErased(err)
}

// Update changes what change names and leaves the rest, or [Erased].
func (s *Service) Update(ctx context.Context, id uuid.UUID, guard Guard, change Change) (User, error) {
	for range maxAttempts {
		u, err := s.update(ctx, id, guard, change)
		if !errors.Is(err, ErrRevised) {
			return u, err
		}
	}
	return User{}, errs.Contended("the user is being changed by too many requests at once; try again")
}

func (s *Service) update(ctx context.Context, id uuid.UUID, guard Guard, change Change) (User, error) {
	current, err := s.Get(ctx, id)
	if err != nil {
		return User{}, err
	}
	if guard != nil {
		if err := guard(&current); err != nil {
			return User{}, err
		}
	}
	d := Draft{TimeZone: current.TimeZone}
	if err := change(&d).Err(); err != nil {
		return User{}, err
	}
	next, differs := current.revised(d, s.instant())
	if !differs {
		return current, nil
	}
	return next, s.store.Update(ctx, next)
}

// instant is the present to the microsecond, which is what PostgreSQL keeps.
func (s *Service) instant() time.Time { return s.now().UTC().Truncate(time.Microsecond) }
