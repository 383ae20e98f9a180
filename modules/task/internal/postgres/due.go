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
		rest, err := postgres.ListUnion(ctx, s.db, owner, fields, sq.Select(columns).FromSelect(s.undated(owner, q, from, uint64(room)), "tasks"))
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
	instants := append(sq.And{sq.Expr("tasks.due_at IS NOT NULL")}, dueWithin(q.Filter, timed)...)
	days := append(sq.And{sq.Expr("tasks.due_at IS NULL AND tasks.due_on IS NOT NULL")}, dueWithin(q.Filter, allDay)...)
	if from != nil {
		instants, days = append(instants, instantsAfter(q, *from)), append(days, daysAfter(q, *from))
	}
	tasks, err := postgres.ListUnion(ctx, s.db, owner, fields,
		sq.Select(columns).FromSelect(inOrderOfDue(owner, q, ordered{within: instants, of: timed, limit: enough(q), effort: s.effort}), "tasks"),
		sq.Select(columns).FromSelect(inOrderOfDue(owner, q, ordered{within: days, of: allDay, limit: enough(q), effort: s.effort}), "tasks"))
	if err != nil {
		return nil, fmt.Errorf("list tasks by due: %w", err)
	}
	list := sorted(q, tasks)
	return list[:min(len(list), q.Limit+1)], nil
}

// undated lists the tasks without a date that follow from.
func (s *Store) undated(owner uuid.UUID, q core.Query, from *core.Place, limit uint64) sq.SelectBuilder {
	within := sq.And{sq.Expr("tasks.due_at IS NULL AND tasks.due_on IS NULL")}
	if from != nil {
		within = append(within, sq.Expr("tasks.id "+beyond(q)+" ?", from.ID))
	}
	return inOrderOfDue(owner, q, ordered{within: within, of: never, limit: limit, effort: s.effort})
}

// inOrderOfDue lists a part of the order by due. It names all columns of the
// index, so that it is seen to fit.
func inOrderOfDue(owner uuid.UUID, q core.Query, o ordered) sq.SelectBuilder {
	o.by = []string{"tasks.due_at", "tasks.due_on", "tasks.id"}
	if q.Desc {
		o.by = []string{"tasks.due_at DESC", "tasks.due_on DESC", "tasks.id DESC"}
	}
	return narrowed(owner, q, o)
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
		return sq.Expr("tasks.due_at "+beyond(q)+orEqual+" ?", p.At)
	}
	return sq.Expr("(tasks.due_at, tasks.id) "+beyond(q)+" (?, ?)", p.At, p.ID)
}

// daysAfter is the condition for all-day tasks behind p. Those of p's own day
// stand at its beginning.
func daysAfter(q core.Query, p core.Place) sq.Sqlizer {
	if begin := q.Calendar.Start(p.Day); p.AllDay || begin.Equal(p.At) {
		return sq.Expr("(tasks.due_on, tasks.id) "+beyond(q)+" (?::date, ?)", p.Day, p.ID)
	}
	if q.Desc { // p is later on its day, whose all-day tasks come next
		return sq.Expr("tasks.due_on <= ?::date", p.Day)
	}
	return sq.Expr("tasks.due_on > ?::date", p.Day)
}
