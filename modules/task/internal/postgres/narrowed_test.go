package postgres_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
)

// subject is a user with many tasks, and what there is to narrow them by.
type subject struct {
	owner uuid.UUID
	// tasks is how many there are.
	tasks int
	// page is how many make a page that is compared with one far behind.
	page            int
	project, parent uuid.UUID
	// tags are two, in order.
	tags []uuid.UUID
	// now is when the tasks were made.
	now time.Time
	// rare, two, beginning and without are searches: for a word of few tasks, for
	// two words, for one and the beginning of many, for what has not a word.
	rare, two, beginning, without string
	// most, unless zero, is what a page may read by any filter.
	most int
}

// filtered is a filter, and how many buffers a page of 50 that it leaves may
// read, in any order.
type filtered struct {
	name string
	core.Filter
	most int
}

const (
	// ofPage is what a page may read: one block for each task, and the way
	// through an index; by due, it is merged of two.
	ofPage = 180
	// ofWalk is the same where few of the tasks along the way are meant, and
	// where two ways are merged.
	ofWalk = 300
	// ofIDs is a page of which the ids are found first, by tags or words.
	ofIDs = 600
)

func (s subject) filters(t *testing.T) []filtered {
	t.Helper()
	day := func(days int) *core.Bound {
		return &core.Bound{Dated: true, Day: s.now.AddDate(0, 0, days).Truncate(24 * time.Hour)}
	}
	at := func(days int) *core.Bound { return &core.Bound{At: s.now.AddDate(0, 0, days)} }
	open, cancelled, urgent := []core.Status{core.Todo, core.InProgress}, []core.Status{core.Cancelled}, []core.Priority{core.Urgent}
	project, tag := &core.Ref{ID: &s.project}, s.tags[:1]
	all := []filtered{
		{"none", core.Filter{}, ofPage},
		{"status", core.Filter{Statuses: cancelled}, ofPage},
		{"open", core.Filter{Statuses: open}, ofPage},
		{"todo or done", core.Filter{Statuses: []core.Status{core.Todo, core.Done}}, ofPage},
		{"priority", core.Filter{Priorities: urgent}, ofPage},
		{"priorities", core.Filter{Priorities: []core.Priority{core.High, core.Urgent}}, ofPage},
		{"project", core.Filter{Project: project}, ofPage},
		{"inbox", core.Filter{Project: &core.Ref{}}, ofPage},
		{"parent", core.Filter{Parent: &core.Ref{ID: &s.parent}}, ofPage},
		{"topmost", core.Filter{Parent: &core.Ref{}}, ofPage},
		{"tag", core.Filter{TagIDs: tag}, ofIDs},
		{"any tag", core.Filter{TagIDs: s.tags}, ofIDs},
		{"all tags", core.Filter{TagIDs: s.tags, AllTags: true}, ofIDs},
		{"due in a week", core.Filter{DueAfter: at(0), DueBefore: at(7)}, ofWalk},
		{"due on a day", core.Filter{DueAfter: day(-30), DueBefore: day(-29)}, ofWalk},
		{"overdue", core.Filter{Overdue: true}, ofWalk},
		{"completed", core.Filter{CompletedAfter: at(-7)}, ofWalk},
		{"completed never", core.Filter{CompletedAfter: at(900)}, ofPage},
		{"updated", core.Filter{UpdatedAfter: at(-7)}, ofWalk},
		{"updated never", core.Filter{UpdatedAfter: at(900)}, ofPage},
		{"urgent cancelled", core.Filter{Statuses: cancelled, Priorities: urgent}, ofWalk},
		{"open urgent", core.Filter{Statuses: open, Priorities: urgent}, ofPage},
		{"open urgent due", core.Filter{Statuses: open, Priorities: urgent, DueBefore: day(7)}, ofWalk},
		{"project open", core.Filter{Statuses: open, Project: project}, ofPage},
		{"project urgent", core.Filter{Priorities: urgent, Project: project}, ofWalk},
		{"project tag", core.Filter{TagIDs: tag, Project: project}, ofIDs},
		{"open tag", core.Filter{TagIDs: tag, Statuses: open}, ofIDs},
		{"search rare", core.Filter{Search: searchFor(t, s.rare)}, ofIDs},
		{"search two", core.Filter{Search: searchFor(t, s.two)}, 1500},
		{"search beginning", core.Filter{Search: searchFor(t, s.beginning)}, 2000},
		{"search without", core.Filter{Search: searchFor(t, s.without)}, 1500},
		{"search open", core.Filter{Search: searchFor(t, s.beginning), Statuses: open}, 10000},
	}
	for i := range all {
		all[i].most = cmp.Or(s.most, all[i].most)
	}
	return all
}

// orders are those in which f is asked for.
func (f filtered) orders() []core.Query {
	orders := everyOrder()
	if f.Search != nil {
		orders = append(orders, core.Query{Sort: core.SortRank, Limit: 50})
	}
	for i := range orders {
		orders[i].Filter = f.Filter
	}
	return slices.Clip(orders)
}
