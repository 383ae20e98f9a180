package rest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/httpxtest"
)

// statuses counts the statuses of n requests at once.
func statuses(t *testing.T, n int, ask func(i int) httpxtest.Response) map[int]int {
	t.Helper()
	all := make([]int, n)
	together(n, func(i int) { all[i] = ask(i).Status })
	count := map[int]int{}
	for _, status := range all {
		count[status]++
	}
	return count
}

// answers reports an answer of another status than this. Unlike Want it may be
// called from any goroutine.
func answers(t *testing.T, status int, r httpxtest.Response) httpxtest.Response {
	t.Helper()
	if r.Status != status {
		t.Errorf("status is %d, want %d\n%s", r.Status, status, r.Body)
	}
	return r
}

// sound fails the test unless the tree is a forest of at most five levels in
// which each subtask is in its parent's project.
func (f fixture) sound(t *testing.T) {
	t.Helper()
	byID := map[string]task{}
	for _, x := range f.all(t) {
		byID[x.ID] = x
	}
	for _, x := range byID {
		level := 1
		for at := x; at.ParentID != nil; level++ {
			parent, ok := byID[*at.ParentID]
			switch {
			case !ok:
				t.Fatalf("%s is below a task that is not there", at.Title)
			case level > 5:
				t.Fatalf("%s is in a cycle or on level %d", x.Title, level)
			case text(at.ProjectID) != text(parent.ProjectID):
				t.Errorf("%s is in %s, its parent in %s", at.Title, text(at.ProjectID), text(parent.ProjectID))
			}
			at = parent
		}
	}
}

func TestRacingPutsCreateOne(t *testing.T) {
	t.Parallel()
	f := open(t)
	tags := make([]string, 20) // whichever row comes first, and whichever comes second
	for n := range tags {
		tags[n] = f.addTag(t, "ada", uint64(n))
	}
	body := fields{"title": "Buy milk", "tag_ids": tags}.json(t)
	got := statuses(t, 50, func(int) httpxtest.Response { return f.ada.Do(t, "PUT", tasksPath+"/"+chosen, body) })
	if diff := cmp.Diff(map[int]int{http.StatusCreated: 1, http.StatusOK: 49}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if n := len(f.all(t)); n != 1 {
		t.Errorf("there are %d tasks", n)
	}
}

func TestRacingPutsThatOnlyCreate(t *testing.T) {
	t.Parallel()
	f := open(t)
	got := statuses(t, 50, func(i int) httpxtest.Response {
		return f.ada.Do(t, "PUT", tasksPath+"/"+chosen, fmt.Sprintf(`{"title":"number %d"}`, i), "If-None-Match", "*")
	})
	if diff := cmp.Diff(map[int]int{http.StatusCreated: 1, http.StatusPreconditionFailed: 49}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestRacingPatchesWithOneETag(t *testing.T) {
	t.Parallel()
	f := open(t)
	x := f.create(t, "Buy milk", nil)
	tag := f.ada.Do(t, "GET", x.path(), "").ETag()
	got := statuses(t, 50, func(i int) httpxtest.Response {
		return f.ada.Do(t, "PATCH", x.path(), fmt.Sprintf(`{"title":"number %d"}`, i), "If-Match", tag)
	})
	if diff := cmp.Diff(map[int]int{http.StatusOK: 1, http.StatusPreconditionFailed: 49}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

// Without a condition each request has its turn.
func TestRacingPatchesWithoutCondition(t *testing.T) {
	t.Parallel()
	f := open(t)
	x := f.create(t, "Buy milk", nil)
	got := statuses(t, 50, func(i int) httpxtest.Response {
		return f.ada.Do(t, "PATCH", x.path(), fmt.Sprintf(`{"title":"number %d"}`, i))
	})
	if diff := cmp.Diff(map[int]int{http.StatusOK: 50}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestRacingDeletesWithOneETag(t *testing.T) {
	t.Parallel()
	f := open(t)
	x := f.chain(t, 3, nil)[0]
	tag := f.ada.Do(t, "GET", x.path(), "").ETag()
	got := statuses(t, 20, func(int) httpxtest.Response { return f.ada.Do(t, "DELETE", x.path(), "", "If-Match", tag) })
	if diff := cmp.Diff(map[int]int{http.StatusNoContent: 1, http.StatusNotFound: 19}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

// Patches of different members do not undo each other.
func TestRacingPatchesOfDifferentMembers(t *testing.T) {
	t.Parallel()
	f := open(t)
	tag := f.addTag(t, "ada", 1)
	x := f.create(t, "Buy milk", nil)
	changes := []string{`{"priority":"high"}`, `{"description":"oat"}`, `{"due_on":"2026-03-20"}`, `{"status":"done"}`, `{"tag_ids":["` + tag + `"]}`, `{"title":"Buy oats"}`}
	got := statuses(t, len(changes), func(i int) httpxtest.Response { return f.ada.Do(t, "PATCH", x.path(), changes[i]) })
	if diff := cmp.Diff(map[int]int{http.StatusOK: len(changes)}, got); diff != "" {
		t.Fatalf("statuses (-want +got):\n%s", diff)
	}
	now := f.get(t, x)
	if now.Priority != "high" || text(now.Description) != "oat" || text(now.DueOn) != "2026-03-20" || now.Status != "done" || len(now.TagIDs) != 1 || now.Title != "Buy oats" {
		t.Errorf("something was lost: %+v", now)
	}
}

// Two moves that would make a cycle together never both succeed.
func TestRacingMovesMakeNoCycle(t *testing.T) {
	t.Parallel()
	f := open(t)
	for round := range 10 {
		a, b := f.chain(t, 2, nil), f.chain(t, 2, nil)
		got := statuses(t, 2, func(i int) httpxtest.Response {
			if i == 0 {
				return f.ada.Do(t, "PATCH", a[0].path(), fields{"parent_id": b[1].ID}.json(t))
			}
			return f.ada.Do(t, "PATCH", b[0].path(), fields{"parent_id": a[1].ID}.json(t))
		})
		if diff := cmp.Diff(map[int]int{http.StatusOK: 1, http.StatusUnprocessableEntity: 1}, got); diff != "" {
			t.Fatalf("round %d, statuses (-want +got):\n%s", round, diff)
		}
		f.sound(t)
	}
}

// A subtask that comes in while its parent moves deeper never ends below the
// fifth level.
func TestRacingDepth(t *testing.T) {
	t.Parallel()
	f := open(t)
	for n := range 10 {
		deep, x := f.chain(t, 4, nil), f.create(t, "x", nil)
		got := statuses(t, 2, func(i int) httpxtest.Response {
			if i == 0 {
				return f.ada.Do(t, "PATCH", x.path(), fields{"parent_id": deep[3].ID}.json(t))
			}
			return f.ada.Do(t, "POST", tasksPath, fields{"title": "y", "parent_id": x.ID}.json(t))
		})
		// Whoever comes second is refused.
		if got[http.StatusUnprocessableEntity] != 1 || got[http.StatusOK]+got[http.StatusCreated] != 1 {
			t.Fatalf("round %d: %v", n, got)
		}
		f.sound(t)
	}
}

// While a project is deleted, tasks are made in it, moved into it and closed
// in it: each request either comes first, or finds no project.
func TestRacingProjectDeletion(t *testing.T) {
	t.Parallel()
	f := open(t)
	for n := range uint64(5) {
		project := f.addProject(t, "ada", n)
		levels := f.chain(t, 4, fields{"project_id": project})
		outside := f.chain(t, 3, nil)
		asks := []func() httpxtest.Response{
			func() httpxtest.Response {
				return f.ada.Do(t, "POST", tasksPath, fields{"title": "new", "project_id": project}.json(t))
			},
			func() httpxtest.Response {
				return f.ada.Do(t, "PATCH", outside[0].path(), fields{"project_id": project, "status": "done"}.json(t))
			},
			// These name no project that could be missing, and must all succeed.
			func() httpxtest.Response {
				return answers(t, http.StatusCreated, f.ada.Do(t, "POST", tasksPath, fields{"title": "below", "parent_id": levels[1].ID}.json(t)))
			},
			func() httpxtest.Response {
				return answers(t, http.StatusOK, f.ada.Do(t, "PATCH", levels[0].path(), `{"status":"done"}`))
			},
			func() httpxtest.Response {
				return answers(t, http.StatusOK, f.ada.Do(t, "PATCH", levels[1].path(), `{"status":"cancelled"}`))
			},
			func() httpxtest.Response {
				return answers(t, http.StatusOK, f.ada.Do(t, "PATCH", levels[3].path(), `{"title":"renamed"}`))
			},
		}
		got := statuses(t, len(asks)+1, func(i int) httpxtest.Response {
			if i < len(asks) {
				return asks[i]()
			}
			if err := f.deleteProject(t.Context(), project); err != nil {
				t.Errorf("delete the project: %v", err)
			}
			return httpxtest.Response{}
		})
		for status := range got {
			if !slices.Contains([]int{0, http.StatusOK, http.StatusCreated, http.StatusUnprocessableEntity}, status) {
				t.Fatalf("statuses are %v\n%s", got, f.app.Logged())
			}
		}
		for _, x := range f.all(t) {
			if text(x.ProjectID) == project {
				t.Errorf("%s is still in the project", x.Title)
			}
			f.ada.Do(t, "DELETE", x.path(), "")
		}
	}
}

// Tags go away while tasks that carry them are changed.
func TestRacingTagDeletion(t *testing.T) {
	t.Parallel()
	f := open(t)
	for n := range uint64(5) {
		tag, other := f.addTag(t, "ada", 2*n), f.addTag(t, "ada", 2*n+1)
		levels := f.chain(t, 3, fields{"tag_ids": []string{tag, other}})
		bare := f.create(t, "bare", nil)
		for _, x := range levels {
			f.patch(t, x, fields{"tag_ids": []string{tag, other}})
		}
		asks := []func() httpxtest.Response{
			func() httpxtest.Response {
				return f.ada.Do(t, "POST", tasksPath, fields{"title": "new", "tag_ids": []string{tag}}.json(t))
			},
			func() httpxtest.Response {
				return f.ada.Do(t, "PATCH", bare.path(), fields{"tag_ids": []string{other, tag}}.json(t))
			},
			func() httpxtest.Response {
				return answers(t, http.StatusOK, f.ada.Do(t, "PATCH", levels[0].path(), `{"status":"done"}`))
			},
			func() httpxtest.Response {
				return answers(t, http.StatusOK, f.ada.Do(t, "PATCH", levels[1].path(), `{"title":"renamed"}`))
			},
			func() httpxtest.Response {
				return f.ada.Do(t, "PATCH", levels[2].path(), fields{"tag_ids": []string{tag}}.json(t))
			},
		}
		got := statuses(t, len(asks)+1, func(i int) httpxtest.Response {
			if i < len(asks) {
				return asks[i]()
			}
			if err := f.deleteTag(t.Context(), tag); err != nil {
				t.Errorf("delete the tag: %v", err)
			}
			return httpxtest.Response{}
		})
		for status := range got {
			if !slices.Contains([]int{0, http.StatusOK, http.StatusCreated, http.StatusUnprocessableEntity}, status) {
				t.Fatalf("statuses are %v\n%s", got, f.app.Logged())
			}
		}
		for _, x := range f.all(t) {
			if slices.Contains(x.TagIDs, tag) {
				t.Errorf("%s still carries the tag", x.Title)
			}
		}
	}
}

// Ten clients do everything at once to one family of tasks. Nothing fails on
// our side, and what is left is sound.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	project := f.addProject(t, "ada", 1)
	family := slices.Concat(f.chain(t, 4, fields{"project_id": project}), f.chain(t, 3, nil))
	var failed atomic.Int32
	together(10, func(i int) {
		for n := range 12 {
			x, y := family[(i+n)%len(family)], family[(3*i+5*n+1)%len(family)]
			var r httpxtest.Response
			switch (i + 3*n) % 6 {
			case 0:
				r = f.ada.Do(t, "PATCH", x.path(), fields{"parent_id": y.ID}.json(t))
			case 1:
				r = f.ada.Do(t, "PATCH", x.path(), fields{"parent_id": nil, "project_id": project}.json(t))
			case 2:
				r = f.ada.Do(t, "PATCH", x.path(), fields{"status": []string{"done", "todo"}[n%2]}.json(t))
			case 3:
				r = f.ada.Do(t, "POST", tasksPath, fields{"title": "new", "parent_id": y.ID}.json(t))
			case 4:
				r = f.ada.Do(t, "PATCH", x.path(), fields{"parent_id": nil, "project_id": nil, "status": "cancelled"}.json(t))
			case 5:
				r = f.ada.Do(t, "DELETE", y.path(), "")
				f.ada.Do(t, "PUT", y.path(), fields{"title": y.Title}.json(t))
			}
			if r.Status >= 500 {
				failed.Add(1)
			}
		}
	})
	if n := failed.Load(); n > 0 {
		t.Errorf("%d requests failed on our side\n%s", n, serious(f.app.Logged()))
	}
	f.sound(t)
}

// serious returns the lines of a log that tell of failures of ours.
func serious(log string) string {
	var lines []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, `"level":"ERROR"`) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
