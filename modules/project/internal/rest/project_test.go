package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/httpxtest"
)

func TestGolden(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.ada.Do(t, "GET", projectsPath, "").Golden(t, "list_empty")
	f.ada.Do(t, "POST", projectsPath, `{"name":" Garden "}`).Golden(t, "create_minimal")
	f.clock.Advance(time.Second)
	f.ada.Do(t, "POST", projectsPath, `{"name":"House & <b>home</b>","description":"line\n\ttab","color":"#1E90FF"}`).Golden(t, "create_full")
	first := projectsPath + "/" + httpxtest.ID(1).String()
	f.ada.Do(t, "GET", first, "").Golden(t, "get")
	f.ada.Do(t, "GET", projectsPath+"?sort=-name", "").Golden(t, "list")
	stale := f.ada.Do(t, "GET", first, "").ETag()
	f.ada.Do(t, "GET", first, "", "If-None-Match", stale).Golden(t, "get_not_modified")
	f.clock.Advance(time.Second)
	f.ada.Do(t, "PATCH", first, `{"name":"Garden","color":null}`).Golden(t, "patch_nothing")
	f.ada.Do(t, "PATCH", first, `{"color":"#00ff00","description":"green"}`, "If-Match", stale, "Content-Type", "application/merge-patch+json").Golden(t, "patch")
	f.ada.Do(t, "PATCH", first, `{"color":null}`, "If-Match", stale).Golden(t, "patch_stale")
	f.ada.Do(t, "PATCH", first, `{"name":"HOUSE & <B>HOME</B>"}`).Golden(t, "patch_taken")
	f.ada.Do(t, "PUT", projectsPath+"/"+chosen, `{"name":"Work"}`).Golden(t, "put_create")
	f.clock.Advance(time.Second)
	f.ada.Do(t, "PUT", projectsPath+"/"+chosen, `{"name":"Job","color":"#000000"}`).Golden(t, "put_replace")
	f.ada.Do(t, "PUT", projectsPath+"/"+chosen, `{"name":"x"}`, "If-None-Match", "*").Golden(t, "put_exists")
	f.ada.Do(t, "DELETE", projectsPath+"/"+chosen, "").Golden(t, "delete")
	f.ada.Do(t, "DELETE", projectsPath+"/"+chosen, "").Golden(t, "delete_again")
	f.ada.Do(t, "POST", projectsPath, `{"name":7,"descriptio":"x","color":"red","position":"a0","archived_at":null,"id":"x","created_at":1,"updated_at":1}`).Golden(t, "faults")
}

func TestFaults(t *testing.T) {
	t.Parallel()
	f := open(t)
	garden := f.create(t, `{"name":"Garden"}`)
	for name, c := range map[string]struct {
		method, path, body string
		want               []string
	}{
		"no name":             {"POST", projectsPath, `{}`, []string{"name required"}},
		"no name in a PUT":    {"PUT", garden.path(), `{"color":null}`, []string{"name required"}},
		"null name":           {"PATCH", garden.path(), `{"name":null}`, []string{"name null_not_allowed"}},
		"blank name":          {"PATCH", garden.path(), `{"name":"\u00a0"}`, []string{"name too_short"}},
		"long name":           {"POST", projectsPath, `{"name":"` + strings.Repeat("é", 121) + `"}`, []string{"name too_long"}},
		"NUL":                 {"POST", projectsPath, `{"name":"a\u0000"}`, []string{"name invalid_format"}},
		"long description":    {"PATCH", garden.path(), `{"description":"` + strings.Repeat("x", 2001) + `"}`, []string{"description too_long"}},
		"color name":          {"PATCH", garden.path(), `{"color":"red"}`, []string{"color invalid_format"}},
		"archived_at":         {"PATCH", garden.path(), `{"archived_at":"2026-03-14T00:00:00Z"}`, []string{"archived_at read_only"}},
		"sort unknown":        {"GET", projectsPath + "?sort=color", "", []string{"sort invalid_value"}},
		"parameter misspelt":  {"GET", projectsPath + "?lmit=1", "", []string{"lmit unknown_parameter"}},
		"parameter of a read": {"GET", garden.path() + "?limit=1", "", []string{"limit unknown_parameter"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f.ada.Do(t, c.method, c.path, c.body).WantInvalid(t, c.want...)
			if diff := cmp.Diff([]string{"Garden"}, f.names(t)); diff != "" {
				t.Errorf("projects (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPutIsTheWhole(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.create(t, `{"name":"Garden","description":"green","color":"#00ff00"}`)
	f.clock.Advance(time.Second)
	f.ada.Do(t, "PUT", p.path(), `{"name":"Garden","description":"green","color":"#00ff00"}`).Want(t, http.StatusOK)
	if diff := cmp.Diff(p, f.get(t, p)); diff != "" {
		t.Errorf("a PUT of what is there already changed it:\n%s", diff)
	}
	f.ada.Do(t, "PUT", p.path(), `{"name":"Garden"}`).Want(t, http.StatusOK)
	want := p
	want.Description, want.Color, want.UpdatedAt = nil, nil, f.clock.Now()
	if diff := cmp.Diff(want, f.get(t, p)); diff != "" {
		t.Errorf("after a PUT of the name alone (-want +got):\n%s", diff)
	}
}

func TestNameTaken(t *testing.T) {
	t.Parallel()
	f := open(t)
	holder := f.create(t, `{"name":"Café"}`)
	other, archived := f.create(t, `{"name":"other"}`), f.create(t, `{"name":"put away"}`)
	f.exec(t, `UPDATE projects SET archived_at = now(), name = 'CAFÉ', name_key = (SELECT name_key FROM projects WHERE user_id = $1 AND name = 'Café')
		WHERE user_id = $1 AND name = 'put away'`)
	message := `There is a project named "Café" already, with ID ` + holder.ID
	want := []httpxtest.Detail{{Field: "name", Code: "taken", Message: message, ID: holder.ID}}
	refused := func(method, path, body string) {
		t.Helper()
		failure := f.ada.Do(t, method, path, body).WantFailure(t, http.StatusConflict, "CONFLICT")
		if diff := cmp.Diff(want, failure.Details); diff != "" || failure.Message != message {
			t.Errorf("%s: %s (-want +got):\n%s", method, failure.Message, diff)
		}
	}
	for _, name := range []string{"Café", "CAFÉ", "cafe\u0301", " café "} {
		body := `{"name":"` + name + `"}`
		refused("POST", projectsPath, body)
		refused("PUT", projectsPath+"/"+chosen, body)
		refused("PUT", other.path(), body)
		refused("PATCH", other.path(), body)
	}
	refused("POST", archived.path()+"/unarchive", "")
	f.bob.Do(t, "POST", projectsPath, `{"name":"Café"}`).Want(t, http.StatusCreated)
	f.exec(t, `UPDATE projects SET archived_at = now() WHERE user_id = $1 AND name = 'Café'`)
	f.ada.Do(t, "PATCH", other.path(), `{"name":"Café"}`).Want(t, http.StatusOK)
}

// Another user's project is as if it had never been, to the byte.
func TestOthersProjectsDoNotExist(t *testing.T) {
	t.Parallel()
	f := open(t)
	mine := f.create(t, `{"name":"Garden"}`)
	for _, r := range []struct {
		method, body string
		headers      []string
	}{
		{method: "GET"},
		{method: "PATCH", body: `{"name":"x"}`},
		{method: "PATCH", body: `{"name":"x"}`, headers: []string{"If-Match", "*"}},
		{method: "DELETE"},
		{method: "DELETE", headers: []string{"If-Match", `"x"`}},
	} {
		theirs := f.bob.Do(t, r.method, mine.path(), r.body, r.headers...).Want(t, http.StatusNotFound)
		missing := f.bob.Do(t, r.method, projectsPath+"/"+chosen, r.body, r.headers...).Want(t, http.StatusNotFound)
		if diff := cmp.Diff(strings.ReplaceAll(string(missing.Body), chosen, mine.ID), string(theirs.Body)); diff != "" {
			t.Errorf("%s of another user's project differs from one of none:\n%s", r.method, diff)
		}
	}
	f.bob.Do(t, "PUT", mine.path(), `{"name":"Bob's"}`).Want(t, http.StatusCreated)
	f.bob.Do(t, "DELETE", mine.path(), "").Want(t, http.StatusNoContent)
	if diff := cmp.Diff(mine, f.get(t, mine)); diff != "" {
		t.Errorf("Ada's project changed:\n%s", diff)
	}
}

func TestDeletionIsOneUnitOfWork(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.create(t, `{"name":"Garden"}`)
	f.addTask(t, p.ID, "dig")
	f.addTask(t, p.ID, "refuse")
	f.ada.Do(t, "DELETE", p.path(), "").WantFailure(t, http.StatusInternalServerError, "INTERNAL")
	if got := f.tasksIn(t, &p.ID); got != 2 {
		t.Errorf("after a deletion that failed %d tasks are in the project, want 2", got)
	}
	f.ada.Do(t, "DELETE", p.path(), "", "If-Match", `"stale"`).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
	f.exec(t, `UPDATE tasks SET title = 'weed' WHERE user_id = $1 AND title = 'refuse'`)
	f.ada.Do(t, "DELETE", p.path(), "", "If-Match", f.ada.Do(t, "GET", p.path(), "").ETag()).Want(t, http.StatusNoContent)
	if got := f.tasksIn(t, nil); got != 2 {
		t.Errorf("%d tasks are in the inbox, want 2", got)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	f := open(t)
	for _, name := range []string{"b", "A", "c"} {
		f.create(t, `{"name":"`+name+`"}`)
		f.clock.Advance(time.Second)
	}
	for sort, want := range map[string]string{"position": "bAc", "-position": "cAb", "name": "Abc", "-name": "cbA", "created_at": "bAc", "-updated_at": "cAb", "": "bAc"} {
		query := "?limit=1"
		if sort != "" {
			query += "&sort=" + sort
		}
		var names string
		for cursor := ""; len(names) < 9; {
			var list []project
			next := f.ada.Do(t, "GET", projectsPath+query+cursor, "").Want(t, http.StatusOK).List(t, &list).NextCursor
			for _, p := range list {
				names += p.Name
				if own := f.ada.Do(t, "GET", p.path(), "").ETag(); p.ETag != own {
					t.Errorf("in the list its ETag is %s, on its own %s", p.ETag, own)
				}
			}
			if next == nil {
				break
			}
			cursor = "&cursor=" + *next
			f.bob.Do(t, "GET", projectsPath+query+cursor, "").WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
		}
		if names != want {
			t.Errorf("sorted by %q, the pages hold %s, want %s", sort, names, want)
		}
	}
}

const rivals = 50

func TestRacingPutsCreateOne(t *testing.T) {
	t.Parallel()
	f := open(t)
	wantStatuses(t, map[int]int{http.StatusCreated: 1, http.StatusOK: rivals - 1}, rivals, func(int) httpxtest.Response {
		return f.ada.Do(t, "PUT", projectsPath+"/"+chosen, `{"name":"Garden"}`)
	})
}

func TestRacingPatches(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.create(t, `{"name":"Garden"}`)
	tag := f.ada.Do(t, "GET", p.path(), "").ETag()
	wantStatuses(t, map[int]int{http.StatusOK: 1, http.StatusPreconditionFailed: rivals - 1}, rivals, func(i int) httpxtest.Response {
		return f.ada.Do(t, "PATCH", p.path(), fmt.Sprintf(`{"name":"Garden %d"}`, i), "If-Match", tag)
	})
	wantStatuses(t, map[int]int{http.StatusOK: rivals}, rivals, func(i int) httpxtest.Response {
		return f.ada.Do(t, "PATCH", p.path(), fmt.Sprintf(`{"description":"number %d"}`, i))
	})
}

func TestRacingNames(t *testing.T) {
	t.Parallel()
	f := open(t)
	wantStatuses(t, map[int]int{http.StatusCreated: 1, http.StatusConflict: rivals - 1}, rivals, func(i int) httpxtest.Response {
		return f.ada.Do(t, "POST", projectsPath, []string{`{"name":"Garden"}`, `{"name":"GARDEN"}`}[i%2])
	})
	if n := len(f.names(t)); n != 1 {
		t.Errorf("there are %d projects", n)
	}
}

func TestRacingDeletes(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.create(t, `{"name":"Garden"}`)
	f.addTask(t, p.ID, "dig")
	wantStatuses(t, map[int]int{http.StatusNoContent: 1, http.StatusNotFound: 19}, 20, func(int) httpxtest.Response {
		return f.ada.Do(t, "DELETE", p.path(), "")
	})
	if got := f.tasksIn(t, nil); got != 1 {
		t.Errorf("%d tasks are in the inbox, want 1", got)
	}
}
