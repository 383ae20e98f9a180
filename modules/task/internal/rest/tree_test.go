package rest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCreateNestsFiveLevels(t *testing.T) {
	t.Parallel()
	f := open(t)
	levels := f.chain(t, 5, nil)
	f.ada.Do(t, "POST", tasksPath, fields{"title": "level 6", "parent_id": levels[4].ID}.json(t)).WantInvalid(t, "parent_id out_of_range")
	f.ada.Do(t, "PUT", tasksPath+"/"+chosen, fields{"title": "level 6", "parent_id": levels[4].ID}.json(t)).WantInvalid(t, "parent_id out_of_range")
	if n := len(f.all(t)); n != 5 {
		t.Errorf("there are %d tasks, want 5", n)
	}
}

// What hangs below a task counts when it is moved.
func TestMoveCountsTheWholeSubtree(t *testing.T) {
	t.Parallel()
	f := open(t)
	long, short := f.chain(t, 4, nil), f.chain(t, 2, nil)
	// A bushy tree is as high as its longest branch.
	f.create(t, "leaf", fields{"parent_id": short[0].ID})

	f.ada.Do(t, "PATCH", short[0].path(), fields{"parent_id": long[3].ID}.json(t)).WantInvalid(t, "parent_id out_of_range")
	f.ada.Do(t, "PUT", short[0].path(), fields{"title": "x", "parent_id": long[3].ID}.json(t)).WantInvalid(t, "parent_id out_of_range")
	if got := f.get(t, short[0]); got.ParentID != nil || got.Title != "level 1" {
		t.Errorf("a refused move changed the task: %+v", got)
	}
	if got := f.patch(t, short[1], fields{"parent_id": long[3].ID}); text(got.ParentID) != long[3].ID {
		t.Errorf("its parent is %s, want %s", text(got.ParentID), long[3].ID)
	}
	if got := f.patch(t, short[0], fields{"parent_id": long[2].ID}); text(got.ParentID) != long[2].ID {
		t.Errorf("its parent is %s, want %s", text(got.ParentID), long[2].ID)
	}
}

func TestNoCycles(t *testing.T) {
	t.Parallel()
	f := open(t)
	levels := f.chain(t, 3, nil)
	for _, below := range levels {
		f.ada.Do(t, "PATCH", levels[0].path(), fields{"parent_id": below.ID}.json(t)).WantInvalid(t, "parent_id conflict")
		f.ada.Do(t, "PUT", levels[0].path(), fields{"title": "x", "parent_id": below.ID}.json(t)).WantInvalid(t, "parent_id conflict")
	}
	// A task that is made by its PUT is not there to be its own parent.
	f.ada.Do(t, "PUT", tasksPath+"/"+chosen, fields{"title": "x", "parent_id": chosen}.json(t)).WantInvalid(t, "parent_id not_found")
	// Up and sideways is fine.
	if got := f.patch(t, levels[2], fields{"parent_id": levels[0].ID}); text(got.ParentID) != levels[0].ID {
		t.Errorf("its parent is %s", text(got.ParentID))
	}
	if got := f.patch(t, levels[1], fields{"parent_id": levels[2].ID}); text(got.ParentID) != levels[2].ID {
		t.Errorf("its parent is %s", text(got.ParentID))
	}
	if got := f.patch(t, levels[1], fields{"parent_id": nil}); got.ParentID != nil {
		t.Errorf("its parent is %s", text(got.ParentID))
	}
}

func TestSubtaskFollowsItsParentsProject(t *testing.T) {
	t.Parallel()
	f := open(t)
	p1, p2 := f.addProject(t, "ada", 1), f.addProject(t, "ada", 2)
	inP1, inInbox := f.create(t, "in p1", fields{"project_id": p1}), f.create(t, "in inbox", nil)

	child := f.create(t, "follows", fields{"parent_id": inP1.ID})
	if text(child.ProjectID) != p1 {
		t.Errorf("the subtask is in %s, want %s", text(child.ProjectID), p1)
	}
	if got := f.create(t, "agrees", fields{"parent_id": inP1.ID, "project_id": p1}); text(got.ProjectID) != p1 {
		t.Errorf("the subtask is in %s, want %s", text(got.ProjectID), p1)
	}
	if got := f.create(t, "both none", fields{"parent_id": inInbox.ID, "project_id": nil}); got.ProjectID != nil {
		t.Errorf("the subtask is in %s", text(got.ProjectID))
	}
	for name, body := range map[string]fields{
		"another project":            {"title": "x", "parent_id": inP1.ID, "project_id": p2},
		"the inbox, said explicitly": {"title": "x", "parent_id": inP1.ID, "project_id": nil},
		"a project, below the inbox": {"title": "x", "parent_id": inInbox.ID, "project_id": p1},
	} {
		for _, r := range []struct{ method, path string }{{"POST", tasksPath}, {"PUT", tasksPath + "/" + chosen}, {"PUT", child.path()}, {"PATCH", child.path()}} {
			if r.path == child.path() && r.method == "PATCH" && name == "a project, below the inbox" {
				delete(body, "title") // as a PATCH may
			}
			t.Log(name, r.method)
			f.ada.Do(t, r.method, r.path, body.json(t)).WantInvalid(t, "project_id conflict")
		}
	}
	f.ada.Do(t, "PATCH", child.path(), fields{"project_id": p2}.json(t)).WantInvalid(t, "project_id conflict")

	// A PUT that names the parent alone stays below it, and so does one that names both.
	for _, body := range []fields{{"title": "a", "parent_id": inP1.ID}, {"title": "b", "parent_id": inP1.ID, "project_id": p1}} {
		f.ada.Do(t, "PUT", child.path(), body.json(t)).Want(t, http.StatusOK)
		if got := f.get(t, child); text(got.ProjectID) != p1 || text(got.ParentID) != inP1.ID {
			t.Errorf("after a PUT it is in %s below %s", text(got.ProjectID), text(got.ParentID))
		}
	}
	// One that names neither puts it into the inbox.
	f.ada.Do(t, "PUT", child.path(), `{"title":"c"}`).Want(t, http.StatusOK)
	if got := f.get(t, child); got.ProjectID != nil || got.ParentID != nil {
		t.Errorf("after a PUT it is in %s below %s", text(got.ProjectID), text(got.ParentID))
	}
}

func TestMoveTakesTheSubtreeAlong(t *testing.T) {
	t.Parallel()
	f := open(t)
	p1, p2 := f.addProject(t, "ada", 1), f.addProject(t, "ada", 2)
	levels := f.chain(t, 4, fields{"project_id": p1})
	bystander := f.create(t, "stays", fields{"project_id": p1})
	home := f.create(t, "home", fields{"project_id": p2})
	where := func() (all []string) {
		for _, x := range levels {
			all = append(all, text(f.get(t, x).ProjectID))
		}
		return all
	}
	want := func(what string, projects ...string) {
		t.Helper()
		if diff := cmp.Diff(projects, where()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	f.clock.Advance(time.Second)
	f.patch(t, levels[0], fields{"project_id": p2})
	want("to another project", p2, p2, p2, p2)
	if got := f.get(t, levels[3]); got.UpdatedAt != f.clock.Now() {
		t.Errorf("what was taken along was updated at %s, want %s", got.UpdatedAt, f.clock.Now())
	}
	f.patch(t, levels[0], fields{"project_id": nil})
	want("to the inbox", "null", "null", "null", "null")
	f.patch(t, levels[1], fields{"parent_id": home.ID})
	want("below a task of another project", "null", p2, p2, p2)
	f.patch(t, levels[1], fields{"parent_id": nil})
	want("to the top, which is no other project", "null", p2, p2, p2)
	f.patch(t, levels[1], fields{"parent_id": nil, "project_id": p1, "status": "done"})
	want("with a change of status", "null", p1, p1, p1)
	if got := f.get(t, levels[3]); got.Status != "done" {
		t.Errorf("below a task that was moved and finished stands one %s", got.Status)
	}
	if got := f.get(t, bystander); text(got.ProjectID) != p1 || got.UpdatedAt != bystander.UpdatedAt {
		t.Errorf("a bystander changed: %+v", got)
	}
}

func TestClosingClosesWhatIsOpenBelow(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"done", "cancelled"} {
		for _, method := range []string{"PATCH", "PUT"} {
			t.Run(method+" "+status, func(t *testing.T) {
				t.Parallel()
				f := open(t)
				levels := f.chain(t, 5, nil)
				early := map[string]task{
					"done":      f.create(t, "done", fields{"parent_id": levels[0].ID, "status": "done"}),
					"cancelled": f.create(t, "cancelled", fields{"parent_id": levels[1].ID, "status": "cancelled"}),
				}
				f.patch(t, levels[2], fields{"status": "in_progress"})
				bystander := f.create(t, "bystander", nil)

				f.clock.Advance(time.Hour)
				f.ada.Do(t, method, levels[0].path(), fields{"title": "level 1", "status": status}.json(t)).Want(t, http.StatusOK)
				for _, x := range levels {
					got := f.get(t, x)
					if got.Status != status || got.CompletedAt == nil || *got.CompletedAt != f.clock.Now() || got.UpdatedAt != f.clock.Now() {
						t.Errorf("%s is %s, completed at %v, updated at %s", x.Title, got.Status, got.CompletedAt, got.UpdatedAt)
					}
				}
				for was, x := range early {
					if diff := cmp.Diff(x, f.get(t, x)); diff != "" {
						t.Errorf("what was %s before changed:\n%s", was, diff)
					}
				}
				if diff := cmp.Diff(bystander, f.get(t, bystander)); diff != "" {
					t.Errorf("a bystander changed:\n%s", diff)
				}

				f.clock.Advance(time.Hour)
				if got := f.patch(t, levels[0], fields{"status": "todo"}); got.CompletedAt != nil {
					t.Errorf("reopened, it is completed at %s", got.CompletedAt)
				}
				for _, x := range levels[1:] {
					if got := f.get(t, x); got.Status != status {
						t.Errorf("reopening its parent made %s %s", x.Title, got.Status)
					}
				}
			})
		}
	}
}

// A request that names done or cancelled closes what is open below, also where
// the task is that already; one that does not name the status never does.
func TestClosingAgainClosesWhatWasReopenedBelow(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"done", "cancelled"} {
		for _, method := range []string{"PATCH", "PUT"} {
			f := open(t)
			levels := f.chain(t, 3, nil)
			body := fields{"title": "level 1", "status": status}.json(t)
			f.ada.Do(t, method, levels[0].path(), body).Want(t, http.StatusOK)
			before := f.get(t, levels[0])
			f.clock.Advance(time.Hour)
			f.patch(t, levels[2], fields{"status": "in_progress"})
			late := f.create(t, "late", fields{"parent_id": levels[1].ID})

			f.patch(t, levels[1], fields{"description": "says nothing of the status"})
			f.patch(t, levels[0], fields{})
			if got := f.get(t, levels[2]); got.Status != "in_progress" {
				t.Errorf("%s %s: a change of something else made what is below %s", method, status, got.Status)
			}
			f.ada.Do(t, method, levels[0].path(), body).Want(t, http.StatusOK)
			for _, x := range []task{levels[2], late} {
				got := f.get(t, x)
				if got.Status != status || got.CompletedAt == nil || *got.CompletedAt != f.clock.Now() {
					t.Errorf("%s %s: %s is %s, completed at %v", method, status, x.Title, got.Status, got.CompletedAt)
				}
			}
			if diff := cmp.Diff(before, f.get(t, levels[0])); diff != "" {
				t.Errorf("%s %s: the task itself changed (-before +after):\n%s", method, status, diff)
			}
		}
	}
}

// A PUT that leaves the status out makes the task todo, and closes nothing.
func TestPutWithoutStatusClosesNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	levels := f.chain(t, 2, nil)
	f.patch(t, levels[0], fields{"status": "done"})
	f.patch(t, levels[1], fields{"status": "in_progress"})
	f.ada.Do(t, "PUT", levels[0].path(), `{"title":"again"}`).Want(t, http.StatusOK)
	if top, below := f.get(t, levels[0]), f.get(t, levels[1]); top.Status != "todo" || top.CompletedAt != nil || below.Status != "in_progress" {
		t.Errorf("the task is %s, completed at %v, and the one below %s", top.Status, top.CompletedAt, below.Status)
	}
}

// From done to cancelled is a change that leaves what is closed below alone.
func TestClosedToClosed(t *testing.T) {
	t.Parallel()
	f := open(t)
	levels := f.chain(t, 2, nil)
	f.patch(t, levels[0], fields{"status": "done"})
	f.clock.Advance(time.Hour)
	if got := f.patch(t, levels[0], fields{"status": "cancelled"}); got.CompletedAt == nil || *got.CompletedAt != f.clock.Now() {
		t.Errorf("completed at %v, want %s", got.CompletedAt, f.clock.Now())
	}
	if got := f.get(t, levels[1]); got.Status != "done" {
		t.Errorf("what was done below is now %s", got.Status)
	}
	// A subtask made open below it stays so while its parent changes otherwise.
	child := f.create(t, "late", fields{"parent_id": levels[0].ID})
	f.patch(t, levels[0], fields{"title": "renamed"})
	if got := f.get(t, child); got.Status != "todo" {
		t.Errorf("an unrelated change made an open subtask %s", got.Status)
	}
}

func TestDeleteRemovesTheSubtree(t *testing.T) {
	t.Parallel()
	for _, conditional := range []bool{false, true} {
		f := open(t)
		tag := f.addTag(t, "ada", 1)
		levels := f.chain(t, 5, fields{"tag_ids": []string{tag}})
		f.create(t, "stays", nil)
		var headers []string
		if conditional {
			headers = []string{"If-Match", f.ada.Do(t, "GET", levels[1].path(), "").ETag()}
			f.ada.Do(t, "DELETE", levels[1].path(), "", "If-Match", `"stale"`).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
		}
		f.ada.Do(t, "DELETE", levels[1].path(), "", headers...).Want(t, http.StatusNoContent)
		var left []string
		for _, x := range f.all(t) {
			left = append(left, x.Title)
		}
		if diff := cmp.Diff([]string{"level 1", "stays"}, left); diff != "" {
			t.Errorf("what is left, conditional %t (-want +got):\n%s", conditional, diff)
		}
		for _, x := range levels[1:] {
			f.ada.Do(t, "GET", x.path(), "").WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
		}
	}
}
