package postgres

import (
	"context"
	"fmt"

	"docket/platform/postgres"
	"docket/platform/sample"
)

// Seeding adds made-up users, to try a database with.
type Seeding struct{ db *postgres.DB }

// NewSeeding returns a Seeding of db.
func NewSeeding(db *postgres.DB) *Seeding { return &Seeding{db: db} }

// SeedUser adds u, whom issuer knows as subject, and gives it its id; or returns
// false where there is such a user already.
func (s *Seeding) SeedUser(ctx context.Context, u *sample.User, issuer, subject, email string) (bool, error) {
	const sql = `INSERT INTO users (` + columns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (issuer, subject) DO NOTHING`
	u.ID = u.Source.ID(u.From)
	n, err := postgres.Exec(ctx, s.db, u.ID, sql, issuer, subject, email, u.Person(), u.From, u.Zone(), u.From, u.From, 1)
	if err != nil {
		return false, fmt.Errorf("seed a user: %w", err)
	}
	return n == 1, nil
}
