package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx/httpxtest"
)

// at is x at a position.
func at(position string, x core.Task) core.Task {
	x.Position = position
	return x
}

// within is x in a project.
func within(project uuid.UUID, x core.Task) core.Task {
	x.ProjectID = &project
	return x
}

func TestAround(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.ada, at("a1", task(1, "x")), at("a2", task(2, "x")), at("a2", task(3, "x")), at("a3", task(4, "x")), at("a4", task(5, "x")),
		at("a1", below(11, 1)), at("a3", below(12, 1)),
		within(project(1), at("a2", task(21, "x"))), within(project(1), at("a0", task(22, "x"))), at("Zz", within(project(1), task(23, "x"))))
	w.insert(t, w.bob, at("a2", task(31, "x")), within(project(1), at("a1", task(32, "x"))))
	for name, c := range map[string]struct {
		gap           core.Gap
		n             int
		before, after []uint64
	}{
		"before one":       {core.Gap{Anchor: core.Sibling{ID: httpxtest.ID(4), Position: "a3"}}, 1, []uint64{3}, []uint64{4, 5}},
		"behind one":       {core.Gap{Anchor: core.Sibling{ID: httpxtest.ID(4), Position: "a3"}, Behind: true}, 1, []uint64{3, 4}, []uint64{5}},
		"between equals":   {core.Gap{Anchor: core.Sibling{ID: httpxtest.ID(2), Position: "a2"}, Behind: true}, 9, []uint64{1, 2}, []uint64{3, 4, 5}},
		"without itself":   {core.Gap{Anchor: core.Sibling{ID: httpxtest.ID(4), Position: "a3"}, Moving: httpxtest.ID(3)}, 9, []uint64{1, 2}, []uint64{4, 5}},
		"first of all":     {core.Gap{Anchor: core.Sibling{ID: httpxtest.ID(1), Position: "a1"}}, 9, nil, []uint64{1, 2, 3, 4, 5}},
		"below a parent":   {core.Gap{ParentID: new(httpxtest.ID(1)), Anchor: core.Sibling{ID: httpxtest.ID(11), Position: "a1"}, Behind: true}, 9, []uint64{11}, []uint64{12}},
		"in a project":     {core.Gap{ProjectID: new(project(1)), Anchor: core.Sibling{ID: httpxtest.ID(22), Position: "a0"}}, 9, []uint64{23}, []uint64{22, 21}},
		"a few of several": {core.Gap{Anchor: core.Sibling{ID: httpxtest.ID(4), Position: "a3"}}, 2, []uint64{2, 3}, []uint64{4, 5}},
	} {
		before, after, err := w.Around(t.Context(), w.ada, c.gap, c.n)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff([][]uint64{c.before, c.after}, [][]uint64{numbers(before), numbers(after)}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// numbers are those of the ids that httpxtest makes.
func numbers(siblings []core.Sibling) []uint64 {
	var all []uint64
	for _, s := range siblings {
		all = append(all, uint64(s.ID[15]))
	}
	return all
}

func TestReposition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, other := at("a1", task(1, "x")), at("a2", task(2, "x"))
	w.insert(t, w.ada, mine, other)
	w.insert(t, w.bob, mine)
	later := noon.Add(time.Hour)
	// What is gone stays away.
	err := w.Reposition(t.Context(), w.ada, other.ID, []core.Sibling{{ID: httpxtest.ID(9), Position: "a0"}, {ID: mine.ID, Position: "a5"}}, later)
	if err != nil {
		t.Fatal(err)
	}
	w.wantStored(t, w.ada, other)
	w.wantStored(t, w.bob, mine)
	mine.Position, mine.UpdatedAt, mine.Revision = "a5", later, 2
	w.wantStored(t, w.ada, mine)
}

// Many tasks are kept together, or none: the error says which could not be.
func TestInsertMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keep := func(tasks ...core.Task) error {
		return w.db.InTx(t.Context(), func(ctx context.Context) error { return w.InsertMany(ctx, w.ada, tasks) })
	}
	tagged := within(project(1), full(2))
	tagged.ParentID = nil
	if err := keep(task(1, "x"), tagged, below(3, 1)); err != nil {
		t.Fatal(err)
	}
	w.wantStored(t, w.ada, task(1, "x"))
	w.wantStored(t, w.ada, tagged)
	w.wantStored(t, w.ada, below(3, 1))
	for name, c := range map[string]struct {
		bad  core.Task
		want error
	}{
		"an id that is taken":    {task(1, "again"), core.ErrExists},
		"a parent that is gone":  {below(5, 99), core.ErrReferenceGone},
		"a project that is gone": {within(project(99), task(5, "x")), core.ErrReferenceGone},
	} {
		err := keep(task(4, "before"), c.bad, task(6, "behind"))
		if at, ok := errors.AsType[*errs.At](err); !ok || at.Index != 1 || !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := w.Get(t.Context(), w.ada, httpxtest.ID(4)); errs.KindOf(err) != errs.NotFound {
			t.Errorf("%s: the one before it is there: %v", name, err)
		}
	}
	if err := w.InsertMany(t.Context(), w.ada, []core.Task{task(7, "x")}); err == nil {
		t.Error("many were kept outside a unit of work")
	}
}
