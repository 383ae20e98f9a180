package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	pg "docket/platform/postgres"
)

// bulk is how many tasks change at once.
const bulk = 20_000

// fill gives owner's project 1 so many tasks with the tags 1 and 2, every third
// below the one before.
func (w world) fill(t *testing.T, owner uuid.UUID) {
	t.Helper()
	const tasks = `INSERT INTO tasks (user_id, id, title, title_key, project_id, parent_id, tag_ids, position, created_at, updated_at)
		SELECT $1, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, n, n, $2,
			CASE WHEN n % 3 = 0 THEN ('00000000-0000-7000-8000-' || lpad(to_hex(n - 1), 12, '0'))::uuid END, $3, n, $4, $4
		FROM generate_series(1, $5) AS n`
	w.exec(t, owner, tasks, project(1), []uuid.UUID{tag(1), tag(2)}, noon, bulk)
	const tags = `INSERT INTO task_tags (user_id, task_id, tag_id, created_at) SELECT $1, id, unnest(tag_ids), created_at FROM tasks WHERE user_id = $1`
	w.exec(t, owner, tags)
	const words = `INSERT INTO task_search (user_id, task_id, words) SELECT $1, id, title::tsvector FROM tasks WHERE user_id = $1`
	w.exec(t, owner, words)
}

// What lets go of very many tasks does so all at once, in one statement, and
// changes nobody else's.
func TestManyTasksAreLetGoOf(t *testing.T) {
	t.Parallel()
	later := noon.Add(time.Hour)
	for name, c := range map[string]struct {
		do func(ctx context.Context, r *core.Release, owner uuid.UUID) error
		// want counts the tasks that are as they should be.
		want string
	}{
		"a project": {func(ctx context.Context, r *core.Release, owner uuid.UUID) error {
			return r.ProjectDeleted(ctx, owner, project(1))
		}, `SELECT count(*) FROM tasks WHERE user_id = $1 AND project_id IS NULL AND updated_at = $2 AND revision = 2`},
		"a project and its tasks": {func(ctx context.Context, r *core.Release, owner uuid.UUID) error {
			return r.ProjectDeletedWithTasks(ctx, owner, project(1))
		}, `SELECT $3 - (SELECT count(*) FROM tasks WHERE user_id = $1) - (SELECT count(*) FROM task_tags WHERE user_id = $1) - (SELECT count(*) FROM task_search WHERE user_id = $1)
			WHERE $2::timestamptz IS NOT NULL`},
		"a tag": {func(ctx context.Context, r *core.Release, owner uuid.UUID) error {
			return r.TagDeleted(ctx, owner, tag(1))
		}, `SELECT count(*) FROM tasks JOIN task_tags ON task_tags.user_id = $1 AND task_tags.task_id = tasks.id
			WHERE tasks.user_id = $1 AND tag_ids = ARRAY[tag_id] AND updated_at = $2 AND revision = 2`},
		"a tag for another": {func(ctx context.Context, r *core.Release, owner uuid.UUID) error {
			return r.TagMerged(ctx, owner, tag(2), tag(1))
		}, `SELECT count(*) FROM tasks JOIN task_tags ON task_tags.user_id = $1 AND task_tags.task_id = tasks.id
			WHERE tasks.user_id = $1 AND tag_ids = ARRAY[tag_id] AND updated_at = $2 AND revision = 2`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fill(t, w.ada)
			w.insert(t, w.bob, in(1, 1, core.Todo), tagged(2, 1, 2))
			release := core.NewRelease(w.Store, func() time.Time { return later })
			if err := c.do(t.Context(), release, w.ada); err != nil {
				t.Fatal(err)
			}
			args := []any{later}
			if name == "a project and its tasks" {
				args = append(args, bulk)
			}
			n, err := pg.Get(t.Context(), w.db, w.ada, func(n *int) []any { return []any{n} }, c.want, args...)
			if err != nil || n != bulk {
				t.Errorf("%d tasks are as they should be, want %d: %v", n, bulk, err)
			}
			w.wantStored(t, w.bob, in(1, 1, core.Todo))
			w.wantStored(t, w.bob, tagged(2, 1, 2))
		})
	}
}
