package core_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx/httpxtest"
	"docket/platform/position"
)

// shelf keeps top-level tasks of one user in memory, and counts what is
// written.
type shelf struct {
	core.Store
	core.Tree
	tasks   []core.Task
	touched int
}

func (s *shelf) index(id uuid.UUID) int {
	return slices.IndexFunc(s.tasks, func(t core.Task) bool { return t.ID == id })
}

// ordered returns the tasks as a list shows them.
func (s *shelf) ordered() []core.Sibling {
	all := make([]core.Sibling, len(s.tasks))
	for i, t := range s.tasks {
		all[i] = core.Sibling{ID: t.ID, Position: t.Position}
	}
	slices.SortFunc(all, func(a, b core.Sibling) int { return strings.Compare(a.Position, b.Position) })
	return all
}

func (s *shelf) Get(_ context.Context, _, id uuid.UUID) (core.Task, error) {
	if i := s.index(id); i >= 0 {
		return s.tasks[i], nil
	}
	return core.Task{}, core.NotFound(id)
}

func (s *shelf) Update(_ context.Context, _ uuid.UUID, _, t core.Task) error {
	s.tasks[s.index(t.ID)] = t
	s.touched++
	return nil
}

func (s *shelf) LockTree(context.Context, uuid.UUID) error { return nil }

func (s *shelf) LockBelow(context.Context, uuid.UUID, uuid.UUID) error { return nil }

// Around implements [core.Order].
func (s *shelf) Around(_ context.Context, _ uuid.UUID, gap core.Gap, n int) (before, after []core.Sibling, err error) {
	others := slices.DeleteFunc(s.ordered(), func(x core.Sibling) bool { return x.ID == gap.Moving })
	at := slices.IndexFunc(others, func(x core.Sibling) bool { return x.ID == gap.Anchor.ID })
	if gap.Behind {
		at++
	}
	return others[max(0, at-n):at], others[at:min(len(others), at+n)], nil
}

// AllAround implements [core.Order]: there are no others on a shelf.
func (s *shelf) AllAround(ctx context.Context, owner uuid.UUID, gap core.Gap, n int) (before, after []core.Sibling, err error) {
	return s.Around(ctx, owner, gap, n)
}

// Reposition implements [core.Order].
func (s *shelf) Reposition(_ context.Context, _, _ uuid.UUID, tasks []core.Sibling, now time.Time) error {
	for _, x := range tasks {
		t := &s.tasks[s.index(x.ID)]
		t.Position, t.UpdatedAt = x.Position, now
		t.Revision++
	}
	s.touched += len(tasks)
	return nil
}

// inline is a unit of work that cannot fail.
type inline struct{}

func (inline) InTx(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

func (inline) Attempt(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

func newShelf(n int) (*shelf, *core.Service) {
	s, clock := &shelf{}, httpxtest.NewClock()
	for i := range n {
		id := httpxtest.ID(uint64(i) + 1)
		clock.Advance(time.Millisecond)
		s.tasks = append(s.tasks, core.Task{ID: id, Position: position.Last(clock.Now(), id), Revision: 1})
	}
	return s, core.NewService(core.Stores{Store: s, Tree: s, Order: s}, core.Places{}, inline{},
		core.Sources{Now: clock.Now, LastPosition: position.Last, InsertPosition: position.Insert})
}

// Ten thousand moves into the same gap: each ends where it should, the keys stay
// short, the others stay in order, and the work stays in bounds.
func TestTenThousandMovesToOneSpot(t *testing.T) {
	t.Parallel()
	const moves, reach = 10_000, 2*256 + 1
	for name, to := range map[string]func(first, last uuid.UUID) core.Destination{
		"right behind the first": func(first, _ uuid.UUID) core.Destination { return core.Destination{AfterID: &first} },
		"right before the last":  func(_, last uuid.UUID) core.Destination { return core.Destination{BeforeID: &last} },
		"before all":             func(first, _ uuid.UUID) core.Destination { return core.Destination{BeforeID: &first} },
		"behind all":             func(_, last uuid.UUID) core.Destination { return core.Destination{AfterID: &last} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, service := newShelf(60)
			model := s.ordered()
			for i := range moves {
				first, last := model[0].ID, model[len(model)-1].ID
				from := 1 + i%(len(model)-2)
				moving, was := model[from].ID, s.touched
				model = slices.Delete(model, from, from+1)
				at := map[string]int{"right behind the first": 1, "right before the last": len(model) - 1, "before all": 0, "behind all": len(model)}[name]
				model = slices.Insert(model, at, core.Sibling{ID: moving})
				moved, err := service.Move(t.Context(), uuid.Nil, moving, nil, func(d *core.Destination) errs.Faults { *d = to(first, last); return nil })
				if err != nil {
					t.Fatalf("move %d: %v", i, err)
				}
				if len(moved.Position) > position.MaxLength || s.touched-was > reach {
					t.Fatalf("move %d: to %q, %d rows touched", i, moved.Position, s.touched-was)
				}
			}
			if s.touched > 2*moves {
				t.Errorf("%d moves touched %d rows", moves, s.touched)
			}
			if diff := cmp.Diff(siblingIDs(model), siblingIDs(s.ordered())); diff != "" {
				t.Errorf("the order (-model +shelf):\n%s", diff)
			}
		})
	}
}

func siblingIDs(siblings []core.Sibling) []uuid.UUID {
	ids := make([]uuid.UUID, len(siblings))
	for i, s := range siblings {
		ids[i] = s.ID
	}
	return ids
}
