package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"docket/modules/identity/internal/core"
	"docket/platform/postgres"
)

// sweepStep is how many tombstones one statement removes.
const sweepStep = 500

// Lock implements [core.Tombstones]. The lock is that of an update: rows that
// refer to the user can still be added.
func (s *Store) Lock(ctx context.Context, id uuid.UUID) (core.User, error) {
	const sql = `SELECT ` + columns + ` FROM users WHERE id = $1 FOR NO KEY UPDATE`
	return s.one(ctx, id, sql)
}

// Bury implements [core.Tombstones]. The time is PostgreSQL's, which is one for
// all processes.
func (s *Store) Bury(ctx context.Context, u core.User) error {
	const sql = `INSERT INTO tombstones (id, issuer, subject, erased_at) VALUES ($1, $2, $3, clock_timestamp())
		ON CONFLICT (issuer, subject) DO NOTHING`
	if _, err := postgres.Exec(ctx, s.db, u.ID, sql, u.Issuer, u.Subject); err != nil {
		return fmt.Errorf("bury user: %w", err)
	}
	return nil
}

// sight is the one row of Recent.
type sight struct {
	at                time.Time
	ids               []uuid.UUID
	issuers, subjects []string
}

// Recent implements [core.Tombstones] in one round trip. It looks back further
// than since, for a tombstone is seen only once it is committed: by half a
// minute, which is longer than a request that writes one may take by default.
func (s *Store) Recent(ctx context.Context, since time.Time) (core.Sight, error) {
	const sql = `SELECT now(), coalesce(array_agg(id), '{}'), coalesce(array_agg(issuer), '{}'), coalesce(array_agg(subject), '{}')
		FROM tombstones WHERE erased_at >= coalesce($1, now()) - interval '30 seconds'`
	var from *time.Time
	if !since.IsZero() {
		from = &since
	}
	found, err := postgres.GetUnowned(ctx, s.db, postgres.Erased(since), func(f *sight) []any {
		return []any{&f.at, &f.ids, &f.issuers, &f.subjects}
	}, sql, from)
	if err != nil {
		return core.Sight{}, fmt.Errorf("look for tombstones: %w", err)
	}
	seen := core.Sight{At: found.at}
	for i, id := range found.ids {
		seen.Erased = append(seen.Erased, core.User{ID: id, Issuer: found.issuers[i], Subject: found.subjects[i]})
	}
	return seen, nil
}

// Claim implements [core.Tombstones].
func (s *Store) Claim(ctx context.Context, except []uuid.UUID) (uuid.UUID, bool, error) {
	const sql = `SELECT id FROM tombstones WHERE finished_at IS NULL AND NOT id = ANY($1)
		ORDER BY erased_at LIMIT 1 FOR UPDATE SKIP LOCKED`
	if except == nil {
		except = []uuid.UUID{} // NULL would make the condition unknown
	}
	id, err := postgres.GetUnowned(ctx, s.db, postgres.Erase(), func(id *uuid.UUID) []any { return []any{id} }, sql, except)
	if errors.Is(err, postgres.ErrNotFound) {
		return uuid.Nil, false, nil
	}
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("look for users to erase: %w", err)
	}
	return id, true, nil
}

// Finish implements [core.Tombstones]. It waits for requests that are adding
// rows which refer to the user; the foreign keys take those rows along.
func (s *Store) Finish(ctx context.Context, id uuid.UUID, now time.Time) error {
	const remove = `DELETE FROM users WHERE id = $1`
	const finish = `UPDATE tombstones SET finished_at = $2 WHERE id = $1`
	if _, err := postgres.Exec(ctx, s.db, id, remove); err != nil {
		return fmt.Errorf("delete user: %w", err)
	}
	if _, err := postgres.Exec(ctx, s.db, id, finish, now); err != nil {
		return fmt.Errorf("finish tombstone: %w", err)
	}
	return nil
}

// Sweep implements [core.Tombstones].
func (s *Store) Sweep(ctx context.Context, before time.Time) (int, error) {
	const sql = `WITH swept AS (
			DELETE FROM tombstones WHERE id = ANY(ARRAY(
				SELECT id FROM tombstones WHERE finished_at <= $1 ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED
			)) RETURNING id
		)
		SELECT count(*) FROM swept`
	total := 0
	for {
		n, err := postgres.GetUnowned(ctx, s.db, postgres.Expired(before), func(n *int) []any { return []any{n} }, sql, before, sweepStep)
		total += n
		if err != nil {
			return total, fmt.Errorf("sweep tombstones: %w", err)
		}
		if n < sweepStep {
			return total, nil
		}
	}
}
