package core

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// Spot is where a client wants a project to go: right before another or right
// after it. Exactly one of the two is set.
type Spot struct{ Before, After *uuid.UUID }

// neighbour returns the project that s names, and the field that does.
func (s Spot) neighbour() (id uuid.UUID, field string) {
	if s.Before != nil {
		return *s.Before, "before_id"
	}
	return *s.After, "after_id"
}

// check returns what is wrong with s as a place for the project moving. What
// could not be read has its fault already.
func (s Spot) check(moving uuid.UUID, faults errs.Faults) errs.Faults {
	if len(faults) > 0 {
		return faults
	}
	switch {
	case s.Before == nil && s.After == nil:
		faults.Add("before_id", errs.Faultf(errs.FaultRequired, "is required, or after_id in its place"))
	case s.Before != nil && s.After != nil:
		faults.Add("after_id", errs.Faultf(errs.FaultConflict, "must not stand beside before_id"))
	default:
		if id, field := s.neighbour(); id == moving {
			faults.Add(field, errs.Faultf(errs.FaultConflict, "names the project itself"))
		}
	}
	return faults
}

// Move puts the project right before or right after another, as request says.
// As a rule nothing else changes; where there is no short key left in between,
// the projects near the spot get new positions. One that stands there already
// stays as it is. It returns [NotFound].
func (s *Service) Move(ctx context.Context, owner, id uuid.UUID, guard Guard, request func(*Spot) errs.Faults) (moved Project, err error) {
	err = s.tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.order.LockOrder(ctx, owner); err != nil {
			return err
		}
		current, err := s.lock(ctx, owner, id, guard)
		if err != nil {
			return err
		}
		var spot Spot
		if err := spot.check(id, request(&spot)).Err(); err != nil {
			return err
		}
		into, err := s.gapAt(ctx, owner, spot, id)
		if err != nil {
			return err
		}
		moved, err = s.moveInto(ctx, owner, current, into)
		return err
	})
	return moved, err
}

// gap is the room next to a project, before it or after it.
type gap struct {
	at    Placed
	after bool
	// moving is on its way into the gap, and borders on none.
	moving uuid.UUID
}

func (s *Service) gapAt(ctx context.Context, owner uuid.UUID, spot Spot, moving uuid.UUID) (gap, error) {
	id, field := spot.neighbour()
	at, err := s.store.Get(ctx, owner, id)
	if errs.KindOf(err) == errs.NotFound {
		var faults errs.Faults
		faults.Add(field, errs.Faultf(errs.FaultNotFound, "names a project that does not exist"))
		return gap{}, faults.Err()
	}
	return gap{at: at.placed(), after: spot.After != nil, moving: moving}, err
}

// neighbours returns at least n projects on each side of the gap, or all that
// there are, in order.
func (s *Service) neighbours(ctx context.Context, owner uuid.UUID, g gap, n int) (before, behind []Placed, err error) {
	before, behind, err = s.order.Around(ctx, owner, g.at, g.moving, n)
	if g.after {
		return append(before, g.at), behind, err
	}
	return before, append([]Placed{g.at}, behind...), err
}

// moveInto puts current into the gap, under the lock on the order.
func (s *Service) moveInto(ctx context.Context, owner uuid.UUID, current Project, into gap) (Project, error) {
	before, behind, err := s.neighbours(ctx, owner, into, 1)
	if err != nil {
		return Project{}, err
	}
	if current.placed().between(before, behind) {
		return current, nil
	}
	key, newBefore, newBehind, err := s.sources.InsertPosition(func(n int) ([]string, []string, error) {
		if n > 1 {
			before, behind, err = s.neighbours(ctx, owner, into, n)
		}
		return positions(before), positions(behind), err
	})
	if err != nil {
		return Project{}, err
	}
	next := current
	next.Position, next.UpdatedAt = key, s.instant()
	next.Revision++
	room := append(replaced(before[len(before)-len(newBefore):], newBefore), replaced(behind[:len(newBehind)], newBehind)...)
	if len(room) > 0 {
		if err := s.order.Reposition(ctx, owner, next.ID, room, next.UpdatedAt); err != nil {
			return Project{}, err
		}
	}
	return next, s.store.Update(ctx, owner, next)
}

func (p Project) placed() Placed { return Placed{ID: p.ID, Position: p.Position} }

// between reports whether p stands behind the last of before and before the
// first of behind.
func (p Placed) between(before, behind []Placed) bool {
	return (len(before) == 0 || before[len(before)-1].compare(p) < 0) && (len(behind) == 0 || p.compare(behind[0]) < 0)
}

func (p Placed) compare(other Placed) int {
	return cmp.Or(cmp.Compare(p.Position, other.Position), cmp.Compare(string(p.ID[:]), string(other.ID[:])))
}

func positions(places []Placed) []string {
	keys := make([]string, len(places))
	for i, p := range places {
		keys[i] = p.Position
	}
	return keys
}

// replaced returns those of places whose positions differ from keys, with those
// keys.
func replaced(places []Placed, keys []string) []Placed {
	var changed []Placed
	for i, p := range places {
		if p.Position != keys[i] {
			changed = append(changed, Placed{ID: p.ID, Position: keys[i]})
		}
	}
	return changed
}
