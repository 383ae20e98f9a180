package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// rowsOfUsers counts the rows that any user has in any table.
func rowsOfUsers(t *testing.T, url string) int {
	t.Helper()
	n, err := strconv.Atoi(query(t, url, `SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM projects) + (SELECT count(*) FROM tags) +
		(SELECT count(*) FROM tasks) + (SELECT count(*) FROM task_tags) + (SELECT count(*) FROM task_search) + (SELECT count(*) FROM idempotency_keys)`))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// listed is a list as an export should hold it: without the entity tags, in the
// order of ids.
func listed(t *testing.T, c client, path string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for cursor := ""; ; {
		var page struct {
			Data []map[string]any
			Meta struct {
				Next *string `json:"next_cursor"`
			}
		}
		next := path
		if cursor != "" {
			next += "&cursor=" + cursor
		}
		if err := json.Unmarshal(c.do(t, "GET", next, "").Want(t, 200).Body, &page); err != nil {
			t.Fatal(err)
		}
		for _, x := range page.Data {
			delete(x, "etag")
		}
		all = append(all, page.Data...)
		if page.Meta.Next == nil {
			return all
		}
		cursor = *page.Meta.Next
	}
}

// account is an export.
type account struct {
	At       time.Time        `json:"exported_at"`
	User     map[string]any   `json:"user"`
	Projects []map[string]any `json:"projects"`
	Tags     []map[string]any `json:"tags"`
	Tasks    []map[string]any `json:"tasks"`
}

func export(t *testing.T, c client) account {
	t.Helper()
	var got account
	decoder := json.NewDecoder(strings.NewReader(string(c.do(t, "GET", "/auth/me/export", "").Want(t, 200).Body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestExportIsWhatTheAPIShows(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada, grace := s.as(t, adaAddress), s.as(t, graceAddress)
	one(t, grace.do(t, "POST", "/tasks", `{"title":"not Ada's"}`), 201)
	if diff := cmp.Diff(account{Projects: []map[string]any{}, Tags: []map[string]any{}, Tasks: []map[string]any{}},
		export(t, ada), cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "At" || p.String() == "User" }, cmp.Ignore())); diff != "" {
		t.Errorf("with nothing (-want +got):\n%s", diff)
	}

	project := one(t, ada.do(t, "POST", "/projects", `{"name":"Engine \"No. 1\"","color":"#1E90FF"}`), 201)
	archived := one(t, ada.do(t, "POST", "/projects", `{"name":"old"}`), 201)
	ada.do(t, "POST", "/projects/"+archived.ID+"/archive", "").Want(t, 200)
	tag := one(t, ada.do(t, "POST", "/tags", `{"name":"Zürich"}`), 201)
	parent := one(t, ada.do(t, "POST", "/tasks", body(`{"title":"Bernoulli","project_id":%q,"tag_ids":[%q],"due_on":"2028-02-29","priority":"high"}`, project.ID, tag.ID)), 201)
	one(t, ada.do(t, "POST", "/tasks", body(`{"title":"below","parent_id":%q,"description":"# a\n\u2028</script>"}`, parent.ID)), 201)
	for range 300 {
		one(t, ada.do(t, "POST", "/tasks", `{"title":"another","status":"done","due_at":"2026-05-01T12:00:00.5+02:00"}`), 201)
	}

	got := export(t, ada)
	want := account{
		At: got.At, Projects: listed(t, ada, "/projects?archived=all&sort=created_at"), Tags: listed(t, ada, "/tags?sort=created_at"),
		Tasks: listed(t, ada, "/tasks?sort=created_at&limit=200"),
	}
	var me struct{ Data map[string]any }
	if err := json.Unmarshal(ada.do(t, "GET", "/auth/me", "").Want(t, 200).Body, &me); err != nil {
		t.Fatal(err)
	}
	want.User = me.Data
	if diff := cmp.Diff(want, got); diff != "" || len(got.Tasks) != 302 || len(got.Projects) != 2 {
		t.Errorf("(-lists +export):\n%s", diff)
	}
	if age := time.Since(got.At); age < 0 || age > patience {
		t.Errorf("exported at %s", got.At)
	}
}

func TestEraseLeavesNothing(t *testing.T) {
	t.Parallel()
	s, url := unlimited(t)
	ada, grace := s.as(t, adaAddress), s.as(t, graceAddress)
	for _, c := range []client{ada, grace} {
		project := one(t, c.do(t, "POST", "/projects", `{"name":"Engine"}`), 201)
		tag := one(t, c.do(t, "POST", "/tags", `{"name":"urgent"}`), 201)
		parent := one(t, c.keyed(t, "k", "POST", "/tasks", body(`{"title":"Note","project_id":%q,"tag_ids":[%q]}`, project.ID, tag.ID)), 201)
		one(t, c.do(t, "POST", "/tasks", body(`{"title":"below","parent_id":%q}`, parent.ID)), 201)
	}
	both := rowsOfUsers(t, url)
	ada.keyed(t, "gone", "DELETE", "/auth/me", "").Want(t, 204)
	for _, path := range []string{"/auth/me", "/auth/me/export", "/tasks", "/projects", "/tags"} {
		ada.do(t, "GET", path, "").WantFailure(t, 401, "UNAUTHENTICATED")
	}
	ada.do(t, "POST", "/tasks", `{"title":"t"}`).WantFailure(t, 401, "UNAUTHENTICATED")
	ada.keyed(t, "gone", "DELETE", "/auth/me", "").WantFailure(t, 401, "UNAUTHENTICATED")
	eventually(t, "Ada's rows are gone", func() bool { return rowsOfUsers(t, url) == both/2 })
	eventually(t, "the tombstone is finished", func() bool {
		return query(t, url, `SELECT count(*) FROM tombstones WHERE finished_at IS NOT NULL`) == "1"
	})
	if list, _ := many(t, grace.do(t, "GET", "/tasks", "")); len(list) != 2 {
		t.Errorf("Grace has %d tasks", len(list))
	}
	ada.do(t, "GET", "/auth/me", "").WantFailure(t, 401, "UNAUTHENTICATED")
}

// A process that died in the middle of an erasure is made up for by the next.
func TestEraseGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	s, url := unlimited(t)
	ada := s.as(t, adaAddress)
	one(t, ada.do(t, "POST", "/tasks", `{"title":"t"}`), 201)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	query(t, url, `INSERT INTO tombstones (id, issuer, subject, erased_at) SELECT id, issuer, subject, now() FROM users RETURNING 1`)
	again := servingOn(t, s.settings...)
	again.as(t, adaAddress).do(t, "GET", "/tasks", "").WantFailure(t, 401, "UNAUTHENTICATED")
	eventually(t, "all rows are gone", func() bool { return rowsOfUsers(t, url) == 0 })
}

// A user who writes through two processes while being erased by one of them.
func TestEraseWhileWriting(t *testing.T) {
	t.Parallel()
	here, url := unlimited(t)
	there := servingOn(t, here.settings...)
	ada, elsewhere := here.as(t, adaAddress), there.as(t, adaAddress)
	project := one(t, ada.do(t, "POST", "/projects", `{"name":"Engine"}`), 201)
	parent := one(t, ada.do(t, "POST", "/tasks", body(`{"title":"Note","project_id":%q}`, project.ID)), 201)
	elsewhere.do(t, "GET", "/auth/me", "").Want(t, 200)

	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	var written, refused atomic.Int32
	for n := range 8 {
		c := ada
		if n%2 == 0 {
			c = elsewhere
		}
		writers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				method, path, content := "POST", "/tasks", `{"title":"plain"}`
				switch i % 4 {
				case 1:
					content = body(`{"title":"below","parent_id":%q}`, parent.ID)
				case 2:
					method, path, content = "PUT", "/tags/"+newID().String(), body(`{"name":%q}`, newID())
				case 3:
					method, path, content = "PATCH", "/tasks/"+parent.ID, body(`{"title":%q}`, newID())
				}
				var headers []string
				if n >= 4 {
					headers = []string{"Idempotency-Key", newID().String()}
				}
				r, err := c.try(t.Context(), method, path, content, headers...)
				switch {
				case err != nil:
					t.Error(err)
				case r.Status < 300:
					written.Add(1)
				case r.Status == 401:
					refused.Add(1)
				case r.Status != 404 && r.Status != 422: // the parent is gone already
					t.Errorf("%s %s: %d %s", method, path, r.Status, r.Body)
				}
			}
		})
	}
	eventually(t, "all are writing", func() bool { return written.Load() > 40 })
	ada.do(t, "DELETE", "/auth/me", "").Want(t, 204)
	eventually(t, "both processes refuse, the other by its foreign keys", func() bool { return refused.Load() > 40 && rowsOfUsers(t, url) == 0 })
	stop()
	writers.Wait()
	if n := rowsOfUsers(t, url); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// readAll reads a download that is too long to be kept, and returns its length.
func (c client) readAll(t testing.TB, path string) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", c.authorization)
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, answer.Body)
	if closed := answer.Body.Close(); err != nil || closed != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %d bytes, %v, %v", answer.StatusCode, n, err, closed)
	}
	return n
}

// A client that leaves half way gives back what its export held.
func TestExportThatIsNotTaken(t *testing.T) {
	t.Parallel()
	s, url := unlimited(t)
	ada := s.as(t, adaAddress)
	ada.do(t, "GET", "/auth/me", "").Want(t, 200)
	query(t, url, `WITH made AS (
			INSERT INTO tasks (user_id, id, title, title_key, tag_ids, position, created_at, updated_at)
			SELECT users.id, gen_random_uuid(), repeat('long ', 90), 'k', '{}', 'a0', now(), now()
			FROM users, generate_series(1, 30000) RETURNING 1
		) SELECT count(*) FROM made`)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.greeting.API+"/auth/me/export", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", ada.authorization)
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, answer.Body, 10_000); err != nil {
		t.Fatal(err)
	}
	ada.do(t, "GET", "/auth/me/export", "").WantFailure(t, 429, "RATE_LIMITED")
	leave()
	if err := answer.Body.Close(); err != nil {
		t.Log(err)
	}
	eventually(t, "the database is let go of", func() bool {
		return query(t, url, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`) == "0"
	})
	eventually(t, "the next export is whole", func() bool {
		r, err := ada.try(t.Context(), "GET", "/auth/me/export", "")
		return err == nil && r.Status == 200 && json.Valid(r.Body)
	})
	if !strings.Contains(s.stderr.String(), `"broken_off":true`) {
		t.Error("the log does not say that an export was broken off")
	}
}
