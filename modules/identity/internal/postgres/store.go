// Package postgres keeps users in PostgreSQL, in the tables users and
// tombstones.
package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"docket/modules/identity/internal/core"
	"docket/platform/postgres"
)

// Store implements [core.Store] and [core.Tombstones].
type Store struct{ db *postgres.DB }

// NewStore returns a Store in db.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

const columns = `id, issuer, subject, email, name, profile_as_of, time_zone, created_at, updated_at, revision`

func fields(u *core.User) []any {
	return []any{&u.ID, &u.Issuer, &u.Subject, &u.Email, &u.Name, &u.ProfileAsOf, &u.TimeZone, &u.CreatedAt, &u.UpdatedAt, &u.Revision}
}

// found is a user, or that there is none any more.
type found struct {
	core.User
	erased bool
}

// FindOrAdd implements [core.Store] in one round trip, two where another
// process adds the same user at the same moment: a statement does not see what
// was committed after it began.
func (s *Store) FindOrAdd(ctx context.Context, fresh core.User) (core.User, error) {
	const sql = `WITH erased AS (
			SELECT id FROM tombstones WHERE issuer = $2 AND subject = $3
		), known AS (
			SELECT ` + columns + ` FROM users WHERE issuer = $2 AND subject = $3
		), added AS (
			INSERT INTO users (` + columns + `)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
			WHERE NOT EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM erased)
			ON CONFLICT (issuer, subject) DO NOTHING
			RETURNING ` + columns + `
		), present AS (
			SELECT ` + columns + ` FROM known UNION ALL SELECT ` + columns + ` FROM added
			UNION ALL SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 WHERE EXISTS (SELECT FROM erased) AND NOT EXISTS (SELECT FROM known)
		)
		SELECT ` + columns + `, EXISTS (SELECT FROM erased) FROM present`
	for range 2 {
		f, err := postgres.GetUnowned(ctx, s.db, postgres.Subject(fresh.Issuer, fresh.Subject), func(f *found) []any { return append(fields(&f.User), &f.erased) }, sql,
			fresh.ID, fresh.Issuer, fresh.Subject, fresh.Email, fresh.Name, fresh.ProfileAsOf,
			fresh.TimeZone, fresh.CreatedAt, fresh.UpdatedAt, fresh.Revision)
		if err == nil && f.erased {
			return core.User{}, core.Erased()
		}
		if err == nil {
			return f.User, nil
		}
		if !errors.Is(err, postgres.ErrNotFound) {
			return core.User{}, fmt.Errorf("find or add user: %w", err)
		}
	}
	return core.User{}, errors.New("find or add user: neither found nor added")
}

// Get implements [core.Store].
func (s *Store) Get(ctx context.Context, id uuid.UUID) (core.User, error) {
	const sql = `SELECT ` + columns + ` FROM users WHERE id = $1`
	return s.one(ctx, id, sql)
}

func (s *Store) one(ctx context.Context, id uuid.UUID, sql string) (core.User, error) {
	u, err := postgres.Get(ctx, s.db, id, fields, sql)
	if errors.Is(err, postgres.ErrNotFound) {
		return core.User{}, core.NotFound(id)
	}
	if err != nil {
		return core.User{}, fmt.Errorf("get user: %w", err)
	}
	return u, nil
}

// Update implements [core.Store].
func (s *Store) Update(ctx context.Context, u core.User) error {
	const sql = `UPDATE users SET email = $3, name = $4, profile_as_of = $5, time_zone = $6, updated_at = $7, revision = $2
		WHERE id = $1 AND revision = $2 - 1`
	n, err := postgres.Exec(ctx, s.db, u.ID, sql,
		u.Revision, u.Email, u.Name, u.ProfileAsOf, u.TimeZone, u.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update user: %w", err)
	}
	if n == 0 {
		return core.ErrRevised
	}
	return nil
}
