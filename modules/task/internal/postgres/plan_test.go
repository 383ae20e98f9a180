package postgres_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/modules/task/internal/postgres"
)

// everyOrder lists all sorts of a list, both ways.
func everyOrder() []core.Query {
	var all []core.Query
	for _, sort := range []core.SortField{
		core.SortCreatedAt, core.SortUpdatedAt, core.SortDue, core.SortPriority, core.SortTitle, core.SortPosition,
	} {
		for _, desc := range []bool{false, true} {
			all = append(all, core.Query{Sort: sort, Desc: desc, Limit: 50})
		}
	}
	return all
}

func nameOf(q core.Query) string {
	if q.Desc {
		return "-" + string(q.Sort)
	}
	return string(q.Sort)
}

// somewhere says that all users are in one zone.
type somewhere string

// TimeZone implements [core.Zones].
func (s somewhere) TimeZone(context.Context, uuid.UUID) (string, error) { return string(s), nil }

// runs is how often a statement runs: PostgreSQL makes a plan for whatever
// parameters only at the sixth time, if it thinks that as good.
const runs = 7

// Plans are those of the pool's own statements, on 200,000 tasks of which one
// user has a tenth.
func TestPlans(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a database with 200,000 tasks")
	}
	t.Parallel()
	server, database := crowded(t)
	e := examined{planned: explaining(t, server, database)}
	e.Store = postgres.NewStore(e.db)
	e.lists = core.NewLists(e.Store, somewhere("Europe/Berlin"), func() time.Time { return crowdNow })
	for name, f := range filters(t) {
		t.Run(name, func(t *testing.T) { e.everyOrder(t, f) })
	}
	t.Run("others", e.others)
	t.Run("pages", e.samePages)
}

// examined is a database whose plans are looked at.
type examined struct {
	planned
	*postgres.Store
	lists *core.Lists
}

// check runs do for the big user and for another, each so often.
func (e examined) check(t *testing.T, name string, times, most int, do func(owner uuid.UUID) error) {
	t.Helper()
	for n := range 2 * times {
		var err error
		plans := e.plans(t, func() { err = do(crowdUser(n / times)) })
		if err != nil || len(plans) == 0 {
			t.Fatalf("%s: %d plans, %v", name, len(plans), err)
		}
		total := 0
		for _, plan := range plans {
			total += plan.buffers()
			if tables := plan.scans(); len(tables) > 0 {
				t.Errorf("%s: run %d reads all of %v: %v", name, n, tables, plan)
			}
		}
		if n == 0 || n == times { // with -v, the figures
			t.Logf("%s: %d buffers", name, total)
		}
		if total > most {
			t.Errorf("%s: run %d: %d buffers, want at most %d: %v", name, n, total, most, plans)
		}
	}
}

// filtered is a filter, and how many buffers a page of it may read.
type filtered struct {
	core.Filter
	// most is for any order; paged lists those in which a page of it is read as
	// fast as one without a filter.
	most  int
	paged []core.SortField
}

const (
	// ofPage is what a page of 50 tasks may read: one block for each, and the
	// way through the index.
	ofPage = 130
	// ofIDs is the same where their ids are found first.
	ofIDs = 700
	// ofStride is what a walk reads that is given up, and the sort of what it
	// did not find enough of.
	ofStride = 4000
)

func filters(t *testing.T) map[string]filtered {
	t.Helper()
	project, parent := crowdID(kindProject, 3), crowdID(kindTask, 3)
	day := func(text string) *core.Bound { return &core.Bound{Dated: true, Day: core.Date(text).Midnight()} }
	week, today, yesterday, future := &core.Bound{At: crowdNow.AddDate(0, 0, -7)}, day("2026-03-14"), day("2026-03-13"), day("2027-01-01")
	open := []core.Status{core.Todo, core.InProgress}
	tags := []uuid.UUID{crowdID(kindTag, 1), crowdID(kindTag, 2)}
	return map[string]filtered{
		"none":             {core.Filter{}, ofPage, nil},
		"status":           {core.Filter{Statuses: []core.Status{core.Cancelled}}, ofStride, []core.SortField{core.SortCreatedAt}},
		"open":             {core.Filter{Statuses: open}, ofStride, []core.SortField{core.SortDue}},
		"priority":         {core.Filter{Priorities: []core.Priority{core.Urgent}}, ofStride, []core.SortField{core.SortPriority}},
		"priorities":       {core.Filter{Priorities: []core.Priority{core.High, core.Urgent}}, ofStride, []core.SortField{core.SortPriority}},
		"project":          {core.Filter{Project: &core.Ref{ID: &project}}, ofStride, []core.SortField{core.SortCreatedAt, core.SortPosition}},
		"inbox":            {core.Filter{Project: &core.Ref{}}, ofStride, []core.SortField{core.SortCreatedAt, core.SortPosition}},
		"parent":           {core.Filter{Parent: &core.Ref{ID: &parent}}, ofPage, nil},
		"topmost":          {core.Filter{Parent: &core.Ref{}}, ofStride, nil},
		"tag":              {core.Filter{TagIDs: tags[:1]}, ofIDs, nil},
		"any tag":          {core.Filter{TagIDs: tags}, ofIDs, nil},
		"all tags":         {core.Filter{TagIDs: tags, AllTags: true}, ofIDs, nil},
		"due in a week":    {core.Filter{DueAfter: week, DueBefore: today}, ofStride, []core.SortField{core.SortDue}},
		"due on a day":     {core.Filter{DueAfter: yesterday, DueBefore: today}, ofStride, []core.SortField{core.SortDue}},
		"overdue":          {core.Filter{Overdue: true}, ofStride, []core.SortField{core.SortDue}},
		"completed":        {core.Filter{CompletedAfter: week}, ofStride, nil},
		"completed never":  {core.Filter{CompletedAfter: future}, ofStride, nil},
		"updated":          {core.Filter{UpdatedAfter: week}, ofStride, []core.SortField{core.SortUpdatedAt}},
		"updated never":    {core.Filter{UpdatedAfter: future}, ofStride, []core.SortField{core.SortUpdatedAt}},
		"urgent cancelled": {core.Filter{Statuses: []core.Status{core.Cancelled}, Priorities: []core.Priority{core.Urgent}}, ofStride, nil},
		"open urgent":      {core.Filter{Statuses: open, Priorities: []core.Priority{core.Urgent}}, ofStride, nil},
		"project open":     {core.Filter{Statuses: open, Project: &core.Ref{ID: &project}}, ofStride, nil},
		"project tag":      {core.Filter{TagIDs: tags[:1], Project: &core.Ref{ID: &project}}, ofStride, nil},
		"open tag":         {core.Filter{TagIDs: tags[:1], Statuses: open}, ofStride, nil},
		"search rare":      {core.Filter{Search: searchFor(t, "rare")}, ofIDs, nil},
		"search two":       {core.Filter{Search: searchFor(t, "word1 word2")}, 3000, nil},
		"search prefix":    {core.Filter{Search: searchFor(t, "word1 wo")}, 6000, nil},
		"search without":   {core.Filter{Search: searchFor(t, "-word1")}, 3000, nil},
		"search open":      {core.Filter{Search: searchFor(t, "word1 wo"), Statuses: open}, 10000, nil},
	}
}

// everyOrder checks the first page of what f leaves, in each order.
func (e examined) everyOrder(t *testing.T, f filtered) {
	t.Helper()
	orders := everyOrder()
	if f.Search != nil {
		orders = append(orders, core.Query{Sort: core.SortRank, Limit: 50})
	}
	for _, q := range orders {
		q.Filter = f.Filter
		most, times := f.most, 2
		if slices.Contains(f.paged, q.Sort) {
			most, times = ofPage, runs
		}
		if q.Sort == core.SortDue && most <= ofIDs {
			most *= 2 // a page is merged of two
		}
		if !f.Narrows() {
			times = runs
		}
		e.check(t, nameOf(q), times, most, func(owner uuid.UUID) error {
			_, _, err := e.lists.List(t.Context(), owner, q)
			return err
		})
	}
}

func (e examined) others(t *testing.T) {
	e.check(t, "summary", runs, 500, func(owner uuid.UUID) error {
		_, err := e.lists.Summary(t.Context(), owner)
		return err
	})
	e.check(t, "subtree", runs, ofPage, func(owner uuid.UUID) error {
		_, _, err := e.lists.Subtree(t.Context(), owner, crowdID(kindTask, 3))
		return err
	})
	e.check(t, "get", runs, 10, func(owner uuid.UUID) error {
		_, err := e.Get(t.Context(), owner, crowdID(kindTask, 3))
		return err
	})
	e.check(t, "counts of a project", runs, ofPage, func(owner uuid.UUID) error {
		_, err := e.CountByProject(t.Context(), owner, []uuid.UUID{crowdID(kindProject, 3)})
		return err
	})
	e.check(t, "counts of a tag", runs, ofPage, func(owner uuid.UUID) error {
		_, err := e.CountByTag(t.Context(), owner, []uuid.UUID{crowdID(kindTag, 3)})
		return err
	})
}

// A page far behind costs what page 2 costs: page 380 of all of the big user's
// tasks, and the last but one of those that a filter leaves.
func (e examined) samePages(t *testing.T) {
	calendar, err := core.NewCalendar("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	all := filters(t)
	for name, last := range map[string]int{"none": 380, "project": 30, "tag": 20, "open": 100} {
		for _, q := range everyOrder() {
			if name != "none" && q.Sort != core.SortCreatedAt && !slices.Contains(all[name].paged, q.Sort) {
				continue
			}
			q.Calendar, q.Filter = calendar, all[name].Filter
			q.Limit = 40
			early, late := e.page(t, q, 2), e.page(t, q, last)
			t.Logf("%s, %s: %d buffers on page 2, %d on page %d", name, nameOf(q), early, late, last)
			if early == 0 || late > early+max(early/5, 4) { // an index is that many levels deep at most
				t.Errorf("%s, %s: page 2 reads %d buffers, page %d reads %d", name, nameOf(q), early, last, late)
			}
		}
	}
}

// page returns how many buffers a page of the big user's tasks reads.
func (e examined) page(t *testing.T, q core.Query, page int) int {
	t.Helper()
	at := q
	for n := (page - 1) * q.Limit; n > 0; n -= at.Limit {
		at.Limit = min(200, n)
		_, next, err := e.List(t.Context(), crowdUser(0), at)
		if err != nil || next == nil {
			t.Fatalf("%s: the list ends before page %d: %v", nameOf(q), page, err)
		}
		at.After = next
	}
	at.Limit = q.Limit
	total := 0
	var err error
	for _, plan := range e.plans(t, func() { _, _, err = e.List(t.Context(), crowdUser(0), at) }) {
		total += plan.buffers()
	}
	if err != nil {
		t.Fatal(err)
	}
	return total
}
