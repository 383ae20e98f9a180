package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"docket/platform/fold"
	"docket/platform/postgres"
	"docket/platform/sample"
)

// Seeding adds made-up tags, to try a database with.
type Seeding struct{ db *postgres.DB }

// NewSeeding returns a Seeding of db.
func NewSeeding(db *postgres.DB) *Seeding { return &Seeding{db: db} }

// SeedTags gives u, who has none, n tags.
func (s *Seeding) SeedTags(ctx context.Context, u *sample.User, n int) error {
	u.Tags = make([]uuid.UUID, n)
	rows := make([][]any, n)
	taken := map[string]bool{}
	for i := range n {
		at, name := u.Within(u.From, u.Span()), u.Topic()
		if taken[fold.Key(name)] {
			name = fmt.Sprintf("%s %d", name, i+1)
		}
		var color *string
		if u.Chance(60) {
			color = new(u.Color())
		}
		key := fold.Key(name)
		taken[key], u.Tags[i] = true, u.Source.ID(at)
		rows[i] = []any{u.Tags[i], name, key, color, at, at, 1}
	}
	columns := []string{"id", "name", "name_key", "color", "created_at", "updated_at", "revision"}
	if _, err := postgres.Copy(ctx, s.db, u.ID, "tags", columns, slices.Values(rows)); err != nil {
		return fmt.Errorf("seed tags: %w", err)
	}
	return nil
}
