package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

// unlimited serves with room for tests that ask more than a person does, and
// says where its database is.
func unlimited(t *testing.T) (s *instance, url string) {
	t.Helper()
	url = pgtest.URL(t)
	return servingOn(t, "DATABASE_URL="+url, "DOCKET_DATA_DIR="+t.TempDir(),
		"DOCKET_RATE_LIMIT_REQUESTS=1000000", "DOCKET_RATE_LIMIT_AUTH_FAILURES=1000000"), url
}

// keyed sends a write with an Idempotency-Key.
func (c client) keyed(t *testing.T, key, method, path, body string, headers ...string) httpxtest.Response {
	t.Helper()
	return c.do(t, method, path, body, append(headers, "Idempotency-Key", key)...)
}

// answered is what of an answer must come back the same.
type answered struct {
	Status                                         int
	ETag, Location, RetryAfter, ContentType, Cache string
	Body                                           string
}

func answeredBy(r httpxtest.Response) answered {
	return answered{
		Status: r.Status, ETag: r.ETag(), Location: r.Header.Get("Location"), RetryAfter: r.Header.Get("Retry-After"),
		ContentType: r.Header.Get("Content-Type"), Cache: r.Header.Get("Cache-Control"), Body: string(r.Body),
	}
}

func replayed(r httpxtest.Response) bool { return r.Header.Get("Idempotent-Replayed") == "true" }

// wantReplay fails the test unless again is the answer that first was.
func wantReplay(t *testing.T, what string, first, again httpxtest.Response) {
	t.Helper()
	if diff := cmp.Diff(answeredBy(first), answeredBy(again)); diff != "" || replayed(first) || !replayed(again) {
		t.Errorf("%s: replayed at first %t, then %t (-first +again):\n%s", what, replayed(first), replayed(again), diff)
	}
}

// samples are bodies of which most routes take one.
var samples = []string{
	`{"name":"sample"}`, `{"title":"sample"}`, `{"time_zone":"Europe/London"}`, ``,
	`{"operations":[{"op":"create","data":{"title":"sample"}}]}`,
}

// accepted sends a write with each of the samples until one is taken, and
// returns that, or else the last refusal.
func (c client) accepted(t *testing.T, method, path string) (answer httpxtest.Response, body, key string) {
	t.Helper()
	for i, sample := range samples {
		body, key = sample, fmt.Sprintf("%s %d", method, i)
		key = strings.ReplaceAll(key, " ", "-")
		if answer = c.keyed(t, key, method, path, body); answer.Status < 400 {
			break
		}
	}
	return answer, body, key
}

// mustAccept are the beginnings of operations that some sample must satisfy.
var mustAccept = []string{"create", "put", "update", "delete", "batch"}

// Every writing route replays, whichever there are: a new one needs no line of
// its own, neither in its module nor here.
func TestEveryWriteReplays(t *testing.T) {
	t.Parallel()
	s, url := unlimited(t)
	for _, route := range assembled(t).Routes() {
		if route.Method == http.MethodGet {
			continue
		}
		name := route.Method + " " + route.Path
		user := s.as(t, route.Operation+"@example.com")
		path := route.Path
		if collection, _, ok := strings.Cut(path, "/:id"); ok {
			made, _, _ := user.accepted(t, http.MethodPost, collection)
			path = strings.Replace(path, ":id", one(t, made, http.StatusCreated).ID, 1)
		}
		first, body, key := user.accepted(t, route.Method, path)
		if ok := slices.ContainsFunc(mustAccept, func(verb string) bool { return strings.HasPrefix(route.Operation, verb) }); ok && first.Status >= 400 {
			t.Errorf("%s takes none of the samples: %s", name, first.Body)
		}
		if first.Status >= 500 {
			t.Errorf("%s failed: %s", name, first.Body)
		}
		if route.Method == http.MethodDelete && route.Path == "/auth/me" {
			continue // nobody is left to ask again
		}
		wantReplay(t, name, first, user.keyed(t, key, route.Method, path, body))
		user.keyed(t, key, route.Method, path, body+" ").WantFailure(t, http.StatusConflict, "IDEMPOTENCY_KEY_REUSED")
		if n := query(t, url, fmt.Sprintf(`SELECT count(*)::text FROM idempotency_keys JOIN users ON id = user_id
			WHERE email = '%s@example.com' AND key = '%s' AND status = %d`, route.Operation, key, first.Status)); n != "1" {
			t.Errorf("%s: %s keys are kept", name, n)
		}
	}
}

// Every writing route holds to the condition that comes with a request, or
// refuses it: none writes as if it were not there. A new one needs no line of
// its own, neither in its module nor here.
func TestEveryWriteHoldsToItsCondition(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	for _, route := range assembled(t).Routes() {
		if route.Method == http.MethodGet {
			continue
		}
		user := s.as(t, route.Operation+"-if@example.com")
		path := route.Path
		if collection, _, ok := strings.Cut(path, "/:id"); ok {
			made, _, _ := user.accepted(t, http.MethodPost, collection)
			path = strings.Replace(path, ":id", one(t, made, http.StatusCreated).ID, 1)
		}
		held := 0
		for i, sample := range samples {
			for _, headers := range [][]string{{"If-Match", `"stale"`}, {"If-Match", `"stale"`, "Idempotency-Key", fmt.Sprintf("if-%d", i)}} {
				switch answer := user.do(t, route.Method, path, sample, headers...); {
				case answer.Status < 400:
					t.Errorf("%s %s wrote against its condition: %d %s", route.Method, route.Path, answer.Status, answer.Body)
				case answer.Status == http.StatusPreconditionFailed:
					held++
				}
			}
		}
		if held == 0 {
			t.Errorf("%s %s: no sample came as far as the condition", route.Method, route.Path)
		}
	}
}

// sorts are the resources that a user makes: where, and what a body says.
var sorts = []struct{ collection, member string }{{"/tags", "name"}, {"/projects", "name"}, {"/tasks", "title"}}

// A replay is the first answer, whatever became of the resource since, and
// does nothing to it.
func TestReplayIsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	for _, sort := range sorts {
		says := func(text string) string { return body(`{%q:%q}`, sort.member, text) }
		again := func(what string, first httpxtest.Response, key, method, path, content string, headers ...string) {
			t.Helper()
			wantReplay(t, sort.collection+", "+what, first, ada.keyed(t, key, method, path, content, headers...))
		}
		k := strings.TrimPrefix(sort.collection, "/")
		created := ada.keyed(t, k+"-create", "POST", sort.collection, says("first"))
		path := sort.collection + "/" + one(t, created, 201).ID
		if got, want := created.Header.Get("Location"), "/api/v1"+path; got != want {
			t.Errorf("Location is %q, want %q", got, want)
		}
		patched := ada.keyed(t, k+"-patch", "PATCH", path, says("second"), "If-Match", created.ETag()).Want(t, 200)
		ada.do(t, "PATCH", path, says("third")).Want(t, 200)
		again("a create after changes", created, k+"-create", "POST", sort.collection, says("first"))
		again("a patch whose If-Match is stale by now", patched, k+"-patch", "PATCH", path, says("second"), "If-Match", created.ETag())
		now := ada.do(t, "GET", path, "").Want(t, 200)
		if got := one(t, now, 200); got.Name+got.Title != "third" {
			t.Errorf("%s: a replay changed it to %+v", sort.collection, got)
		}
		deleted := ada.keyed(t, k+"-delete", "DELETE", path, "").Want(t, 204)
		again("a delete", deleted, k+"-delete", "DELETE", path, "")
		ada.do(t, "DELETE", path, "").WantFailure(t, 404, "RESOURCE_NOT_FOUND")
		again("a create after the deletion", created, k+"-create", "POST", sort.collection, says("first"))
		fresh := sort.collection + "/" + newID().String()
		put := ada.keyed(t, k+"-put", "PUT", fresh, says("put"), "If-None-Match", "*").Want(t, 201)
		again("a put that creates only", put, k+"-put", "PUT", fresh, says("put"), "If-None-Match", "*")
		if list, _ := many(t, ada.do(t, "GET", sort.collection, "")); len(list) != 1 {
			t.Errorf("%s: there are %d, want the one that was put", sort.collection, len(list))
		}
	}
}

// A refusal is kept like any answer, even where its cause has gone since.
func TestRefusalsReplay(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	taken := one(t, ada.do(t, "POST", "/tags", `{"name":"taken"}`), 201)
	stale := one(t, ada.do(t, "POST", "/tags", `{"name":"stale"}`), 201)
	absent := "/tags/" + newID().String()
	calls := []struct {
		status             int
		method, path, body string
		headers            []string
	}{
		{409, "POST", "/tags", `{"name":"taken"}`, nil},
		{404, "PATCH", absent, `{"name":"late"}`, nil},
		{404, "DELETE", absent, "", nil},
		{412, "PATCH", "/tags/" + stale.ID, `{"name":"fresh"}`, []string{"If-Match", `"old"`}},
		{412, "PUT", "/tags/" + stale.ID, `{"name":"fresh"}`, []string{"If-None-Match", "*"}},
		{422, "POST", "/tags", `{"name":""}`, nil},
		{422, "POST", "/tasks", body(`{"title":"t","tag_ids":[%q]}`, strings.TrimPrefix(absent, "/tags/")), nil},
		{400, "POST", "/tags", `{`, nil},
	}
	firsts := make([]httpxtest.Response, len(calls))
	for i, c := range calls {
		firsts[i] = ada.keyed(t, fmt.Sprint("k", i), c.method, c.path, c.body, c.headers...).Want(t, c.status)
		if c.status == 412 && (firsts[i].ETag() == "" || firsts[i].Failure(t).Current == nil) {
			t.Errorf("a stale write was answered without what there is: %s", firsts[i].Body)
		}
	}
	ada.do(t, "DELETE", "/tags/"+taken.ID, "").Want(t, 204)
	ada.do(t, "DELETE", "/tags/"+stale.ID, "").Want(t, 204)
	ada.do(t, "PUT", absent, `{"name":"here"}`).Want(t, 201)
	for i, c := range calls {
		wantReplay(t, fmt.Sprintf("%s %s, %d", c.method, c.path, c.status), firsts[i], ada.keyed(t, fmt.Sprint("k", i), c.method, c.path, c.body, c.headers...))
	}
	ada.keyed(t, "another", "POST", "/tags", `{"name":"taken"}`).Want(t, 201)
}

// A key stands for a method, a path with its query, and a body.
func TestKeyStandsForOneRequest(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada, grace := s.as(t, adaAddress), s.as(t, graceAddress)
	path := "/tags/" + newID().String()
	first := ada.keyed(t, "k", "PUT", path, `{"name":"home"}`).Want(t, 201)
	for what, c := range map[string]struct{ method, path, body string }{
		"method": {"PATCH", path, `{"name":"home"}`},
		"path":   {"PUT", "/tags/" + newID().String(), `{"name":"home"}`},
		"query":  {"PUT", path + "?", `{"name":"home"}`},
		"body":   {"PUT", path, `{"name":"Home"}`},
	} {
		r := ada.keyed(t, "k", c.method, c.path, c.body)
		r.WantFailure(t, http.StatusConflict, "IDEMPOTENCY_KEY_REUSED")
		if replayed(r) {
			t.Errorf("another %s counts as a replay", what)
		}
	}
	wantReplay(t, "the first request", first, ada.keyed(t, "k", "PUT", path, `{"name":"home"}`))
	if got := one(t, ada.do(t, "GET", path, ""), 200); got.Name != "home" {
		t.Errorf("the tag is %+v", got)
	}
	theirs := grace.keyed(t, "k", "POST", "/tags", `{"name":"Grace's"}`).Want(t, 201)
	if replayed(theirs) {
		t.Error("the keys of two users are one")
	}
}

// rivals is how many race.
const rivals = 50

// race sends n requests at once and returns the answers, in the order of n.
func race(t *testing.T, n int, send func(ctx context.Context, i int) (httpxtest.Response, error)) []httpxtest.Response {
	t.Helper()
	answers := make([]httpxtest.Response, n)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			var err error
			if answers[i], err = send(t.Context(), i); err != nil {
				t.Errorf("request %d: %v", i, err)
			}
		})
	}
	close(start)
	all.Wait()
	return answers
}

func TestSameWriteAtOnceHappensOnce(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	tag := one(t, ada.do(t, "POST", "/tags", `{"name":"urgent"}`), 201)
	for what, c := range map[string]struct{ method, path, body string }{
		"create": {"POST", "/tasks", body(`{"title":"once","tag_ids":[%q]}`, tag.ID)},
		"put":    {"PUT", "/tasks/" + newID().String(), `{"title":"once"}`},
		"batch":  {"POST", "/batch", `{"operations":[{"op":"create","data":{"title":"once"}}]}`},
	} {
		var first *httpxtest.Response
		answers := race(t, rivals, func(ctx context.Context, _ int) (httpxtest.Response, error) {
			return ada.try(ctx, c.method, c.path, c.body, "Idempotency-Key", what)
		})
		for i := range answers {
			if !replayed(answers[i]) {
				if first != nil {
					t.Errorf("%s: two were executed", what)
				}
				first = &answers[i]
			}
		}
		if first == nil || first.Status >= 300 {
			t.Fatalf("%s: none was executed, or it failed: %+v", what, first)
		}
		for _, again := range answers {
			if diff := cmp.Diff(answeredBy(*first), answeredBy(again)); diff != "" {
				t.Errorf("%s (-first +again):\n%s", what, diff)
			}
		}
	}
	if list, _ := many(t, ada.do(t, "GET", "/tasks", "")); len(list) != 3 {
		t.Errorf("there are %d tasks, want 3", len(list))
	}
}

// locked holds a lock on a whole table until it is let go.
func locked(t *testing.T, url, table string) (letGo func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.AsOwner(t, url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := tx.Rollback(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// waiting reports how many sessions of a database wait for a lock.
func waiting(t *testing.T, url string) string {
	t.Helper()
	return query(t, url, "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
}

// While the first request is stuck, its retries are told so in bounded time,
// and others are served.
func TestRetryOfAStuckWrite(t *testing.T) {
	t.Parallel()
	s, url := unlimited(t)
	ada, grace := s.as(t, adaAddress), s.as(t, graceAddress)
	grace.do(t, "POST", "/tasks", `{"title":"not in the way"}`).Want(t, 201)
	ada.do(t, "GET", "/tags", "").Want(t, 200)
	letGo := locked(t, url, "tags")
	first := make(chan outcome, 1)
	create := func(ctx context.Context, _ int) (httpxtest.Response, error) {
		return ada.try(ctx, "POST", "/tags", `{"name":"slow"}`, "Idempotency-Key", "k")
	}
	go func() {
		answer, err := create(t.Context(), 0)
		first <- outcome{answer, err}
	}()
	eventually(t, "the first request waits for the lock", func() bool { return waiting(t, url) == "1" })
	retries := make(chan []httpxtest.Response, 1)
	go func() { retries <- race(t, rivals, create) }()
	for range 5 {
		grace.do(t, "POST", "/tasks", `{"title":"not in the way"}`).Want(t, 201)
	}
	for _, r := range <-retries {
		r.WantFailure(t, http.StatusConflict, "IDEMPOTENCY_KEY_IN_USE")
		if r.Header.Get("Retry-After") == "" || replayed(r) {
			t.Errorf("a retry was answered with the headers %v", r.Header)
		}
	}
	letGo()
	got := <-first
	if got.err != nil {
		t.Fatal(got.err)
	}
	again, err := create(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	wantReplay(t, "the create", got.answer, again)
	if got.answer.Status != http.StatusCreated {
		t.Errorf("the first request was answered %d: %s", got.answer.Status, got.answer.Body)
	}
}
