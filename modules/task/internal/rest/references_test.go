package rest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/httpxtest"
)

func TestTags(t *testing.T) {
	t.Parallel()
	f := open(t)
	a, b, c := f.addTag(t, "ada", 1), f.addTag(t, "ada", 2), f.addTag(t, "ada", 3)
	x := f.create(t, "Buy milk", fields{"tag_ids": []string{c, a}})
	want := func(what string, ids ...string) {
		t.Helper()
		if diff := cmp.Diff(ids, f.get(t, x).TagIDs); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	want("sorted", a, c)
	f.patch(t, x, fields{"title": "Buy oats"})
	want("left alone by a PATCH of something else", a, c)
	f.patch(t, x, fields{"tag_ids": []string{c, b}})
	want("replaced", b, c)
	before := f.get(t, x)
	f.clock.Advance(time.Second)
	if got := f.patch(t, x, fields{"tag_ids": []string{b, c}}); got.UpdatedAt != before.UpdatedAt {
		t.Error("the same tags in another order changed the task")
	}
	f.ada.Do(t, "PATCH", x.path(), fields{"tag_ids": []string{b, chosen, a}}.json(t)).WantInvalid(t, "tag_ids[1] not_found")
	want("left alone by a refused PATCH", b, c)
	if got := f.patch(t, x, fields{"tag_ids": []string{}}); len(got.TagIDs) != 0 || got.UpdatedAt != f.clock.Now() {
		t.Errorf("cleared, it has %v, updated at %s", got.TagIDs, got.UpdatedAt)
	}
	want("cleared", []string{}...)
}

func TestTagsAtMostFifty(t *testing.T) {
	t.Parallel()
	f := open(t)
	var ids []string
	for n := range uint64(51) {
		ids = append(ids, f.addTag(t, "ada", n))
	}
	if got := f.create(t, "Buy milk", fields{"tag_ids": ids[:50]}); len(got.TagIDs) != 50 {
		t.Errorf("it has %d tags, want 50", len(got.TagIDs))
	}
	f.ada.Do(t, "POST", tasksPath, fields{"title": "x", "tag_ids": ids}.json(t)).WantInvalid(t, "tag_ids too_many")
}

// Another user's project, tag and parent are as if they had never been, to the
// byte.
func TestOthersReferencesDoNotExist(t *testing.T) {
	t.Parallel()
	f := open(t)
	var bobs task
	f.bob.Do(t, "POST", tasksPath, `{"title":"Bob's"}`).Want(t, http.StatusCreated).Data(t, &bobs)
	mine := f.create(t, "Ada's", nil)
	for field, theirs := range map[string]string{"project_id": f.addProject(t, "bob", 1), "tag_ids": f.addTag(t, "bob", 1), "parent_id": bobs.ID} {
		for _, r := range []struct{ method, path string }{{"POST", tasksPath}, {"PUT", tasksPath + "/" + chosen}, {"PUT", mine.path()}, {"PATCH", mine.path()}} {
			ask := func(id string) httpxtest.Response {
				var value any = id
				if field == "tag_ids" {
					value = []string{id}
				}
				return f.ada.Do(t, r.method, r.path, fields{"title": "x", field: value}.json(t)).Want(t, http.StatusUnprocessableEntity)
			}
			theirs, missing := ask(theirs), ask(chosen)
			if diff := cmp.Diff(string(missing.Body), string(theirs.Body)); diff != "" {
				t.Errorf("%s with another user's %s differs from one that never was:\n%s", r.method, field, diff)
			}
		}
	}
	if got := f.all(t); len(got) != 1 || got[0].Title != "Ada's" {
		t.Errorf("something was stored: %+v", got)
	}
}

func TestOthersTasksDoNotExist(t *testing.T) {
	t.Parallel()
	f := open(t)
	mine := f.create(t, "Ada's", nil)
	for _, r := range []struct {
		method, body string
		headers      []string
	}{
		{method: "GET"},
		{method: "PATCH", body: `{"title":"x"}`},
		{method: "PATCH", body: `{"title":"x"}`, headers: []string{"If-Match", `*`}},
		{method: "PATCH", body: `{"title":"","nope":1}`},
		{method: "DELETE"},
		{method: "DELETE", headers: []string{"If-Match", `"x"`}},
	} {
		theirs := f.bob.Do(t, r.method, mine.path(), r.body, r.headers...).Want(t, http.StatusNotFound)
		missing := f.bob.Do(t, r.method, tasksPath+"/"+chosen, r.body, r.headers...).Want(t, http.StatusNotFound)
		if diff := cmp.Diff(like(missing, chosen, mine.ID), string(theirs.Body)); diff != "" {
			t.Errorf("%s of another user's task differs from one of none:\n%s", r.method, diff)
		}
	}
	var list []task
	if f.bob.Do(t, "GET", tasksPath, "").Want(t, http.StatusOK).List(t, &list); len(list) != 0 {
		t.Errorf("Bob sees %v", list)
	}
	// The same id is free for Bob, and Ada's stays hers.
	f.bob.Do(t, "PUT", mine.path(), `{"title":"Bob's"}`).Want(t, http.StatusCreated)
	f.bob.Do(t, "DELETE", mine.path(), "").Want(t, http.StatusNoContent)
	if diff := cmp.Diff(mine, f.get(t, mine)); diff != "" {
		t.Errorf("Ada's task changed:\n%s", diff)
	}
}

func TestArchivedProjectTakesNoTasks(t *testing.T) {
	t.Parallel()
	f := open(t)
	archived, live := f.addProject(t, "ada", 1), f.addProject(t, "ada", 2)
	inside := f.create(t, "inside", fields{"project_id": archived})
	second := f.create(t, "second", fields{"project_id": archived})
	outside := f.create(t, "outside", fields{"project_id": live})
	f.archive(t, "ada", archived)

	for name, r := range map[string]struct {
		method, path string
		body         fields
		blamed       string
	}{
		"create":                  {"POST", tasksPath, fields{"title": "x", "project_id": archived}, "project_id"},
		"create by PUT":           {"PUT", tasksPath + "/" + chosen, fields{"title": "x", "project_id": archived}, "project_id"},
		"subtask":                 {"POST", tasksPath, fields{"title": "x", "parent_id": inside.ID}, "parent_id"},
		"subtask by PUT":          {"PUT", tasksPath + "/" + chosen, fields{"title": "x", "parent_id": inside.ID}, "parent_id"},
		"subtask, project named":  {"POST", tasksPath, fields{"title": "x", "parent_id": inside.ID, "project_id": archived}, "project_id"},
		"PATCH into it":           {"PATCH", outside.path(), fields{"project_id": archived}, "project_id"},
		"PUT into it":             {"PUT", outside.path(), fields{"title": "x", "project_id": archived}, "project_id"},
		"PATCH below one of it":   {"PATCH", outside.path(), fields{"parent_id": inside.ID}, "parent_id"},
		"PUT below one of it":     {"PUT", outside.path(), fields{"title": "x", "parent_id": inside.ID}, "parent_id"},
		"done on the way into it": {"PATCH", outside.path(), fields{"project_id": archived, "status": "done"}, "project_id"},
		"move into it":            {"POST", outside.path() + "/move", fields{"project_id": archived}, "project_id"},
		"move below one of it":    {"POST", outside.path() + "/move", fields{"parent_id": inside.ID}, "parent_id"},
		"move before one of it":   {"POST", outside.path() + "/move", fields{"before_id": inside.ID}, "before_id"},
		"move behind one of it":   {"POST", outside.path() + "/move", fields{"after_id": inside.ID, "project_id": archived}, "project_id"},
	} {
		failure := f.ada.Do(t, r.method, r.path, r.body.json(t)).WantFailure(t, http.StatusConflict, "CONFLICT")
		if d := failure.Details; len(d) != 1 || d[0].Field != r.blamed || d[0].Code != "archived" || d[0].ID != archived {
			t.Errorf("details are %v, want %s", d, r.blamed)
		}
		if t.Failed() {
			t.Fatalf("by way of %s", name)
		}
	}
	if n := len(f.all(t)); n != 3 {
		t.Errorf("there are %d tasks, want 3", n)
	}
	if diff := cmp.Diff(outside, f.get(t, outside)); diff != "" {
		t.Errorf("a task that was refused changed:\n%s", diff)
	}
	// Faults of the body come before the conflict.
	f.ada.Do(t, "POST", tasksPath, fields{"title": "", "project_id": archived}.json(t)).WantInvalid(t, "title too_short")

	// What is in it can be read, edited, nested and moved out.
	if got := f.patch(t, inside, fields{"title": "edited", "project_id": archived}); got.Title != "edited" {
		t.Errorf("its title is %q", got.Title)
	}
	f.ada.Do(t, "PUT", inside.path(), fields{"title": "replaced", "project_id": archived, "status": "done"}.json(t)).Want(t, http.StatusOK)
	if got := f.patch(t, second, fields{"parent_id": inside.ID}); text(got.ProjectID) != archived {
		t.Errorf("it is in %s", text(got.ProjectID))
	}
	if got := f.patch(t, inside, fields{"project_id": live}); text(got.ProjectID) != live {
		t.Errorf("it is in %s", text(got.ProjectID))
	}
	if got := f.get(t, second); text(got.ProjectID) != live {
		t.Errorf("its subtask is in %s", text(got.ProjectID))
	}
	if got := f.patch(t, inside, fields{"project_id": nil}); got.ProjectID != nil {
		t.Errorf("it is in %s", text(got.ProjectID))
	}
	f.ada.Do(t, "PATCH", inside.path(), fields{"project_id": archived}.json(t)).WantFailure(t, http.StatusConflict, "CONFLICT")
}

func TestProjectDeletionPutsTasksIntoTheInbox(t *testing.T) {
	t.Parallel()
	f := open(t)
	p1, p2 := f.addProject(t, "ada", 1), f.addProject(t, "ada", 2)
	levels := f.chain(t, 3, fields{"project_id": p1})
	bystander := f.create(t, "stays", fields{"project_id": p2})
	f.clock.Advance(time.Hour)
	stale := f.ada.Do(t, "GET", levels[0].path(), "").ETag()
	if err := f.deleteProject(t.Context(), p1); err != nil {
		t.Fatal(err)
	}
	for n, x := range levels {
		got := f.get(t, x)
		if got.ProjectID != nil || got.UpdatedAt != f.clock.Now() {
			t.Errorf("%s is in %s, updated at %s", x.Title, text(got.ProjectID), got.UpdatedAt)
		}
		if n > 0 && text(got.ParentID) != levels[n-1].ID {
			t.Errorf("%s is below %s", x.Title, text(got.ParentID))
		}
	}
	if diff := cmp.Diff(bystander, f.get(t, bystander)); diff != "" {
		t.Errorf("a bystander changed:\n%s", diff)
	}
	f.ada.Do(t, "PATCH", levels[0].path(), `{"title":"x"}`, "If-Match", stale).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
}

func TestTagDeletionTakesItOffTasks(t *testing.T) {
	t.Parallel()
	f := open(t)
	a, b := f.addTag(t, "ada", 1), f.addTag(t, "ada", 2)
	both := f.create(t, "both", fields{"tag_ids": []string{a, b}})
	other := f.create(t, "other", fields{"tag_ids": []string{b}})
	f.clock.Advance(time.Hour)
	stale := f.ada.Do(t, "GET", both.path(), "").ETag()
	if err := f.deleteTag(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	got := f.get(t, both)
	if diff := cmp.Diff([]string{b}, got.TagIDs); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if got.UpdatedAt != f.clock.Now() {
		t.Errorf("updated at %s, want %s", got.UpdatedAt, f.clock.Now())
	}
	if diff := cmp.Diff(other, f.get(t, other)); diff != "" {
		t.Errorf("a bystander changed:\n%s", diff)
	}
	f.ada.Do(t, "PATCH", both.path(), `{"title":"x"}`, "If-Match", stale).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
	// A body that still names it is wrong, one that names another tag is not.
	f.ada.Do(t, "PATCH", both.path(), fields{"tag_ids": []string{a, b}}.json(t)).WantInvalid(t, "tag_ids[0] not_found")
}
