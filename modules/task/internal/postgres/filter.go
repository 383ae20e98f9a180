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

// aspect is what a condition is about.
type aspect int

const (
	ofProject aspect = iota
	ofParent
	ofStatus
	ofBeingOpen
	ofPriority
	ofCompletion
	ofUpdate
	ofDue
	ofSets
)

// condition is one of those that a task must meet.
type condition struct {
	aspect
	sq.Sqlizer
}

// conditions are those that a task must meet for f, but for its tags and its
// words. Where d says which tasks are meant, the caller adds [dueWithin].
func conditions(f core.Filter, d dues) []condition {
	var all []condition
	add := func(of aspect, c sq.Sqlizer) { all = append(all, condition{of, c}) }
	if f.Project != nil {
		add(ofProject, naming("project_id", *f.Project))
	}
	if f.Parent != nil {
		add(ofParent, naming("parent_id", *f.Parent))
	}
	if len(f.Statuses) > 0 {
		add(ofStatus, having(f.Statuses))
	}
	if f.Overdue {
		add(ofBeingOpen, sq.Expr(isOpen))
	}
	if len(f.Priorities) > 0 {
		add(ofPriority, sq.Expr("priority = ANY(?)", ranks(f.Priorities)))
	}
	if f.CompletedAfter != nil {
		add(ofCompletion, sq.Expr("completed_at >= ?", f.CompletedAfter.At))
	}
	if f.CompletedBefore != nil {
		add(ofCompletion, sq.Expr("completed_at < ?", f.CompletedBefore.At))
	}
	if f.UpdatedAfter != nil {
		add(ofUpdate, updatedAfter(f))
	}
	if instants := dueWithin(f, timed); d == anyDue && len(instants) > 0 {
		// Two ranges of one index.
		add(ofDue, sq.Or{instants, append(sq.And{sq.Expr("due_at IS NULL")}, dueWithin(f, allDay)...)})
	}
	return all
}

// allOf joins conditions, but for those about what is met already.
func allOf(all []condition, met ...aspect) sq.And {
	joined := sq.And{}
	for _, c := range all {
		if !slices.Contains(met, c.aspect) {
			joined = append(joined, c.Sqlizer)
		}
	}
	return joined
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

func having(statuses []core.Status) sq.Sqlizer {
	names := make([]string, len(statuses))
	for i, s := range statuses {
		names[i] = string(s)
	}
	if len(names) == 1 {
		return sq.Expr("status = ?", names[0])
	}
	return sq.Expr("status = ANY(?)", names)
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
