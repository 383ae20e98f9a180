package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/fold"
	"docket/platform/position"
	"docket/platform/postgres"
	"docket/platform/sample"
)

const (
	// seedChunk is how many tasks are made up before they are written.
	seedChunk = 5000
	// seedSiblings is how many of the tasks made last a subtask may be put
	// below.
	seedSiblings = 30
)

// Seeding adds made-up tasks, to try a database with.
type Seeding struct{ db *postgres.DB }

// NewSeeding returns a Seeding of db.
func NewSeeding(db *postgres.DB) *Seeding { return &Seeding{db: db} }

// SeedTasks gives u n tasks, made one after the other, and calls made after
// every few thousand with how many. A user of 100,000 is no more than a few
// thousand in memory.
func (s *Seeding) SeedTasks(ctx context.Context, u *sample.User, n int, made func(int)) error {
	g := growth{User: u}
	step := max(u.Span()/time.Duration(max(n, 1)), time.Microsecond)
	for done := 0; done < n; {
		tasks := make([]core.Task, min(seedChunk, n-done))
		for i := range tasks {
			tasks[i] = g.task(u.Within(u.From.Add(time.Duration(done+i)*step), step))
		}
		if err := s.add(ctx, u.ID, tasks); err != nil {
			return fmt.Errorf("seed tasks: %w", err)
		}
		done += len(tasks)
		made(len(tasks))
	}
	return nil
}

func (s *Seeding) add(ctx context.Context, owner uuid.UUID, tasks []core.Task) error {
	columns := []string{
		"id", "title", "title_key", "description", "status", "priority", "due_at", "due_on",
		"project_id", "parent_id", "position", "completed_at", "created_at", "updated_at", "revision", "tag_ids",
	}
	if _, err := postgres.Copy(ctx, s.db, owner, "tasks", columns, taskRows(tasks)); err != nil {
		return err
	}
	if _, err := postgres.Copy(ctx, s.db, owner, "task_tags", []string{"task_id", "tag_id", "created_at"}, tagRows(tasks)); err != nil {
		return err
	}
	// COPY takes no tsvector as text.
	const sql = `INSERT INTO task_search (user_id, task_id, words)
		SELECT $1, found.task_id, found.words::tsvector FROM unnest($2::uuid[], $3::text[]) AS found (task_id, words)`
	ids, words := make([]uuid.UUID, len(tasks)), make([]string, len(tasks))
	for i, t := range tasks {
		ids[i], words[i] = t.ID, vector(owner, t)
	}
	_, err := postgres.Exec(ctx, s.db, owner, sql, ids, words)
	return err
}

func taskRows(tasks []core.Task) func(yield func([]any) bool) {
	return func(yield func([]any) bool) {
		for _, t := range tasks {
			var dueOn *time.Time
			if t.DueOn != nil {
				day, err := time.Parse(time.DateOnly, string(*t.DueOn))
				if err != nil {
					panic(err) // growth.dates made it of a time
				}
				dueOn = &day
			}
			if !yield([]any{
				t.ID, string(t.Title), fold.Key(string(t.Title)), (*string)(t.Description), string(t.Status), int16(t.Priority), t.DueAt, dueOn,
				t.ProjectID, t.ParentID, t.Position, t.CompletedAt, t.CreatedAt, t.UpdatedAt, t.Revision, t.TagIDs,
			}) {
				return
			}
		}
	}
}

func tagRows(tasks []core.Task) func(yield func([]any) bool) {
	return func(yield func([]any) bool) {
		for _, t := range tasks {
			for _, tag := range t.TagIDs {
				if !yield([]any{t.ID, tag, t.CreatedAt}) {
					return
				}
			}
		}
	}
}

// growth makes up the tasks of one user, one after the other.
type growth struct {
	*sample.User
	// recent are the tasks that the next may be put below.
	recent []parent
}

type parent struct {
	id      uuid.UUID
	project *uuid.UUID
	status  core.Status
	level   int
}

func (g *growth) task(at time.Time) core.Task {
	t := core.Task{ID: g.Source.ID(at), Title: core.Title(g.Title()), CreatedAt: at, UpdatedAt: at, Revision: 1}
	t.Position = position.Last(at, t.ID)
	t.Status = []core.Status{core.Todo, core.InProgress, core.Done, core.Cancelled}[g.Weighted(35, 8, 50, 7)]
	t.Priority = []core.Priority{core.NoPriority, core.Low, core.Medium, core.High, core.Urgent}[g.Weighted(50, 15, 20, 10, 5)]
	if g.Chance(30) {
		t.Description = new(core.Description(g.Text()))
	}
	level := 1
	if above := g.above(); above != nil {
		t.ParentID, t.ProjectID, level = &above.id, above.project, above.level+1
		if above.status.Closed() {
			t.Status = above.status // it went with its parent
		}
	} else if len(g.Projects) > 0 && g.Chance(70) {
		t.ProjectID = &g.Projects[g.N(len(g.Projects))]
	}
	if t.Status.Closed() {
		t.CompletedAt = new(g.Within(at, min(60*24*time.Hour, g.End.Sub(at))+time.Microsecond))
		t.UpdatedAt = *t.CompletedAt
	}
	g.dates(&t)
	t.TagIDs = g.tags()
	if g.recent = append(g.recent, parent{t.ID, t.ProjectID, t.Status, level}); len(g.recent) > seedSiblings {
		g.recent = g.recent[1:]
	}
	return t
}

// above returns what the next task is put below, or nil.
func (g *growth) above() *parent {
	if len(g.recent) == 0 || !g.Chance(25) {
		return nil
	}
	if p := g.recent[g.N(len(g.recent))]; p.level < core.MaxLevels {
		return &p
	}
	return nil
}

func (g *growth) dates(t *core.Task) {
	due := g.Within(t.CreatedAt.Add(-24*time.Hour), 90*24*time.Hour)
	switch g.Weighted(40, 35, 25) {
	case 1:
		t.DueOn = new(core.Date(due.Format(time.DateOnly)))
	case 2:
		t.DueAt = new(due.Truncate(15 * time.Minute))
	}
}

// tags returns none to four different ones.
func (g *growth) tags() []uuid.UUID {
	tags := []uuid.UUID{}
	for range g.Weighted(45, 25, 15, 10, 5) {
		if len(g.Tags) == 0 {
			break
		}
		if tag := g.Tags[g.N(len(g.Tags))]; !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	slices.SortFunc(tags, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return tags
}
