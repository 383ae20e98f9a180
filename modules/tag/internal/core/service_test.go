package core_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/modules/tag/internal/core"
	"docket/platform/errs"
)

var (
	owner = uuid.MustParse("019ab000-0000-7000-8000-000000000001")
	id    = uuid.MustParse("019ab000-0000-7000-8000-000000000002")
)

func noon() time.Time { return time.Date(2026, time.March, 14, 12, 0, 0, 0, time.UTC) }

// contended is a store in which somebody else always comes first.
type contended struct {
	core.Store
	exists bool
	writes int
	locked bool
}

func (s *contended) Get(context.Context, uuid.UUID, uuid.UUID) (core.Tag, error) {
	if !s.exists {
		return core.Tag{}, core.NotFound(id)
	}
	return core.Tag{ID: id, Name: "old", Revision: 1}, nil
}

func (s *contended) Lock(ctx context.Context, owner, id uuid.UUID) (core.Tag, error) {
	s.locked = true
	return s.Get(ctx, owner, id)
}

func (s *contended) Insert(context.Context, uuid.UUID, ...core.Tag) error {
	s.writes++
	return core.ErrExists
}

func (s *contended) Update(context.Context, uuid.UUID, core.Tag) error {
	s.writes++
	return core.ErrRevised
}

// inline is a unit of work without a database.
type inline struct{}

func (inline) InTx(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

func (inline) Attempt(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

func TestWriteThatAlwaysComesSecondGivesUp(t *testing.T) {
	t.Parallel()
	rename := func(d *core.Draft) errs.Faults { d.Name = "new"; return nil }
	for _, exists := range []bool{true, false} {
		store := &contended{exists: exists}
		s := core.NewService(store, inline{}, core.Tasks{}, noon, uuid.New)
		_, _, err := s.Put(t.Context(), owner, id, nil, rename)
		if errs.KindOf(err) != errs.Conflict || store.writes < 2 || !store.locked {
			t.Errorf("exists %t: after %d writes, %v", exists, store.writes, err)
		}
	}
	store := &contended{exists: true}
	_, err := core.NewService(store, inline{}, core.Tasks{}, noon, uuid.New).Update(t.Context(), owner, id, nil, rename)
	if errs.KindOf(err) != errs.Conflict || store.writes < 2 || !store.locked {
		t.Errorf("after %d writes, %v", store.writes, err)
	}
}

func TestWriteThatIsRefusedIsNotTried(t *testing.T) {
	t.Parallel()
	refusal := errors.New("not like this")
	rename := func(d *core.Draft) errs.Faults { d.Name = "new"; return nil }
	faulty := func(*core.Draft) errs.Faults { return errs.Faults{{Field: "name", Code: errs.FaultRequired}} }
	for _, exists := range []bool{true, false} {
		store := &contended{exists: exists}
		s := core.NewService(store, inline{}, core.Tasks{}, noon, uuid.New)
		if _, _, err := s.Put(t.Context(), owner, id, func(current *core.Tag) error {
			if (current != nil) != exists {
				t.Errorf("exists %t, but the guard sees %v", exists, current)
			}
			return refusal
		}, rename); !errors.Is(err, refusal) {
			t.Errorf("exists %t: %v", exists, err)
		}
		if _, _, err := s.Put(t.Context(), owner, id, nil, faulty); errs.KindOf(err) != errs.Invalid {
			t.Errorf("exists %t: %v", exists, err)
		}
		if store.writes != 0 {
			t.Errorf("exists %t: %d writes", exists, store.writes)
		}
	}
}

func TestChangeThatChangesNothingIsNotWritten(t *testing.T) {
	t.Parallel()
	store := &contended{exists: true}
	s := core.NewService(store, inline{}, core.Tasks{}, noon, uuid.New)
	got, err := s.Update(t.Context(), owner, id, nil, func(*core.Draft) errs.Faults { return nil })
	if err != nil || got.Name != "old" || got.Revision != 1 || store.writes != 0 {
		t.Errorf("got %+v, %v after %d writes", got, err, store.writes)
	}
}

// some is a store that has these tags.
type some []uuid.UUID

func (s some) Existing(_ context.Context, _ uuid.UUID, ids []uuid.UUID) ([]uuid.UUID, error) {
	if len(ids) == 0 {
		return nil, errors.New("asked about nothing")
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool { return !slices.Contains(s, id) }), nil
}

func TestMissingTags(t *testing.T) {
	t.Parallel()
	a, b, c := uuid.UUID{1}, uuid.UUID{2}, uuid.UUID{3}
	existence := core.NewExistence(some{a})
	for _, q := range []struct{ ids, want []uuid.UUID }{
		{nil, nil}, {[]uuid.UUID{a}, nil}, {[]uuid.UUID{c, a, b}, []uuid.UUID{c, b}},
	} {
		got, err := existence.MissingTags(t.Context(), owner, q.ids)
		if err != nil || !slices.Equal(got, q.want) {
			t.Errorf("of %v %v is missing, %v; want %v", q.ids, got, err, q.want)
		}
	}
}
