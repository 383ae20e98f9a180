package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/platform/auth/devissuer"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pages"
)

const (
	adaAddress   = "ada@example.com"
	graceAddress = "grace@example.com"
)

func body(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// What somebody does who signs in for the first time.
func TestFirstHour(t *testing.T) {
	t.Parallel()
	ada := serving(t).as(t, adaAddress)

	me := one(t, ada.do(t, "GET", "/auth/me", ""), 200)
	if me.Email != adaAddress || me.Name != "ada" || me.TimeZone != "UTC" {
		t.Errorf("at first sight: %+v", me)
	}
	if again := one(t, ada.do(t, "GET", "/auth/me", ""), 200); again.ID != me.ID {
		t.Errorf("at second sight the user is %s, at first it was %s", again.ID, me.ID)
	}
	if moved := one(t, ada.do(t, "PATCH", "/auth/me", `{"time_zone":"Europe/London"}`), 200); moved.TimeZone != "Europe/London" {
		t.Errorf("the time zone is %s", moved.TimeZone)
	}

	project := one(t, ada.do(t, "POST", "/projects", `{"name":"Analytical Engine"}`), 201)
	tag := one(t, ada.do(t, "POST", "/tags", `{"name":"urgent"}`), 201)
	created := ada.do(t, "POST", "/tasks", body(`{"title":"Bernoulli numbers","project_id":%q,"tag_ids":[%q]}`, project.ID, tag.ID))
	task := one(t, created, 201)
	if got, want := created.Header.Get("Location"), "/api/v1/tasks/"+task.ID; got != want {
		t.Errorf("Location is %q, want %q", got, want)
	}
	read := ada.do(t, "GET", "/tasks/"+task.ID, "")
	if diff := cmp.Diff(task, one(t, read, 200)); diff != "" {
		t.Errorf("the task (-created +read):\n%s", diff)
	}
	if task.ProjectID == nil || *task.ProjectID != project.ID || !cmp.Equal(task.TagIDs, []string{tag.ID}) {
		t.Errorf("the task has neither its project nor its tag: %+v", task)
	}

	done := ada.do(t, "PATCH", "/tasks/"+task.ID, `{"status":"done"}`, "If-Match", read.ETag())
	if got := one(t, done, 200); got.Status != "done" || got.Completed == nil || got.Title != task.Title {
		t.Errorf("after the patch: %+v", got)
	}
	ada.do(t, "PATCH", "/tasks/"+task.ID, `{"status":"todo"}`, "If-Match", read.ETag()).WantFailure(t, 412, "PRECONDITION_FAILED")

	ada.do(t, "DELETE", "/projects/"+project.ID, "").Want(t, 204)
	ada.do(t, "DELETE", "/tags/"+tag.ID, "").Want(t, 204)
	got := one(t, ada.do(t, "GET", "/tasks/"+task.ID, ""), 200)
	if got.ProjectID != nil || len(got.TagIDs) != 0 || got.Title != task.Title {
		t.Errorf("after its project and tag are gone: %+v", got)
	}
	ada.do(t, "DELETE", "/tasks/"+task.ID, "").Want(t, 204)
	ada.do(t, "GET", "/tasks/"+task.ID, "").WantFailure(t, 404, "RESOURCE_NOT_FOUND")
}

// The way of an offline client: its own ids, the same PUT twice.
func TestPutTwice(t *testing.T) {
	t.Parallel()
	ada := serving(t).as(t, adaAddress)
	path := "/tasks/" + newID().String()
	first := one(t, ada.do(t, "PUT", path, `{"title":"made offline"}`), 201)
	second := one(t, ada.do(t, "PUT", path, `{"title":"made offline"}`), 200)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the same PUT again changed something (-first +second):\n%s", diff)
	}
	if list, _ := many(t, ada.do(t, "GET", "/tasks", "")); len(list) != 1 {
		t.Errorf("there are %d tasks", len(list))
	}
	ada.do(t, "PUT", path, `{"title":"another"}`, "If-None-Match", "*").WantFailure(t, 412, "PRECONDITION_FAILED")
}

// A list stays right while somebody adds to it and takes away from it.
func TestPaging(t *testing.T) {
	t.Parallel()
	ada := serving(t).as(t, adaAddress)
	var ids []string
	for i := range 5 {
		ids = append(ids, one(t, ada.do(t, "POST", "/tasks", body(`{"title":"task %d"}`, i)), 201).ID)
	}
	var got []string
	page, cursor := many(t, ada.do(t, "GET", "/tasks?sort=created_at&limit=2", ""))
	ada.do(t, "DELETE", "/tasks/"+ids[0], "").Want(t, 204) // seen already
	ids = append(ids, one(t, ada.do(t, "POST", "/tasks", `{"title":"late"}`), 201).ID)
	for {
		for _, task := range page {
			got = append(got, task.ID)
			if task.ETag == "" {
				t.Errorf("%s has no etag in the list", task.ID)
			}
		}
		if cursor == "" {
			break
		}
		page, cursor = many(t, ada.do(t, "GET", "/tasks?sort=created_at&limit=2&cursor="+cursor, ""))
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Errorf("the pages (-made +listed):\n%s", diff)
	}
	_, cursor = many(t, ada.do(t, "GET", "/tasks?limit=2", ""))
	ada.do(t, "GET", "/tasks?limit=2&cursor=x"+cursor, "").WantFailure(t, 400, "MALFORMED_REQUEST")
}

// What belongs to somebody else does not exist: not a byte tells it from what
// never was.
func TestOthersDoNotExist(t *testing.T) {
	t.Parallel()
	s := serving(t)
	ada, grace := s.as(t, adaAddress), s.as(t, graceAddress)
	project := one(t, ada.do(t, "POST", "/projects", `{"name":"Engine"}`), 201)
	tag := one(t, ada.do(t, "POST", "/tags", `{"name":"urgent"}`), 201)
	task := one(t, ada.do(t, "POST", "/tasks", body(`{"title":"Note","project_id":%q,"tag_ids":[%q]}`, project.ID, tag.ID)), 201)

	for _, c := range []struct {
		what, method, path, body string
		status                   int
		foreign                  string
	}{
		{"read a project", "GET", "/projects/%s", "", 404, project.ID},
		{"change a project", "PATCH", "/projects/%s", `{"name":"mine"}`, 404, project.ID},
		{"delete a project", "DELETE", "/projects/%s", "", 404, project.ID},
		{"read a tag", "GET", "/tags/%s", "", 404, tag.ID},
		{"change a tag", "PATCH", "/tags/%s", `{"name":"mine"}`, 404, tag.ID},
		{"delete a tag", "DELETE", "/tags/%s", "", 404, tag.ID},
		{"read a task", "GET", "/tasks/%s", "", 404, task.ID},
		{"change a task", "PATCH", "/tasks/%s", `{"title":"mine"}`, 404, task.ID},
		{"delete a task", "DELETE", "/tasks/%s", "", 404, task.ID},
		{"replace a task as it was", "PUT", "/tasks/%s", "If-Match", 412, task.ID},
		{"a task in a project", "POST", "/tasks", `{"title":"t","project_id":"%s"}`, 422, project.ID},
		{"a task with a tag", "POST", "/tasks", `{"title":"t","tag_ids":["%s"]}`, 422, tag.ID},
		{"a task below a task", "POST", "/tasks", `{"title":"t","parent_id":"%s"}`, 422, task.ID},
	} {
		ask := func(id string) exchange {
			path, content := strings.ReplaceAll(c.path, "%s", id), strings.ReplaceAll(c.body, "%s", id)
			var headers []string
			if c.body == "If-Match" {
				content, headers = `{"title":"mine"}`, []string{"If-Match", `"anything"`}
			}
			return recorded(grace.do(t, c.method, path, content, headers...), id)
		}
		foreign, absent := ask(c.foreign), ask(newID().String())
		if diff := cmp.Diff(absent, foreign); diff != "" || absent.Status != c.status {
			t.Errorf("%s: status %d, want %d (-what never was +somebody else's):\n%s", c.what, absent.Status, c.status, diff)
		}
	}
	// An id that somebody else has is as free as any.
	one(t, grace.do(t, "PUT", "/projects/"+project.ID, `{"name":"Grace's own"}`), 201)

	for path, want := range map[string]resource{"/projects/": project, "/tags/": tag, "/tasks/": task} {
		if diff := cmp.Diff(want, one(t, ada.do(t, "GET", path+want.ID, ""), 200)); diff != "" {
			t.Errorf("%s was touched (-before +after):\n%s", path, diff)
		}
	}
	for path, want := range map[string]int{"/projects": 1, "/tags": 0, "/tasks": 0} {
		if list, _ := many(t, grace.do(t, "GET", path, "")); len(list) != want {
			t.Errorf("Grace has %d in %s, want %d", len(list), path, want)
		}
	}
}

// exchange is what of an answer two requests have in common.
type exchange struct {
	Status int
	Header http.Header
	Body   string
}

func recorded(r httpxtest.Response, id string) exchange {
	e := exchange{Status: r.Status, Header: r.Header.Clone(), Body: strings.ReplaceAll(string(r.Body), id, "ID")}
	for _, name := range []string{"Date", "Ratelimit-Remaining", "Ratelimit-Reset"} {
		e.Header.Del(name)
	}
	return e
}

func TestTokens(t *testing.T) {
	t.Parallel()
	s := serving(t)
	stranger, err := devissuer.Open(t.TempDir(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	claims := devissuer.Claims{Subject: "x", IssuedAt: now, ExpiresAt: now.Add(time.Hour)}
	forged, err := stranger.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	damaged := s.bearing(t, claims).authorization
	damaged = damaged[:len(damaged)-8] + "AAAAAAAA"

	for name, authorization := range map[string]string{
		"none":               "",
		"garbage":            "Bearer garbage",
		"another scheme":     "Basic YWRhOmFkYQ==",
		"another's key":      "Bearer " + forged,
		"a damaged one":      damaged,
		"an expired forgery": "Bearer " + expired(t, stranger),
	} {
		r := client{base: s.greeting.API, authorization: authorization}.do(t, "GET", "/tasks", "")
		r.WantFailure(t, 401, "UNAUTHENTICATED")
		if got := r.Header.Get("WWW-Authenticate"); got != `Bearer error="invalid_token"` {
			t.Errorf("%s: WWW-Authenticate is %q", name, got)
		}
	}
	client{base: s.greeting.API, authorization: "Bearer " + expired(t, s.issuer)}.
		do(t, "GET", "/tasks", "").WantFailure(t, 401, "TOKEN_EXPIRED")
	if strings.Contains(s.stderr.String(), "eyJ") {
		t.Error("a token is in the log")
	}
}

func expired(t *testing.T, issuer *devissuer.Issuer) string {
	t.Helper()
	now := time.Now()
	token, err := issuer.Sign(devissuer.Claims{Subject: "x", IssuedAt: now.Add(-2 * time.Hour), ExpiresAt: now.Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// What is served to anyone: probes, the page of calls, the key set; and the
// envelope for what is not there.
func TestOutsideTheAPI(t *testing.T) {
	t.Parallel()
	s := serving(t)
	root := client{base: strings.TrimSuffix(s.greeting.API, "/api/v1")}
	becomesReady(t, root.base)
	for path, says := range map[string]string{
		"/livez":            `"status":"alive"`,
		"/readyz":           `"status":"ready"`,
		pages.ReferencePath: "/api/v1/tasks/:id",
		jwksPath:            `"kty":"OKP"`,
		"/livez?x=%zz":      `"status":"alive"`,
	} {
		if r := root.do(t, "GET", path, "").Want(t, 200); !strings.Contains(string(r.Body), says) {
			t.Errorf("GET %s does not say %q: %s", path, says, r.Body)
		}
	}
	root.do(t, "GET", "/nothing", "").WantFailure(t, 404, "RESOURCE_NOT_FOUND")
	root.do(t, "GET", "/api/v1/nothing", "").WantFailure(t, 404, "RESOURCE_NOT_FOUND")
	r := root.do(t, "DELETE", "/api/v1/tasks", "")
	r.WantFailure(t, 405, "METHOD_NOT_ALLOWED")
	if allow := r.Header.Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "POST") {
		t.Errorf("Allow is %q", allow)
	}
}

// The data outlives the server; so do cursors, whose key is in the database.
func TestRestartOnOnesOwnDatabase(t *testing.T) {
	t.Parallel()
	first := serving(t)
	ada := first.as(t, adaAddress)
	for i := range 3 {
		one(t, ada.do(t, "POST", "/tags", body(`{"name":"tag %d"}`, i)), 201)
	}
	_, cursor := many(t, ada.do(t, "GET", "/tags?limit=2", ""))
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := ada.try(t.Context(), "GET", "/tags", ""); err == nil {
		t.Error("the stopped server still answers")
	}
	second := servingOn(t, first.settings...)
	rest, _ := many(t, second.as(t, adaAddress).do(t, "GET", "/tags?limit=2&cursor="+cursor, ""))
	if len(rest) != 1 || rest[0].Name != "tag 2" {
		t.Errorf("the next page, after a restart: %+v", rest)
	}
}

// The first requests of a new user come together.
func TestFirstRequestsAtOnce(t *testing.T) {
	t.Parallel()
	ada := serving(t).as(t, adaAddress)
	outcomes := make(chan outcome, 10)
	for range cap(outcomes) {
		go func() {
			answer, err := ada.try(t.Context(), "GET", "/auth/me", "")
			outcomes <- outcome{answer, err}
		}()
	}
	seen := map[string]bool{}
	for range cap(outcomes) {
		o := <-outcomes
		if o.err != nil {
			t.Error(o.err)
			continue
		}
		seen[one(t, o.answer, 200).ID] = true
	}
	if len(seen) != 1 {
		t.Errorf("ten first requests made the users %v", seen)
	}
	for id := range seen {
		if uuid.Validate(id) != nil {
			t.Errorf("the user's id is %q", id)
		}
	}
}
