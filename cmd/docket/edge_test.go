package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"docket/platform/pgtest"
)

// A deadline that passes ends the query in PostgreSQL, not only the request.
func TestDeadlineCancelsTheQuery(t *testing.T) {
	t.Parallel()
	h := holding(t, "DOCKET_HTTP_REQUEST_TIMEOUT=5s")
	got := <-h.answered
	if got.err != nil {
		t.Fatal(got.err)
	}
	got.answer.WantFailure(t, http.StatusGatewayTimeout, "DEADLINE_EXCEEDED")
	// The lock that it waited for is still held.
	eventually(t, "nothing waits for the lock any more", func() bool {
		return query(t, h.url, "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == "0"
	})
	h.letGo()
	if name := query(t, h.url, "SELECT name FROM tags"); name != "held" {
		t.Errorf("the tag is now called %q", name)
	}
}

// What is beyond the bound is refused at once, while what is within it waits,
// and whoever asks how the server is gets an answer.
func TestTooManyRequestsInFlight(t *testing.T) {
	t.Parallel()
	h := holding(t, "DOCKET_HTTP_MAX_IN_FLIGHT=1", "DOCKET_HTTP_REQUEST_TIMEOUT=2m")
	for range 3 {
		r := h.ada.do(t, "GET", "/tags", "")
		r.WantFailure(t, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE")
		if got := r.Header.Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After is %q", got)
		}
	}
	probes := client{base: strings.TrimSuffix(h.greeting.API, "/api/v1")}
	probes.do(t, "GET", "/livez", "").Want(t, http.StatusOK)
	h.letGo()
	if got := <-h.answered; got.err != nil || got.answer.Status != http.StatusOK {
		t.Errorf("the request that waited: %d, %v", got.answer.Status, got.err)
	}
	eventually(t, "there is room again", func() bool { return h.ada.do(t, "GET", "/tags", "").Status == http.StatusOK })
}

// The log of a whole server, at its most talkative, is read back: no token, no
// password, no address of the database, and nothing that a user wrote is in it.
func TestLogTellsNoSecrets(t *testing.T) {
	t.Parallel()
	const password, text = "pa55w0rd", "s3cr3t"
	database, err := url.Parse(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	parameters := database.Query()
	parameters.Set("password", password)
	database.RawQuery = parameters.Encode()
	s := servingOn(t, "DATABASE_URL="+database.String(), "DOCKET_DATA_DIR="+t.TempDir(), "DOCKET_LOG_LEVEL=debug",
		"DOCKET_RATE_LIMIT_STORE=redis", "DOCKET_REDIS_URL=redis://ada:"+password+"@127.0.0.1:1/0") // where nothing listens
	ada := s.as(t, text+"@example.com")
	task := one(t, ada.do(t, "POST", "/tasks", `{"title":"`+text+`","description":"`+text+`"}`, "Idempotency-Key", text), 201)
	for _, r := range [][3]string{
		{"GET", "/tasks?q=" + text, ""}, {"GET", "/tasks?cursor=" + text, ""}, {"GET", "/tasks?" + text + "=1", ""}, {"GET", "/tasks/" + text, ""}, {"GET", "/" + text, ""},
		{"PATCH", "/tasks/" + task.ID, `{"` + text + `":"` + text + `"}`}, {"PATCH", "/tasks/" + task.ID, text}, {"PATCH", "/tasks/" + task.ID, `{"title":"` + text + `\u0000"}`},
		{"POST", "/batch", `{"operations":[{"op":"create","data":{"title":"` + text + `","project_id":"` + text + `"}}]}`}, {"POST", "/tags", `{"name":"` + text + `"}`}, {"POST", "/tags", `{"name":"` + text + `"}`},
	} {
		ada.do(t, r[0], r[1], r[2], "User-Agent", text, "Referer", "http://"+text)
	}
	for _, authorization := range []string{"Bearer " + text, "Basic " + text, ada.authorization + text, strings.ToLower(ada.authorization)} {
		client{base: s.greeting.API, authorization: authorization}.do(t, "GET", "/tasks", "")
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	logged := s.stderr.String()
	if !strings.Contains(logged, task.ID[:8]) && !strings.Contains(logged, `"route":"/api/v1/tasks"`) {
		t.Fatalf("this is not the log:\n%s", logged)
	}
	for name, secret := range map[string]string{
		"a password": password, "what a user wrote": text, "a token": strings.TrimPrefix(ada.authorization, "Bearer "),
		"a signature": ada.authorization[strings.LastIndexByte(ada.authorization, '.')+1:], "the database's address": database.Host + database.Path + "?",
	} {
		if at := strings.Index(logged, secret); at >= 0 {
			t.Errorf("the log tells %s: …%s…", name, logged[max(at-200, 0):min(at+100, len(logged))])
		}
	}
}
