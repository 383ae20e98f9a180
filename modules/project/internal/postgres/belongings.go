package postgres

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"docket/modules/project/internal/core"
	"docket/platform/postgres"
)

// Each implements [core.Belongings].
func (s *Store) Each(ctx context.Context, owner uuid.UUID, yield func(core.Project) error) error {
	const sql = `SELECT ` + columns + ` FROM projects WHERE user_id = $1 ORDER BY id`
	for p, err := range postgres.Each(ctx, s.db, owner, fields, sql) {
		if err != nil {
			return fmt.Errorf("read all projects: %w", err)
		}
		if err := yield(p); err != nil {
			return err
		}
	}
	return nil
}

// EraseSome implements [core.Belongings]. Where tasks still refer to what it
// removes it fails, or takes more along than it was asked to: they go first.
func (s *Store) EraseSome(ctx context.Context, owner uuid.UUID, limit int) (int, error) {
	const sql = `DELETE FROM projects WHERE user_id = $1 AND id = ANY(ARRAY(
			SELECT id FROM projects WHERE user_id = $1 ORDER BY id LIMIT $2
		))`
	n, err := postgres.Exec(ctx, s.db, owner, sql, limit)
	if err != nil {
		return 0, fmt.Errorf("erase projects: %w", err)
	}
	return int(n), nil
}
