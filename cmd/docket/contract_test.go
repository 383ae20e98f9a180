package main

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the contract says of projects and tags that their tasks have a part in,
// asked of the whole program: the modules know of each other in it alone.

// taskTitles lists the titles of the tasks that meet a query, sorted.
func (c client) taskTitles(t *testing.T, query string) []string {
	t.Helper()
	list, _ := many(t, c.do(t, "GET", "/tasks?limit=200&"+query, ""))
	names := []string{}
	for _, x := range list {
		names = append(names, x.Title)
	}
	slices.Sort(names)
	return names
}

// wantTitles fails the test unless these tasks, and no others, meet the query.
func (c client) wantTitles(t *testing.T, query string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), c.taskTitles(t, query)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", query, diff)
	}
}

// counts are what include=counts adds.
type counts struct {
	Name  string                    `json:"name"`
	Tasks *int                      `json:"task_count"`
	Open  *struct{ Open, Done int } `json:"task_counts"`
}

// counted reads one project or tag with its counts, and checks that the list
// has the same.
func (c client) counted(t *testing.T, collection, id string) counts {
	t.Helper()
	var single struct{ Data counts }
	if err := json.Unmarshal(c.do(t, "GET", collection+"/"+id+"?include=counts", "").Want(t, 200).Body, &single); err != nil {
		t.Fatal(err)
	}
	var list struct{ Data []counts }
	if err := json.Unmarshal(c.do(t, "GET", collection+"?include=counts", "").Want(t, 200).Body, &list); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(list.Data, func(x counts) bool { return cmp.Equal(x, single.Data) }) {
		t.Errorf("the list has %+v, on its own it is %+v", list.Data, single.Data)
	}
	return single.Data
}

func (c client) make(t *testing.T, collection, format string, args ...any) string {
	t.Helper()
	return one(t, c.do(t, "POST", collection, body(format, args...)), 201).ID
}

func TestTagsAndTheirTasks(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	home, house, other := ada.make(t, "/tags", `{"name":"home"}`), ada.make(t, "/tags", `{"name":"house"}`), ada.make(t, "/tags", `{"name":"other"}`)
	a := ada.make(t, "/tasks", `{"title":"a","tag_ids":[%q]}`, house)
	both := ada.make(t, "/tasks", `{"title":"both","tag_ids":[%q,%q,%q]}`, home, house, other)
	ada.make(t, "/tasks", `{"title":"done","status":"done","tag_ids":[%q]}`, home)
	c := ada.make(t, "/tasks", `{"title":"c","tag_ids":[%q]}`, other)
	if got := ada.counted(t, "/tags", home); *got.Tasks != 2 {
		t.Errorf("home has %d tasks", *got.Tasks)
	}
	before := ada.do(t, "GET", "/tasks/"+c, "").ETag()

	kept := one(t, ada.do(t, "POST", "/tags/"+house+"/merge", body(`{"into_id":%q}`, home)), 200)
	if kept.ID != home || kept.Name != "home" {
		t.Errorf("what stays is %+v", kept)
	}
	ada.do(t, "GET", "/tags/"+house, "").WantFailure(t, 404, "RESOURCE_NOT_FOUND")
	ada.wantTitles(t, "tag_id="+home, "a", "both", "done")
	ada.wantTitles(t, "tag_id="+house)
	if got := one(t, ada.do(t, "GET", "/tasks/"+both, ""), 200); len(got.TagIDs) != 2 || !slices.Contains(got.TagIDs, home) {
		t.Errorf("with both it has %q", got.TagIDs)
	}
	if got := ada.counted(t, "/tags", home); *got.Tasks != 3 {
		t.Errorf("home has %d tasks", *got.Tasks)
	}
	if ada.do(t, "GET", "/tasks/"+c, "").ETag() != before {
		t.Error("a task without either tag changed")
	}
	failure := ada.do(t, "PATCH", "/tags/"+other, `{"name":"HOME"}`).WantFailure(t, 409, "CONFLICT")
	wantTaken(t, failure, "name", "tag", thing{ID: home, Name: "home"})
	ada.make(t, "/tags", `{"name":"House"}`) // free again

	ada.do(t, "DELETE", "/tags/"+home, "").Want(t, 204)
	if got := one(t, ada.do(t, "GET", "/tasks/"+a, ""), 200); len(got.TagIDs) != 0 {
		t.Errorf("without its tag it has %q", got.TagIDs)
	}
	ada.wantTitles(t, "", "a", "both", "c", "done")
}

func TestProjectsAndTheirTasks(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	kept, removed := ada.make(t, "/projects", `{"name":"kept"}`), ada.make(t, "/projects", `{"name":"removed"}`)
	for _, p := range []string{kept, removed} {
		name := map[string]string{kept: "kept", removed: "removed"}[p]
		top := ada.make(t, "/tasks", `{"title":"%s top","project_id":%q}`, name, p)
		below := ada.make(t, "/tasks", `{"title":"%s below","parent_id":%q}`, name, top)
		ada.make(t, "/tasks", `{"title":"%s done","parent_id":%q,"status":"done"}`, name, below)
		ada.make(t, "/tasks", `{"title":"%s cancelled","project_id":%q,"status":"cancelled"}`, name, p)
		if got := ada.counted(t, "/projects", p); got.Open.Open != 2 || got.Open.Done != 1 {
			t.Errorf("%s has %+v", name, *got.Open)
		}
	}
	ada.make(t, "/tasks", `{"title":"inbox"}`)
	ada.do(t, "DELETE", "/projects/"+kept, "").Want(t, 204)
	inbox := []string{"inbox", "kept below", "kept cancelled", "kept done", "kept top"}
	ada.wantTitles(t, "project_id=none", inbox...)
	ada.do(t, "DELETE", "/projects/"+removed+"?tasks=delete", "").Want(t, 204)
	ada.wantTitles(t, "", inbox...)
}

// By no way does a task get into a project that is archived.
func TestArchivedProjectAndItsTasks(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	archived := ada.make(t, "/projects", `{"name":"archived"}`)
	inside := ada.make(t, "/tasks", `{"title":"inside","project_id":%q}`, archived)
	outside := ada.make(t, "/tasks", `{"title":"outside"}`)
	for range 2 { // twice is 200 and changes nothing
		one(t, ada.do(t, "POST", "/projects/"+archived+"/archive", ""), 200)
	}
	for _, r := range [][3]string{
		{"POST", "/tasks", body(`{"title":"x","project_id":%q}`, archived)},
		{"POST", "/tasks", body(`{"title":"x","parent_id":%q}`, inside)},
		{"PUT", "/tasks/" + newID().String(), body(`{"title":"x","project_id":%q}`, archived)},
		{"PUT", "/tasks/" + outside, body(`{"title":"x","project_id":%q}`, archived)},
		{"PATCH", "/tasks/" + outside, body(`{"project_id":%q}`, archived)},
		{"PATCH", "/tasks/" + outside, body(`{"parent_id":%q}`, inside)},
		{"POST", "/tasks/" + outside + "/move", body(`{"project_id":%q}`, archived)},
		{"POST", "/tasks/" + outside + "/move", body(`{"parent_id":%q}`, inside)},
		{"POST", "/tasks/" + outside + "/move", body(`{"after_id":%q}`, inside)},
		{"POST", "/batch", body(`{"operations":[{"op":"create","data":{"title":"x","project_id":%q}}]}`, archived)},
		{"POST", "/batch", body(`{"operations":[{"op":"create","data":{"title":"x","parent_id":%q}}]}`, inside)},
		{"POST", "/batch", body(`{"operations":[{"op":"update","id":%q,"data":{"project_id":%q}}]}`, outside, archived)},
		{"POST", "/batch", body(`{"operations":[{"op":"move","id":%q,"data":{"before_id":%q}}]}`, outside, inside)},
	} {
		ada.do(t, r[0], r[1], r[2]).WantFailure(t, 409, "CONFLICT")
		if t.Failed() {
			t.Fatalf("%s %s %s", r[0], r[1], r[2])
		}
	}
	ada.wantTitles(t, "project_id="+archived, "inside")
	ada.wantTitles(t, "project_id=none", "outside")
	one(t, ada.do(t, "PATCH", "/tasks/"+inside, `{"title":"edited"}`), 200)
	if list, _ := many(t, ada.do(t, "GET", "/projects", "")); len(list) != 0 {
		t.Errorf("in use are %+v", list)
	}
	if list, _ := many(t, ada.do(t, "GET", "/projects?archived=all", "")); len(list) != 1 {
		t.Errorf("in all there are %+v", list)
	}
	if moved := one(t, ada.do(t, "POST", "/tasks/"+inside+"/move", `{"project_id":null}`), 200); moved.ProjectID != nil || moved.Title != "edited" {
		t.Errorf("moved out it is %+v", moved)
	}
	for range 2 {
		one(t, ada.do(t, "POST", "/projects/"+archived+"/unarchive", ""), 200)
	}
	one(t, ada.do(t, "PATCH", "/tasks/"+outside, body(`{"project_id":%q}`, archived)), 200)
}

// Setting a task done by any way, batch included, finishes what is open below
// it; cancelled cancels that; reopening leaves it.
func TestClosingByAnyWay(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	for _, status := range []string{"done", "cancelled"} {
		top := ada.make(t, "/tasks", `{"title":"top"}`)
		below := ada.make(t, "/tasks", `{"title":"below","parent_id":%q}`, top)
		read := func() string { return one(t, ada.do(t, "GET", "/tasks/"+below, ""), 200).Status }
		for way, closeTop := range map[string]func(){
			"PATCH": func() { one(t, ada.do(t, "PATCH", "/tasks/"+top, body(`{"status":%q}`, status)), 200) },
			"PUT":   func() { one(t, ada.do(t, "PUT", "/tasks/"+top, body(`{"title":"top","status":%q}`, status)), 200) },
			"batch": func() { done(t, ada.batch(t, body(`{"op":"update","id":%q,"data":{"status":%q}}`, top, status))) },
			"batch, with its own change": func() {
				done(t, ada.batch(t, body(`{"op":"update","id":%q,"data":{"status":"todo"}}`, top), body(`{"op":"update","id":%q,"data":{"status":%q}}`, top, status)))
			},
		} {
			for _, reopened := range []bool{true, false} { // the task itself, or only what is below
				if reopened {
					one(t, ada.do(t, "PATCH", "/tasks/"+top, `{"status":"todo"}`), 200)
				}
				one(t, ada.do(t, "PATCH", "/tasks/"+below, `{"status":"in_progress"}`), 200)
				if closeTop(); read() != status {
					t.Errorf("%s by %s, reopened %t: what is below is %s", status, way, reopened, read())
				}
			}
			one(t, ada.do(t, "PATCH", "/tasks/"+top, `{"status":"in_progress"}`), 200)
			if read() != status {
				t.Errorf("reopening after %s made what is below %s", status, read())
			}
		}
	}
}
