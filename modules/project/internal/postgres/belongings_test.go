package postgres_test

import (
	"errors"
	"slices"
	"testing"

	"docket/modules/project/internal/core"
)

func TestEach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, ada, bob := w.Store, w.ada, w.bob
	w.insert(t, ada, project(3, "c"), project(1, "a"), archived(2, "b"))
	w.insert(t, bob, project(1, "a"))
	var names []core.Name
	collect := func(x core.Project) error { names = append(names, x.Name); return nil }
	if err := s.Each(t.Context(), ada, collect); err != nil || !slices.Equal(names, []core.Name{"a", "b", "c"}) {
		t.Errorf("got %q, %v", names, err)
	}
	names = nil
	if err := s.Each(t.Context(), bob, collect); err != nil || !slices.Equal(names, []core.Name{"a"}) {
		t.Errorf("of Bob's: %q, %v", names, err)
	}
	full := errors.New("no room for more")
	if err := s.Each(t.Context(), ada, func(core.Project) error { return full }); !errors.Is(err, full) {
		t.Errorf("a reader that stops: %v", err)
	}
}

func TestEraseSome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, ada, bob := w.Store, w.ada, w.bob
	w.insert(t, ada, project(3, "c"), project(1, "a"), archived(2, "b"))
	w.insert(t, bob, project(1, "a"))
	for _, want := range []int{2, 1, 0} {
		if n, err := s.EraseSome(t.Context(), ada, 2); err != nil || n != want {
			t.Errorf("%d rows were removed, %v, want %d", n, err, want)
		}
	}
	left := 0
	if err := s.Each(t.Context(), bob, func(core.Project) error { left++; return nil }); err != nil || left != 1 {
		t.Errorf("%d of Bob's are left, %v", left, err)
	}
}
