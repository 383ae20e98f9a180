package core

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// Query says which tasks to list, in which order.
type Query struct {
	Filter Filter
	Sort   SortField
	Desc   bool
	After  *After
	Limit  int
	// Calendar is the user's, which decides when days begin.
	Calendar Calendar
}

// SortField is what tasks can be listed by; ties are broken by id.
type SortField string

// The fields tasks can be listed by. Titles sort without regard to letter
// case, priorities from none to urgent. By due, an all-day task stands where
// its day begins in the user's zone, and those without a date come last either
// way. By rank, always descending, the best match of a search comes first, and
// of those that match alike the newest.
const (
	SortCreatedAt SortField = "created_at"
	SortUpdatedAt SortField = "updated_at"
	SortTitle     SortField = "title"
	SortPriority  SortField = "priority"
	SortPosition  SortField = "position"
	SortDue       SortField = "due"
	SortRank      SortField = "rank"
)

// After is where the page before ended.
type After struct {
	Key string
	ID  uuid.UUID
}

// Filter says which tasks are meant: those that meet all of it. What is zero
// sets no condition.
type Filter struct {
	Statuses   []Status
	Priorities []Priority
	Project    *Ref
	Parent     *Ref
	// TagIDs are tags of which a task carries one, or with AllTags all.
	TagIDs  []uuid.UUID
	AllTags bool

	// Bounds are half open: After and From include their instant, the others
	// do not.
	DueAfter, DueBefore             *Bound
	CompletedAfter, CompletedBefore *Bound
	UpdatedAfter                    *Bound
	// Overdue asks for open tasks whose instant has passed, or whose day.
	Overdue bool
	// Now is what overdue tasks are late at. [Lists] sets it.
	Now Bound
	// Search is nil where nothing is searched for.
	Search Search
}

// Narrows reports whether f leaves out any task.
func (f Filter) Narrows() bool {
	return len(f.Statuses) > 0 || len(f.Priorities) > 0 || f.Project != nil || f.Parent != nil || len(f.TagIDs) > 0 ||
		f.DueAfter != nil || f.DueBefore != nil || f.CompletedAfter != nil || f.CompletedBefore != nil ||
		f.UpdatedAfter != nil || f.Overdue || f.Search != nil
}

// Ref names something that a task may refer to; a nil ID, that it refers to
// none.
type Ref struct{ ID *uuid.UUID }

// Bound is a point in time that tasks are compared with, either an instant or
// the beginning of a day. Resolved, it says both: At for instants, Day for
// all-day tasks, which are on Day or later exactly if they begin at At or
// later.
type Bound struct {
	Dated   bool
	At, Day time.Time
}

// ParseBound takes an instant ([ParseInstant]) or a date ([ParseDate]).
func ParseBound(text string) (Bound, error) {
	if day, err := ParseDate(text); err == nil {
		return Bound{Dated: true, Day: day.Midnight()}, nil
	}
	at, err := ParseInstant(text)
	if fault, ok := err.(errs.Fault); ok && fault.Code == errs.FaultInvalidFormat { //nolint:errorlint // what it returns as it is
		return Bound{}, errs.Faultf(errs.FaultInvalidFormat, "must be a date such as 2026-11-23, or an instant such as 2026-11-23T09:30:00Z with its + written %%2B")
	}
	return Bound{At: at}, err
}

func (b *Bound) resolve(c Calendar) {
	switch {
	case b == nil:
	case b.Dated:
		b.At = c.Start(b.Day)
	default:
		b.Day = c.FirstFrom(b.At)
	}
}

// present is the bound of what is over at now: for all-day tasks, the days
// before today.
func present(now time.Time, c Calendar) Bound { return Bound{At: now, Day: c.DayOf(now)} }

// needsCalendar reports whether the answer depends on the user's zone.
func (q Query) needsCalendar() bool {
	f := q.Filter
	dated := slices.ContainsFunc([]*Bound{f.CompletedAfter, f.CompletedBefore, f.UpdatedAfter},
		func(b *Bound) bool { return b != nil && b.Dated })
	return dated || f.Overdue || f.DueAfter != nil || f.DueBefore != nil || q.Sort == SortDue
}

// resolved returns q with what it says of days put in terms of c and now.
func (q Query) resolved(c Calendar, now time.Time) Query {
	q.Calendar = c
	f := &q.Filter
	for _, b := range []**Bound{&f.DueAfter, &f.DueBefore, &f.CompletedAfter, &f.CompletedBefore, &f.UpdatedAfter} {
		if *b != nil {
			own := **b
			own.resolve(c)
			*b = &own
		}
	}
	f.Now = present(now, c)
	return q
}

// checkAfter refuses the one cursor that can come from another order of the
// same query: that of ranked matches where they are now to be sorted by
// created_at, which is what a list without a sort is sorted by, and the
// reverse.
func (q Query) checkAfter() error {
	if q.After == nil || q.Sort != SortRank && q.Sort != SortCreatedAt {
		return nil
	}
	_, err := strconv.ParseFloat(q.After.Key, 32)
	if ranked := err == nil; ranked != (q.Sort == SortRank) {
		return errs.New(errs.Malformed, "the cursor belongs to another query; start again without it")
	}
	return nil
}

// bind makes a cursor of a page that depends on c good for c alone: in another
// zone, other tasks come before it.
func (c Calendar) bind(a *After) *After {
	if a == nil {
		return nil
	}
	return &After{Key: c.location().String() + " " + a.Key, ID: a.ID}
}

// unbind returns what [Calendar.bind] was given.
func (c Calendar) unbind(a *After) (*After, error) {
	if a == nil {
		return nil, nil
	}
	key, ours := strings.CutPrefix(a.Key, c.location().String()+" ")
	if !ours {
		return nil, errs.New(errs.Malformed, "the cursor belongs to another time zone; start again without it")
	}
	return &After{Key: key, ID: a.ID}, nil
}

// Place is where a task stands in the order by due: by instant, then by day,
// then by id; behind all others if it has no date.
type Place struct {
	Undated bool
	// At is when it is due, or its day begins; Day is that day.
	At, Day time.Time
	// AllDay says that the task is due all day.
	AllDay bool
	ID     uuid.UUID
}

// PlaceOf returns where t stands in the order by due.
func (c Calendar) PlaceOf(t Task) Place {
	switch {
	case t.DueAt != nil:
		return Place{At: *t.DueAt, Day: c.DayOf(*t.DueAt), ID: t.ID}
	case t.DueOn != nil:
		day := t.DueOn.Midnight()
		return Place{At: c.Start(day), Day: day, AllDay: true, ID: t.ID}
	default:
		return Place{Undated: true, ID: t.ID}
	}
}

// Compare orders places ascending; of undated tasks, by id alone.
func (p Place) Compare(other Place) int {
	if c := p.At.Compare(other.At); c != 0 {
		return c
	}
	if c := p.Day.Compare(other.Day); c != 0 {
		return c
	}
	return slices.Compare(p.ID[:], other.ID[:])
}

// Key returns the place as a cursor carries it, beside the id.
func (p Place) Key() string {
	switch {
	case p.Undated:
		return ""
	case p.AllDay:
		return p.Day.Format(time.DateOnly)
	default:
		return p.At.Format(time.RFC3339Nano)
	}
}

// PlaceAt reads what [Place.Key] wrote.
func (c Calendar) PlaceAt(a After) (Place, error) {
	if a.Key == "" {
		return Place{Undated: true, ID: a.ID}, nil
	}
	if day, err := time.Parse(time.DateOnly, a.Key); err == nil {
		return Place{At: c.Start(day), Day: day, AllDay: true, ID: a.ID}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, a.Key)
	if err != nil {
		return Place{}, errs.New(errs.Malformed, "the cursor belongs to another query; start again without it").Because(err)
	}
	return Place{At: at, Day: c.DayOf(at), ID: a.ID}, nil
}
