// Package postgres keeps projects in PostgreSQL, in the table projects.
package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"docket/modules/project/internal/core"
	"docket/platform/errs"
	"docket/platform/fold"
	"docket/platform/postgres"
)

// Store implements [core.Store], [core.Order] and [core.Shared].
type Store struct{ db *postgres.DB }

// NewStore returns a Store in db.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

const columns = `id, name, description, color, position, archived_at, created_at, updated_at, revision`

func fields(p *core.Project) []any {
	return []any{&p.ID, &p.Name, &p.Description, &p.Color, &p.Position, &p.ArchivedAt, &p.CreatedAt, &p.UpdatedAt, &p.Revision}
}

// Insert implements [core.Store].
func (s *Store) Insert(ctx context.Context, owner uuid.UUID, ps ...core.Project) error {
	const sql = `INSERT INTO projects (user_id, id, name, name_key, description, color, position, archived_at, created_at, updated_at, revision, placed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, ` + postgres.ThisTransaction + `)`
	each := make([][]any, len(ps))
	for i, p := range ps {
		each[i] = []any{p.ID, p.Name, fold.Key(string(p.Name)), p.Description, p.Color, p.Position, p.ArchivedAt, p.CreatedAt, p.UpdatedAt, p.Revision}
	}
	return s.claim(ctx, owner, ps, func(ctx context.Context) error {
		if len(ps) == 1 {
			_, err := postgres.Exec(ctx, s.db, owner, sql, each[0]...)
			return asDomain(err, "insert project")
		}
		err := postgres.ExecEach(ctx, owner, sql, each)
		if at, ok := errors.AsType[*errs.At](err); ok {
			return &errs.At{Index: at.Index, Err: asDomain(at.Err, "insert project")}
		}
		return err
	})
}

// claim runs write, which keeps projects under their names, and returns
// [core.NameTaken] where another has one of these.
func (s *Store) claim(ctx context.Context, owner uuid.UUID, ps []core.Project, write func(ctx context.Context) error) error {
	return s.db.Claim(ctx, "projects_name_key", write, func(ctx context.Context, index int) error {
		const sql = `SELECT ` + columns + ` FROM projects WHERE user_id = $1 AND name_key = $2 AND archived_at IS NULL`
		key := fold.Key(string(ps[index].Name))
		holder, err := postgres.Get(ctx, s.db, owner, fields, sql, key)
		if err == nil {
			return core.NameTaken(holder)
		}
		for _, p := range ps[:index] { // undone together
			if fold.Key(string(p.Name)) == key {
				return core.NameTaken(p)
			}
		}
		return fmt.Errorf("find the project that has the name: %w", err)
	})
}

// Get implements [core.Store].
func (s *Store) Get(ctx context.Context, owner, id uuid.UUID) (core.Project, error) {
	const sql = `SELECT ` + columns + ` FROM projects WHERE user_id = $1 AND id = $2`
	return s.one(ctx, owner, id, sql)
}

// Lock implements [core.Store].
func (s *Store) Lock(ctx context.Context, owner, id uuid.UUID) (core.Project, error) {
	const sql = `SELECT ` + columns + ` FROM projects WHERE user_id = $1 AND id = $2 FOR UPDATE`
	return s.one(ctx, owner, id, sql)
}

func (s *Store) one(ctx context.Context, owner, id uuid.UUID, sql string) (core.Project, error) {
	p, err := postgres.Get(ctx, s.db, owner, fields, sql, id)
	if errors.Is(err, postgres.ErrNotFound) {
		return core.Project{}, core.NotFound(id)
	}
	if err != nil {
		return core.Project{}, fmt.Errorf("get project: %w", err)
	}
	return p, nil
}

// Share implements [core.Shared]. Who takes several locks them in the order of
// their ids, or two could each wait for the other.
func (s *Store) Share(ctx context.Context, owner uuid.UUID, ids []uuid.UUID) ([]core.Project, error) {
	const sql = `SELECT ` + columns + ` FROM projects WHERE user_id = $1 AND id = ANY($2) ORDER BY id FOR SHARE`
	shared, err := postgres.List(ctx, s.db, owner, fields, sql, ids)
	if err != nil {
		return nil, fmt.Errorf("share projects: %w", err)
	}
	return shared, nil
}

// Update implements [core.Store].
func (s *Store) Update(ctx context.Context, owner uuid.UUID, p core.Project) error {
	const sql = `UPDATE projects
		SET name = $4, name_key = $5, description = $6, color = $7, position = $8, archived_at = $9, updated_at = $10, revision = $3,
			placed = CASE WHEN position = $8 THEN placed ELSE ` + postgres.ThisTransaction + ` END
		WHERE user_id = $1 AND id = $2 AND revision = $3 - 1`
	return s.claim(ctx, owner, []core.Project{p}, func(ctx context.Context) error {
		n, err := postgres.Exec(ctx, s.db, owner, sql,
			p.ID, p.Revision, p.Name, fold.Key(string(p.Name)), p.Description, p.Color, p.Position, p.ArchivedAt, p.UpdatedAt)
		if err == nil && n == 0 {
			return core.ErrRevised
		}
		return asDomain(err, "update project")
	})
}

// Delete implements [core.Store].
func (s *Store) Delete(ctx context.Context, owner, id uuid.UUID) error {
	const sql = `DELETE FROM projects WHERE user_id = $1 AND id = $2`
	if _, err := postgres.Exec(ctx, s.db, owner, sql, id); err != nil {
		return fmt.Errorf("delete project: %w", err)
	}
	return nil
}

// asDomain turns a violated constraint into the failure that it stands for, but
// for that of names, which [Store.claim] turns.
func asDomain(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case postgres.Violated(err) == "projects_pkey":
		return core.ErrExists
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}
