package postgres_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/httpx/httpxtest"
	pg "docket/platform/postgres"
)

func TestEach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	child := below(2, 4)
	child.ProjectID = new(project(1))
	all := []core.Task{task(1, "first"), child, task(3, "third"), full(4)}
	w.insert(t, w.ada, all[3], all[2], all[1], all[0])
	w.insert(t, w.bob, task(5, "not Ada's"))
	var got []core.Task
	if err := w.Each(t.Context(), w.ada, func(x core.Task) error { got = append(got, x); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	enough := errors.New("enough")
	if err := w.Each(t.Context(), w.ada, func(core.Task) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("a reader that stops: %v", err)
	}
}

// However deep the tasks hang together, a step removes no more than it may.
func TestEraseSome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	count := func(table string, owner uuid.UUID) int {
		t.Helper()
		sql := map[string]string{
			"tasks":     `SELECT count(*) FROM tasks WHERE user_id = $1`,
			"task_tags": `SELECT count(*) FROM task_tags WHERE user_id = $1`,
		}[table]
		n, err := pg.Get(t.Context(), w.db, owner, func(n *int) []any { return []any{n} }, sql)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, owner := range []uuid.UUID{w.ada, w.bob} {
		root := task(1, "root")
		root.TagIDs = []uuid.UUID{tag(1), tag(2), tag(3)}
		w.insert(t, owner, root)
		for n := range uint64(20) {
			x := below(n+2, n/5+1) // five below each
			x.TagIDs = []uuid.UUID{tag(1)}
			w.insert(t, owner, x)
		}
	}
	before := count("tasks", w.ada) + count("task_tags", w.ada)
	for range 100 {
		n, err := w.EraseSome(t.Context(), w.ada, 7)
		if err != nil || n > 7 {
			t.Fatalf("%d rows were touched, %v", n, err)
		}
		after := count("tasks", w.ada) + count("task_tags", w.ada)
		if before-after > 7 {
			t.Errorf("%d rows went in one step", before-after)
		}
		if before = after; n < 7 {
			break
		}
	}
	if before != 0 {
		t.Errorf("%d rows are left", before)
	}
	if n, err := w.EraseSome(t.Context(), w.ada, 7); n != 0 || err != nil {
		t.Errorf("of nothing, %d rows were removed, %v", n, err)
	}
	if tasks, tags := count("tasks", w.bob), count("task_tags", w.bob); tasks != 21 || tags != 23 {
		t.Errorf("Bob has %d tasks and %d tags on them", tasks, tags)
	}
	if _, err := w.Get(t.Context(), w.bob, httpxtest.ID(21)); err != nil {
		t.Error(err)
	}
}
