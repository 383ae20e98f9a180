package core

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

var (
	made    = time.Date(2026, time.March, 14, 15, 9, 26, 0, time.UTC)
	changed = made.Add(time.Hour)
)

func id(n byte) uuid.UUID { return uuid.UUID{15: n} }

// whole is a task of which everything is said.
func whole() Task {
	return Task{
		ID: id(1), Title: "Paint the fence", Description: new(Description("white")), Status: InProgress, Priority: High,
		DueAt: new(made.Add(48 * time.Hour)), ProjectID: new(id(2)), ParentID: new(id(3)), TagIDs: []uuid.UUID{id(4), id(5)},
		Position: "a0", CreatedAt: made, UpdatedAt: made, Revision: 7,
	}
}

func TestNewTask(t *testing.T) {
	t.Parallel()
	d := NewDraft()
	d.Title = "Paint the fence"
	want := Task{
		ID: id(1), Title: "Paint the fence", Status: Todo, Priority: NoPriority, TagIDs: []uuid.UUID{},
		Position: "a0", CreatedAt: made, UpdatedAt: made, Revision: 1,
	}
	if diff := cmp.Diff(want, newTask(id(1), d, "a0", made)); diff != "" {
		t.Errorf("of a title alone (-want +got):\n%s", diff)
	}
	for status, want := range map[Status]*time.Time{Todo: nil, InProgress: nil, Done: &made, Cancelled: &made} {
		d.Status = status
		if diff := cmp.Diff(want, newTask(id(1), d, "a0", made).CompletedAt); diff != "" {
			t.Errorf("made as %s, completed_at (-want +got):\n%s", status, diff)
		}
	}
}

func TestRevisedStatus(t *testing.T) {
	t.Parallel()
	for _, from := range statuses {
		for _, to := range statuses {
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				t.Parallel()
				before := whole()
				before.Status = from
				if from.Closed() {
					before.CompletedAt = &made
				}
				d := before.draft()
				d.Status, d.Title = to, "Paint it again" // so that something changes in any case
				after, differs := before.revised(d, changed)
				if !differs || after.Status != to {
					t.Fatalf("became %s, differs %t", after.Status, differs)
				}
				var want *time.Time
				switch {
				case to == from:
					want = before.CompletedAt
				case to.Closed():
					want = &changed
				}
				if diff := cmp.Diff(want, after.CompletedAt); diff != "" {
					t.Errorf("completed_at (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestRevised(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		draft func(*Draft)
		task  func(*Task)
	}{
		"title":             {func(d *Draft) { d.Title = "x" }, func(t *Task) { t.Title = "x" }},
		"description":       {func(d *Draft) { d.Description = new(Description("x")) }, func(t *Task) { t.Description = new(Description("x")) }},
		"no description":    {func(d *Draft) { d.Description = nil }, func(t *Task) { t.Description = nil }},
		"empty description": {func(d *Draft) { d.Description = new(Description("")) }, func(t *Task) { t.Description = new(Description("")) }},
		"priority":          {func(d *Draft) { d.Priority = NoPriority }, func(t *Task) { t.Priority = NoPriority }},
		"due_at":            {func(d *Draft) { d.DueAt = &changed }, func(t *Task) { t.DueAt = &changed }},
		"due_on instead": {
			func(d *Draft) { d.DueAt, d.DueOn = nil, new(Date("2026-03-15")) },
			func(t *Task) { t.DueAt, t.DueOn = nil, new(Date("2026-03-15")) },
		},
		"project":    {func(d *Draft) { d.ProjectID = new(id(9)) }, func(t *Task) { t.ProjectID = new(id(9)) }},
		"inbox":      {func(d *Draft) { d.ProjectID = nil }, func(t *Task) { t.ProjectID = nil }},
		"parent":     {func(d *Draft) { d.ParentID = new(id(9)) }, func(t *Task) { t.ParentID = new(id(9)) }},
		"no parent":  {func(d *Draft) { d.ParentID = nil }, func(t *Task) { t.ParentID = nil }},
		"tags":       {func(d *Draft) { d.TagIDs = []uuid.UUID{id(9), id(4)} }, func(t *Task) { t.TagIDs = []uuid.UUID{id(4), id(9)} }},
		"no tags":    {func(d *Draft) { d.TagIDs = nil }, func(t *Task) { t.TagIDs = []uuid.UUID{} }},
		"status":     {func(d *Draft) { d.Status = Done }, func(t *Task) { t.Status, t.CompletedAt = Done, &changed }},
		"everything": {func(d *Draft) { *d = Draft{Title: "x", Status: Todo} }, func(t *Task) { *t = empty(*t) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, want := whole().draft(), whole()
			change.draft(&d)
			change.task(&want)
			want.UpdatedAt, want.Revision = changed, 8
			got, differs := whole().revised(d, changed)
			if !differs {
				t.Error("it is said not to differ")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func empty(t Task) Task {
	return Task{ID: t.ID, Title: "x", Status: Todo, TagIDs: []uuid.UUID{}, Position: t.Position, CreatedAt: t.CreatedAt}
}

func TestRevisedChangesNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Draft){
		"nothing named":          func(*Draft) {},
		"equal, another pointer": func(d *Draft) { d.Description, d.ProjectID = new(*d.Description), new(*d.ProjectID) },
		"the same instant":       func(d *Draft) { d.DueAt = new(d.DueAt.In(time.FixedZone("", 3600))) },
		"tags in another order":  func(d *Draft) { d.TagIDs = []uuid.UUID{id(5), id(4)} },
		"project named":          func(d *Draft) { d.ProjectNamed = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := whole().draft()
			change(&d)
			got, differs := whole().revised(d, changed)
			if differs {
				t.Error("it is said to differ")
			}
			if diff := cmp.Diff(whole(), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRevisedLeavesTheDraftsTagsAlone(t *testing.T) {
	t.Parallel()
	tags := []uuid.UUID{id(5), id(4)}
	d := whole().draft()
	d.TagIDs = tags
	whole().revised(d, changed)
	if diff := cmp.Diff([]uuid.UUID{id(5), id(4)}, tags); diff != "" {
		t.Errorf("the request's own list was sorted (-want +got):\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	at, on := new(made), new(Date("2026-03-15"))
	for name, c := range map[string]struct {
		draft Draft
		want  []string
	}{
		"no due":  {Draft{}, nil},
		"instant": {Draft{DueAt: at}, nil},
		"date":    {Draft{DueOn: on}, nil},
		"both":    {Draft{DueAt: at, DueOn: on}, []string{"due_on conflict"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range c.draft.check() {
				got = append(got, f.Field+" "+string(f.Code))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
