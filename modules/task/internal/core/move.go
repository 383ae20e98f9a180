package core

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// Order is how tasks stand among their siblings: those with the same parent,
// or, without one, in the same project.
type Order interface {
	// Around returns up to n siblings on each side of the gap, in order,
	// without the task that is to go there.
	Around(ctx context.Context, owner uuid.UUID, gap Gap, n int) (before, after []Sibling, err error)
	// AllAround is Around of all the owner's tasks, whatever they are siblings
	// of.
	AllAround(ctx context.Context, owner uuid.UUID, gap Gap, n int) (before, after []Sibling, err error)
	// Reposition gives tasks new positions, to make room for the one moving. Of
	// them, it alone counts as moved by its user.
	Reposition(ctx context.Context, owner, moving uuid.UUID, tasks []Sibling, now time.Time) error
}

// Gap is a place among siblings, right before or right behind one of them.
type Gap struct {
	ProjectID, ParentID *uuid.UUID
	Anchor              Sibling
	Behind              bool
	// Moving is the task that is to go there.
	Moving uuid.UUID
}

// Sibling is a task and where it stands.
type Sibling struct {
	ID       uuid.UUID
	Position string
}

// Destination is what a client says of where a task goes. What it does not
// name follows from the rest: a sibling's place is the sibling's, a subtask's
// project its parent's, and a project alone means its top level. Without a
// sibling a task goes behind all others there, or stays as it is where it is
// one of them already.
type Destination struct {
	ProjectID, ParentID       *uuid.UUID
	ProjectNamed, ParentNamed bool
	BeforeID, AfterID         *uuid.UUID
}

// anchor returns the sibling that to names, nil where it names none, and the
// field that does.
func (to Destination) anchor() (id *uuid.UUID, field string, behind bool) {
	if to.AfterID != nil {
		return to.AfterID, "after_id", true
	}
	return to.BeforeID, "before_id", false
}

// Route is what a request wants of a task's place. It returns all that is wrong
// with the request.
type Route func(*Destination) errs.Faults

// Move puts the task, and everything below it, where route says, or
// [NotFound]. A project that is archived takes none from elsewhere, but those
// in it can be put in another order: that is editing them.
func (s *Service) Move(ctx context.Context, owner, id uuid.UUID, guard Guard, route Route) (moved Task, err error) {
	var to Destination
	faults := route(&to)
	err = s.untilUncontended(ctx, func(ctx context.Context, _ getter) error {
		return s.tx.InTx(ctx, func(ctx context.Context) error {
			current, err := s.lock(ctx, owner, id)
			if err != nil {
				return err
			}
			if guard != nil {
				if err := guard(&current); err != nil {
					return err
				}
			}
			moved, err = s.move(ctx, owner, current, to, slices.Clone(faults))
			return err
		})
	})
	return moved, err
}

func (s *Service) move(ctx context.Context, owner uuid.UUID, current Task, to Destination, faults errs.Faults) (Task, error) {
	gap, err := s.gapAt(ctx, owner, current, &to, &faults)
	if err != nil {
		return Task{}, err
	}
	draft := current.draft()
	draft.ProjectID, draft.ProjectNamed, draft.ParentID = to.ProjectID, to.ProjectNamed, to.ParentID
	more, conflict, err := s.place(ctx, owner, &current, &draft)
	if err != nil {
		return Task{}, err
	}
	if faults = append(faults, to.named(more)...); len(faults) > 0 {
		return Task{}, faults.Err()
	}
	if conflict != nil {
		conflict.Details = to.named(conflict.Details)
		return Task{}, conflict
	}
	next := current
	next.ProjectID, next.ParentID = draft.ProjectID, draft.ParentID
	if next.Position, err = s.positionIn(ctx, owner, current, next, gap); err != nil {
		return Task{}, err
	}
	if next.Position == current.Position && next.sharesPlace(current) {
		return current, nil
	}
	next.UpdatedAt = s.instant()
	next.Revision++
	return next, s.keep(ctx, owner, current, next, false)
}

// named returns faults under the names of what the request says: a parent that
// it leaves out is that of the sibling.
func (to Destination) named(faults errs.Faults) errs.Faults {
	_, field, _ := to.anchor()
	for i := range faults {
		if faults[i].Field == "parent_id" && !to.ParentNamed {
			faults[i].Field = field
		}
	}
	return faults
}

// sharesPlace reports whether both have the same parent and project.
func (t Task) sharesPlace(other Task) bool {
	return same(t.ProjectID, other.ProjectID) && same(t.ParentID, other.ParentID)
}

// gapAt completes to by what it leaves open, and finds the sibling that it
// names, if it names one.
func (s *Service) gapAt(ctx context.Context, owner uuid.UUID, current Task, to *Destination, faults *errs.Faults) (*Gap, error) {
	anchor, field, behind := to.anchor()
	switch {
	case to.BeforeID != nil && to.AfterID != nil:
		faults.Add("after_id", errs.Faultf(errs.FaultConflict, "cannot be given together with before_id"))
		return nil, nil
	case anchor == nil:
		to.complete(current.ProjectID, nil)
		return nil, nil
	case *anchor == current.ID:
		faults.Add(field, errs.Faultf(errs.FaultConflict, "names the task itself"))
		return nil, nil
	}
	sibling, err := s.store.Get(ctx, owner, *anchor)
	if errs.KindOf(err) == errs.NotFound {
		faults.Add(field, errs.Faultf(errs.FaultNotFound, "names a task that does not exist"))
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if to.ParentNamed && !same(to.ParentID, sibling.ParentID) || to.ProjectNamed && !same(to.ProjectID, sibling.ProjectID) {
		faults.Add(field, errs.Faultf(errs.FaultConflict, "names a task that is somewhere else than project_id and parent_id say"))
	}
	to.complete(sibling.ProjectID, sibling.ParentID)
	return &Gap{
		ProjectID: sibling.ProjectID, ParentID: sibling.ParentID,
		Anchor: Sibling{ID: sibling.ID, Position: sibling.Position}, Behind: behind, Moving: current.ID,
	}, nil
}

// complete fills in the project and parent that a request left open.
func (to *Destination) complete(project, parent *uuid.UUID) {
	if !to.ParentNamed && !to.ProjectNamed || !to.ParentNamed && parent != nil {
		to.ParentID = parent
	}
	if !to.ProjectNamed {
		to.ProjectID = project
	}
}

// positionIn returns the position of a task in the gap, or behind all siblings
// where there is none, and makes room for it where there is not enough. A task
// that stands there already stays as it is.
func (s *Service) positionIn(ctx context.Context, owner uuid.UUID, current, next Task, gap *Gap) (string, error) {
	stays := next.sharesPlace(current)
	switch {
	case gap == nil && stays:
		return current.Position, nil
	case gap == nil:
		return s.sources.LastPosition(s.instant(), next.ID), nil
	}
	before, after, err := s.order.Around(ctx, owner, *gap, 1)
	if err != nil {
		return "", err
	}
	if stays && between(before, current, after) {
		return current.Position, nil
	}
	key, newBefore, newAfter, err := s.sources.InsertPosition(func(n int) (keysBefore, keysAfter []string, err error) {
		if n > 1 {
			// New keys of siblings alone would change how they stand among the
			// user's other tasks, which a list may show between them.
			before, after, err = s.order.AllAround(ctx, owner, *gap, n)
		}
		return positions(before), positions(after), err
	})
	if err != nil {
		return "", err
	}
	changed := append(replaced(before[len(before)-len(newBefore):], newBefore), replaced(after[:len(newAfter)], newAfter)...)
	if len(changed) == 0 {
		return key, nil
	}
	return key, s.order.Reposition(ctx, owner, gap.Moving, changed, s.instant())
}

// replaced returns those of siblings whose positions differ from keys, with
// those keys.
func replaced(siblings []Sibling, keys []string) []Sibling {
	var changed []Sibling
	for i, s := range siblings {
		if s.Position != keys[i] {
			changed = append(changed, Sibling{ID: s.ID, Position: keys[i]})
		}
	}
	return changed
}

func positions(siblings []Sibling) []string {
	keys := make([]string, len(siblings))
	for i, s := range siblings {
		keys[i] = s.Position
	}
	return keys
}

// between reports whether t stands between the last of before and the first of
// after.
func between(before []Sibling, t Task, after []Sibling) bool {
	return (len(before) == 0 || before[len(before)-1].Position < t.Position) &&
		(len(after) == 0 || t.Position < after[0].Position)
}
