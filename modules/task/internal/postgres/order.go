package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/postgres"
)

// Around implements [core.Order]. The anchor stands on the side that the gap
// is not.
func (s *Store) Around(ctx context.Context, owner uuid.UUID, gap core.Gap, n int) (before, after []core.Sibling, err error) {
	return s.around(ctx, owner, gap, siblingsOf(gap), n)
}

// AllAround implements [core.Order].
func (s *Store) AllAround(ctx context.Context, owner uuid.UUID, gap core.Gap, n int) (before, after []core.Sibling, err error) {
	return s.around(ctx, owner, gap, nil, n)
}

func (s *Store) around(ctx context.Context, owner uuid.UUID, gap core.Gap, among sq.Sqlizer, n int) (before, after []core.Sibling, err error) {
	anchor := []core.Sibling{gap.Anchor}
	before, err = s.nearest(ctx, owner, gap, among, true, n)
	if err != nil {
		return nil, nil, err
	}
	slices.Reverse(before)
	after, err = s.nearest(ctx, owner, gap, among, false, n)
	if err != nil {
		return nil, nil, err
	}
	if gap.Behind {
		return append(before, anchor...), after, nil
	}
	return before, append(anchor, after...), nil
}

// siblingsOf is the condition for the siblings of what goes into the gap.
func siblingsOf(gap core.Gap) sq.Sqlizer {
	switch {
	case gap.ParentID != nil:
		return sq.Expr("parent_id = ?", *gap.ParentID)
	case gap.ProjectID != nil:
		return sq.Expr("parent_id IS NULL AND project_id = ?", *gap.ProjectID)
	default:
		return sq.Expr("parent_id IS NULL AND project_id IS NULL")
	}
}

// nearest returns those on one side of the anchor, the nearest first; among,
// unless nil, says of which.
func (s *Store) nearest(ctx context.Context, owner uuid.UUID, gap core.Gap, among sq.Sqlizer, before bool, n int) ([]core.Sibling, error) {
	b := sq.Select("id, position").From("tasks").Where("id <> ?", gap.Moving)
	if among != nil {
		b = b.Where(among)
	}
	siblings, _, err := postgres.ListPage(ctx, s.db, owner,
		func(s *core.Sibling) []any { return []any{&s.ID, &s.Position} }, b,
		postgres.Page{
			Keyset: postgres.Keyset{Column: "position", Type: "text", Desc: before},
			After:  &postgres.After{Key: gap.Anchor.Position, ID: gap.Anchor.ID},
			Limit:  n,
		})
	if err != nil {
		return nil, fmt.Errorf("list the tasks around a place: %w", err)
	}
	return siblings, nil
}

// Reposition implements [core.Order].
func (s *Store) Reposition(ctx context.Context, owner, moving uuid.UUID, tasks []core.Sibling, now time.Time) error {
	const sql = `WITH locked AS (
			SELECT tasks.id FROM tasks WHERE user_id = $1 AND id = ANY($2)` + inOrder + `
		), moved AS (
			UPDATE tasks SET placed = ` + postgres.ThisTransaction + ` WHERE user_id = $1 AND id = $5
		)
		UPDATE tasks SET position = changed.position, updated_at = $4, revision = revision + 1
		FROM unnest($2::uuid[], $3::text[]) AS changed (id, position), locked
		WHERE tasks.user_id = $1 AND tasks.id = changed.id AND tasks.id = locked.id`
	ids, positions := make([]uuid.UUID, len(tasks)), make([]string, len(tasks))
	for i, t := range tasks {
		ids[i], positions[i] = t.ID, t.Position
	}
	_, err := postgres.Exec(ctx, s.db, owner, sql, ids, positions, now, moving)
	return asDomain(err, "make room among tasks")
}
