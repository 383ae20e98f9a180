package idempotency

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"docket/platform/postgres"
)

// EraseSome removes up to limit answers that are kept for owner and returns how
// many it removed: fewer than limit only where none is left.
func (s *Store) EraseSome(ctx context.Context, owner uuid.UUID, limit int) (int, error) {
	const sql = `DELETE FROM idempotency_keys WHERE user_id = $1 AND key = ANY(ARRAY(
			SELECT key FROM idempotency_keys WHERE user_id = $1 ORDER BY key LIMIT $2
		))`
	n, err := postgres.Exec(ctx, s.db, owner, sql, limit)
	if err != nil {
		return 0, fmt.Errorf("erase the answers kept for a user: %w", err)
	}
	return int(n), nil
}
