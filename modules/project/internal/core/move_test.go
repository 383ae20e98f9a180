package core_test

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/modules/project/internal/core"
	"docket/platform/errs"
	"docket/platform/position"
)

// shelf is a store of projects that only changes their order; it counts how
// many were written to.
type shelf struct {
	core.Store
	projects []core.Project
	written  int
}

func newShelf(n int) *shelf {
	s := &shelf{}
	for i := range n {
		id := uuid.UUID{14: byte(i >> 8), 15: byte(i)}
		s.projects = append(s.projects, core.Project{ID: id, Position: position.Last(time.Unix(1_800_000_000, int64(i)*1000), id), Revision: 1})
	}
	return s
}

func (s *shelf) service() *core.Service {
	return core.NewService(s, s, inline{}, core.Tasks{}, core.Sources{Now: func() time.Time { return time.Unix(1_900_000_000, 0) }, InsertPosition: position.Insert})
}

// inline is a unit of work without a database.
type inline struct{}

func (inline) InTx(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

func (inline) Attempt(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

func (s *shelf) find(id uuid.UUID) int {
	return slices.IndexFunc(s.projects, func(p core.Project) bool { return p.ID == id })
}

func (s *shelf) Get(_ context.Context, _, id uuid.UUID) (core.Project, error) {
	if i := s.find(id); i >= 0 {
		return s.projects[i], nil
	}
	return core.Project{}, core.NotFound(id)
}

func (s *shelf) Lock(ctx context.Context, owner, id uuid.UUID) (core.Project, error) {
	return s.Get(ctx, owner, id)
}

func (s *shelf) Update(_ context.Context, _ uuid.UUID, p core.Project) error {
	i := s.find(p.ID)
	if s.projects[i].Revision != p.Revision-1 {
		return core.ErrRevised
	}
	s.projects[i] = p
	s.written++
	s.sort()
	return nil
}

func (s *shelf) LockOrder(context.Context, uuid.UUID) error { return nil }

func (s *shelf) Around(_ context.Context, _ uuid.UUID, at core.Placed, except uuid.UUID, n int) (before, behind []core.Placed, err error) {
	i := s.find(at.ID)
	for _, p := range s.projects[:i] {
		if p.ID != except {
			before = append(before, core.Placed{ID: p.ID, Position: p.Position})
		}
	}
	for _, p := range s.projects[i+1:] {
		if p.ID != except {
			behind = append(behind, core.Placed{ID: p.ID, Position: p.Position})
		}
	}
	return before[max(len(before)-n, 0):], behind[:min(n, len(behind))], nil
}

func (s *shelf) Reposition(_ context.Context, _, _ uuid.UUID, places []core.Placed, _ time.Time) error {
	for _, p := range places {
		i := s.find(p.ID)
		s.projects[i].Position = p.Position
		s.projects[i].Revision++
		s.written++
	}
	s.sort()
	return nil
}

func (s *shelf) sort() {
	slices.SortFunc(s.projects, func(a, b core.Project) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), slices.Compare(a.ID[:], b.ID[:]))
	})
}

func (s *shelf) ids() []uuid.UUID {
	var ids []uuid.UUID
	for _, p := range s.projects {
		ids = append(ids, p.ID)
	}
	return ids
}

func to(spot core.Spot) func(*core.Spot) errs.Faults {
	return func(s *core.Spot) errs.Faults { *s = spot; return nil }
}

func TestTenThousandMovesToOneSpot(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 200} {
		for name, beside := range map[string]func(id *uuid.UUID) core.Spot{
			"before": func(id *uuid.UUID) core.Spot { return core.Spot{Before: id} },
			"after":  func(id *uuid.UUID) core.Spot { return core.Spot{After: id} },
		} {
			s := newShelf(n)
			service, want := s.service(), s.ids()
			anchor := want[n/2]
			const moves = 10_000
			for i := range moves {
				at := (i * 7) % n
				moving := want[at]
				if moving == anchor {
					continue
				}
				spot := beside(&anchor)
				if _, err := service.Move(t.Context(), uuid.Nil, moving, nil, to(spot)); err != nil {
					t.Fatal(err)
				}
				want = slices.Delete(want, at, at+1)
				place := slices.Index(want, anchor)
				if spot.After != nil {
					place++
				}
				want = slices.Insert(want, place, moving)
			}
			if !slices.Equal(s.ids(), want) {
				t.Errorf("%s one of %d: the order is not what the moves say", name, n)
			}
			for _, p := range s.projects {
				if len(p.Position) > position.MaxLength {
					t.Errorf("%s one of %d: a position came to %q", name, n, p.Position)
				}
			}
			if s.written > 10*moves {
				t.Errorf("%s one of %d: %d projects were written to", name, n, s.written)
			}
		}
	}
}

func TestMoveTouchesOneProject(t *testing.T) {
	t.Parallel()
	s := newShelf(10)
	ids := s.ids()
	moved, err := s.service().Move(t.Context(), uuid.Nil, ids[9], nil, to(core.Spot{Before: &ids[4]}))
	if err != nil || s.written != 1 || moved.Revision != 2 || moved.UpdatedAt.IsZero() {
		t.Errorf("%+v, %v, %d written", moved, err, s.written)
	}
	for _, spot := range []core.Spot{{Before: &ids[4]}, {After: &ids[3]}} {
		if again, err := s.service().Move(t.Context(), uuid.Nil, ids[9], nil, to(spot)); err != nil || s.written != 1 || again.Revision != 2 {
			t.Errorf("%+v, %v, %d written", again, err, s.written)
		}
	}
}
