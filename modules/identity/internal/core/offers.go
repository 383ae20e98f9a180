package core

import (
	"context"

	"github.com/google/uuid"
)

// Zones answers where users are: what identity offers to modules that count in
// days. It is a leaf, built from the store alone.
type Zones struct{ store Store }

// NewZones returns Zones of the users in store.
func NewZones(store Store) *Zones { return &Zones{store: store} }

// TimeZone returns the IANA name of the zone in which a user's days begin and
// end, or [Erased]. It is never remembered: another replica may have changed
// it a moment ago.
func (z *Zones) TimeZone(ctx context.Context, user uuid.UUID) (string, error) {
	u, err := z.store.Get(ctx, user)
	if err != nil {
		return "", asErased(err)
	}
	return string(u.TimeZone), nil
}
