package core_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/errs"
)

func TestParseBound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]core.Bound{
		"2024-02-29":                {Dated: true, Day: day(t, "2024-02-29")},
		"2026-03-14T12:00:00Z":      {At: instant(t, "2026-03-14T12:00:00Z")},
		"2026-03-14T12:00:00+02:00": {At: instant(t, "2026-03-14T10:00:00Z")},
	} {
		if got, err := core.ParseBound(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]errs.FaultCode{
		"2026-02-29": errs.FaultInvalidFormat, "tomorrow": errs.FaultInvalidFormat, "2026-03-14T12:00": errs.FaultInvalidFormat,
		"2026-03-14T12:00:00 02:00": errs.FaultInvalidFormat, "9999-12-31T23:59:59-01:00": errs.FaultOutOfRange,
	} {
		_, err := core.ParseBound(text)
		if fault := (errs.Fault{}); !errors.As(err, &fault) || fault.Code != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// asked is a reader and zones that remember what was asked of them.
type asked struct {
	query core.Query
	today core.Day
	late  core.Bound
	zones int
}

func (a *asked) List(_ context.Context, _ uuid.UUID, q core.Query) ([]core.Task, *core.After, error) {
	a.query = q
	return nil, nil, nil
}

func (a *asked) Summary(_ context.Context, _ uuid.UUID, late core.Bound, today core.Day) (core.Summary, error) {
	a.late, a.today = late, today
	return core.Summary{}, nil
}

func (a *asked) Subtree(context.Context, uuid.UUID, uuid.UUID, int) ([]core.Task, error) {
	return nil, nil
}

func (a *asked) TimeZone(context.Context, uuid.UUID) (string, error) {
	a.zones++
	return "America/Sao_Paulo", nil
}

var noonUTC = time.Date(2026, time.March, 14, 12, 0, 0, 0, time.UTC)

func at(now time.Time) func() time.Time { return func() time.Time { return now } }

func TestTheZoneIsAskedForOnlyWhereItMatters(t *testing.T) {
	t.Parallel()
	dated, exact := &core.Bound{Dated: true, Day: day(t, "2018-11-04")}, &core.Bound{At: instant(t, "2018-11-04T12:00:00Z")}
	for name, c := range map[string]struct {
		query core.Query
		want  int
	}{
		"nothing":          {core.Query{Sort: core.SortCreatedAt}, 0},
		"sorted by due":    {core.Query{Sort: core.SortDue}, 1},
		"overdue":          {core.Query{Filter: core.Filter{Overdue: true}}, 1},
		"due at":           {core.Query{Filter: core.Filter{DueAfter: exact}}, 1},
		"due on":           {core.Query{Filter: core.Filter{DueBefore: dated}}, 1},
		"completed at":     {core.Query{Filter: core.Filter{CompletedAfter: exact, CompletedBefore: exact}}, 0},
		"completed on":     {core.Query{Filter: core.Filter{CompletedAfter: dated}}, 1},
		"completed before": {core.Query{Filter: core.Filter{CompletedBefore: dated}}, 1},
		"updated on":       {core.Query{Filter: core.Filter{UpdatedAfter: dated}}, 1},
		"updated at":       {core.Query{Filter: core.Filter{UpdatedAfter: exact}}, 0},
	} {
		var a asked
		if _, _, err := core.NewLists(&a, &a, at(exact.At)).List(t.Context(), uuid.Nil, c.query); err != nil || a.zones != c.want {
			t.Errorf("%s: asked %d times, %v", name, a.zones, err)
		}
	}
}

func TestBoundsAreResolved(t *testing.T) {
	t.Parallel()
	var a asked
	filter := core.Filter{
		DueAfter:  &core.Bound{Dated: true, Day: day(t, "2018-11-04")},
		DueBefore: &core.Bound{At: instant(t, "2018-11-05T12:00:00Z")},
	}
	now := instant(t, "2018-11-04T02:30:00Z") // 23:30 on the 3rd
	if _, _, err := core.NewLists(&a, &a, at(now)).List(t.Context(), uuid.Nil, core.Query{Sort: core.SortDue, Filter: filter}); err != nil {
		t.Fatal(err)
	}
	got := a.query.Filter
	if want := (core.Bound{Dated: true, At: instant(t, "2018-11-04T03:00:00Z"), Day: day(t, "2018-11-04")}); *got.DueAfter != want {
		t.Errorf("due after %v", got.DueAfter)
	}
	if want := (core.Bound{At: instant(t, "2018-11-05T12:00:00Z"), Day: day(t, "2018-11-06")}); *got.DueBefore != want {
		t.Errorf("due before %v", got.DueBefore)
	}
	if want := (core.Bound{At: now, Day: day(t, "2018-11-03")}); got.Now != want {
		t.Errorf("now is %v", got.Now)
	}
	if filter.DueAfter.At != (time.Time{}) {
		t.Error("the caller's own bound was changed")
	}
}

func TestSummaryOfADayOf23Hours(t *testing.T) {
	t.Parallel()
	var a asked
	if _, err := core.NewLists(&a, &a, at(instant(t, "2018-11-04T12:00:00Z"))).Summary(t.Context(), uuid.Nil); err != nil {
		t.Fatal(err)
	}
	want := core.Day{Date: day(t, "2018-11-04"), At: instant(t, "2018-11-04T03:00:00Z"), Next: instant(t, "2018-11-05T02:00:00Z")}
	if a.today != want || a.late.Day != want.Date {
		t.Errorf("today is %v, late is %v", a.today, a.late)
	}
}

func TestCursorOfAnotherOrderIsRefused(t *testing.T) {
	t.Parallel()
	ranked, timed := &core.After{Key: "0.607927"}, &core.After{Key: "2026-03-14 12:00:00+00"}
	for name, c := range map[string]struct {
		sort    core.SortField
		after   *core.After
		refused bool
	}{
		"ranked by rank": {core.SortRank, ranked, false},
		"ranked by time": {core.SortCreatedAt, ranked, true},
		"timed by rank":  {core.SortRank, timed, true},
		"timed by time":  {core.SortCreatedAt, timed, false},
		"a priority":     {core.SortPriority, &core.After{Key: "3"}, false},
		"a title":        {core.SortTitle, &core.After{Key: "infinity"}, false},
		"a first page":   {core.SortRank, nil, false},
	} {
		var a asked
		_, _, err := core.NewLists(&a, &a, at(noonUTC)).List(t.Context(), uuid.Nil, core.Query{Sort: c.sort, After: c.after})
		if refused := errs.KindOf(err) == errs.Malformed; refused != c.refused || !refused && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Places have one order, and come back from a cursor as they were.
func TestPlaces(t *testing.T) {
	t.Parallel()
	date := func(d core.Date) core.Task { return core.Task{DueOn: &d} }
	timed := func(text string) core.Task { at := instant(t, text); return core.Task{DueAt: &at} }
	c := calendar(t, "Pacific/Apia")
	inOrder := []core.Task{
		timed("2011-12-29T09:59:59Z"), date("2011-12-29"), timed("2011-12-29T10:00:01Z"),
		date("2011-12-30"), // a day that was not
		date("2011-12-31"), timed("2011-12-30T10:00:00Z"), timed("2011-12-30T10:00:00.000001Z"), date("2012-01-01"),
	}
	for i := range inOrder {
		inOrder[i].ID = uuid.UUID{15: byte(i)}
	}
	for i, a := range inOrder {
		place := c.PlaceOf(a)
		for j, b := range inOrder {
			if got, want := place.Compare(c.PlaceOf(b)), i-j; (got < 0) != (want < 0) || (got > 0) != (want > 0) {
				t.Errorf("task %d against task %d: %d", i, j, got)
			}
		}
		again, err := c.PlaceAt(core.After{Key: place.Key(), ID: a.ID})
		if diff := cmp.Diff(place, again); err != nil || diff != "" {
			t.Errorf("%v (-place +from its cursor)\n%s", err, diff)
		}
	}
	undated := c.PlaceOf(core.Task{ID: uuid.UUID{15: 1}})
	if again, err := c.PlaceAt(core.After{Key: undated.Key(), ID: undated.ID}); err != nil || again != undated || !undated.Undated {
		t.Errorf("without a date: %v, %v", again, err)
	}
	if _, err := c.PlaceAt(core.After{Key: "soon"}); errs.KindOf(err) != errs.Malformed {
		t.Errorf("a strange key: %v", err)
	}
}

// grower returns a fixed tree.
type grower struct {
	asked
	tasks []core.Task
}

func (g *grower) Subtree(_ context.Context, _, _ uuid.UUID, limit int) ([]core.Task, error) {
	return g.tasks[:min(limit, len(g.tasks))], nil
}

func TestSubtreeIsBounded(t *testing.T) {
	t.Parallel()
	root := uuid.UUID{0: 1}
	g := &grower{tasks: []core.Task{{ID: root}}}
	for n := range core.MaxSubtree + 5 {
		g.tasks = append(g.tasks, core.Task{ID: uuid.UUID{14: byte(n >> 8), 15: byte(n)}, ParentID: &root})
	}
	lists := core.NewLists(g, g, at(noonUTC))
	for below, want := range map[int]bool{0: true, 3: true, core.MaxSubtree: true, core.MaxSubtree + 1: false, core.MaxSubtree + 5: false} {
		all := g.tasks
		g.tasks = all[:1+below]
		tree, whole, err := lists.Subtree(t.Context(), uuid.Nil, root)
		if err != nil || whole != want || len(tree.Subtasks) != min(below, core.MaxSubtree) {
			t.Errorf("%d below: %d shown, whole %t, %v", below, len(tree.Subtasks), whole, err)
		}
		if !slices.IsSortedFunc(tree.Subtasks, func(a, b *core.Branch) int { return slices.Compare(a.ID[:], b.ID[:]) }) {
			t.Error("siblings changed places")
		}
		g.tasks = all
	}
	g.tasks = nil
	if _, _, err := lists.Subtree(t.Context(), uuid.Nil, root); errs.KindOf(err) != errs.NotFound {
		t.Errorf("no such task: %v", err)
	}
}
