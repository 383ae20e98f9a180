package postgres_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/modules/task/internal/postgres"
	"docket/platform/fold"
	"docket/platform/httpx/httpxtest"
)

func (w world) lists(zone somewhere, now time.Time) *core.Lists {
	return core.NewLists(w.Store, zone, func() time.Time { return now })
}

// medley returns tasks that differ in everything, and repeat themselves in it.
func medley(n int, r *rand.Rand) []core.Task {
	maybe := func(p float64) bool { return r.Float64() < p }
	var all []core.Task
	for i := range n {
		x := task(uint64(i+1), core.Title(fmt.Sprintf("%c task %d", []rune("aÁbÉz")[r.IntN(5)], r.IntN(20))))
		x.Status = []core.Status{core.Todo, core.InProgress, core.Done, core.Cancelled}[r.IntN(4)]
		x.Priority = core.Priority(r.IntN(5))
		x.CreatedAt = noon.Add(time.Duration(r.IntN(20)) * time.Hour)
		x.UpdatedAt = x.CreatedAt.Add(time.Duration(r.IntN(20)) * time.Hour)
		x.Position = fmt.Sprintf("a%d", r.IntN(30))
		if x.Status.Closed() {
			x.CompletedAt = new(x.UpdatedAt)
		}
		// Around midnight of some zone, so that many fall together.
		switch r.IntN(3) {
		case 0:
			x.DueAt = new(noon.Truncate(24 * time.Hour).Add(time.Duration(r.IntN(200)-100) * time.Hour))
		case 1:
			x.DueOn = new(core.Date(noon.AddDate(0, 0, r.IntN(9)-4).Format(time.DateOnly)))
		}
		if maybe(0.4) {
			x.ProjectID = new(project(1))
		}
		if len(all) > 0 && maybe(0.3) {
			parent := all[r.IntN(len(all))]
			x.ParentID, x.ProjectID = new(parent.ID), parent.ProjectID
		}
		for tagged := range uint64(3) {
			if maybe(0.4) {
				x.TagIDs = append(x.TagIDs, tag(tagged+1))
			}
		}
		all = append(all, x)
	}
	return all
}

// meets says in plain words what a filter asks for.
func meets(x core.Task, f core.Filter, c core.Calendar, now time.Time) bool {
	ref := func(want *core.Ref, got *uuid.UUID) bool {
		return want == nil || want.ID == nil && got == nil || want.ID != nil && got != nil && *want.ID == *got
	}
	from := func(b *core.Bound) time.Time {
		if b.Dated {
			return c.Start(b.Day)
		}
		return b.At
	}
	after := func(b *core.Bound, at *time.Time) bool { return b == nil || at != nil && !at.Before(from(b)) }
	before := func(b *core.Bound, at *time.Time) bool { return b == nil || at != nil && at.Before(from(b)) }
	due, over := x.DueAt, x.DueAt
	if x.DueOn != nil {
		due, over = new(c.Start(x.DueOn.Midnight())), new(c.Start(x.DueOn.Midnight().AddDate(0, 0, 1)).Add(-time.Nanosecond))
	}
	tags := 0
	for _, id := range f.TagIDs {
		if slices.Contains(x.TagIDs, id) {
			tags++
		}
	}
	return (f.Statuses == nil || slices.Contains(f.Statuses, x.Status)) &&
		(f.Priorities == nil || slices.Contains(f.Priorities, x.Priority)) &&
		ref(f.Project, x.ProjectID) && ref(f.Parent, x.ParentID) &&
		(f.TagIDs == nil || tags > 0 && (!f.AllTags || tags == len(f.TagIDs))) &&
		after(f.DueAfter, due) && before(f.DueBefore, due) &&
		(f.Search == nil || searchMatches(x, f.Search)) &&
		after(f.CompletedAfter, x.CompletedAt) && before(f.CompletedBefore, x.CompletedAt) && after(f.UpdatedAfter, &x.UpdatedAt) &&
		(!f.Overdue || !x.Status.Closed() && over != nil && over.Before(now))
}

// searchMatches is for searches of one word each term.
func searchMatches(x core.Task, s core.Search) bool {
	wanted := slices.DeleteFunc(slices.Clone(s), func(t core.Term) bool { return t.Exclude })
	for _, term := range s {
		open := len(wanted) > 0 && term == wanted[len(wanted)-1] && !term.Whole
		has := slices.ContainsFunc(slices.Collect(fold.Words(string(x.Title))), func(word string) bool {
			return word == term.Text || open && strings.HasPrefix(word, term.Text)
		})
		if has == term.Exclude {
			return false
		}
	}
	return true
}

func compareBy(q core.Query, c core.Calendar) func(a, b core.Task) int {
	key := func(a, b core.Task) int {
		switch q.Sort {
		case core.SortCreatedAt:
			return a.CreatedAt.Compare(b.CreatedAt)
		case core.SortUpdatedAt:
			return a.UpdatedAt.Compare(b.UpdatedAt)
		case core.SortPriority:
			return cmp.Compare(a.Priority, b.Priority)
		case core.SortTitle:
			return cmp.Compare(fold.Key(string(a.Title)), fold.Key(string(b.Title)))
		case core.SortPosition:
			return cmp.Compare(a.Position, b.Position)
		default:
			at, of := c.PlaceOf(a), c.PlaceOf(b)
			if at.Undated != of.Undated { // last either way
				return map[bool]int{true: 1, false: -1}[at.Undated != q.Desc]
			}
			return at.At.Compare(of.At)
		}
	}
	return func(a, b core.Task) int {
		c := cmp.Or(key(a, b), slices.Compare(a.ID[:], b.ID[:]))
		if q.Desc {
			return -c
		}
		return c
	}
}

func anyFilter(r *rand.Rand) core.Filter {
	var f core.Filter
	maybe := func() bool { return r.IntN(5) == 0 }
	bound := func() *core.Bound {
		if r.IntN(2) == 0 {
			return &core.Bound{Dated: true, Day: noon.Truncate(24*time.Hour).AddDate(0, 0, r.IntN(7)-3)}
		}
		return &core.Bound{At: noon.Truncate(time.Hour).Add(time.Duration(r.IntN(100)-50) * time.Hour)}
	}
	if maybe() {
		f.Statuses = [][]core.Status{{core.Todo}, {core.Todo, core.InProgress}, {core.Done, core.Cancelled}}[r.IntN(3)]
	}
	if maybe() {
		f.Priorities = [][]core.Priority{{core.NoPriority}, {core.High, core.Urgent}}[r.IntN(2)]
	}
	if maybe() {
		f.Project = []*core.Ref{{}, {ID: new(project(1))}, {ID: new(project(9))}}[r.IntN(3)]
	}
	if maybe() {
		f.Parent = []*core.Ref{{}, {ID: new(httpxtest.ID(1))}}[r.IntN(2)]
	}
	if maybe() {
		f.TagIDs, f.AllTags = [][]uuid.UUID{{tag(1)}, {tag(1), tag(2)}, {tag(3), tag(9)}}[r.IntN(3)], r.IntN(2) == 0
	}
	for _, b := range []**core.Bound{&f.DueAfter, &f.DueBefore, &f.CompletedAfter, &f.CompletedBefore, &f.UpdatedAfter} {
		if maybe() {
			*b = bound()
		}
	}
	f.Overdue = maybe()
	if maybe() {
		var err error
		if f.Search, err = core.ParseSearch([]string{"a", "task 1", "-b", "task -a", "1 task", "-a -z", "none"}[r.IntN(7)]); err != nil {
			panic(err)
		}
	}
	return f
}

// Every combination of filters, in every order, page by page, gives what a
// plain look at all tasks gives.
func TestListsAgreeWithAPlainLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := rand.New(rand.NewPCG(1, 2))
	all := medley(150, r)
	w.insert(t, w.ada, all...)
	w.insert(t, w.bob, medley(30, r)...)
	now := noon.Add(7 * time.Hour)
	orders := everyOrder()
	stores := []*postgres.Store{w.Store, postgres.NewWalkingStore(w.db)}
	for n := range 600 {
		zone := []somewhere{"UTC", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Niue", "America/New_York"}[r.IntN(5)]
		calendar, err := core.NewCalendar(string(zone))
		if err != nil {
			t.Fatal(err)
		}
		q := orders[n%len(orders)]
		q.Limit = []int{1, 3, 10, 50, 200}[r.IntN(5)]
		if n >= 2*len(orders) {
			q.Filter = anyFilter(r)
		}
		ranked := q.Filter.Search != nil && n%2 == 0
		if ranked {
			q.Sort = core.SortRank
		}
		want := slices.DeleteFunc(slices.Clone(all), func(x core.Task) bool { return !meets(x, q.Filter, calendar, now) })
		slices.SortFunc(want, compareBy(q, calendar))
		var got []core.Task
		lists := core.NewLists(stores[n/len(orders)%2], zone, func() time.Time { return now })
		for {
			page, next, err := lists.List(t.Context(), w.ada, q)
			if err != nil || len(page) > q.Limit || next != nil && len(page) < q.Limit {
				t.Fatalf("%s: a page of %d, and more %t: %v", nameOf(q), len(page), next != nil, err)
			}
			if got = append(got, page...); next == nil {
				break
			}
			q.After = next
		}
		if ranked { // TestSearchRanks is about their order
			slices.SortFunc(want, byID)
			slices.SortFunc(got, byID)
		}
		if diff := gocmp.Diff(ids(want), ids(got)); diff != "" {
			t.Fatalf("%s in %s, %d at a time, %+v (-want +got):\n%s", nameOf(q), zone, q.Limit, q.Filter, diff)
		}
	}
}

func byID(a, b core.Task) int { return slices.Compare(a.ID[:], b.ID[:]) }

func ids(tasks []core.Task) []string {
	list := []string{}
	for _, x := range tasks {
		list = append(list, fmt.Sprint(x.ID, " ", x.Title))
	}
	return list
}

func TestSummary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := medley(120, rand.New(rand.NewPCG(3, 4)))
	w.insert(t, w.ada, all...)
	for _, zone := range []somewhere{"UTC", "Pacific/Kiritimati", "Pacific/Niue", "America/New_York"} {
		calendar, err := core.NewCalendar(string(zone))
		if err != nil {
			t.Fatal(err)
		}
		now := noon.Add(9 * time.Hour)
		today := calendar.DayOf(now)
		begin, end := &core.Bound{Dated: true, Day: today}, &core.Bound{Dated: true, Day: today.AddDate(0, 0, 1)}
		open := []core.Status{core.Todo, core.InProgress}
		count := func(f core.Filter) (n int64) {
			for _, x := range all {
				if meets(x, f, calendar, now) {
					n++
				}
			}
			return n
		}
		want := core.Summary{
			Open: count(core.Filter{Statuses: open}), Overdue: count(core.Filter{Overdue: true}),
			DueToday:  count(core.Filter{Statuses: open, DueAfter: begin, DueBefore: end}),
			DoneToday: count(core.Filter{Statuses: []core.Status{core.Done}, CompletedAfter: begin, CompletedBefore: end}),
			ByProject: []core.Count{
				{N: count(core.Filter{Statuses: open, Project: &core.Ref{}})},
				{ID: new(project(1)), N: count(core.Filter{Statuses: open, Project: &core.Ref{ID: new(project(1))}})},
			},
		}
		for n := range uint64(3) {
			want.ByTag = append(want.ByTag, core.Count{ID: new(tag(n + 1)), N: count(core.Filter{Statuses: open, TagIDs: []uuid.UUID{tag(n + 1)}})})
		}
		got, err := w.lists(zone, now).Summary(t.Context(), w.ada)
		if diff := gocmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", zone, err, diff)
		}
		if want.DueToday == 0 || want.DoneToday == 0 || want.Overdue == 0 {
			t.Errorf("%s: too little to count: %+v", zone, want)
		}
	}
	if none, err := w.lists("UTC", noon).Summary(t.Context(), w.bob); err != nil || !gocmp.Equal(none, core.Summary{}) {
		t.Errorf("Bob, who has no tasks: %+v, %v", none, err)
	}
}

func TestSubtree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := func(x core.Task, position string) core.Task { x.Position = position; return x }
	w.insert(t, w.ada, task(1, "top"), at(below(2, 1), "c"), at(below(3, 1), "a"), at(below(4, 1), "b"), at(below(5, 2), "b"), at(below(6, 2), "a"), below(7, 6), task(8, "other"))
	w.insert(t, w.bob, task(1, "Bob's"), below(9, 1))
	got, err := w.Subtree(t.Context(), w.ada, httpxtest.ID(1), 100)
	var order []uuid.UUID
	for _, x := range got {
		order = append(order, x.ID)
	}
	var want []uuid.UUID
	for _, n := range []uint64{1, 3, 4, 2, 6, 5, 7} {
		want = append(want, httpxtest.ID(n))
	}
	if diff := gocmp.Diff(want, order); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if some, err := w.Subtree(t.Context(), w.ada, httpxtest.ID(1), 3); err != nil || len(some) != 3 || some[0].ID != httpxtest.ID(1) {
		t.Errorf("three of them: %v, %v", some, err)
	}
	if none, err := w.Subtree(t.Context(), w.ada, httpxtest.ID(9), 3); err != nil || len(none) != 0 {
		t.Errorf("Bob's: %v, %v", none, err)
	}
}
