package rest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx/httpxtest"
)

// make creates tasks together, as a batch does.
func (f fixture) make(ctx context.Context, drafts ...core.Draft) ([]core.Task, error) {
	ids, changes := make([]uuid.UUID, len(drafts)), make([]core.Change, len(drafts))
	for i, d := range drafts {
		ids[i], changes[i] = uuid.New(), func(to *core.Draft) errs.Faults { *to = d; return nil }
	}
	return f.service.CreateMany(ctx, httpxtest.UserID("ada"), ids, changes)
}

// What goes away after it was looked up for many tasks is looked up again, as
// for a single one: nobody is asked to send the same again.
func TestReferencesOfManyDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	f := open(t)
	draft := func(change func(*core.Draft)) core.Draft {
		d := core.NewDraft()
		d.Title = "x"
		change(&d)
		return d
	}
	project, tag := f.addProject(t, "ada", 1), f.addTag(t, "ada", 1)
	parent := f.create(t, "parent", fields{"project_id": project})
	plain := draft(func(*core.Draft) {})
	below := draft(func(d *core.Draft) { d.ParentID = new(uuid.MustParse(parent.ID)) })
	tagged := draft(func(d *core.Draft) { d.TagIDs = []uuid.UUID{uuid.MustParse(tag)} })

	// The parent's project goes: the subtask follows its parent to the inbox.
	f.meanwhile.set(func() {
		if err := f.deleteProject(t.Context(), project); err != nil {
			t.Error(err)
		}
	})
	made, err := f.make(t.Context(), plain, below)
	if err != nil || len(made) != 2 || made[1].ProjectID != nil || made[1].ParentID == nil {
		t.Fatalf("%+v, %v", made, err)
	}
	before := f.all(t)

	// A tag goes: it is named as missing, by the task that wants it.
	f.meanwhile.set(func() {
		if err := f.deleteTag(t.Context(), tag); err != nil {
			t.Error(err)
		}
	})
	_, err = f.make(t.Context(), plain, tagged)
	var faults []string
	at, ok := errors.AsType[*errs.At](err)
	if refusal, isRefusal := errors.AsType[*errs.Error](err); isRefusal {
		for _, d := range refusal.Details {
			faults = append(faults, d.Field+" "+string(d.Code))
		}
	}
	if diff := cmp.Diff([]string{"tag_ids[0] not_found"}, faults); diff != "" || !ok || at.Index != 1 {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff(before, f.all(t)); diff != "" {
		t.Errorf("something was stored (-want +got):\n%s", diff)
	}
}
