package rest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/httpx"
)

const newTask = `{"title":"Paint the fence","description":"Two coats, and the gate as well.","priority":"high",
	"due_at":"2027-05-01T09:30:00Z","tag_ids":["0198c0de-0000-7000-8000-00000000000a","0198c0de-0000-7000-8000-00000000000b"]}`

// bind reads the body of a create.
func bind(t testing.TB) {
	t.Helper()
	body, err := httpx.ParseObject([]byte(newTask))
	if err != nil {
		t.Fatal(err)
	}
	d := core.NewDraft()
	if faults := whole(body)(&d); len(faults) > 0 {
		t.Fatal(faults)
	}
}

// pageOf returns n tasks as they are shown, with all that a task can have.
func pageOf(n int) []taskView {
	at, description, project := time.Date(2026, 11, 23, 9, 30, 0, 123_456_000, time.UTC), core.Description("Two coats, and the gate as well."), uuid.Max
	views := make([]taskView, n)
	for i := range views {
		views[i] = view(core.Task{
			ID: uuid.UUID{byte(i)}, Title: "Paint the fence", Description: &description, Status: core.Done, Priority: core.Urgent, DueAt: &at,
			ProjectID: &project, TagIDs: []uuid.UUID{{1}, {2}}, Position: "a0", CompletedAt: &at, CreatedAt: at, UpdatedAt: at,
		})
	}
	return views
}

func encode(dst []byte, views []taskView) {
	for _, v := range views {
		dst = httpx.AppendTagged(dst, v)
	}
}

// What a request costs must not rise unnoticed. A count, unlike a time, is the
// same on every machine: who makes it fall lowers the bound.
func TestCost(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	views, buffer := pageOf(50), make([]byte, 0, 64<<10)
	for _, c := range []struct {
		name string
		most float64
		do   func()
	}{
		{"read the body of a create", 61, func() { bind(t) }},
		{"write a page of 50", 50, func() { encode(buffer, views) }},
	} {
		if n := testing.AllocsPerRun(200, c.do); n > c.most*slack {
			t.Errorf("to %s takes %v allocations, more than %v", c.name, n, c.most*slack)
		} else {
			t.Logf("to %s takes %v allocations", c.name, n)
		}
	}
}

func BenchmarkBind(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		bind(b)
	}
}

func BenchmarkEncodePage(b *testing.B) {
	views, buffer := pageOf(50), make([]byte, 0, 64<<10)
	b.ReportAllocs()
	for b.Loop() {
		encode(buffer, views)
	}
}
