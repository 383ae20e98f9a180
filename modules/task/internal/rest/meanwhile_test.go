package rest_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is the luck of a race in race_test.go is made to happen here.

// ignoreETag leaves out what lists add to a task.
var ignoreETag = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".ETag" }, cmp.Ignore())

func TestParentsProjectDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	f := open(t)
	project := f.addProject(t, "ada", 1)
	parent, outside := f.create(t, "parent", fields{"project_id": project}), f.create(t, "outside", nil)
	f.meanwhile.set(func() {
		if err := f.deleteProject(t.Context(), project); err != nil {
			t.Error(err)
		}
	})
	if got := f.create(t, "child", fields{"parent_id": parent.ID}); got.ProjectID != nil || text(got.ParentID) != parent.ID {
		t.Errorf("the subtask is in %s below %s", text(got.ProjectID), text(got.ParentID))
	}

	again := f.addProject(t, "ada", 2)
	f.patch(t, parent, fields{"project_id": again})
	f.meanwhile.set(func() {
		if err := f.deleteProject(t.Context(), again); err != nil {
			t.Error(err)
		}
	})
	if got := f.patch(t, outside, fields{"parent_id": parent.ID}); got.ProjectID != nil || text(got.ParentID) != parent.ID {
		t.Errorf("the moved task is in %s below %s", text(got.ProjectID), text(got.ParentID))
	}
	f.sound(t)
}

func TestNamedProjectDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	f := open(t)
	project := f.addProject(t, "ada", 1)
	f.meanwhile.set(func() {
		if err := f.deleteProject(t.Context(), project); err != nil {
			t.Error(err)
		}
	})
	f.ada.Do(t, "POST", tasksPath, fields{"title": "x", "project_id": project}.json(t)).WantInvalid(t, "project_id not_found")
}

// A tag that goes away after it was found there is named as missing.
func TestTagDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	f := open(t)
	carried := f.addTag(t, "ada", 9)
	x := f.create(t, "x", fields{"tag_ids": []string{carried}})
	for n, r := range []struct{ method, path string }{{"POST", tasksPath}, {"PUT", tasksPath + "/" + chosen}, {"PUT", x.path()}, {"PATCH", x.path()}} {
		tag := f.addTag(t, "ada", uint64(n))
		f.meanwhile.set(func() {
			if err := f.deleteTag(t.Context(), tag); err != nil {
				t.Error(err)
			}
		})
		f.ada.Do(t, r.method, r.path, fields{"title": "x", "tag_ids": []string{carried, tag}}.json(t)).WantInvalid(t, "tag_ids[1] not_found")
	}
	if diff := cmp.Diff([]task{x}, f.all(t), ignoreETag); diff != "" {
		t.Errorf("something was stored (-want +got):\n%s", diff)
	}
}

// The task itself changes, is made or goes away while a request about it is
// under way.
func TestTaskChangedMeanwhile(t *testing.T) {
	t.Parallel()
	f := open(t)
	tag := f.addTag(t, "ada", 1)
	x := f.create(t, "x", nil)
	body := fields{"priority": "high", "tag_ids": []string{tag}}

	f.meanwhile.set(func() { f.patch(t, x, fields{"title": "renamed"}) })
	if got := f.patch(t, x, body); got.Title != "renamed" || got.Priority != "high" {
		t.Errorf("one of two writes was lost: %+v", got)
	}
	f.patch(t, x, fields{"tag_ids": []string{}})

	before := f.ada.Do(t, "GET", x.path(), "").ETag()
	f.meanwhile.set(func() { f.patch(t, x, fields{"title": "again"}) })
	f.ada.Do(t, "PATCH", x.path(), body.json(t), "If-Match", before).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")

	f.meanwhile.set(func() { f.ada.Do(t, "DELETE", x.path(), "") })
	f.ada.Do(t, "PATCH", x.path(), body.json(t)).WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")

	put := fields{"title": "x", "tag_ids": []string{tag}}.json(t)
	f.meanwhile.set(func() { f.ada.Do(t, "PUT", x.path(), `{"title":"first"}`).Want(t, http.StatusCreated) })
	f.ada.Do(t, "PUT", x.path(), put).Want(t, http.StatusOK)
	f.ada.Do(t, "DELETE", x.path(), "").Want(t, http.StatusNoContent)
	f.meanwhile.set(func() { f.ada.Do(t, "PUT", x.path(), `{"title":"first"}`).Want(t, http.StatusCreated) })
	f.ada.Do(t, "PUT", x.path(), put, "If-None-Match", "*").WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")

	// A PUT of a task that goes away meanwhile makes it again.
	f.meanwhile.set(func() { f.ada.Do(t, "DELETE", x.path(), "").Want(t, http.StatusNoContent) })
	f.ada.Do(t, "PUT", x.path(), put).Want(t, http.StatusCreated)

	// The parent goes away.
	parent := f.create(t, "parent", nil)
	f.meanwhile.set(func() { f.ada.Do(t, "DELETE", parent.path(), "").Want(t, http.StatusNoContent) })
	f.ada.Do(t, "POST", tasksPath, fields{"title": "child", "parent_id": parent.ID, "tag_ids": []string{tag}}.json(t)).WantInvalid(t, "parent_id not_found")
}
