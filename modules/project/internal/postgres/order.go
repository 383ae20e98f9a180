package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"docket/modules/project/internal/core"
	"docket/platform/postgres"
)

// LockOrder implements [core.Order].
func (s *Store) LockOrder(ctx context.Context, owner uuid.UUID) error {
	return s.db.Serialize(ctx, owner)
}

// side is a project on one side of another.
type side struct {
	core.Placed
	behind bool
}

// Around implements [core.Order].
func (s *Store) Around(ctx context.Context, owner uuid.UUID, at core.Placed, except uuid.UUID, n int) (before, behind []core.Placed, err error) {
	const sql = `WITH before AS (
			SELECT id, position FROM projects WHERE user_id = $1 AND (position, id) < ($2, $3::uuid) AND id <> $4
			ORDER BY position DESC, id DESC LIMIT $5
		), behind AS (
			SELECT id, position FROM projects WHERE user_id = $1 AND (position, id) > ($2, $3::uuid) AND id <> $4
			ORDER BY position, id LIMIT $5
		)
		SELECT id, position, false AS is_behind FROM before
		UNION ALL
		SELECT id, position, true FROM behind
		ORDER BY position, id`
	around, err := postgres.List(ctx, s.db, owner,
		func(p *side) []any { return []any{&p.ID, &p.Position, &p.behind} }, sql, at.Position, at.ID, except, n)
	if err != nil {
		return nil, nil, fmt.Errorf("look up the neighbours of a project: %w", err)
	}
	for _, p := range around {
		if p.behind {
			behind = append(behind, p.Placed)
		} else {
			before = append(before, p.Placed)
		}
	}
	return before, behind, nil
}

// Reposition implements [core.Order]. Who changes several projects locks them
// in the order of their ids, or two could each wait for the other.
func (s *Store) Reposition(ctx context.Context, owner, moving uuid.UUID, places []core.Placed, now time.Time) error {
	const sql = `WITH changed AS (
			SELECT id, position FROM unnest($2::uuid[], $3::text[]) AS changed (id, position)
		), locked AS (
			SELECT id FROM projects WHERE user_id = $1 AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE
		), moved AS (
			UPDATE projects SET placed = ` + postgres.ThisTransaction + ` WHERE user_id = $1 AND id = $5
		)
		UPDATE projects SET position = changed.position, updated_at = $4, revision = revision + 1
		FROM changed, locked
		WHERE projects.user_id = $1 AND projects.id = changed.id AND projects.id = locked.id`
	ids, positions := make([]uuid.UUID, len(places)), make([]string, len(places))
	for i, p := range places {
		ids[i], positions[i] = p.ID, p.Position
	}
	if _, err := postgres.Exec(ctx, s.db, owner, sql, ids, positions, now, moving); err != nil {
		return fmt.Errorf("give projects new positions: %w", err)
	}
	return nil
}
