package postgres

import (
	"fmt"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
)

// dues says which tasks a condition is for, seen by when they are due.
type dues int

const (
	anyDue dues = iota
	timed
	allDay
)

// meeting returns b for tasks that meet f. Those that d leaves out are left
// out by the caller.
func meeting(b sq.SelectBuilder, owner uuid.UUID, f core.Filter, d dues) sq.SelectBuilder {
	b = referring(b, owner, f)
	if len(f.Statuses) > 0 {
		names := make([]string, len(f.Statuses))
		for i, s := range f.Statuses {
			names[i] = string(s)
		}
		b = b.Where("status = ANY(?)", names)
	}
	if len(f.Priorities) > 0 {
		ranks := make([]int16, len(f.Priorities))
		for i, p := range f.Priorities {
			ranks[i] = int16(p)
		}
		b = b.Where("priority = ANY(?)", ranks)
	}
	b = bounded(b, "completed_at >= ?", f.CompletedAfter)
	b = bounded(b, "completed_at < ?", f.CompletedBefore)
	b = bounded(b, "updated_at >= ?", f.UpdatedAfter)
	b = due(b, ">=", f.DueAfter, d)
	b = due(b, "<", f.DueBefore, d)
	if f.Overdue {
		b = due(b.Where("status = ANY(?)", []string{string(core.Todo), string(core.InProgress)}), "<", &f.Now, d)
	}
	return searched(b, owner, f.Search)
}

// referring is the part of meeting about what tasks refer to.
func referring(b sq.SelectBuilder, owner uuid.UUID, f core.Filter) sq.SelectBuilder {
	b = naming(b, "project_id", f.Project)
	b = naming(b, "parent_id", f.Parent)
	switch n := len(f.TagIDs); {
	case n == 0:
		return b
	case f.AllTags:
		return b.Where(`id IN (SELECT task_id FROM task_tags WHERE user_id = ? AND tag_id = ANY(?)
			GROUP BY task_id HAVING count(*) = ?)`, owner, f.TagIDs, n)
	default:
		return b.Where("id IN (SELECT task_id FROM task_tags WHERE user_id = ? AND tag_id = ANY(?))", owner, f.TagIDs)
	}
}

func naming(b sq.SelectBuilder, column string, r *core.Ref) sq.SelectBuilder {
	switch {
	case r == nil:
		return b
	case r.ID == nil:
		return b.Where(column + " IS NULL")
	default:
		return b.Where(column+" = ?", *r.ID)
	}
}

func bounded(b sq.SelectBuilder, condition string, at *core.Bound) sq.SelectBuilder {
	if at == nil {
		return b
	}
	return b.Where(condition, at.At)
}

// due compares instants with an instant and days with a day. Where d says
// which of them there are, the condition is such that an index starts at it.
func due(b sq.SelectBuilder, compare string, bound *core.Bound, d dues) sq.SelectBuilder {
	switch {
	case bound == nil:
		return b
	case d == timed:
		return b.Where(fmt.Sprintf("due_at %s ?", compare), bound.At)
	case d == allDay:
		return b.Where(fmt.Sprintf("due_on %s ?::date", compare), bound.Day)
	default:
		return b.Where(fmt.Sprintf("(due_at %[1]s ? OR (due_at IS NULL AND due_on %[1]s ?::date))", compare), bound.At, bound.Day)
	}
}

// searched returns b for tasks that s finds, each with found.rank. The matches
// are found first, whatever else is asked: they are the owner's alone, so that
// to look up all of the owner's tasks besides, by the primary key, is wasted,
// which IS TRUE keeps PostgreSQL from. A search without a word finds nothing.
func searched(b sq.SelectBuilder, owner uuid.UUID, s core.Search) sq.SelectBuilder {
	if s == nil {
		return b
	}
	query := tsquery(owner, s)
	return b.Prefix(`WITH found AS MATERIALIZED (
			SELECT task_id, ts_rank(words, ?::text::tsquery) AS rank FROM task_search
			WHERE (user_id = ?) IS TRUE AND words @@ ?::text::tsquery
		)`, query, owner, query).
		JoinClause("JOIN found ON found.task_id = tasks.id")
}
