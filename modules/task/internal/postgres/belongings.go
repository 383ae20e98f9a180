package postgres

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/postgres"
)

// Each implements [core.Belongings].
func (s *Store) Each(ctx context.Context, owner uuid.UUID, yield func(core.Task) error) error {
	const sql = `SELECT ` + columns + ` FROM tasks WHERE user_id = $1 ORDER BY id`
	for t, err := range postgres.Each(ctx, s.db, owner, fields, sql) {
		if err != nil {
			return fmt.Errorf("read all tasks: %w", err)
		}
		if err := yield(t); err != nil {
			return err
		}
	}
	return nil
}

// EraseSome implements [core.Belongings]. A task takes its subtasks along when
// it is deleted, which may be any number: therefore none has any when it is.
// What a task is found by goes with it, one row for one.
func (s *Store) EraseSome(ctx context.Context, owner uuid.UUID, limit int) (int, error) {
	// By place in the table: nothing ever changes these rows.
	const untag = `DELETE FROM task_tags WHERE user_id = $1 AND ctid = ANY(ARRAY(
			SELECT ctid FROM task_tags WHERE user_id = $1 LIMIT $2
		))`
	const detach = `UPDATE tasks SET parent_id = NULL WHERE user_id = $1 AND id = ANY(ARRAY(
			SELECT id FROM tasks WHERE user_id = $1 AND parent_id IS NOT NULL LIMIT $2
		))`
	const remove = `DELETE FROM tasks WHERE user_id = $1 AND id = ANY(ARRAY(
			SELECT id FROM tasks WHERE user_id = $1 ORDER BY id LIMIT $2
		))`
	erased := 0
	for _, sql := range []string{untag, detach, remove} {
		n, err := postgres.Exec(ctx, s.db, owner, sql, limit-erased)
		if err != nil {
			return erased, fmt.Errorf("erase tasks: %w", err)
		}
		if erased += int(n); erased >= limit {
			break
		}
	}
	return erased, nil
}
