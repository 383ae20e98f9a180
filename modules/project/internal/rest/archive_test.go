package rest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/httpxtest"
)

func TestArchive(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.create(t, `{"name":"Garden"}`)
	f.clock.Advance(time.Hour)
	first := f.ada.Do(t, "POST", p.path()+"/archive", "").Golden(t, "archive")
	f.clock.Advance(time.Hour)
	if again := f.ada.Do(t, "POST", p.path()+"/archive", "").Want(t, http.StatusOK); again.ETag() != first.ETag() {
		t.Errorf("archived again, %s became %s", first.Body, again.Body)
	}
	if got := f.names(t); len(got) != 0 {
		t.Errorf("in use are %q", got)
	}
	// It can be edited all the same.
	f.ada.Do(t, "PATCH", p.path(), `{"name":"Old garden"}`).Want(t, http.StatusOK)
	put := f.ada.Do(t, "PUT", p.path(), `{"name":"Garden"}`).Want(t, http.StatusOK)
	if !strings.Contains(string(put.Body), `"archived_at":"2026-03-14T16:09:26.535897Z"`) {
		t.Errorf("a PUT took it out of the archive: %s", put.Body)
	}

	back := f.ada.Do(t, "POST", p.path()+"/unarchive", "", "If-Match", put.ETag()).Golden(t, "unarchive")
	f.clock.Advance(time.Hour)
	if again := f.ada.Do(t, "POST", p.path()+"/unarchive", "").Want(t, http.StatusOK); again.ETag() != back.ETag() {
		t.Errorf("unarchived again, %s became %s", back.Body, again.Body)
	}
	for _, path := range []string{"/archive", "/unarchive"} {
		r := f.ada.Do(t, "POST", p.path()+path, "", "If-Match", first.ETag())
		r.WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
		f.ada.Do(t, "POST", projectsPath+"/"+chosen+path, "").WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
		f.bob.Do(t, "POST", p.path()+path, "").WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
	}
}

func TestUnarchiveOntoATakenName(t *testing.T) {
	t.Parallel()
	f := open(t)
	old := f.create(t, `{"name":"Café"}`)
	f.ada.Do(t, "POST", old.path()+"/archive", "").Want(t, http.StatusOK)
	f.create(t, `{"name":"CAFÉ"}`)
	before := f.get(t, old)
	f.clock.Advance(time.Hour)
	f.ada.Do(t, "POST", old.path()+"/unarchive", "").Golden(t, "unarchive_taken")
	if diff := cmp.Diff(before, f.get(t, old)); diff != "" {
		t.Errorf("it changed:\n%s", diff)
	}
	f.ada.Do(t, "PATCH", old.path(), `{"name":"Café 2"}`).Want(t, http.StatusOK)
	f.ada.Do(t, "POST", old.path()+"/unarchive", "").Want(t, http.StatusOK)
}

func TestRacingArchivals(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.create(t, `{"name":"Garden"}`)
	wantStatuses(t, map[int]int{http.StatusOK: 20}, 20, func(i int) httpxtest.Response {
		return f.ada.Do(t, "POST", p.path()+[]string{"/archive", "/unarchive"}[i%2], "")
	})
	f.ada.Do(t, "POST", p.path()+"/unarchive", "").Want(t, http.StatusOK)
	f.clock.Advance(time.Hour)
	tag := f.ada.Do(t, "PATCH", p.path(), `{"color":"#000000"}`).ETag()
	wantStatuses(t, map[int]int{http.StatusOK: 1, http.StatusPreconditionFailed: 19}, 20, func(int) httpxtest.Response {
		return f.ada.Do(t, "POST", p.path()+"/archive", "", "If-Match", tag)
	})
}

func TestListByArchiveAndName(t *testing.T) {
	t.Parallel()
	f := open(t)
	for _, name := range []string{"Jardín", "Garden", "Old Garden", "100%", "a_b"} {
		p := f.create(t, `{"name":"`+name+`"}`)
		if strings.HasPrefix(name, "Old") {
			f.ada.Do(t, "POST", p.path()+"/archive", "").Want(t, http.StatusOK)
		}
	}
	for query, want := range map[string][]string{
		"":                         {"100%", "a_b", "Garden", "Jardín"},
		"archived=false":           {"100%", "a_b", "Garden", "Jardín"},
		"archived=true":            {"Old Garden"},
		"archived=all":             {"100%", "a_b", "Garden", "Jardín", "Old Garden"},
		"q=GARDEN":                 {"Garden"},
		"q=garden&archived=all":    {"Garden", "Old Garden"},
		"q=jardin":                 {"Jardín"},
		"q=J%C3%81rd":              {"Jardín"},
		"q=%25":                    {"100%"},
		"q=_":                      {"a_b"},
		"q=%5C":                    nil,
		"q=nothing&include=counts": nil,
	} {
		for _, limit := range []string{"1", "200"} {
			var got []string
			path := projectsPath + "?sort=name&limit=" + limit + "&" + query
			for next := path; next != ""; {
				var list []project
				page := f.ada.Do(t, "GET", next, "").Want(t, http.StatusOK).List(t, &list)
				for _, p := range list {
					got = append(got, p.Name)
				}
				if next = ""; page.NextCursor != nil && len(got) < 10 {
					next = path + "&cursor=" + *page.NextCursor
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q, %s at a time (-want +got):\n%s", query, limit, diff)
			}
		}
	}
	f.ada.Do(t, "GET", projectsPath+"?archived=yes&include=tasks", "").WantInvalid(t, "archived invalid_value", "include invalid_value")
	f.ada.Do(t, "GET", projectsPath+"?archived=1", "").Golden(t, "list_faults")
}

func TestCounts(t *testing.T) {
	t.Parallel()
	f := open(t)
	garden := f.create(t, `{"name":"Garden"}`)
	f.create(t, `{"name":"House"}`)
	for _, title := range []string{"dig", "sow", "reap"} {
		f.addTask(t, garden.ID, title)
	}
	status := func(title, status string) {
		f.exec(t, `UPDATE tasks SET status = $3, completed_at = CASE WHEN $3 IN ('done', 'cancelled') THEN now() END
			WHERE user_id = $1 AND title = $2`, title, status)
	}
	status("dig", "done")
	status("sow", "in_progress")
	counted := f.ada.Do(t, "GET", garden.path()+"?include=counts", "").Golden(t, "get_counts")
	f.ada.Do(t, "GET", projectsPath+"?include=counts", "").Golden(t, "list_counts")
	f.ada.Do(t, "GET", garden.path()+"?include=counts", "", "If-None-Match", counted.ETag()).Want(t, http.StatusNotModified)
	status("reap", "cancelled")
	after := f.ada.Do(t, "GET", garden.path()+"?include=counts", "", "If-None-Match", counted.ETag()).Want(t, http.StatusOK)
	if !strings.Contains(string(after.Body), `"task_counts":{"open":1,"done":1}`) {
		t.Errorf("cancelled tasks count: %s", after.Body)
	}
	// If-Match is about the project alone.
	plain := f.ada.Do(t, "GET", garden.path(), "").ETag()
	f.ada.Do(t, "PATCH", garden.path(), `{"color":"#000000"}`, "If-Match", after.ETag()).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
	f.ada.Do(t, "PATCH", garden.path(), `{"color":"#000000"}`, "If-Match", plain).Want(t, http.StatusOK)
	f.ada.Do(t, "GET", garden.path()+"?include=all", "").WantInvalid(t, "include invalid_value")
	f.bob.Do(t, "GET", garden.path()+"?include=counts", "").WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
}

func TestEmptyParameters(t *testing.T) {
	t.Parallel()
	f := open(t)
	for _, name := range []string{"archived", "include"} {
		f.ada.Do(t, "GET", projectsPath+"?"+name+"=", "").WantInvalid(t, name+" invalid_value")
	}
	f.ada.Do(t, "GET", projectsPath+"?q=", "").Want(t, http.StatusOK)
}

func TestDeleteWithTasks(t *testing.T) {
	t.Parallel()
	f := open(t)
	garden, house := f.create(t, `{"name":"Garden"}`), f.create(t, `{"name":"House"}`)
	f.addTask(t, garden.ID, "dig")
	f.addTask(t, house.ID, "paint")
	for _, value := range []string{"", "none", "DELETE", "true"} {
		f.ada.Do(t, "DELETE", garden.path()+"?tasks="+value, "").WantInvalid(t, "tasks invalid_value")
	}
	f.ada.Do(t, "DELETE", garden.path()+"?tasks=delete", "", "If-Match", `"stale"`).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
	f.bob.Do(t, "DELETE", garden.path()+"?tasks=delete", "").WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
	if n := f.tasksIn(t, &garden.ID); n != 1 {
		t.Errorf("refused, but %d tasks are in the project", n)
	}
	f.ada.Do(t, "DELETE", garden.path()+"?tasks=delete", "").Want(t, http.StatusNoContent)
	if in, inbox, others := f.tasksIn(t, &garden.ID), f.tasksIn(t, nil), f.tasksIn(t, &house.ID); in+inbox != 0 || others != 1 {
		t.Errorf("%d tasks are in the project, %d in the inbox, %d in another", in, inbox, others)
	}
	f.ada.Do(t, "DELETE", house.path()+"?tasks=keep", "").Want(t, http.StatusNoContent)
	if in, inbox := f.tasksIn(t, &house.ID), f.tasksIn(t, nil); in != 0 || inbox != 1 {
		t.Errorf("to be kept, %d tasks are in the project, %d in the inbox", in, inbox)
	}
}
