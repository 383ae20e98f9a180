package core

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Lists answers what tasks there are.
type Lists struct {
	reader Reader
	zones  Zones
	now    func() time.Time
}

// Reader finds tasks. Each method reads those of one owner.
type Reader interface {
	// List returns one page, and where it ended if more follow. The bounds of
	// q are resolved.
	List(ctx context.Context, owner uuid.UUID, q Query) ([]Task, *After, error)
	// Summary counts tasks; late is what overdue tasks are before.
	Summary(ctx context.Context, owner uuid.UUID, late Bound, today Day) (Summary, error)
	// Subtree returns the task and, level by level, those below it, limit at
	// most, siblings by position.
	Subtree(ctx context.Context, owner, id uuid.UUID, limit int) ([]Task, error)
}

// Zones answers where users are.
type Zones interface {
	// TimeZone returns the IANA name of the zone in which the owner's days
	// begin and end.
	TimeZone(ctx context.Context, owner uuid.UUID) (string, error)
}

// NewLists returns Lists of the tasks that reader finds.
func NewLists(reader Reader, zones Zones, now func() time.Time) *Lists {
	return &Lists{reader: reader, zones: zones, now: now}
}

// List returns one page of the owner's tasks, and where it ended if more
// follow.
func (l *Lists) List(ctx context.Context, owner uuid.UUID, q Query) ([]Task, *After, error) {
	if !q.needsCalendar() {
		return l.page(ctx, owner, q, Calendar{})
	}
	calendar, err := l.calendar(ctx, owner)
	if err != nil {
		return nil, nil, err
	}
	if q.After, err = calendar.unbind(q.After); err != nil {
		return nil, nil, err
	}
	tasks, next, err := l.page(ctx, owner, q, calendar)
	return tasks, calendar.bind(next), err
}

func (l *Lists) page(ctx context.Context, owner uuid.UUID, q Query, c Calendar) ([]Task, *After, error) {
	if err := q.checkAfter(); err != nil {
		return nil, nil, err
	}
	return l.reader.List(ctx, owner, q.resolved(c, l.now()))
}

func (l *Lists) calendar(ctx context.Context, owner uuid.UUID) (Calendar, error) {
	zone, err := l.zones.TimeZone(ctx, owner)
	if err != nil {
		return Calendar{}, err
	}
	return NewCalendar(zone)
}

// Day is one day of a calendar: from At, before Next.
type Day struct{ Date, At, Next time.Time }

// Summary counts a user's tasks. Open are those to do and in progress.
type Summary struct {
	Open, Overdue, DueToday, DoneToday int64
	// ByProject counts what is open in each project that has any; a nil ID is
	// the inbox.
	ByProject []Count
	// ByTag counts what is open with each tag that any carries.
	ByTag []Count
}

// Count is how many open tasks refer to something.
type Count struct {
	ID *uuid.UUID
	N  int64
}

// Summary counts the owner's tasks, today being a day of the owner's zone.
func (l *Lists) Summary(ctx context.Context, owner uuid.UUID) (Summary, error) {
	calendar, err := l.calendar(ctx, owner)
	if err != nil {
		return Summary{}, err
	}
	late := present(l.now(), calendar)
	today := Day{Date: late.Day, At: calendar.Start(late.Day), Next: calendar.Start(next(late.Day))}
	return l.reader.Summary(ctx, owner, late, today)
}

// MaxSubtree is how many tasks of a subtree are shown at most.
const MaxSubtree = 1000

// Branch is a task with what is below it, siblings by position.
type Branch struct {
	Task
	Subtasks []*Branch
}

// Subtree returns the task with the tree below it, or [NotFound], and whether
// that is all of it: of a tree larger than [MaxSubtree] the deepest tasks are
// left out.
func (l *Lists) Subtree(ctx context.Context, owner, id uuid.UUID) (tree *Branch, whole bool, err error) {
	const itself, oneMore = 1, 1
	tasks, err := l.reader.Subtree(ctx, owner, id, itself+MaxSubtree+oneMore)
	if err != nil {
		return nil, false, err
	}
	if len(tasks) == 0 {
		return nil, false, NotFound(id)
	}
	if whole = len(tasks) <= itself+MaxSubtree; !whole {
		tasks = tasks[:itself+MaxSubtree]
	}
	return grow(tasks), whole, nil
}

// grow makes a tree of tasks that come level by level, the topmost first.
func grow(tasks []Task) *Branch {
	byID := make(map[uuid.UUID]*Branch, len(tasks))
	root := &Branch{Task: tasks[0]}
	byID[root.ID] = root
	for _, t := range tasks[1:] {
		b := &Branch{Task: t}
		byID[t.ID] = b
		if parent := byID[*t.ParentID]; parent != nil {
			parent.Subtasks = append(parent.Subtasks, b)
		}
	}
	return root
}
