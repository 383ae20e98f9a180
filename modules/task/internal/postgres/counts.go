package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/postgres"
)

// CountByProject implements [core.Tally].
func (s *Store) CountByProject(ctx context.Context, owner uuid.UUID, projects []uuid.UUID) ([]core.ProjectCount, error) {
	// Each by itself: told of several at once, PostgreSQL reads all of the
	// owner's tasks.
	const sql = `SELECT project, open, done FROM unnest($2::uuid[]) AS project CROSS JOIN LATERAL (
			SELECT count(*) FILTER (WHERE status IN ('todo', 'in_progress')) AS open, count(*) FILTER (WHERE status = 'done') AS done
			FROM tasks WHERE user_id = $1 AND project_id = project
		) AS counted WHERE open + done > 0`
	counts, err := postgres.List(ctx, s.db, owner,
		func(c *core.ProjectCount) []any { return []any{&c.ProjectID, &c.Open, &c.Done} }, sql, projects)
	if err != nil {
		return nil, fmt.Errorf("count the tasks of projects: %w", err)
	}
	return counts, nil
}

// CountByTag implements [core.Tally].
func (s *Store) CountByTag(ctx context.Context, owner uuid.UUID, tags []uuid.UUID) ([]core.TagCount, error) {
	const sql = `SELECT tag, tasks FROM unnest($2::uuid[]) AS tag CROSS JOIN LATERAL (
			SELECT count(*) AS tasks FROM task_tags WHERE user_id = $1 AND tag_id = tag
		) AS counted WHERE tasks > 0`
	counts, err := postgres.List(ctx, s.db, owner,
		func(c *core.TagCount) []any { return []any{&c.TagID, &c.Tasks} }, sql, tags)
	if err != nil {
		return nil, fmt.Errorf("count the tasks that carry tags: %w", err)
	}
	return counts, nil
}

// DeleteIn implements [core.References]. What is below a task is of the same
// project and goes with it.
func (s *Store) DeleteIn(ctx context.Context, owner, project uuid.UUID) error {
	const sql = `WITH locked AS (
			SELECT id FROM tasks WHERE user_id = $1 AND project_id = $2` + inOrder + `
		)
		DELETE FROM tasks USING locked WHERE tasks.user_id = $1 AND tasks.id = locked.id`
	_, err := postgres.Exec(ctx, s.db, owner, sql, project)
	return asDomain(err, "delete the tasks of a project")
}

// Retag implements [core.References]. A task that carries both tags loses one
// and is no fuller than before, as is any other.
func (s *Store) Retag(ctx context.Context, owner, from, into uuid.UUID, now time.Time) error {
	const sql = `WITH locked AS (
			SELECT tasks.id FROM task_tags JOIN tasks ON tasks.user_id = $1 AND tasks.id = task_tags.task_id
			WHERE task_tags.user_id = $1 AND task_tags.tag_id = $2` + inOrder + `
		), untagged AS (
			DELETE FROM task_tags WHERE user_id = $1 AND tag_id = $2 AND (SELECT count(*) FROM locked) > 0
			RETURNING task_tags.task_id, task_tags.created_at
		), retagged AS (
			INSERT INTO task_tags (user_id, task_id, tag_id, created_at) SELECT $1, task_id, $3, created_at FROM untagged
			ON CONFLICT DO NOTHING
		)
		UPDATE tasks SET updated_at = $4, revision = revision + 1,
			tag_ids = ARRAY(SELECT DISTINCT unnest(array_replace(tag_ids, $2::uuid, $3::uuid)) AS tag_id ORDER BY tag_id)
		FROM untagged WHERE tasks.user_id = $1 AND tasks.id = untagged.task_id`
	_, err := postgres.Exec(ctx, s.db, owner, sql, from, into, now)
	return asDomain(err, "give tasks another tag")
}
