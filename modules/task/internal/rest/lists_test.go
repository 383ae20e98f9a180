package rest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// titles lists Ada's tasks that meet a query, by title.
func (f fixture) titles(t *testing.T, query string) []string {
	t.Helper()
	var list []task
	f.ada.Do(t, "GET", tasksPath+"?limit=200&sort=title&"+query, "").Want(t, http.StatusOK).List(t, &list)
	names := []string{}
	for _, x := range list {
		names = append(names, x.Title)
	}
	return names
}

func TestFilters(t *testing.T) {
	t.Parallel()
	f := open(t)
	project, tag1, tag2 := f.addProject(t, "ada", 1), f.addTag(t, "ada", 1), f.addTag(t, "ada", 2)
	bobs := f.addTag(t, "bob", 3)
	f.exec(t, "ada", `UPDATE users SET time_zone = 'America/New_York' WHERE id = $1`) // it is 11:09 there, on the 14th
	top := f.create(t, "a", fields{"priority": "high", "project_id": project, "tag_ids": []string{tag1, tag2}, "due_on": "2026-03-13"})
	f.create(t, "b", fields{"parent_id": top.ID, "status": "in_progress", "tag_ids": []string{tag2}, "due_at": "2026-03-14T15:09:26Z"})
	f.create(t, "c", fields{"priority": "urgent", "due_on": "2026-03-14"})
	f.create(t, "d", fields{"status": "done", "due_at": "2026-03-15T03:59:59Z"})
	f.clock.Advance(24 * time.Hour) // the 15th; clocks went forward on the 8th
	f.create(t, "e", fields{"status": "cancelled", "due_at": "2026-03-15T04:00:00Z"})
	for query, want := range map[string]string{
		"":            "abcde",
		"status=todo": "ac", "status=done,cancelled": "de", "status=done,done": "d",
		"priority=urgent,high": "ac", "priority=none": "bde",
		"project_id=" + project: "ab", "project_id=none": "cde", "project_id=" + chosen: "",
		"parent_id=" + top.ID: "b", "parent_id=none": "acde",
		"tag_id=" + tag2: "ab", "tag_id=" + tag1 + "," + tag2: "ab", "tag_match=all&tag_id=" + tag1 + "," + tag2: "a",
		"tag_match=any&tag_id=" + tag1: "a", "tag_id=" + bobs: "", "tag_match=all&tag_id=" + tag2 + "," + tag2: "ab",
		"due_before=2026-03-14": "a", "due_after=2026-03-14": "bcde", "due_after=2026-03-15": "e", "due_before=2026-03-15": "abcd",
		"due_after=2026-03-14&due_before=2026-03-15": "bcd",
		"due_after=2026-03-14T15:09:26Z":             "bde", "due_before=2026-03-14T15:09:26Z": "ac",
		"due_after=2026-03-14T05:09:26.000001%2B01:00": "bde", "due_after=2026-03-14T04:00:00Z&due_before=2026-03-14T04:00:00.1Z": "c",
		"overdue=true": "abc", "overdue=true&project_id=none": "c",
		"completed_after=2026-03-15": "e", "completed_before=2026-03-15": "d", "completed_after=2026-03-14T15:09:26.535897Z": "de",
		"completed_before=2026-03-14T15:09:26.535897Z": "", "updated_after=2026-03-15": "e", "updated_after=2026-03-14": "abcde",
		"status=todo&priority=urgent&parent_id=none&project_id=none&due_after=2026-03-14&overdue=true&q=c": "c",
	} {
		if got := strings.Join(f.titles(t, query), ""); got != want {
			t.Errorf("%q lists %q, want %q", query, got, want)
		}
	}
	var bobsTasks []task
	f.bob.Do(t, "GET", tasksPath+"?project_id="+project, "").Want(t, http.StatusOK).List(t, &bobsTasks)
	if len(bobsTasks) != 0 {
		t.Errorf("Bob sees %v", bobsTasks)
	}
}

func TestListFaults(t *testing.T) {
	t.Parallel()
	f := open(t)
	everything := url.Values{
		"status": {"todo,finished"}, "priority": {"9"}, "project_id": {"inbox"}, "parent_id": {"{" + chosen + "}"}, "tag_id": {chosen + ","},
		"tag_match": {"both"}, "due_after": {"2026-02-29"}, "due_before": {"tomorrow"}, "overdue": {"yes"},
		"completed_after": {"9999-12-31T23:59:59-01:00"}, "completed_before": {"0"}, "updated_after": {"2026-03-14T12:00:00"}, "q": {strings.Repeat("x", 201)},
	}
	f.ada.Do(t, "GET", tasksPath+"?"+everything.Encode(), "").Golden(t, "list_faults")
	for query, want := range map[string]string{
		"status=Todo":                         "status invalid_value",
		"status=todo,":                        "status invalid_value",
		"overdue=false":                       "overdue invalid_value",
		"due_after=2026-03-14T12:00:00+01:00": "due_after invalid_format", // an unescaped + is a space
		"tag_id=" + strings.Repeat(chosen+",", 50) + chosen: "tag_id too_many",
		"sort=rank":        "sort invalid_value",
		"include=subtasks": "include unknown_parameter",
	} {
		f.ada.Do(t, "GET", tasksPath+"?"+query, "").WantInvalid(t, want)
	}
	for name := range everything {
		switch r := f.ada.Do(t, "GET", tasksPath+"?"+name+"=", ""); name {
		case "q": // a search box that is empty
			r.Want(t, http.StatusOK)
		default:
			r.WantInvalid(t, name+" invalid_value")
		}
	}
	f.ada.Do(t, "GET", tasksPath+"/"+chosen+"?include=", "").WantInvalid(t, "include invalid_value")
	f.ada.Do(t, "GET", tasksPath+"/"+chosen+"?include=everything", "").WantInvalid(t, "include invalid_value")
	f.ada.Do(t, "GET", tasksPath+"/summary?q=x", "").WantInvalid(t, "q unknown_parameter")
}

func TestSortByDue(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.exec(t, "ada", `UPDATE users SET time_zone = 'Pacific/Kiritimati' WHERE id = $1`)
	f.create(t, "none", nil)
	f.create(t, "29th of February", fields{"due_on": "2028-02-29"})
	f.create(t, "just before", fields{"due_at": "2028-02-28T09:59:59Z"})
	f.create(t, "just after", fields{"due_at": "2028-02-28T10:00:01Z"})
	f.create(t, "1st of March", fields{"due_on": "2028-03-01"})
	order := func(query string) []string {
		var names []string
		for next := ""; ; {
			var list []task
			page := f.ada.Do(t, "GET", tasksPath+"?limit=1&"+query+next, "").Want(t, http.StatusOK).List(t, &list)
			for _, x := range list {
				names = append(names, x.Title)
			}
			if page.NextCursor == nil {
				return names
			}
			next = "&cursor=" + *page.NextCursor
		}
	}
	want := []string{"just before", "29th of February", "just after", "1st of March", "none"}
	if diff := cmp.Diff(want, order("sort=due")); diff != "" {
		t.Errorf("by due (-want +got):\n%s", diff)
	}
	slices.Reverse(want[:4])
	if diff := cmp.Diff(want, order("sort=-due")); diff != "" {
		t.Errorf("by due, descending (-want +got):\n%s", diff)
	}
	f.exec(t, "ada", `UPDATE users SET time_zone = 'Pacific/Niue' WHERE id = $1`) // 25 hours further west
	want = []string{"just before", "just after", "29th of February", "1st of March", "none"}
	if diff := cmp.Diff(want, order("sort=due")); diff != "" {
		t.Errorf("after a move (-want +got):\n%s", diff)
	}
}

// A cursor is good for the query that it came from, with any limit.
func TestCursorsOfLists(t *testing.T) {
	t.Parallel()
	f := open(t)
	for n := range 4 {
		f.create(t, fmt.Sprintf("milk %d", n), fields{"due_on": "2026-03-20"})
	}
	for _, query := range []string{"", "sort=due", "sort=-priority", "q=milk", "q=milk&sort=-created_at", "status=todo&q=milk"} {
		var list []task
		next := f.ada.Do(t, "GET", tasksPath+"?limit=2&"+query, "").Want(t, http.StatusOK).List(t, &list).NextCursor
		if next == nil {
			t.Fatalf("%q has one page", query)
		}
		path := tasksPath + "?cursor=" + *next + "&"
		f.ada.Do(t, "GET", path+query+"&limit=1", "").Want(t, http.StatusOK)
		f.bob.Do(t, "GET", path+query, "").WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
		for _, other := range []string{"sort=title", "sort=-due", "q=mil", "q=milk&sort=priority", "q=milk&status=done", "overdue=true", "tag_match=any"} {
			f.ada.Do(t, "GET", path+other, "").WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
		}
	}
	// A search is ranked unless a sort is given, even the one that lists have by
	// themselves.
	var list []task
	ranked := *f.ada.Do(t, "GET", tasksPath+"?limit=2&q=milk", "").List(t, &list).NextCursor
	f.ada.Do(t, "GET", tasksPath+"?q=milk&sort=-created_at&cursor="+ranked, "").WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
}

func TestSearches(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.create(t, "Crème brûlée", fields{"description": "eggs, cream & 100% sugar"})
	f.create(t, "Buy cream", nil)
	for q, want := range map[string]string{
		"": "Buy cream, Crème brûlée", "  ": "Buy cream, Crème brûlée", "CREAM": "Buy cream, Crème brûlée", "creme": "Crème brûlée", "egg": "Crème brûlée",
		"cream -eggs": "Buy cream", `"100% sug`: "Crème brûlée", "%": "", `\`: "", "cre | buy": "", "' OR 1=1 --": "",
	} {
		if got := strings.Join(f.titles(t, "q="+url.QueryEscape(q)), ", "); got != want {
			t.Errorf("%q finds %q, want %q", q, got, want)
		}
	}
	var best []task
	f.ada.Do(t, "GET", tasksPath+"?q=cream", "").List(t, &best)
	if len(best) != 2 || best[0].Title != "Buy cream" {
		t.Errorf("the best match is %+v", best)
	}
}

func TestSummaryAndTree(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.ada.Do(t, "GET", tasksPath+"/summary", "").Golden(t, "summary_empty")
	project, tag := f.addProject(t, "ada", 1), f.addTag(t, "ada", 1)
	top := f.create(t, "Paint the fence", fields{"project_id": project, "due_on": "2026-03-14"})
	f.create(t, "Buy paint", fields{"parent_id": top.ID, "due_at": "2026-03-14T15:09:26Z", "tag_ids": []string{tag}})
	brush := f.create(t, "Clean the brush", fields{"parent_id": top.ID})
	f.create(t, "Find the brush", fields{"parent_id": brush.ID, "status": "done"})
	f.create(t, "Call Bob", fields{"due_on": "2026-03-13", "tag_ids": []string{tag}})
	f.ada.Do(t, "GET", tasksPath+"/summary", "").Golden(t, "summary")
	tree := f.ada.Do(t, "GET", top.path()+"?include=subtasks", "").Golden(t, "get_subtasks")
	f.ada.Do(t, "GET", top.path()+"?include=subtasks", "", "If-None-Match", tree.ETag()).Want(t, http.StatusNotModified)
	f.ada.Do(t, "PATCH", top.path(), `{"title":"x"}`, "If-Match", tree.ETag()).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
	f.bob.Do(t, "GET", top.path()+"?include=subtasks", "").WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
	f.exec(t, "ada", `UPDATE users SET time_zone = 'Pacific/Kiritimati' WHERE id = $1`) // there it is the 15th already
	var sum struct {
		Overdue  int `json:"overdue"`
		DueToday int `json:"due_today"`
		Done     int `json:"done_today"`
		Open     int `json:"open"`
		Projects any `json:"open_by_project"`
		Tags     any `json:"open_by_tag"`
	}
	f.ada.Do(t, "GET", tasksPath+"/summary", "").Want(t, http.StatusOK).Data(t, &sum)
	if sum.Overdue != 3 || sum.DueToday != 1 || sum.Done != 1 || sum.Open != 4 {
		t.Errorf("in Kiritimati: %+v", sum)
	}
	f.bob.Do(t, "PATCH", tasksPath+"/summary", `{}`).WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
}
