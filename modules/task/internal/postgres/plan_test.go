package postgres_test

import (
	"cmp"
	"context"
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

// Plans are those of the pool's own statements, behind row-level security, on
// 200,000 tasks of which one user has a tenth.
func TestPlans(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a database with 200,000 tasks")
	}
	t.Parallel()
	e := examine(crowded(t), crowdNow)
	big := subject{
		owner: crowdUser(0), tasks: crowdBig, page: 20, project: crowdID(kindProject, 3), parent: crowdID(kindTask, 3),
		tags: []uuid.UUID{crowdID(kindTag, 1), crowdID(kindTag, 2)}, now: crowdNow,
		rare: "rare", two: "word1 word2", beginning: "word1 wo", without: "-word1",
	}
	for _, f := range big.filters(t) {
		t.Run(f.name, func(t *testing.T) { e.everyOrder(t, big, f) })
	}
	t.Run("others", func(t *testing.T) { e.others(t, big) })
	small := big
	small.owner = crowdUser(1)
	t.Run("a user with few", func(t *testing.T) {
		for _, f := range small.filters(t) {
			for _, q := range f.orders() {
				e.check(t, f.name+" by "+nameOf(q), 1, f.most, e.list(t.Context(), small.owner, q))
			}
		}
		e.others(t, small)
	})
}

// examined is a database whose plans are looked at.
type examined struct {
	planned
	*postgres.Store
	lists *core.Lists
}

func examine(p planned, now time.Time) examined {
	e := examined{planned: p, Store: postgres.NewStore(p.db)}
	e.lists = core.NewLists(e.Store, somewhere("Europe/Berlin"), func() time.Time { return now })
	return e
}

// check runs do so often, holds it to so many buffers, and returns how many
// they are.
func (e examined) check(t *testing.T, name string, times, most int, do func() error) int {
	t.Helper()
	total := 0
	for n := range times {
		var err error
		plans := e.plans(t, func() { err = do() })
		if err != nil || len(plans) == 0 {
			t.Fatalf("%s: %d plans, %v", name, len(plans), err)
		}
		total = 0
		for _, plan := range plans {
			total += plan.buffers()
			if tables := plan.scans(); len(tables) > 0 {
				t.Errorf("%s: run %d reads all of %v: %v", name, n, tables, plan)
			}
		}
		if total > most {
			t.Errorf("%s: run %d: %d buffers, want at most %d: %v", name, n, total, most, plans)
		}
	}
	return total
}

// list asks for a page.
func (e examined) list(ctx context.Context, owner uuid.UUID, q core.Query) func() error {
	return func() error {
		_, _, err := e.lists.List(ctx, owner, q)
		return err
	}
}

// everyOrder holds the pages of what f leaves, in each order: the first to a
// number of buffers, and one far behind to what the second reads.
func (e examined) everyOrder(t *testing.T, s subject, f filtered) {
	t.Helper()
	matches, _, err := e.lists.List(t.Context(), s.owner, core.Query{Sort: core.SortCreatedAt, Filter: f.Filter, Limit: farthest * s.page})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range f.orders() {
		times := 1
		if !f.Narrows() { // any other is planned anew
			times = runs
		}
		first := e.check(t, nameOf(q), times, f.most, e.list(t.Context(), s.owner, q))
		q.Limit = max(5, min(s.page, len(matches)/farthest))
		last := min(farthest, (len(matches)-1)/q.Limit) // more follow
		if last <= 2 {
			t.Logf("%-11s %4d", nameOf(q), first)
			continue
		}
		early, late := e.page(t, s.owner, q, f.most, 2), e.page(t, s.owner, q, f.most, last)
		t.Logf("%-11s %4d; of %d: %d on page 2, %d on page %d", nameOf(q), first, q.Limit, early, late, last)
		if most := s.allowed(q, early, len(matches)); late > most {
			t.Errorf("%s: page 2 of %d reads %d buffers, page %d reads %d, want at most %d", nameOf(q), q.Limit, early, last, late, most)
		}
	}
}

// farthest is the page that is held to what page 2 costs. Where a list has not
// that many, they are shorter.
const farthest = 500

// page checks the n-th page.
func (e examined) page(t *testing.T, owner uuid.UUID, q core.Query, most, n int) int {
	t.Helper()
	before := q
	before.Limit *= n - 1
	_, next, err := e.lists.List(t.Context(), owner, before)
	if err != nil || next == nil {
		t.Fatalf("%s: the list ends before page %d: %v", nameOf(q), n, err)
	}
	q.After = next
	return e.check(t, nameOf(q), 1, most, e.list(t.Context(), owner, q))
}

// others holds what is asked for besides lists.
func (e examined) others(t *testing.T, s subject) {
	t.Helper()
	for _, other := range []struct {
		name string
		most int
		do   func() error
	}{
		{"summary", cmp.Or(s.most, 500), func() error { _, err := e.lists.Summary(t.Context(), s.owner); return err }},
		{"subtree", ofPage, func() error { _, _, err := e.lists.Subtree(t.Context(), s.owner, s.parent); return err }},
		{"get", 10, func() error { _, err := e.Get(t.Context(), s.owner, s.parent); return err }},
		{"counts of a project", cmp.Or(s.most, ofPage), func() error { _, err := e.CountByProject(t.Context(), s.owner, []uuid.UUID{s.project}); return err }},
		{"counts of a tag", ofPage, func() error { _, err := e.CountByTag(t.Context(), s.owner, s.tags[:1]); return err }},
	} {
		t.Logf("%s %d", other.name, e.check(t, other.name, runs, other.most, other.do))
	}
}

// allowed is what a page may read where page 2 reads so much: a fifth more. Its
// tasks may each have a block of its own, though, where those of page 2 lie side
// by side; what is passed between them is chance; and where what has a date ends,
// a page by due is of three parts rather than two.
func (s subject) allowed(q core.Query, early, matches int) int {
	const waysDown, aBlock = 20, 70
	rows := q.Limit + 1
	between := 4 * rows * s.tasks / matches / aBlock
	most := rows + waysDown + between
	if f := q.Filter; f.DueBefore != nil || f.Overdue { // two walks, each for half of the matches
		most = 2 * (rows + waysDown + 2*between)
	}
	if q.Sort == core.SortPosition {
		most += 40 // where the four tasks stand that a cursor names
	}
	if q.Sort == core.SortDue {
		most, early = 2*most, early*3/2
	}
	return max(early, most) * 6 / 5
}
