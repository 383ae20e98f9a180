// Package postgres keeps tasks in PostgreSQL, in the tables tasks and
// task_tags.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/errs"
	"docket/platform/fold"
	"docket/platform/postgres"
)

// Store implements [core.Store], [core.Reader], [core.Tree] and [core.References].
type Store struct {
	db     *postgres.DB
	effort effort
}

// NewStore returns a Store in db.
func NewStore(db *postgres.DB) *Store { return &Store{db: db, effort: usualEffort()} }

const columns = `id, title, description, status, priority, due_at, due_on::text, project_id, parent_id, position,
	completed_at, created_at, updated_at, revision, tag_ids`

func fields(t *core.Task) []any {
	return []any{
		&t.ID, (*string)(&t.Title), postgres.TextOrNull(&t.Description), (*string)(&t.Status), (*int16)(&t.Priority), &t.DueAt, postgres.TextOrNull(&t.DueOn), &t.ProjectID, &t.ParentID, &t.Position,
		&t.CompletedAt, &t.CreatedAt, &t.UpdatedAt, &t.Revision, &t.TagIDs,
	}
}

// insert is of a task without tags, and insertTagged of any: each statement more
// in it costs PostgreSQL some time, though it be about nothing.
const (
	insert       = `WITH task AS (` + insertTask + `) ` + insertSearch
	insertTagged = `WITH task AS (` + insertTask + `), search AS (` + insertSearch + `)
	INSERT INTO task_tags (user_id, task_id, tag_id, created_at) SELECT $1, $2, unnest($17::uuid[]), $14`

	insertTask = `INSERT INTO tasks (user_id, id, title, title_key, description, status, priority, due_at, due_on,
			project_id, parent_id, position, completed_at, created_at, updated_at, revision, tag_ids, placed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, ` + postgres.ThisTransaction + `)`
	insertSearch = `INSERT INTO task_search (user_id, task_id, words) VALUES ($1, $2, $18::text::tsvector)`
)

// insertion is the statement that inserts tasks, one at a time.
func insertion(tasks ...core.Task) string {
	if slices.ContainsFunc(tasks, func(t core.Task) bool { return len(t.TagIDs) > 0 }) {
		return insertTagged
	}
	return insert
}

func inserted(owner uuid.UUID, t core.Task) []any {
	return []any{
		t.ID, t.Title, fold.Key(string(t.Title)), t.Description, t.Status, t.Priority, t.DueAt, (*string)(t.DueOn),
		t.ProjectID, t.ParentID, t.Position, t.CompletedAt, t.CreatedAt, t.UpdatedAt, t.Revision, t.TagIDs, vector(owner, t),
	}
}

// Insert implements [core.Store].
func (s *Store) Insert(ctx context.Context, owner uuid.UUID, t core.Task) error {
	err := postgres.ExecSoon(ctx, s.db, owner, insertion(t), inserted(owner, t)...)
	return asDomain(err, "insert task")
}

// InsertMany implements [core.Store].
func (s *Store) InsertMany(ctx context.Context, owner uuid.UUID, tasks []core.Task) error {
	each := make([][]any, len(tasks))
	for i, t := range tasks {
		each[i] = inserted(owner, t)
	}
	err := postgres.ExecEach(ctx, owner, insertion(tasks...), each)
	if at, ok := errors.AsType[*errs.At](err); ok {
		return &errs.At{Index: at.Index, Err: asDomain(at.Err, "insert task")}
	}
	return err
}

// Get implements [core.Store].
func (s *Store) Get(ctx context.Context, owner, id uuid.UUID) (core.Task, error) {
	const sql = `SELECT ` + columns + ` FROM tasks WHERE user_id = $1 AND id = $2`
	t, err := postgres.Get(ctx, s.db, owner, fields, sql, id)
	if errors.Is(err, postgres.ErrNotFound) {
		return core.Task{}, core.NotFound(id)
	}
	if err != nil {
		return core.Task{}, fmt.Errorf("get task: %w", err)
	}
	return t, nil
}

// Update implements [core.Store]. Of the tags, and of what the task is found
// by, it touches only what changes, and most often nothing.
func (s *Store) Update(ctx context.Context, owner uuid.UUID, before, t core.Task) error {
	sql := update
	args := []any{
		t.ID, t.Revision, t.Status, t.Priority, t.DueAt, (*string)(t.DueOn), t.ProjectID, t.ParentID, t.Position, t.CompletedAt, t.UpdatedAt,
	}
	retagged := !slices.Equal(before.TagIDs, t.TagIDs)
	if retagged || before.Title != t.Title || !same(before.Description, t.Description) {
		sql, args = reword, append(args, t.Title, fold.Key(string(t.Title)), t.Description, vector(owner, t))
	}
	if retagged {
		sql, args = retag, append(args, t.TagIDs)
	}
	n, err := postgres.Exec(ctx, s.db, owner, sql, args...)
	if err == nil && n == 0 {
		return core.ErrRevised
	}
	return asDomain(err, "update task")
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// update is of what stands in the task's own row alone, reword also of what it is
// found by, and retag of all that is kept in other tables.
const (
	update = `UPDATE tasks SET ` + plain + revised
	reword = `WITH task AS (
			UPDATE tasks SET title = $13, title_key = $14, description = $15, ` + plain + revised + ` RETURNING id
		), search AS (` + searched + `)
		SELECT id FROM task`
	retag = `WITH task AS (
			UPDATE tasks SET title = $13, title_key = $14, description = $15, tag_ids = $17, ` + plain + revised + `
			RETURNING id, created_at
		), removed AS (
			DELETE FROM task_tags USING task
			WHERE task_tags.user_id = $1 AND task_tags.task_id = task.id AND NOT task_tags.tag_id = ANY($17::uuid[])
		), added AS (
			INSERT INTO task_tags (user_id, task_id, tag_id, created_at)
			SELECT $1, task.id, tag_id, task.created_at FROM task, unnest($17::uuid[]) AS tag_id
			ON CONFLICT DO NOTHING
		), search AS (` + searched + `)
		SELECT id FROM task`

	searched = `UPDATE task_search SET words = $16::text::tsvector FROM task
			WHERE user_id = $1 AND task_id = task.id AND words <> $16::text::tsvector`
	plain = `status = $4, priority = $5, due_at = $6, due_on = $7, project_id = $8, parent_id = $9, position = $10,
				completed_at = $11, updated_at = $12, revision = $3,
				placed = CASE WHEN position = $10 THEN placed ELSE ` + postgres.ThisTransaction + ` END`
	revised = ` WHERE user_id = $1 AND id = $2 AND revision = $3 - 1`
)

// Delete implements [core.Store]: the foreign key to the parent takes what is
// below along. The subquery is there for its locks.
func (s *Store) Delete(ctx context.Context, owner, id uuid.UUID) error {
	const sql = below + `, locked AS (` + lockBelow + `)
		DELETE FROM tasks WHERE user_id = $1 AND id = $2 AND (SELECT count(*) FROM locked) > 0`
	n, err := postgres.Exec(ctx, s.db, owner, sql, id, core.MaxLevels)
	if err != nil {
		return fmt.Errorf("delete task: %w", err)
	}
	if n == 0 {
		return core.NotFound(id)
	}
	return nil
}

// identities are the keys that a second task of one id violates, whichever of
// its rows comes first.
var identities = []string{"tasks_pkey", "task_search_pkey", "task_tags_pkey"}

// references are the foreign keys to what may go away at any moment.
var references = []string{"tasks_project_fk", "tasks_parent_fk", "task_tags_tag_fk"}

// asDomain turns a violated constraint into the failure that it stands for.
func asDomain(err error, doing string) error {
	switch violated := postgres.Violated(err); {
	case err == nil:
		return nil
	case slices.Contains(identities, violated):
		return core.ErrExists
	case slices.Contains(references, violated):
		return core.ErrReferenceGone
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}
