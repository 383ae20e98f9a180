package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"docket/platform/statement"
)

// task is a row, and what is answered of it.
type task struct {
	ID          uuid.UUID   `json:"id"`
	Title       string      `json:"title"`
	Description *string     `json:"description"`
	Status      string      `json:"status"`
	Priority    int16       `json:"priority"`
	DueAt       *time.Time  `json:"due_at"`
	DueOn       *string     `json:"due_on"`
	ProjectID   *uuid.UUID  `json:"project_id"`
	ParentID    *uuid.UUID  `json:"parent_id"`
	TagIDs      []uuid.UUID `json:"tag_ids"`
	Position    string      `json:"position"`
	CompletedAt *time.Time  `json:"completed_at"`
	CreatedAt   time.Time   `json:"created_at"`
	UpdatedAt   time.Time   `json:"updated_at"`
	Revision    int64       `json:"-"`
	keysetKey   string
	keysetID    uuid.UUID
}

// column returns where a column of a statement goes, nil where bare knows
// nothing of it.
//
//nolint:gocyclo // a table
func (t *task) column(name string) any {
	switch name {
	case "id":
		return &t.ID
	case "title":
		return &t.Title
	case "description":
		return &t.Description
	case "status":
		return &t.Status
	case "priority":
		return &t.Priority
	case "due_at":
		return &t.DueAt
	case "due_on":
		return &t.DueOn
	case "project_id":
		return &t.ProjectID
	case "parent_id":
		return &t.ParentID
	case "tag_ids":
		return &t.TagIDs
	case "position":
		return &t.Position
	case "completed_at":
		return &t.CompletedAt
	case "created_at":
		return &t.CreatedAt
	case "updated_at":
		return &t.UpdatedAt
	case "revision":
		return &t.Revision
	case "keyset_key":
		return &t.keysetKey
	case "keyset_id":
		return &t.keysetID
	default:
		return nil
	}
}

// query is a statement that is ready to be run.
type query struct {
	sql     string
	params  []statement.Param
	columns []string // that it returns
}

func prepare(ctx context.Context, pool *pgxpool.Pool, s statement.Statement) (query, error) {
	q := query{sql: s.SQL, params: s.Params}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return q, fmt.Errorf("connect: %w", err)
	}
	defer conn.Release()
	described, err := conn.Conn().Prepare(ctx, "", s.SQL)
	if err != nil {
		return q, fmt.Errorf("prepare: %w", err)
	}
	for _, f := range described.Fields {
		if new(task).column(f.Name) == nil {
			return q, fmt.Errorf("bare knows nothing of a column %q", f.Name)
		}
		q.columns = append(q.columns, f.Name)
	}
	return q, nil
}

// given is what a request says.
type given struct {
	owner    uuid.UUID
	id       uuid.UUID
	revision int64
	mark     string
	now      time.Time
}

func (q query) args(g given) []any {
	args := make([]any, len(q.params))
	for i, p := range q.params {
		switch {
		case p.Role == statement.Owner:
			args[i] = g.owner
		case p.Role == statement.ID:
			args[i] = g.id
		case p.Role == statement.Revision:
			args[i] = g.revision
		case p.Role == statement.Now:
			args[i] = g.now
		case p.Text == nil:
			args[i] = nil
		case p.Role == statement.Marked:
			args[i] = strings.ReplaceAll(*p.Text, statement.Mark, g.mark)
		default:
			args[i] = *p.Text
		}
	}
	return args
}

// rows runs q and hands each row to keep. One task and one slice of targets
// serve all rows of a request.
func (s *server) rows(ctx context.Context, q query, g given, keep func(t task)) error {
	rows, err := s.pool.Query(ctx, q.sql, q.args(g)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var t task
	targets := q.targets(&t)
	for rows.Next() {
		t = task{}
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		keep(t)
	}
	return rows.Err()
}

func (q query) targets(t *task) []any {
	targets := make([]any, len(q.columns))
	for i, name := range q.columns {
		targets[i] = t.column(name) // which prepare saw to
	}
	return targets
}

func (s *server) one(ctx context.Context, q query, g given) (task, error) {
	var found *task
	if err := s.rows(ctx, q, g, func(t task) { found = &t }); err != nil {
		return task{}, err
	}
	if found == nil {
		return task{}, pgx.ErrNoRows
	}
	return *found, nil
}

func asker(c *fiber.Ctx) given {
	owner, _ := c.Locals("owner").(uuid.UUID)
	return given{owner: owner, now: time.Now()}
}

// answer has around what is asked for what Docket's envelope has.
type answer struct {
	Success bool
	Data    any `json:"data"`
}

func (s *server) serveGet(c *fiber.Ctx) error {
	g := asker(c)
	parsed, err := uuid.Parse(c.Params("id"))
	if err != nil {
		return fiber.ErrBadRequest
	}
	g.id = parsed
	t, err := s.one(c.UserContext(), s.get, g)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, answer{true, t})
}

func (s *server) serveList(c *fiber.Ctx) error {
	const page = 50
	list := make([]task, 0, page+1)
	if err := s.rows(c.UserContext(), s.list, asker(c), func(t task) { list = append(list, t) }); err != nil {
		return err
	}
	return send(c, fiber.StatusOK, answer{true, list[:min(page, len(list))]})
}

// titled is a body that is sent.
type titled struct {
	Title       string     `json:"title"`
	Description *string    `json:"description"`
	Priority    string     `json:"priority"`
	DueAt       *time.Time `json:"due_at"`
}

// mark is the number that ends the title.
func (b titled) mark() string { return b.Title[strings.LastIndexByte(b.Title, ' ')+1:] }

func (s *server) serveCreate(c *fiber.Ctx) error {
	g := asker(c)
	var body titled
	if err := json.Unmarshal(c.Body(), &body); err != nil {
		return fiber.ErrBadRequest
	}
	g.id, g.mark = uuid.Must(uuid.NewV7()), body.mark()
	if _, err := s.pool.Exec(c.UserContext(), s.insert.sql, s.insert.args(g)...); err != nil {
		return err
	}
	t := task{ID: g.id, Title: body.Title, Description: body.Description, Status: "todo", DueAt: body.DueAt, TagIDs: []uuid.UUID{}, Position: "a0", CreatedAt: g.now, UpdatedAt: g.now}
	return send(c, fiber.StatusCreated, answer{true, t})
}

func (s *server) serveUpdate(c *fiber.Ctx) error {
	g := asker(c)
	parsed, err := uuid.Parse(c.Params("id"))
	if err != nil {
		return fiber.ErrBadRequest
	}
	var body titled
	if err := json.Unmarshal(c.Body(), &body); err != nil {
		return fiber.ErrBadRequest
	}
	g.id, g.mark = parsed, body.mark()
	t, err := s.revise(c.UserContext(), g)
	if err != nil {
		return err
	}
	t.Title, t.UpdatedAt = body.Title, g.now
	return send(c, fiber.StatusOK, answer{true, t})
}

// revise reads a task and writes it, again where somebody else wrote in between,
// and returns it as it was read.
func (s *server) revise(ctx context.Context, g given) (task, error) {
	for range maxAttempts {
		t, err := s.one(ctx, s.before, g)
		if err != nil {
			return t, err
		}
		g.revision = t.Revision + 1
		done, err := s.pool.Exec(ctx, s.update.sql, s.update.args(g)...)
		if err != nil || done.RowsAffected() > 0 {
			return t, err
		}
	}
	return task{}, fiber.ErrConflict
}

// maxAttempts bounds how often a change begins anew.
const maxAttempts = 10

func send(c *fiber.Ctx, status int, a answer) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Status(status).Send(text)
}
