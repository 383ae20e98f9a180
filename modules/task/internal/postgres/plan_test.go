package postgres_test

import (
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

// Plans are those of the pool's own statements, on 200,000 tasks of which one
// user has a tenth.
func TestPlans(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a database with 200,000 tasks")
	}
	t.Parallel()
	server, database := crowded(t)
	p := explaining(t, server, database)
	store := postgres.NewStore(p.db)
	lists := core.NewLists(store, somewhere("Europe/Berlin"), func() time.Time { return crowdNow })
	// check runs do for the big user and for another.
	check := func(t *testing.T, most int, do func(owner uuid.UUID) error) {
		t.Helper()
		for n := range 2 * runs {
			var err error
			plans := p.plans(t, func() { err = do(crowdUser(n / runs)) })
			if err != nil || len(plans) == 0 {
				t.Fatalf("%d plans, %v", len(plans), err)
			}
			total := 0
			for _, plan := range plans {
				total += plan.buffers()
				if tables := plan.scans(); len(tables) > 0 {
					t.Errorf("run %d reads all of %v: %v", n, tables, plan)
				}
			}
			if n == 0 || n == runs-1 { // with -v, the figures
				t.Logf("run %d: %d buffers, %v", n, total, plans)
			}
			if total > most {
				t.Errorf("run %d: %d buffers, want at most %d: %v", n, total, most, plans)
			}
		}
	}
	for name, c := range lookups(t) {
		t.Run(name, func(t *testing.T) {
			check(t, c.most, func(owner uuid.UUID) error {
				_, _, err := lists.List(t.Context(), owner, c.query)
				return err
			})
		})
	}
	t.Run("summary", func(t *testing.T) {
		check(t, crowdBig, func(owner uuid.UUID) error {
			_, err := lists.Summary(t.Context(), owner)
			return err
		})
	})
	t.Run("subtree", func(t *testing.T) {
		check(t, 100, func(owner uuid.UUID) error {
			_, _, err := lists.Subtree(t.Context(), owner, crowdID(kindTask, 3))
			return err
		})
	})
	t.Run("pages", func(t *testing.T) { samePages(t, p, store) })
}

// lookup is a list, and how many buffers a page of it may read.
type lookup struct {
	query core.Query
	most  int
}

// ofPage is what a page of 50 tasks reads with the tags of each, 160 to 600
// buffers. Where the tasks that meet a filter are sorted, or found by a search,
// it is what those of the user read, 4 each.
const ofPage = 700

func lookups(t *testing.T) map[string]lookup {
	t.Helper()
	all := map[string]lookup{}
	add := func(name string, most int, q core.Query) {
		q.Limit = 50
		all[name] = lookup{q, most}
	}
	for _, q := range everyOrder() {
		add(nameOf(q), ofPage, q)
	}
	newest := core.Query{Sort: core.SortCreatedAt, Desc: true}
	filtered := func(name string, most int, f core.Filter) {
		q := newest
		q.Filter = f
		add(name, most, q)
	}
	project, parent := crowdID(kindProject, 3), crowdID(kindTask, 3)
	week, today := &core.Bound{At: crowdNow.AddDate(0, 0, -7)}, &core.Bound{Dated: true, Day: core.Date("2026-03-14").Midnight()}
	filtered("status", ofPage, core.Filter{Statuses: []core.Status{core.Cancelled}})
	filtered("statuses", ofPage, core.Filter{Statuses: []core.Status{core.Todo, core.InProgress}})
	filtered("priority", ofPage, core.Filter{Priorities: []core.Priority{core.Urgent}})
	filtered("project", 3000, core.Filter{Project: &core.Ref{ID: &project}})
	filtered("inbox", 4000, core.Filter{Project: &core.Ref{}})
	filtered("parent", ofPage, core.Filter{Parent: &core.Ref{ID: &parent}})
	filtered("topmost", ofPage, core.Filter{Parent: &core.Ref{}})
	filtered("any tag", 4000, core.Filter{TagIDs: []uuid.UUID{crowdID(kindTag, 1), crowdID(kindTag, 2)}})
	filtered("all tags", 4000, core.Filter{TagIDs: []uuid.UUID{crowdID(kindTag, 1), crowdID(kindTag, 2)}, AllTags: true})
	filtered("due this week", 4000, core.Filter{DueAfter: week, DueBefore: today})
	filtered("overdue", 4000, core.Filter{Overdue: true})
	filtered("completed", 4000, core.Filter{CompletedAfter: week})
	filtered("updated", 4000, core.Filter{UpdatedAfter: week})
	filtered("search rare", ofPage, core.Filter{Search: searchFor(t, "rare")})
	filtered("search two", 8000, core.Filter{Search: searchFor(t, "word1 word2")})
	filtered("search prefix", 20000, core.Filter{Search: searchFor(t, "word1 wo")})
	filtered("search without", 5*crowdBig, core.Filter{Search: searchFor(t, "-word1")})
	ranked := core.Query{Sort: core.SortRank, Filter: core.Filter{Search: searchFor(t, "rare")}}
	add("ranked rare", ofPage, ranked)
	ranked.Filter.Search = searchFor(t, `"word1 word0"`)
	add("ranked phrase", 8000, ranked)
	board := core.Query{Sort: core.SortPosition, Filter: core.Filter{Project: &core.Ref{ID: &project}}}
	add("board", ofPage, board)
	agenda := core.Query{Sort: core.SortDue, Filter: core.Filter{Statuses: []core.Status{core.Todo, core.InProgress}, DueAfter: today}}
	add("agenda", 2*ofPage, agenda)
	late := core.Query{Sort: core.SortDue, Filter: core.Filter{Overdue: true}}
	add("late by due", 2*ofPage, late)
	return all
}

// Page 200 of the big user's tasks costs what page 2 costs, in every order.
func samePages(t *testing.T, p planned, store *postgres.Store) {
	t.Helper()
	calendar, err := core.NewCalendar("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	owner := crowdUser(0)
	for _, q := range everyOrder() {
		q.Calendar = calendar
		cost := func(page int) int {
			at := q
			for n := (page - 1) * q.Limit; n > 0; n -= at.Limit {
				at.Limit = min(200, n)
				_, next, err := store.List(t.Context(), owner, at)
				if err != nil || next == nil {
					t.Fatalf("%s: the list ends before page %d: %v", nameOf(q), page, err)
				}
				at.After = next
			}
			at.Limit = q.Limit
			total := 0
			for _, plan := range p.plans(t, func() { _, _, err = store.List(t.Context(), owner, at) }) {
				total += plan.buffers()
			}
			if err != nil {
				t.Fatal(err)
			}
			return total
		}
		early, late := cost(2), cost(200)
		t.Logf("%s: %d buffers on page 2, %d on page 200", nameOf(q), early, late)
		if early == 0 || late > early+early/5 {
			t.Errorf("%s: page 2 reads %d buffers, page 200 reads %d", nameOf(q), early, late)
		}
	}
}
