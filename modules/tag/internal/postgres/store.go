// Package postgres keeps tags in PostgreSQL, in the table tags.
package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"docket/modules/tag/internal/core"
	"docket/platform/errs"
	"docket/platform/fold"
	"docket/platform/postgres"
)

// Store implements [core.Store] and [core.IDs].
type Store struct{ db *postgres.DB }

// NewStore returns a Store in db.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

const columns = `id, name, color, created_at, updated_at, revision`

func fields(t *core.Tag) []any {
	return []any{&t.ID, &t.Name, &t.Color, &t.CreatedAt, &t.UpdatedAt, &t.Revision}
}

// Insert implements [core.Store].
func (s *Store) Insert(ctx context.Context, owner uuid.UUID, ts ...core.Tag) error {
	const sql = `INSERT INTO tags (user_id, id, name, name_key, color, created_at, updated_at, revision)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	each := make([][]any, len(ts))
	for i, t := range ts {
		each[i] = []any{t.ID, t.Name, fold.Key(string(t.Name)), t.Color, t.CreatedAt, t.UpdatedAt, t.Revision}
	}
	return s.claim(ctx, owner, ts, func(ctx context.Context) error {
		if len(ts) == 1 {
			_, err := postgres.Exec(ctx, s.db, owner, sql, each[0]...)
			return asDomain(err, "insert tag")
		}
		err := postgres.ExecEach(ctx, owner, sql, each)
		if at, ok := errors.AsType[*errs.At](err); ok {
			return &errs.At{Index: at.Index, Err: asDomain(at.Err, "insert tag")}
		}
		return err
	})
}

// claim runs write, which keeps tags under their names, and returns
// [core.NameTaken] where another has one of these.
func (s *Store) claim(ctx context.Context, owner uuid.UUID, ts []core.Tag, write func(ctx context.Context) error) error {
	return s.db.Claim(ctx, "tags_name_key", write, func(ctx context.Context, index int) error {
		const sql = `SELECT ` + columns + ` FROM tags WHERE user_id = $1 AND name_key = $2`
		key := fold.Key(string(ts[index].Name))
		holder, err := postgres.Get(ctx, s.db, owner, fields, sql, key)
		if err == nil {
			return core.NameTaken(holder)
		}
		for _, t := range ts[:index] { // undone together
			if fold.Key(string(t.Name)) == key {
				return core.NameTaken(t)
			}
		}
		return fmt.Errorf("find the tag that has the name: %w", err)
	})
}

// Get implements [core.Store].
func (s *Store) Get(ctx context.Context, owner, id uuid.UUID) (core.Tag, error) {
	const sql = `SELECT ` + columns + ` FROM tags WHERE user_id = $1 AND id = $2`
	return s.one(ctx, owner, id, sql)
}

// Lock implements [core.Store].
func (s *Store) Lock(ctx context.Context, owner, id uuid.UUID) (core.Tag, error) {
	const sql = `SELECT ` + columns + ` FROM tags WHERE user_id = $1 AND id = $2 FOR UPDATE`
	return s.one(ctx, owner, id, sql)
}

func (s *Store) one(ctx context.Context, owner, id uuid.UUID, sql string) (core.Tag, error) {
	t, err := postgres.Get(ctx, s.db, owner, fields, sql, id)
	if errors.Is(err, postgres.ErrNotFound) {
		return core.Tag{}, core.NotFound(id)
	}
	if err != nil {
		return core.Tag{}, fmt.Errorf("get tag: %w", err)
	}
	return t, nil
}

// Update implements [core.Store].
func (s *Store) Update(ctx context.Context, owner uuid.UUID, t core.Tag) error {
	const sql = `UPDATE tags SET name = $4, name_key = $5, color = $6, updated_at = $7, revision = $3
		WHERE user_id = $1 AND id = $2 AND revision = $3 - 1`
	return s.claim(ctx, owner, []core.Tag{t}, func(ctx context.Context) error {
		n, err := postgres.Exec(ctx, s.db, owner, sql,
			t.ID, t.Revision, t.Name, fold.Key(string(t.Name)), t.Color, t.UpdatedAt)
		if err == nil && n == 0 {
			return core.ErrRevised
		}
		return asDomain(err, "update tag")
	})
}

// Delete implements [core.Store].
func (s *Store) Delete(ctx context.Context, owner, id uuid.UUID) error {
	const sql = `DELETE FROM tags WHERE user_id = $1 AND id = $2`
	if _, err := postgres.Exec(ctx, s.db, owner, sql, id); err != nil {
		return fmt.Errorf("delete tag: %w", err)
	}
	return nil
}

// Existing implements [core.IDs].
func (s *Store) Existing(ctx context.Context, owner uuid.UUID, ids []uuid.UUID) ([]uuid.UUID, error) {
	const sql = `SELECT id FROM tags WHERE user_id = $1 AND id = ANY($2)`
	existing, err := postgres.List(ctx, s.db, owner, func(id *uuid.UUID) []any { return []any{id} }, sql, ids)
	if err != nil {
		return nil, fmt.Errorf("look tags up: %w", err)
	}
	return existing, nil
}

// asDomain turns a violated constraint into the failure that it stands for, but
// for that of names, which [Store.claim] turns.
func asDomain(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case postgres.Violated(err) == "tags_pkey":
		return core.ErrExists
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}
