package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/postgres"
)

// LockTree implements [core.Tree].
func (s *Store) LockTree(ctx context.Context, owner uuid.UUID) error {
	return s.db.Serialize(ctx, owner)
}

// ancestor is one together with the task that it was looked up for.
type ancestor struct {
	core.Ancestor
	of uuid.UUID
}

// Ancestries implements [core.Tree]. Their depth is bounded in case a cycle
// ever got in.
func (s *Store) Ancestries(ctx context.Context, owner uuid.UUID, ids []uuid.UUID) (map[uuid.UUID][]core.Ancestor, error) {
	const sql = `WITH RECURSIVE above AS (
			SELECT id AS lowest, id, parent_id, project_id, 1 AS level FROM tasks WHERE user_id = $1 AND id = ANY($2)
			UNION ALL
			SELECT above.lowest, tasks.id, tasks.parent_id, tasks.project_id, above.level + 1
			FROM above JOIN tasks ON tasks.user_id = $1 AND tasks.id = above.parent_id
			WHERE above.level <= $3
		)
		SELECT lowest, id, project_id FROM above ORDER BY level`
	all, err := postgres.List(ctx, s.db, owner,
		func(a *ancestor) []any { return []any{&a.of, &a.ID, &a.ProjectID} }, sql, ids, core.MaxLevels)
	if err != nil {
		return nil, fmt.Errorf("look up the ancestors of tasks: %w", err)
	}
	above := make(map[uuid.UUID][]core.Ancestor, len(ids))
	for _, a := range all {
		above[a.of] = append(above[a.of], a.Ancestor)
	}
	return above, nil
}

// below lists a task's descendants with their level, the task itself being of
// level 1.
const below = `WITH RECURSIVE below AS (
		SELECT id, 1 AS level FROM tasks WHERE user_id = $1 AND id = $2
		UNION ALL
		SELECT tasks.id, below.level + 1
		FROM below JOIN tasks ON tasks.user_id = $1 AND tasks.parent_id = below.id
		WHERE below.level <= $3
	)`

// Every statement that changes several tasks locks them in the order of their
// ids first. The lock is that of an update, which lets others refer to the row.
const (
	inOrder   = ` ORDER BY tasks.id FOR NO KEY UPDATE OF tasks`
	lockBelow = `SELECT tasks.id FROM below JOIN tasks ON tasks.user_id = $1 AND tasks.id = below.id` + inOrder
)

// LockBelow implements [core.Tree].
func (s *Store) LockBelow(ctx context.Context, owner, id uuid.UUID) error {
	const sql = below + ` ` + lockBelow
	if _, err := postgres.Exec(ctx, s.db, owner, sql, id, core.MaxLevels); err != nil {
		return fmt.Errorf("lock a task and what is below it: %w", err)
	}
	return nil
}

// Height implements [core.Tree].
func (s *Store) Height(ctx context.Context, owner, id uuid.UUID) (int, error) {
	const sql = below + ` SELECT coalesce(max(level), 0) FROM below`
	height, err := postgres.Get(ctx, s.db, owner, func(n *int) []any { return []any{n} }, sql, id, core.MaxLevels)
	if err != nil {
		return 0, fmt.Errorf("measure the tree below a task: %w", err)
	}
	return height, nil
}

// MoveBelow implements [core.Tree].
func (s *Store) MoveBelow(ctx context.Context, owner, id uuid.UUID, project *uuid.UUID, now time.Time) error {
	const sql = below + ` UPDATE tasks SET project_id = $4, updated_at = $5, revision = revision + 1
		FROM below WHERE tasks.user_id = $1 AND tasks.id = below.id AND below.level > 1`
	_, err := postgres.Exec(ctx, s.db, owner, sql, id, core.MaxLevels, project, now)
	return asDomain(err, "move the tree below a task")
}

// CloseBelow implements [core.Tree].
func (s *Store) CloseBelow(ctx context.Context, owner, id uuid.UUID, status core.Status, now time.Time) error {
	const sql = below + ` UPDATE tasks SET status = $4, completed_at = $5, updated_at = $5, revision = revision + 1
		FROM below WHERE tasks.user_id = $1 AND tasks.id = below.id AND below.level > 1 AND tasks.status IN ('todo', 'in_progress')`
	_, err := postgres.Exec(ctx, s.db, owner, sql, id, core.MaxLevels, status, now)
	return asDomain(err, "close the tree below a task")
}

// ToInbox implements [core.References].
func (s *Store) ToInbox(ctx context.Context, owner, project uuid.UUID, now time.Time) error {
	const sql = `WITH locked AS (
			SELECT id FROM tasks WHERE user_id = $1 AND project_id = $2` + inOrder + `
		)
		UPDATE tasks SET project_id = NULL, updated_at = $3, revision = revision + 1
		FROM locked WHERE tasks.user_id = $1 AND tasks.id = locked.id`
	_, err := postgres.Exec(ctx, s.db, owner, sql, project, now)
	return asDomain(err, "take tasks out of a project")
}

// Untag implements [core.References].
func (s *Store) Untag(ctx context.Context, owner, tag uuid.UUID, now time.Time) error {
	const sql = `WITH locked AS (
			SELECT tasks.id FROM task_tags JOIN tasks ON tasks.user_id = $1 AND tasks.id = task_tags.task_id
			WHERE task_tags.user_id = $1 AND task_tags.tag_id = $2` + inOrder + `
		), untagged AS (
			DELETE FROM task_tags WHERE user_id = $1 AND tag_id = $2 AND (SELECT count(*) FROM locked) > 0
			RETURNING task_tags.task_id
		)
		UPDATE tasks SET updated_at = $3, revision = revision + 1, tag_ids = array_remove(tag_ids, $2::uuid)
		FROM untagged WHERE tasks.user_id = $1 AND tasks.id = untagged.task_id`
	_, err := postgres.Exec(ctx, s.db, owner, sql, tag, now)
	return asDomain(err, "take a tag off tasks")
}
