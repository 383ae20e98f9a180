package postgres

import (
	"fmt"
	"slices"

	sq "github.com/Masterminds/squirrel"

	"docket/modules/task/internal/core"
)

// dues says which tasks a condition is for, seen by when they are due.
type dues int

const (
	anyDue dues = iota
	timed
	allDay
	never
)

// conditions are those that a task must meet for f, but for its tags, its words
// and when it is due. Each that a B-tree can hold a later column of an index to
// is written such that it does: no list of values, which it looks up in the table.
func conditions(f core.Filter) sq.And {
	all := append(havingStatus(f), havingPriority(f.Priorities)...)
	if f.Project != nil {
		all = append(all, naming("project_id", *f.Project))
	}
	if f.Parent != nil {
		all = append(all, naming("parent_id", *f.Parent))
	}
	if f.UpdatedAfter != nil {
		all = append(all, updatedAfter(f))
	}
	return append(all, completion(f)...)
}

// havingStatus is the condition on the status. Open are those that were not
// completed, which a check of the table says as well.
func havingStatus(f core.Filter) sq.And {
	var all sq.And
	names := []string{}
	open, closed := 0, 0
	for _, s := range []core.Status{core.Todo, core.InProgress, core.Done, core.Cancelled} {
		switch {
		case !slices.Contains(f.Statuses, s):
		case s.Closed():
			names, closed = append(names, string(s)), closed+1
		default:
			names, open = append(names, string(s)), open+1
		}
	}
	if f.Overdue || open > 0 && closed == 0 {
		all = append(all, sq.Expr("completed_at IS NULL AND "+isOpen))
	}
	if closed > 0 && open == 0 {
		all = append(all, sq.Expr("completed_at IS NOT NULL"))
	}
	switch {
	case len(names) == 1:
		all = append(all, sq.Expr("status = ?", names[0]))
	case open > 0 && closed > 0 && len(names) < 4:
		all = append(all, sq.Expr("status = ANY(?)", names))
	}
	return all
}

// havingPriority is the range that the priorities are in, and, where they are
// not all of it, which are meant.
func havingPriority(priorities []core.Priority) sq.And {
	if len(priorities) == 0 {
		return nil
	}
	wanted := ranks(priorities)
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	low, high := wanted[0], wanted[len(wanted)-1]
	// No equation: behind one, PostgreSQL begins with the first of that priority
	// rather than where the page before ended.
	all := sq.And{sq.Expr("priority >= ? AND priority <= ?", low, high)}
	if int(high-low) != len(wanted)-1 {
		all = append(all, sq.Expr("priority = ANY(?)", wanted))
	}
	return all
}

func completion(f core.Filter) sq.And {
	var all sq.And
	if f.CompletedAfter != nil {
		all = append(all, sq.Expr("completed_at >= ?", f.CompletedAfter.At))
	}
	if f.CompletedBefore != nil {
		all = append(all, sq.Expr("completed_at < ?", f.CompletedBefore.At))
	}
	return all
}

// bounds are those of f on when a task is due: on an instant, and on a day.
// There are none, or both.
func bounds(f core.Filter) (instants, days sq.And) {
	if instants = dueWithin(f, timed); len(instants) == 0 {
		return nil, nil
	}
	return instants, append(sq.And{sq.Expr("due_at IS NULL")}, dueWithin(f, allDay)...)
}

// isOpen is written such that the partial index is seen to fit.
const isOpen = "status IN ('todo', 'in_progress')"

func updatedAfter(f core.Filter) sq.Sqlizer { return sq.Expr("updated_at >= ?", f.UpdatedAfter.At) }

func ranks(priorities []core.Priority) []int16 {
	numbers := make([]int16, len(priorities))
	for i, p := range priorities {
		numbers[i] = int16(p)
	}
	return numbers
}

func naming(column string, r core.Ref) sq.Sqlizer {
	if r.ID == nil {
		return sq.Expr(column + " IS NULL")
	}
	return sq.Expr(column+" = ?", *r.ID)
}

// dueWithin are the bounds of f on when a task is due, as conditions on
// instants or on days.
func dueWithin(f core.Filter, d dues) sq.And {
	var all sq.And
	bound := func(compare string, b *core.Bound) {
		switch {
		case b == nil:
		case d == timed:
			all = append(all, sq.Expr(fmt.Sprintf("due_at %s ?", compare), b.At))
		default:
			all = append(all, sq.Expr(fmt.Sprintf("due_on %s ?::date", compare), b.Day))
		}
	}
	bound(">=", f.DueAfter)
	bound("<", f.DueBefore)
	if f.Overdue {
		bound("<", &f.Now)
	}
	return all
}
