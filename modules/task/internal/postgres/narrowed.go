package postgres

import (
	"slices"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
)

// Left to itself, PostgreSQL either walks along an order until enough tasks
// meet a filter, which may be through all of the owner's, or sorts all that
// meet it, which may be as many; and which are fewer it can only guess, from
// figures about all users. The statements below are good either way: they walk
// for a while, and sort what meets the filter only where that has not filled
// the page, which is then not much.

// effort says what is worth trying.
type effort struct {
	// stride is how many tasks are looked at along an order before that is
	// given up.
	stride uint64
	// few is how many tasks with certain tags or words are rather looked up by
	// their ids, and fewOthers how many where other conditions have to look at
	// the tasks. To look one up reads five blocks; to meet it along an index in
	// the wanted order reads one for every hundred of the owner's tasks.
	few, fewOthers int
}

// usualEffort keeps a page of a user with 100,000 tasks at some thousands of
// blocks, whatever it is narrowed by.
func usualEffort() effort { return effort{stride: 2000, few: 150, fewOthers: 1000} }

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

// apart keeps the choice of b's plan apart from what is done with its rows.
func apart(b sq.SelectBuilder) sq.SelectBuilder { return over(b.Suffix("OFFSET 0")) }

// narrowed returns the page o of the tasks that meet the filter of q.
func narrowed(owner uuid.UUID, q core.Query, o ordered) sq.SelectBuilder {
	all := conditions(q.Filter, o.of)
	if q.Filter.Search != nil || len(q.Filter.TagIDs) > 0 {
		return found(owner, q, o, all)
	}
	return along(owner, q, o, all)
}

// along returns the page o of the tasks that meet all conditions.
func along(owner uuid.UUID, q core.Query, o ordered, all []condition) sq.SelectBuilder {
	path, met := pathOf(q)
	rest := allOf(all, met...)
	walk := o.along(path, q.Desc).first(ofOwner(owner).Where(o.within).Where(path.at))
	if len(rest) == 0 {
		return walk
	}
	matches := ofOwner(owner).Where(o.within).Where(allOf(all))
	if p := q.Filter.Parent; p != nil && p.ID != nil { // which are never many
		return o.first(apart(matches))
	}
	return over(sq.Select("tasks.user_id", others).
		PrefixExpr(sq.Expr("WITH walk AS MATERIALIZED (?)", o.first(over(walk.Limit(o.stride)).Where(rest)))).
		From("walk AS tasks").Where("(SELECT count(*) FROM walk) = ?", o.limit).
		SuffixExpr(sq.Expr("UNION ALL (?)", o.first(apart(matches.Where("(SELECT count(*) FROM walk) < ?", o.limit))))))
}

// path is the beginning of an index that holds tasks in a wanted order.
type path struct {
	// at is what all tasks behind that beginning meet.
	at sq.And
	// null, unless empty, is a column that at says is null: PostgreSQL sees that
	// the index has the order only where the order begins with it.
	null string
}

// along names all columns of the index that p is of.
func (o ordered) along(p path, desc bool) ordered {
	switch {
	case p.null == "":
	case desc:
		o.by = append([]string{p.null + " DESC"}, o.by...)
	default:
		o.by = append([]string{p.null}, o.by...)
	}
	return o
}

// pathOf returns the path on which the most of q is met, and what is met there.
func pathOf(q core.Query) (at path, met []aspect) {
	f := q.Filter
	switch q.Sort {
	case core.SortPosition:
		if f.Parent != nil && f.Parent.ID != nil {
			return path{at: sq.And{naming("parent_id", *f.Parent)}}, []aspect{ofParent}
		}
		return pathOfProject(f)
	case core.SortCreatedAt:
		if f.Project == nil && len(f.Statuses) == 1 {
			return path{at: sq.And{having(f.Statuses)}}, []aspect{ofStatus}
		}
		return pathOfProject(f)
	case core.SortDue:
		return pathOfOpen(f)
	case core.SortUpdatedAt:
		if f.UpdatedAfter != nil {
			return path{at: sq.And{updatedAfter(f)}}, []aspect{ofUpdate}
		}
	case core.SortPriority:
		return pathOfPriority(f)
	case core.SortTitle, core.SortRank:
	}
	return path{}, nil
}

func pathOfProject(f core.Filter) (at path, met []aspect) {
	if f.Project == nil {
		return path{}, nil
	}
	at.at = sq.And{naming("project_id", *f.Project)}
	if f.Project.ID == nil {
		at.null = "tasks.project_id"
	}
	return at, []aspect{ofProject}
}

// pathOfOpen is that of the index of open tasks, where no others are meant.
func pathOfOpen(f core.Filter) (at path, met []aspect) {
	closed := slices.ContainsFunc(f.Statuses, core.Status.Closed)
	if !f.Overdue && (closed || len(f.Statuses) == 0) {
		return path{}, nil
	}
	met = []aspect{ofBeingOpen}
	if slices.Contains(f.Statuses, core.Todo) && slices.Contains(f.Statuses, core.InProgress) && !closed {
		met = append(met, ofStatus)
	}
	return path{at: sq.And{sq.Expr(isOpen)}}, met
}

// pathOfPriority is the range that the priorities are in; where they are all of
// it, nothing else is to be met.
func pathOfPriority(f core.Filter) (at path, met []aspect) {
	if len(f.Priorities) == 0 {
		return path{}, nil
	}
	wanted := ranks(f.Priorities)
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	low, high := wanted[0], wanted[len(wanted)-1]
	if int(high-low) == len(wanted)-1 {
		met = []aspect{ofPriority}
	}
	return path{at: sq.And{sq.Expr("priority >= ? AND priority <= ?", low, high)}}, met
}
