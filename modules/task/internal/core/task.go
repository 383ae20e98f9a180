// Package core holds the rules of tasks: what one is, what may be done with
// it, and what it needs of others.
package core

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// MaxLevels is how deep tasks may nest: a task of the first level has no
// parent.
const MaxLevels = 5

// MaxTags is how many tags a task may carry.
const MaxTags = 50

// Task is something to be done.
type Task struct {
	ID          uuid.UUID
	Title       Title
	Description *Description
	Status      Status
	Priority    Priority
	// DueAt is an instant and DueOn an all-day date: at most one is set.
	DueAt *time.Time
	DueOn *Date
	// ProjectID is nil for a task in the inbox. A subtask is where its parent
	// is.
	ProjectID *uuid.UUID
	ParentID  *uuid.UUID
	// TagIDs are sorted and without repeats.
	TagIDs []uuid.UUID
	// Position orders siblings by hand; it sorts bytewise.
	Position string
	// CompletedAt is when Status became done or cancelled, nil otherwise.
	CompletedAt *time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
	// Revision grows with every change. It guards a write against another
	// that came in between, and is nobody's business but the store's.
	Revision int64
}

// Draft is what a client says of a task: all that can be chosen.
type Draft struct {
	Title       Title
	Description *Description
	Status      Status
	// StatusNamed says that the request named the status: one that is closed
	// closes what is open below the task, even where the task has it already.
	StatusNamed bool
	Priority    Priority
	DueAt       *time.Time
	DueOn       *Date
	ProjectID   *uuid.UUID
	// ProjectNamed says that the request named the project: a subtask follows
	// its parent only where it did not.
	ProjectNamed bool
	ParentID     *uuid.UUID
	TagIDs       []uuid.UUID
}

// Change is what a request wants of a task, read onto a draft of how it is, or
// onto [NewDraft]. It returns all that is wrong with the request.
type Change func(*Draft) errs.Faults

// Guard refuses a write whose precondition does not hold of the task as it is;
// current is nil where there is none. A nil Guard sets no condition.
type Guard func(current *Task) error

// NewDraft is a task of which nothing has been said.
func NewDraft() Draft { return Draft{Status: Todo, Priority: NoPriority} }

// check returns what is wrong with d whatever else there is.
func (d Draft) check() errs.Faults {
	var faults errs.Faults
	if d.DueAt != nil && d.DueOn != nil {
		faults.Add("due_on", errs.Faultf(errs.FaultConflict, "cannot be set together with due_at; set the other to null"))
	}
	return faults
}

func newTask(id uuid.UUID, d Draft, position string, now time.Time) Task {
	t := Task{ID: id, Position: position, CreatedAt: now}
	t.assume(d, now)
	t.Revision = 1
	return t
}

func (t Task) draft() Draft {
	return Draft{
		Title: t.Title, Description: t.Description, Status: t.Status, Priority: t.Priority,
		DueAt: t.DueAt, DueOn: t.DueOn, ProjectID: t.ProjectID, ParentID: t.ParentID, TagIDs: t.TagIDs,
	}
}

// revised returns t as d wants it, and whether that differs from t at all.
func (t Task) revised(d Draft, now time.Time) (Task, bool) {
	d.TagIDs = sorted(d.TagIDs)
	if t.draft().equal(d) {
		return t, false
	}
	t.assume(d, now)
	return t, true
}

// assume makes t what d says, at now.
func (t *Task) assume(d Draft, now time.Time) {
	if d.Status != t.Status {
		t.CompletedAt = nil
		if d.Status.Closed() {
			t.CompletedAt = &now
		}
	}
	t.Title, t.Description, t.Status, t.Priority = d.Title, d.Description, d.Status, d.Priority
	t.DueAt, t.DueOn, t.ProjectID, t.ParentID, t.TagIDs = d.DueAt, d.DueOn, d.ProjectID, d.ParentID, sorted(d.TagIDs)
	t.UpdatedAt = now
	t.Revision++
}

// closes reports whether d finishes or cancels the task, and with it what is
// open below.
func (d Draft) closes() bool { return d.StatusNamed && d.Status.Closed() }

func (d Draft) equal(other Draft) bool {
	return d.Title == other.Title && same(d.Description, other.Description) &&
		d.Status == other.Status && d.Priority == other.Priority &&
		sameInstant(d.DueAt, other.DueAt) && same(d.DueOn, other.DueOn) &&
		same(d.ProjectID, other.ProjectID) && same(d.ParentID, other.ParentID) &&
		slices.Equal(d.TagIDs, other.TagIDs)
}

// sorted returns a copy that is never nil: no tags is an empty list.
func sorted(ids []uuid.UUID) []uuid.UUID {
	ids = append([]uuid.UUID{}, ids...)
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return ids
}

func same[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

func sameInstant(a, b *time.Time) bool {
	return a == b || a != nil && b != nil && a.Equal(*b)
}
