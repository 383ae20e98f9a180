package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"docket/platform/fold"
	"docket/platform/position"
	"docket/platform/postgres"
	"docket/platform/sample"
)

// Seeding adds made-up projects, to try a database with.
type Seeding struct{ db *postgres.DB }

// NewSeeding returns a Seeding of db.
func NewSeeding(db *postgres.DB) *Seeding { return &Seeding{db: db} }

// SeedProjects gives u, who has none, n projects, some of them archived.
func (s *Seeding) SeedProjects(ctx context.Context, u *sample.User, n int) error {
	u.Projects = make([]uuid.UUID, n)
	rows := make([][]any, n)
	taken := map[string]bool{}
	for i := range n {
		at, name := u.Within(u.From, u.Span()), u.Topic()
		if taken[fold.Key(name)] {
			name = fmt.Sprintf("%s %d", name, i+1)
		}
		var description, color *string
		if u.Chance(40) {
			description = new(u.Text())
		}
		if u.Chance(60) {
			color = new(u.Color())
		}
		var archived *time.Time
		updated := at
		if u.Chance(12) {
			archived, updated = &u.End, u.End
		}
		key := fold.Key(name)
		taken[key], u.Projects[i] = true, u.Source.ID(at)
		rows[i] = []any{u.Projects[i], name, key, description, color, position.Last(at, u.Projects[i]), archived, at, updated, 1}
	}
	columns := []string{"id", "name", "name_key", "description", "color", "position", "archived_at", "created_at", "updated_at", "revision"}
	if _, err := postgres.Copy(ctx, s.db, u.ID, "projects", columns, slices.Values(rows)); err != nil {
		return fmt.Errorf("seed projects: %w", err)
	}
	return nil
}
