package postgres_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/httpx/httpxtest"
	pg "docket/platform/postgres"
)

// addProjects adds Ada's projects 2 to n.
func (w world) addProjects(t *testing.T, n uint64) {
	t.Helper()
	const sql = `INSERT INTO projects (user_id, id, name, name_key, position, created_at, updated_at) VALUES ($1, $2, $4, $4, 'a0', $3, $3)`
	for i := uint64(2); i <= n; i++ {
		w.exec(t, w.ada, sql, project(i), noon, fmt.Sprint(i))
	}
}

func in(n, projectNumber uint64, status core.Status) core.Task {
	x := task(n, "in a project")
	x.ProjectID, x.Status = new(project(projectNumber)), status
	if status.Closed() {
		x.CompletedAt = new(noon)
	}
	return x
}

func tagged(n uint64, tags ...uint64) core.Task {
	x := task(n, "tagged")
	for _, i := range tags {
		x.TagIDs = append(x.TagIDs, tag(i))
	}
	return x
}

func TestCountsByProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addProjects(t, 4)
	w.insert(t, w.ada,
		in(1, 1, core.Todo), in(2, 1, core.InProgress), in(3, 1, core.Done), in(4, 1, core.Cancelled),
		in(5, 2, core.Done), in(6, 3, core.Cancelled), task(7, "inbox"), in(8, 4, core.Todo))
	w.insert(t, w.bob, in(1, 1, core.Todo))
	counts := core.NewCounts(w.Store)
	open, done, err := counts.ProjectTaskCounts(t.Context(), w.ada, []uuid.UUID{project(1), project(2), project(3), project(404), project(1)})
	if err != nil {
		t.Fatal(err)
	}
	// Project 3 has only a cancelled task.
	for n, want := range map[uint64][2]int{1: {2, 1}, 2: {0, 1}, 3: {0, 0}, 404: {0, 0}, 4: {0, 0}} {
		if got := [2]int{open[project(n)], done[project(n)]}; got != want {
			t.Errorf("project %d has %v open and done, want %v", n, got, want)
		}
	}
	if open, done, err := counts.ProjectTaskCounts(t.Context(), w.ada, nil); len(open)+len(done) > 0 || err != nil {
		t.Errorf("of no projects: %v, %v, %v", open, done, err)
	}
}

func TestCountsByTag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	closed := tagged(2, 1)
	closed.Status, closed.CompletedAt = core.Cancelled, new(noon)
	w.insert(t, w.ada, tagged(1, 1, 2), closed, tagged(3))
	w.insert(t, w.bob, tagged(1, 1, 3))
	counts := core.NewCounts(w.Store)
	got, err := counts.TagTaskCounts(t.Context(), w.ada, []uuid.UUID{tag(3), tag(1), tag(404)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(map[uuid.UUID]int{tag(1): 2}, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if got, err := counts.TagTaskCounts(t.Context(), w.ada, nil); len(got) > 0 || err != nil {
		t.Errorf("of no tags: %v, %v", got, err)
	}
	w.db.Close()
	if _, err := counts.TagTaskCounts(t.Context(), w.ada, []uuid.UUID{tag(1)}); err == nil {
		t.Error("counted without a database")
	}
	if _, _, err := counts.ProjectTaskCounts(t.Context(), w.ada, []uuid.UUID{project(1)}); err == nil {
		t.Error("counted without a database")
	}
}

// A project takes its tasks with it, subtasks and tags included, and no others.
func TestDeletesTheTasksOfAProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addProjects(t, 2)
	child := below(2, 1)
	child.ProjectID = new(project(1))
	parent := in(1, 1, core.Todo)
	parent.TagIDs = []uuid.UUID{tag(1)}
	w.insert(t, w.ada, parent, child, in(3, 1, core.Done), in(4, 2, core.Todo), task(5, "inbox"))
	w.insert(t, w.bob, in(1, 1, core.Todo))
	release := core.NewRelease(w.Store, func() time.Time { return noon })
	if err := release.ProjectDeletedWithTasks(t.Context(), w.ada, project(1)); err != nil {
		t.Fatal(err)
	}
	for n, there := range map[uint64]bool{1: false, 2: false, 3: false, 4: true, 5: true} {
		if _, err := w.Get(t.Context(), w.ada, httpxtest.ID(n)); (err == nil) != there {
			t.Errorf("task %d: %v", n, err)
		}
	}
	w.wantStored(t, w.bob, in(1, 1, core.Todo))
	w.exec(t, w.ada, `DELETE FROM projects WHERE user_id = $1 AND id = $2`, project(1))
}

func TestRetag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const maxTags = 50
	full := tagged(3, 1, 2)
	for n := uint64(4); len(full.TagIDs) < maxTags; n++ {
		w.exec(t, w.ada, `INSERT INTO tags (user_id, id, name, name_key, created_at, updated_at) VALUES ($1, $2, $4, $4, $3, $3)`, tag(n), noon, fmt.Sprint(n))
		full.TagIDs = append(full.TagIDs, tag(n))
	}
	only, both, other := tagged(1, 1, 3), tagged(2, 1, 2), tagged(4, 2)
	w.insert(t, w.ada, only, both, full, other)
	w.insert(t, w.bob, tagged(1, 1))
	later := noon.Add(time.Hour + 1)
	release := core.NewRelease(w.Store, func() time.Time { return later })
	for range 2 { // the second time there is nothing left to do
		if err := release.TagMerged(t.Context(), w.ada, tag(1), tag(2)); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []*core.Task{&only, &both, &full} {
		x.TagIDs = slices.DeleteFunc(x.TagIDs, func(id uuid.UUID) bool { return id == tag(1) || id == tag(2) })
		x.TagIDs = append(x.TagIDs, tag(2))
		slices.SortFunc(x.TagIDs, func(a, b uuid.UUID) int { return cmp.Compare(a.String(), b.String()) })
		x.UpdatedAt, x.Revision = later.Truncate(time.Microsecond), 2
		w.wantStored(t, w.ada, *x)
	}
	w.wantStored(t, w.ada, other)
	w.wantStored(t, w.bob, tagged(1, 1))
	if err := release.TagMerged(t.Context(), w.ada, tag(3), tag(404)); err == nil {
		t.Error("tasks carry a tag that does not exist")
	}
}

// somebodyWaits returns when another connection waits for a lock.
func (w world) somebodyWaits(ctx context.Context) error {
	const sql = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		n, err := pg.GetUnowned(ctx, w.db, pg.Door{}, func(n *int) []any { return []any{n} }, sql)
		if err != nil || n > 0 {
			return err
		}
	}
	return errors.New("nobody waits for a lock")
}

// A task that gets the tag while it is merged away is retagged too, or does not
// get it.
func TestRetagWaitsForTasksOnTheirWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	release := core.NewRelease(w.Store, func() time.Time { return noon })
	merged := make(chan error, 1)
	err := w.db.InTx(t.Context(), func(ctx context.Context) error {
		if err := w.Insert(ctx, w.ada, tagged(1, 1)); err != nil {
			return err
		}
		if _, err := w.Get(ctx, w.ada, httpxtest.ID(1)); err != nil { // with which it is sent
			return err
		}
		go func() {
			merged <- w.db.InTx(context.WithoutCancel(t.Context()), func(ctx context.Context) error {
				const lock = `SELECT FROM tags WHERE user_id = $1 AND id = $2 FOR UPDATE`
				if _, err := pg.Exec(ctx, w.db, w.ada, lock, tag(1)); err != nil { // as the tag module does
					return err
				}
				return release.TagMerged(ctx, w.ada, tag(1), tag(2))
			})
		}()
		return w.somebodyWaits(context.WithoutCancel(t.Context()))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-merged; err != nil {
		t.Fatal(err)
	}
	if got, err := w.Get(t.Context(), w.ada, httpxtest.ID(1)); err != nil || !slices.Equal(got.TagIDs, []uuid.UUID{tag(2)}) {
		t.Errorf("the task carries %v, %v", got.TagIDs, err)
	}
}
