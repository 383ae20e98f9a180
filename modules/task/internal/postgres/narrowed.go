package postgres

import (
	"slices"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
)

// Left to itself, PostgreSQL either walks along an order until enough tasks
// meet a filter, or sorts all that meet it, which may be as many as the owner
// has; and which are fewer it can only guess, from figures about all users. The
// statements below are run by [postgres.InOrder], which leaves the walk: the
// indexes of the orders hold all that a filter asks for, so that what does not
// meet it costs no look at the table. Where a filter leaves few tasks, whatever
// the order, these are looked up instead.

// effort says how many tasks are few: rather looked up than met on a walk, which
// reads one block for every seventy of the owner's tasks that are passed.
type effort struct {
	// few is how many that may be anywhere. To look one up by its id reads five
	// blocks, and in the order of another index one.
	few uint64
	// near is how many of one time: these lie near each other, in the table as
	// well as in an order, at the far end of which a walk would find them. Before
	// they are sorted, a look ahead at so many tasks of the order tells whether a
	// walk would soon be through.
	near, ahead uint64
}

func usualEffort() effort { return effort{few: 100, near: 2000, ahead: 3500} }

// ordered is a page of the owner's tasks in an order.
type ordered struct {
	// within says which there are to choose from.
	within sq.And
	// by is the order: columns of one index.
	by []string
	// limit is how many are wanted, from the beginning.
	limit uint64
	// of says that within bounds when they are due.
	of dues
	effort
}

// first returns the page of b.
func (o ordered) first(b sq.SelectBuilder) sq.SelectBuilder { return b.OrderBy(o.by...).Limit(o.limit) }

// others are the columns of a task but user_id, by their own names.
const others = `tasks.id, tasks.title, tasks.title_key, tasks.description, tasks.status, tasks.priority, tasks.due_at, tasks.due_on,
	tasks.project_id, tasks.parent_id, tasks.position, tasks.completed_at, tasks.created_at, tasks.updated_at, tasks.revision, tasks.tag_ids, tasks.placed`

// ofOwner selects from the owner's tasks.
func ofOwner(owner uuid.UUID) sq.SelectBuilder {
	return sq.Select("tasks.user_id", others).From("tasks").Where("tasks.user_id = ?", owner)
}

// over selects from what ofOwner or over have selected.
func over(inner sq.SelectBuilder) sq.SelectBuilder {
	return sq.Select("tasks.user_id", others).FromSelect(inner, "tasks")
}

// union selects what either of two selects, which have ends of their own.
func union(a, b sq.SelectBuilder) sq.SelectBuilder {
	return over(a).SuffixExpr(sq.Expr("UNION ALL (?)", b))
}

// apart keeps the choice of b's plan apart from what is done with its rows.
func apart(b sq.SelectBuilder) sq.SelectBuilder { return over(b.Suffix("OFFSET 0")) }

// narrowed returns the page o of the tasks that meet the filter of q.
func narrowed(owner uuid.UUID, q core.Query, o ordered) sq.SelectBuilder {
	if q.Filter.Search != nil || len(q.Filter.TagIDs) > 0 {
		return found(owner, q, o)
	}
	inOrder := o.along(q)
	walk := func(among sq.Sqlizer) sq.SelectBuilder {
		return o.eachDue(q.Filter, func(meeting sq.And) sq.SelectBuilder {
			return inOrder.first(ofOwner(owner).Where(among).Where(o.within).Where(meeting))
		})
	}
	few, near := o.areFew(owner, q)
	if len(near) > 0 {
		few = append(few, sq.And{sq.Expr("NOT ?", inOrder.isSoon(owner, q.Filter)), near})
	}
	if len(few) == 0 {
		return walk(sq.And{})
	}
	matches := o.eachDue(q.Filter, func(meeting sq.And) sq.SelectBuilder {
		return o.first(apart(ofOwner(owner).Where("(SELECT few FROM matching)").Where(meeting)).Where(o.within))
	})
	return union(walk(sq.Expr("NOT (SELECT few FROM matching)")), matches).
		PrefixExpr(sq.Expr("WITH matching AS MATERIALIZED (SELECT ? AS few)", few))
}

// eachDue is the page o of what page returns for the conditions of f. Bounds on
// when a task is due are two ranges, of instants and of days, each with a page of
// its own: PostgreSQL holds no entry of an index to either or.
func (o ordered) eachDue(f core.Filter, page func(meeting sq.And) sq.SelectBuilder) sq.SelectBuilder {
	meeting := conditions(f)
	instants, days := bounds(f)
	if o.of != anyDue || len(instants) == 0 { // o is within them already
		return page(meeting)
	}
	return o.first(over(union(page(append(slices.Clip(meeting), instants)), page(append(slices.Clip(meeting), days)))))
}

// along names all columns of the index that has the order of q: PostgreSQL sees
// that it has where a column that is null throughout is named with the others.
func (o ordered) along(q core.Query) ordered {
	p := q.Filter.Project
	if p == nil || p.ID != nil || q.Sort != core.SortPosition && q.Sort != core.SortCreatedAt {
		return o
	}
	inbox := "tasks.project_id"
	if q.Desc {
		inbox += " DESC"
	}
	o.by = append([]string{inbox}, o.by...)
	return o
}

// areFew are the questions whether few tasks meet what q asks for and an index
// begins with, other than that of the order; near are those about times.
func (o ordered) areFew(owner uuid.UUID, q core.Query) (few, near sq.Or) {
	ask := func(most uint64, meeting ...sq.Sqlizer) sq.Sqlizer {
		count, args := "", []any{}
		for _, m := range meeting {
			count += " + (SELECT count(*) FROM (?) AS counted)"
			args = append(args, sq.Expr("SELECT FROM tasks WHERE user_id = ? AND ? LIMIT ?", owner, m, most+1))
		}
		return sq.Expr(count[3:]+" <= ?", append(args, most)...)
	}
	f := q.Filter
	if f.Project != nil && q.Sort != core.SortCreatedAt && q.Sort != core.SortPosition {
		few = append(few, ask(o.few, naming("project_id", *f.Project)))
	}
	if f.Parent != nil && f.Parent.ID != nil && q.Sort != core.SortPosition {
		few = append(few, ask(o.few, naming("parent_id", *f.Parent)))
	}
	times := func(meeting ...sq.Sqlizer) {
		few, near = append(few, ask(o.few, meeting...)), append(near, ask(o.near, meeting...))
	}
	if f.UpdatedAfter != nil && q.Sort != core.SortUpdatedAt {
		times(updatedAfter(f))
	}
	if completed := completion(f); len(completed) > 0 {
		times(completed)
	}
	if instants, days := bounds(f); o.of == anyDue && len(instants) > 0 {
		times(instants, days)
	}
	return few, near
}

// isSoon is the question whether the page is full after a look ahead, which is
// taken in the index alone.
func (o ordered) isSoon(owner uuid.UUID, f core.Filter) sq.Sqlizer {
	ahead := sq.Select("id", "completed_at", "updated_at", "due_at", "due_on", "priority", "status", "project_id", "parent_id").
		From("tasks").Where("user_id = ?", owner).Where(o.within).OrderBy(o.by...).Limit(o.ahead)
	meeting := conditions(f)
	if instants, days := bounds(f); o.of == anyDue && len(instants) > 0 {
		meeting = append(meeting, sq.Or{instants, days})
	}
	return sq.Expr("(SELECT count(*) FROM (SELECT FROM (?) AS tasks WHERE ? LIMIT ?) AS met) = ?", ahead, meeting, o.limit, o.limit)
}
