package postgres

import (
	"slices"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
)

// sets are the ids that tags and words leave: found, unless nil, are those to
// choose from, barred those that are not meant.
type sets struct{ found, barred sq.Sqlizer }

func setsOf(owner uuid.UUID, f core.Filter) sets {
	var s sets
	if n := len(f.TagIDs); n > 0 && f.AllTags {
		s.found = sq.Expr(`SELECT task_id FROM task_tags WHERE user_id = ? AND tag_id = ANY(?)
			GROUP BY task_id HAVING count(*) = ?`, owner, f.TagIDs, n)
	} else if n > 0 {
		s.found = sq.Expr(`SELECT DISTINCT task_id FROM task_tags WHERE user_id = ? AND tag_id = ANY(?)`, owner, f.TagIDs)
	}
	if f.Search == nil {
		return s
	}
	switch words := tsquery(owner, f.Search); {
	case !words.finds():
		s.barred = matching(owner, words.unwanted)
	case s.found != nil:
		s.found = sq.Expr("(?) INTERSECT (?)", s.found, matching(owner, words.wanted))
	default:
		s.found = matching(owner, words.wanted)
	}
	return s
}

// matching finds tasks by their words. The index holds the owner's words apart
// from those of others, so that to look up all of the owner's tasks besides, by
// the primary key, is wasted, which IS TRUE keeps PostgreSQL from.
func matching(owner uuid.UUID, query string) sq.Sqlizer {
	return sq.Expr(`SELECT task_id FROM task_search WHERE (user_id = ?) IS TRUE AND words @@ ?::text::tsquery`, owner, query)
}

// ctes puts the sets in front of a statement.
func (s sets) ctes(b sq.SelectBuilder) sq.SelectBuilder {
	switch {
	case s.found != nil && s.barred != nil:
		return b.PrefixExpr(sq.Expr("WITH found AS MATERIALIZED (?), barred AS MATERIALIZED (?)", s.found, s.barred))
	case s.found != nil:
		return b.PrefixExpr(sq.Expr("WITH found AS MATERIALIZED (?)", s.found))
	default:
		return b.PrefixExpr(sq.Expr("WITH barred AS MATERIALIZED (?)", s.barred))
	}
}

// Whether a task is among the ids is a question to a table of hashes, not a
// join, which PostgreSQL would make of it without IS TRUE.
const (
	isFound     = "(tasks.id IN (SELECT task_id FROM found)) IS TRUE"
	isBarred    = "(tasks.id IN (SELECT task_id FROM barred)) IS TRUE"
	isNotBarred = "(tasks.id IN (SELECT task_id FROM barred)) IS NOT TRUE"
	// These are settled before anything is read.
	areMany = "(SELECT count(*) FROM found) > ?"
	areFew  = "(SELECT count(*) FROM found) <= ?"
)

// found returns the page o of the tasks with the tags and words of q that meet
// its filter.
func found(owner uuid.UUID, q core.Query, o ordered) sq.SelectBuilder {
	meeting := conditions(q.Filter)
	if instants, days := bounds(q.Filter); o.of == anyDue && len(instants) > 0 {
		meeting = append(meeting, sq.Or{instants, days})
	}
	if len(meeting) == 0 && q.Filter.Search == nil && q.Sort == core.SortCreatedAt {
		return tagged(owner, q, o)
	}
	s := setsOf(owner, q.Filter)
	if s.barred != nil {
		meeting = append(meeting, sq.Expr(isNotBarred))
	}
	o.within = append(slices.Clip(o.within), meeting...)
	ids := s.ids(owner, o.along(q))
	return s.ctes(o.first(apart(ofOwner(owner).Where(sq.Expr("tasks.id = ANY(ARRAY(?))", ids))).Where(o.within)))
}

// ids are those of the page o along its order, or all that are found where these
// are few. They are read from an index alone, which holds all that a filter asks
// for.
func (s sets) ids(owner uuid.UUID, o ordered) sq.Sqlizer {
	walk := o.first(sq.Select("tasks.id").From("tasks").Where("tasks.user_id = ?", owner).Where(o.within))
	if s.found == nil {
		return walk
	}
	return sq.Expr("(?) UNION ALL (SELECT task_id FROM found WHERE "+areFew+")", walk.Where(isFound).Where(areMany, o.few), o.few)
}

// tagged returns the page o of the tasks with the tags of q, newest or oldest
// first, which is how task_tags has them.
func tagged(owner uuid.UUID, q core.Query, o ordered) sq.SelectBuilder {
	direction := " ASC"
	if q.Desc {
		direction = " DESC"
	}
	page := func(b sq.SelectBuilder) sq.SelectBuilder {
		return b.OrderBy("created_at"+direction, "task_id"+direction).Limit(o.limit)
	}
	with := func(tag uuid.UUID) sq.SelectBuilder {
		b := sq.Select("created_at", "task_id").From("task_tags").Where("user_id = ? AND tag_id = ?", owner, tag)
		if q.After != nil {
			b = b.Where("(created_at, task_id) "+beyond(q)+" (?::timestamptz, ?)", q.After.Key, q.After.ID)
		}
		return b
	}
	tags := q.Filter.TagIDs
	first := with(tags[0])
	if q.Filter.AllTags {
		for _, tag := range tags[1:] {
			first = first.Where("(task_id IN (SELECT task_id FROM task_tags WHERE user_id = ? AND tag_id = ?)) IS TRUE", owner, tag)
		}
		tags = tags[:1]
	}
	union, pages := "(?)", []any{page(first)}
	for _, tag := range tags[1:] {
		union, pages = union+" UNION (?)", append(pages, page(with(tag)))
	}
	ids := sq.Expr("SELECT task_id FROM (?) AS tagged ORDER BY created_at"+direction+", task_id"+direction+" LIMIT ?", sq.Expr(union, pages...), o.limit)
	return o.first(apart(ofOwner(owner).Where(sq.Expr("tasks.id = ANY(ARRAY(?))", ids))))
}

// ranked returns the page o of the tasks that q searches for and that meet its
// filter, each with its rank: of what a search finds, or of the newest where it
// only says what is not meant.
func ranked(owner uuid.UUID, q core.Query, o ordered) sq.SelectBuilder {
	words := tsquery(owner, q.Filter.Search)
	if !words.finds() {
		o.by = []string{"tasks.id DESC"}
		if q.After != nil {
			o.within = sq.And{sq.Expr("tasks.id < ?", q.After.ID)}
		}
		return sq.Select("tasks.user_id", others, "0::real AS rank").FromSelect(found(owner, q, o), "tasks")
	}
	matches := sq.Expr(`SELECT task_id, ts_rank(words, ?::text::tsquery) AS rank FROM task_search
		WHERE (user_id = ?) IS TRUE AND words @@ ?::text::tsquery`, words.ranking, owner, words.wanted)
	all := conditions(q.Filter)
	if instants, days := bounds(q.Filter); len(instants) > 0 {
		all = append(all, sq.Or{instants, days})
	}
	if f := q.Filter; len(f.TagIDs) > 0 {
		f.Search = nil
		all = append(all, sq.Expr("(tasks.id IN (?)) IS TRUE", setsOf(owner, f).found))
	}
	best := sq.Select("task_id", "rank").From("found")
	if q.After != nil {
		best = best.Where("(rank, task_id) < (?::real, ?)", q.After.Key, q.After.ID)
	}
	if len(all) == 0 { // the tasks need not be looked at to find the best
		best = best.OrderBy("rank DESC", "task_id DESC").Limit(o.limit)
	}
	return sq.Select("tasks.user_id", others, "best.rank").
		PrefixExpr(sq.Expr("WITH found AS MATERIALIZED (?)", matches)).
		FromSelect(best, "best").Join("tasks ON tasks.user_id = ? AND tasks.id = best.task_id", owner).Where(all).
		OrderBy("best.rank DESC", "tasks.id DESC").Limit(o.limit)
}
