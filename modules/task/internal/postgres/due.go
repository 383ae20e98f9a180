package postgres

import (
	"context"
	"fmt"
	"slices"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/postgres"
)

// Tasks are sorted by when they are due in the user's zone, of which the
// database knows nothing: a user who moves would otherwise have to have every
// all-day task written anew. An index holds tasks with an instant, all-day
// tasks and tasks without a date in an order of their own each; a page is
// merged here, out of the beginnings of the first two, and ends with the third.

// placed is a task with its place in the order.
type placed struct {
	task  core.Task
	place core.Place
}

func (s *Store) listByDue(ctx context.Context, owner uuid.UUID, q core.Query) ([]core.Task, *core.After, error) {
	var from *core.Place
	if q.After != nil {
		place, err := q.Calendar.PlaceAt(*q.After)
		if err != nil {
			return nil, nil, err
		}
		from = &place
	}
	var page []placed
	if from == nil || !from.Undated {
		var err error
		if page, err = s.dated(ctx, owner, q, from); err != nil {
			return nil, nil, err
		}
		from = nil // the undated begin at their beginning
	}
	f := q.Filter
	if room := q.Limit + 1 - len(page); room > 0 && f.DueAfter == nil && f.DueBefore == nil && !f.Overdue {
		rest, err := postgres.ListUnion(ctx, s.db, owner, fields, undated(owner, q, from).Limit(uint64(room)))
		if err != nil {
			return nil, nil, fmt.Errorf("list tasks without a date: %w", err)
		}
		page = append(page, sorted(q, rest)...)
	}
	return cut(page, q.Limit)
}

// cut returns the first tasks of a page, and where they end if more follow.
func cut(page []placed, limit int) ([]core.Task, *core.After, error) {
	var next *core.After
	if len(page) > limit {
		page = page[:limit]
		last := page[limit-1].place
		next = &core.After{Key: last.Key(), ID: last.ID}
	}
	tasks := make([]core.Task, len(page))
	for i, p := range page {
		tasks[i] = p.task
	}
	return tasks, next, nil
}

// sorted returns tasks with their places, in the order of q.
func sorted(q core.Query, tasks []core.Task) []placed {
	list := make([]placed, len(tasks))
	for i, t := range tasks {
		list[i] = placed{task: t, place: q.Calendar.PlaceOf(t)}
	}
	slices.SortFunc(list, func(a, b placed) int {
		if q.Desc {
			a, b = b, a
		}
		return a.place.Compare(b.place)
	})
	return list
}

// dated returns the tasks with a date that follow from, one more than a page
// has if there are as many.
func (s *Store) dated(ctx context.Context, owner uuid.UUID, q core.Query, from *core.Place) ([]placed, error) {
	instants := meeting(sq.Select(columns).From("tasks"), owner, q.Filter, timed).Where("due_at IS NOT NULL")
	days := meeting(sq.Select(columns).From("tasks"), owner, q.Filter, allDay).Where("due_at IS NULL AND due_on IS NOT NULL")
	if from != nil {
		instants, days = instants.Where(instantsAfter(q, *from)), days.Where(daysAfter(q, *from))
	}
	enough := uint64(q.Limit) + 1 //nolint:gosec // a limit is between 1 and 200
	tasks, err := postgres.ListUnion(ctx, s.db, owner, fields,
		inOrderOfDue(instants, q).Limit(enough), inOrderOfDue(days, q).Limit(enough))
	if err != nil {
		return nil, fmt.Errorf("list tasks by due: %w", err)
	}
	list := sorted(q, tasks)
	return list[:min(len(list), q.Limit+1)], nil
}

// undated lists the tasks without a date that follow from.
func undated(owner uuid.UUID, q core.Query, from *core.Place) sq.SelectBuilder {
	b := meeting(sq.Select(columns).From("tasks"), owner, q.Filter, anyDue).
		Where("user_id = ? AND due_at IS NULL AND due_on IS NULL", owner)
	if from != nil {
		b = b.Where("id "+beyond(q)+" ?", from.ID)
	}
	return inOrderOfDue(b, q)
}

// inOrderOfDue names all columns of the index, so that it is seen to fit, and
// their table, since due_on alone is the text that is selected.
func inOrderOfDue(b sq.SelectBuilder, q core.Query) sq.SelectBuilder {
	if q.Desc {
		return b.OrderBy("tasks.due_at DESC", "tasks.due_on DESC", "tasks.id DESC")
	}
	return b.OrderBy("tasks.due_at", "tasks.due_on", "tasks.id")
}

func beyond(q core.Query) string {
	if q.Desc {
		return "<"
	}
	return ">"
}

// instantsAfter is the condition for tasks with an instant behind p. At p's
// own instant they stand on the day that has begun last: if that is p's, their
// ids decide, else the days do.
func instantsAfter(q core.Query, p core.Place) sq.Sqlizer {
	if day := q.Calendar.DayOf(p.At).Compare(p.Day); day != 0 {
		orEqual := ""
		if behind := day > 0; behind != q.Desc {
			orEqual = "="
		}
		return sq.Expr("due_at "+beyond(q)+orEqual+" ?", p.At)
	}
	return sq.Expr("(due_at, id) "+beyond(q)+" (?, ?)", p.At, p.ID)
}

// daysAfter is the condition for all-day tasks behind p. Those of p's own day
// stand at its beginning.
func daysAfter(q core.Query, p core.Place) sq.Sqlizer {
	if begin := q.Calendar.Start(p.Day); p.AllDay || begin.Equal(p.At) {
		return sq.Expr("(due_on, id) "+beyond(q)+" (?::date, ?)", p.Day, p.ID)
	}
	if q.Desc { // p is later on its day, whose all-day tasks come next
		return sq.Expr("due_on <= ?::date", p.Day)
	}
	return sq.Expr("due_on > ?::date", p.Day)
}
