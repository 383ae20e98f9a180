package rest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/httpxtest"
)

// crowd is tasks that nobody touches among others that come, change and go, as
// clients see and make them.
type crowd struct {
	fixture
	still        []task
	project, tag string
	restless     []string // ids
	writes       atomic.Int64
	roomMade     atomic.Int64
}

// newCrowd makes n tasks that stay as they are, each different in all that a
// list can be filtered or sorted by, and as many that do not.
func newCrowd(t *testing.T, n int) *crowd {
	t.Helper()
	c := &crowd{fixture: open(t)}
	c.project, c.tag = c.addProject(t, "ada", 1), c.addTag(t, "ada", 1)
	r := rand.New(rand.NewPCG(8, 9))
	for i := range n {
		id := httpxtest.ID(uint64(0x600 + i)).String()
		c.ada.Do(t, "PUT", tasksPath+"/"+id, c.any(t, r)).Want(t, http.StatusCreated)
		if i%2 == 1 {
			c.restless = append(c.restless, id)
			continue
		}
		var x task
		c.ada.Do(t, "GET", tasksPath+"/"+id, "").Want(t, http.StatusOK).Data(t, &x)
		c.still = append(c.still, x)
	}
	return c
}

// any is a body of a task.
func (c *crowd) any(t *testing.T, r *rand.Rand) string {
	t.Helper()
	body := fields{
		"title":    fmt.Sprintf("%s %d", []string{"water", "Wäsche", "paint"}[r.IntN(3)], r.IntN(50)),
		"status":   []string{"todo", "in_progress", "done", "cancelled"}[r.IntN(4)],
		"priority": []string{"none", "low", "medium", "high", "urgent"}[r.IntN(5)],
	}
	switch r.IntN(3) {
	case 0:
		body["due_on"] = fmt.Sprintf("2026-03-%02d", 10+r.IntN(9))
	case 1:
		body["due_at"] = fmt.Sprintf("2026-03-%02dT%02d:00:00Z", 10+r.IntN(9), r.IntN(24))
	}
	if r.IntN(2) == 0 {
		body["project_id"] = c.project
	}
	if r.IntN(2) == 0 {
		body["tag_ids"] = []string{c.tag}
	}
	return body.json(t)
}

// churn replaces, changes, moves and deletes the restless ones until ctx ends.
func (c *crowd) churn(ctx context.Context, t *testing.T, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3))
	for ctx.Err() == nil {
		path := tasksPath + "/" + c.restless[r.IntN(len(c.restless))]
		var answer httpxtest.Response
		switch r.IntN(6) {
		case 0, 1:
			answer = c.ada.Do(t, "PUT", path, c.any(t, r))
		case 2, 3:
			answer = c.ada.Do(t, "PATCH", path, `{"title":"water 7","priority":"high","due_at":null,"due_on":"2026-03-14","status":"todo"}`)
		case 4:
			// Not beside another: room made there changes what should hold still (room_test.go).
			answer = c.ada.Do(t, "POST", path+"/move", fields{"project_id": []any{nil, c.project}[r.IntN(2)]}.json(t))
		default:
			answer = c.ada.Do(t, "DELETE", path, "")
		}
		if answer.Status >= 300 && answer.Status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Body)
		}
		c.writes.Add(1)
	}
}

// seen turns all pages of a list, and counts how often each task is on one.
func (c *crowd) seen(t *testing.T, query string) map[string]int {
	t.Helper()
	count := map[string]int{}
	for cursor := ""; ; {
		var list []task
		page := c.ada.Do(t, "GET", tasksPath+"?limit=5&"+query+cursor, "").Want(t, http.StatusOK).List(t, &list)
		for _, x := range list {
			count[x.ID]++
		}
		if page.NextCursor == nil {
			return count
		}
		cursor = "&cursor=" + *page.NextCursor
	}
}

// Page by page, while others write, a client sees each task that was not touched
// exactly once if it meets the filter, and never otherwise: in every order, both
// ways, with every sort of filter.
func TestPagesHoldStillOverHTTP(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 60)
	due := func(x task, before string) bool {
		return x.DueOn != nil && *x.DueOn < before || x.DueAt != nil && x.DueAt.UTC().Format("2006-01-02") < before
	}
	filters := map[string]func(x task) bool{
		"":                          func(task) bool { return true },
		"status=todo,in_progress":   func(x task) bool { return x.CompletedAt == nil },
		"priority=high,urgent,none": func(x task) bool { return x.Priority != "low" && x.Priority != "medium" },
		"project_id=none":           func(x task) bool { return x.ProjectID == nil },
		"project_id=" + c.project:   func(x task) bool { return x.ProjectID != nil },
		"tag_id=" + c.tag:           func(x task) bool { return len(x.TagIDs) > 0 },
		"due_before=2026-03-15":     func(x task) bool { return due(x, "2026-03-15") },
		"due_after=2026-03-13":      func(x task) bool { return (x.DueOn != nil || x.DueAt != nil) && !due(x, "2026-03-13") },
		"q=wasc":                    func(x task) bool { return strings.HasPrefix(x.Title, "Wäsche") },
		"parent_id=none&status=todo&tag_match=all&tag_id=" + c.tag: func(x task) bool { return x.Status == "todo" && len(x.TagIDs) > 0 },
	}
	orders := []string{""}
	for _, field := range []string{"created_at", "updated_at", "due", "priority", "title", "position"} {
		orders = append(orders, "&sort="+field, "&sort=-"+field)
	}
	writing, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	defer writers.Wait()
	defer stop()
	for n := range uint64(2) {
		writers.Go(func() { c.churn(writing, t, n) })
	}
	for filter, meets := range filters {
		for _, order := range orders {
			before := c.writes.Load()
			for round := 0; round < 1 || c.writes.Load() < before+4; round++ {
				count := c.seen(t, filter+order)
				for _, x := range c.still {
					want := 0
					if meets(x) {
						want = 1
					}
					if count[x.ID] != want {
						t.Fatalf("%s%s: %s was seen %d times, want %d", filter, order, x.Title, count[x.ID], want)
					}
				}
			}
		}
	}
	stop()
	writers.Wait()
	for _, x := range c.still {
		if diff := cmp.Diff(x, c.get(t, x)); diff != "" {
			t.Errorf("what should hold still changed:\n%s", diff)
		}
	}
	for _, meets := range filters {
		if !slices.ContainsFunc(c.still, meets) {
			t.Error("a filter that nothing meets tests nothing")
		}
	}
}
