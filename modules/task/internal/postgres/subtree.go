package postgres

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/postgres"
)

// Subtree implements [core.Reader]. The recursion goes on only while rows are
// asked of it: however large the tree, it reads about as many as it returns.
// OFFSET 0 has each looked up by its key: joined, PostgreSQL may think it better
// to read all tasks of the user.
func (s *Store) Subtree(ctx context.Context, owner, id uuid.UUID, limit int) ([]core.Task, error) {
	const sql = below + `, branches (branch, level) AS MATERIALIZED (SELECT id, level FROM below LIMIT $4)
		SELECT found.* FROM branches
		CROSS JOIN LATERAL (SELECT ` + columns + ` FROM tasks WHERE user_id = $1 AND id = branches.branch OFFSET 0) AS found
		ORDER BY level, position, id`
	tasks, err := postgres.List(ctx, s.db, owner, fields, sql, id, core.MaxLevels, limit)
	if err != nil {
		return nil, fmt.Errorf("list the tree below a task: %w", err)
	}
	return tasks, nil
}
