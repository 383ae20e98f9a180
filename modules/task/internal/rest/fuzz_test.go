package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
)

// FuzzFilters: whatever the parameters of a list hold, they are read, or
// refused with each fault named after its parameter.
func FuzzFilters(f *testing.F) {
	id := httpxtest.ID(1).String()
	for _, seed := range [][3]string{
		{"status", "todo,in_progress", ""}, {"status", ",", "x"}, {"priority", "urgent,urgent", ""}, {"project_id", "none", ""}, {"parent_id", id, ""},
		{"tag_id", id + "," + id, "a"}, {"tag_id", strings.Repeat(id+",", 300), ""}, {"tag_match", "all", "-b"}, {"due_after", "2026-11-23", `"c d"`}, {"due_before", "2026-11-23T00:00:00+02:00", ""},
		{"overdue", "false", ""}, {"completed_after", "yesterday", ""}, {"updated_after", "2026-13-01", ""}, {"limit", "201", ""}, {"sort", "-due", "q"}, {"cursor", "AAAA", ""}, {"q", "twice", "twice"},
		{"status\x00", "\xff", "\x00"}, {"", "", ""}, {"status[]", "todo", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	var got core.Query
	app := httpxtest.New(f, []httpx.Route{{
		Method: "GET", Path: "/tasks", Operation: "listTasks", Sorts: sorts, Query: filters, Shows: &task,
		CheckQuery: checkQuery,
		Handle: func(r *httpx.Request) (httpx.Response, error) {
			q, faults := query(r)
			got = q
			return httpx.List([]core.Task{}, view, nil), faults.Err()
		},
	}})
	f.Fuzz(func(t *testing.T, name, value, q string) {
		parameters := url.QueryEscape(name) + "=" + url.QueryEscape(value) + "&q=" + url.QueryEscape(q)
		if len(parameters) > 4000 {
			return
		}
		r := app.As("ada").Do(t, "GET", httpx.BasePath+"/tasks?"+parameters, "")
		switch r.Status {
		case http.StatusOK:
			if !slices.IsSortedFunc(got.Filter.TagIDs, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }) || got.Limit < 1 || got.Limit > 200 {
				t.Fatalf("%s is read as %+v", parameters, got)
			}
			for _, s := range got.Filter.Statuses {
				if _, err := core.ParseStatus(string(s)); err != nil {
					t.Fatalf("%s is read as %+v", parameters, got)
				}
			}
		case http.StatusUnprocessableEntity:
			for _, d := range r.Failure(t).Details {
				if d.Code == "" || d.Field == "" && name != "" {
					t.Fatalf("%s: a fault without a name: %+v", parameters, d)
				}
			}
		case http.StatusBadRequest:
			if name != "cursor" {
				t.Fatalf("%s: %s", parameters, r.Body)
			}
		default:
			t.Fatalf("%s: %d\n%s", parameters, r.Status, r.Body)
		}
	})
}
