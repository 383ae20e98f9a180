package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"docket/platform/auth/devissuer"
	"docket/platform/openapi/openapifuzz"
	"docket/platform/openapi/openapitest"
	"docket/platform/pgtest"
)

var (
	apiRequests = flag.Int("api.requests", 2500, "how many requests TestFuzzAPI makes")
	apiSeed     = flag.Uint64("api.seed", 8, "where TestFuzzAPI begins to draw; 0 for somewhere else each time")
)

// patron is a user, or two at once who share an account.
type patron struct {
	name  string
	lives atomic.Int64 // sign-ups so far
}

// visitor makes requests, one after the other.
type visitor struct {
	patron    *patron
	generator *openapifuzz.Generator
	server    *instance
	document  *openapitest.Contract
	wire      wire
	token     string
	life      int64
	// accepted and refused count answers, by operation.
	accepted, refused map[string]int
	statuses          map[int]int
	findings          *findings
}

// findings are what was wrong, each kind once.
type findings struct {
	mu    sync.Mutex
	count int
	first map[string]string
}

func (f *findings) add(kind, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	if _, ok := f.first[kind]; !ok {
		f.first[kind] = text
	}
}

// Users send whatever can be made out of the document that the program serves,
// and much that cannot. Nothing is answered with a fault of the server's, or
// with what is not in the document, and what is stored stays sound.
func TestFuzzAPI(t *testing.T) {
	t.Parallel()
	seed := *apiSeed
	for seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("the same again: go test ./cmd/docket -run TestFuzzAPI -api.seed=%d -api.requests=%d", seed, *apiRequests)
	address := pgtest.URL(t)
	s := servingOn(t, "DATABASE_URL="+address, "DOCKET_DATA_DIR="+t.TempDir(), "DOCKET_RATE_LIMIT_REQUESTS=1000000", "DOCKET_RATE_LIMIT_AUTH_FAILURES=1000000",
		"DOCKET_HTTP_REQUEST_TIMEOUT=60s", "DOCKET_LOG_FORMAT=json", "DOCKET_LOG_LEVEL=warn")
	after := aftermathOf(t, address, s)
	visitors := invite(t, s, seed, after.foreign)
	began := time.Now()
	var all sync.WaitGroup
	for i, v := range visitors {
		all.Go(func() {
			for range (*apiRequests + i) / len(visitors) {
				v.visit(t)
			}
		})
	}
	all.Wait()
	report(t, visitors, time.Since(began))
	after.check(t)
	for _, v := range visitors {
		v.leave(t)
	}
}

// invite makes visitors: the last two share an account, to get in each other's
// way; what the others are answered is up to nobody else.
func invite(t *testing.T, s *instance, seed uint64, foreign map[string][]string) []*visitor {
	t.Helper()
	text := servedDocument(t, s)
	document, err := openapitest.New(text)
	if err != nil {
		t.Fatal(err)
	}
	shared := &findings{first: map[string]string{}}
	var visitors []*visitor
	for i, p := range []*patron{{name: "first"}, {name: "second"}, {name: "third"}, {name: "fourth"}, nil} {
		if p == nil {
			p = visitors[i-1].patron
		}
		generator, err := openapifuzz.New(text, openapifuzz.Config{Seed: seed, Stream: uint64(i), Foreign: foreign, Rarely: []string{"deleteMe"}})
		if err != nil {
			t.Fatal(err)
		}
		v := &visitor{
			patron: p, generator: generator, server: s, document: document, life: -1,
			wire:     wire{address: strings.TrimSuffix(strings.TrimPrefix(s.greeting.API, "http://"), "/api/v1")},
			accepted: map[string]int{}, refused: map[string]int{}, statuses: map[int]int{}, findings: shared,
		}
		t.Cleanup(v.wire.close)
		visitors = append(visitors, v)
	}
	return visitors
}

// servedDocument is the document that the program serves.
func servedDocument(t *testing.T, s *instance) []byte {
	t.Helper()
	root := client{base: strings.TrimSuffix(s.greeting.API, "/api/v1")}
	return root.do(t, "GET", "/openapi.json", "").Want(t, 200).Body
}

// visit makes one request and looks at the answer.
func (v *visitor) visit(t *testing.T) {
	t.Helper()
	if life := v.patron.lives.Load(); life != v.life {
		v.life = life
		v.signUp(t)
	}
	r := v.generator.Next()
	sent := r
	if !slices.ContainsFunc(r.Header, func(f openapifuzz.Field) bool { return strings.EqualFold(f.Name, "Authorization") }) {
		sent.Header = append(slices.Clone(r.Header), openapifuzz.Field{Name: "Authorization", Value: "Bearer " + v.token})
	}
	answer, err := v.wire.send(sent)
	if err != nil {
		v.findings.add(r.Operation+" no answer", fmt.Sprintf("%s: %v\n%s", r.Operation, err, curlLine(v.server, sent)))
		return
	}
	v.generator.Learn(r, answer.Status, answer.Header, answer.Body)
	v.statuses[answer.Status]++
	if answer.Status < http.StatusBadRequest {
		v.accepted[r.Operation]++
	} else {
		v.refused[r.Operation]++
	}
	if err := judge(v.document, sent, answer); err != nil {
		text := err.Error()
		kind := fmt.Sprintf("%s %d %s", r.Operation, answer.Status, text[strings.LastIndex(text, "\n")+1:])
		v.findings.add(kind[:min(len(kind), 120)], fmt.Sprintf("%s\n%s\nanswered %s", err, curlLine(v.server, sent), answer.Body[:min(len(answer.Body), 1500)]))
	}
	if sent.Method == http.MethodDelete && answer.Status == http.StatusNoContent && strings.HasSuffix(strings.SplitN(sent.Target, "?", 2)[0], "/auth/me") {
		v.patron.lives.CompareAndSwap(v.life, v.life+1)
	}
}

// signUp makes the visitor somebody new.
func (v *visitor) signUp(t *testing.T) {
	t.Helper()
	now := time.Now()
	token, err := v.server.issuer.Sign(devissuer.Claims{
		Subject: fmt.Sprintf("%s, life %d", v.patron.name, v.life), Email: v.patron.name + "@example.com", Name: v.patron.name,
		IssuedAt: now, ExpiresAt: now.Add(10 * time.Hour),
	})
	if err != nil {
		t.Error(err)
	}
	v.token = token
	v.generator.Forget()
}

// leave sees whether the visitor is still served as ever.
func (v *visitor) leave(t *testing.T) {
	t.Helper()
	if v.life != v.patron.lives.Load() {
		v.life = v.patron.lives.Load()
		v.signUp(t)
	}
	c := client{base: v.server.greeting.API, authorization: "Bearer " + v.token}
	everything := export(t, c)
	for path, want := range map[string]int{"/projects?archived=all": len(everything.Projects), "/tags?": len(everything.Tags), "/tasks?": len(everything.Tasks)} {
		if got := len(listed(t, c, path+"&limit=200")); got != want {
			t.Errorf("%s: %s lists %d, the export has %d", v.patron.name, path, got, want)
		}
	}
	one(t, c.do(t, "POST", "/tasks", `{"title":"after all"}`), 201)
}

// crowded is what is answered where more visitors download at once than may:
// there are enough of them for that.
const crowded = "too many downloads are being sent at the moment"

// judge returns all that is wrong with an answer.
func judge(document *openapitest.Contract, r openapifuzz.Request, a wireAnswer) error {
	if err := document.Check(openapitest.Exchange{Method: r.Method, Target: r.Target, Content: r.Body, Status: a.Status, Header: a.Header, Body: a.Body}); err != nil {
		return err
	}
	known := []string{"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE"}
	if a.Status == http.StatusServiceUnavailable && strings.Contains(string(a.Body), crowded) {
		return nil
	}
	if a.Status >= 500 && (a.Status != http.StatusNotImplemented || slices.Contains(known, r.Method)) {
		return fmt.Errorf("a fault of the server's: %d", a.Status)
	}
	id := a.Header.Get("X-Request-Id")
	if id == "" {
		return fmt.Errorf("%d without a request id", a.Status)
	}
	if strings.Contains(string(a.Body)+fmt.Sprint(a.Header), secret) {
		return fmt.Errorf("another user's text shows")
	}
	if a.Status < http.StatusBadRequest || r.Method == http.MethodHead {
		return nil
	}
	var failure struct {
		Success *bool
		Error   struct {
			Code, Message string
			RequestID     string `json:"request_id"`
		}
	}
	if err := json.Unmarshal(a.Body, &failure); err != nil {
		return fmt.Errorf("%d is no envelope: %w", a.Status, err)
	}
	if failure.Success == nil || *failure.Success || failure.Error.Code == "" || failure.Error.Message == "" || failure.Error.RequestID != id {
		return fmt.Errorf("%d is no envelope of the request %s", a.Status, id)
	}
	return nil
}

// report says what was done and fails the test for what was found. A run that
// is not tiny has to get every operation done, and every operation refused.
func report(t *testing.T, visitors []*visitor, took time.Duration) {
	t.Helper()
	accepted, refused, statuses, total := map[string]int{}, map[string]int{}, map[int]int{}, 0
	for _, v := range visitors {
		for id, n := range v.accepted {
			accepted[id] += n
		}
		for id, n := range v.refused {
			refused[id] += n
		}
		for status, n := range v.statuses {
			statuses[status] += n
			total += n
		}
	}
	t.Logf("%d requests in %s, answered %v", total, took.Round(time.Second), statuses)
	for _, id := range visitors[0].generator.Operations() {
		if seldom := id == "deleteMe" && total < 20_000; total >= 2000 && !seldom && (accepted[id] == 0 || refused[id] == 0) {
			t.Errorf("%s was done %d times and refused %d times: the requests are not worth much", id, accepted[id], refused[id])
		}
		t.Logf("%-20s done %6d refused %6d", id, accepted[id], refused[id])
	}
	f := visitors[0].findings
	for _, kind := range slices.Sorted(maps.Keys(f.first)) {
		t.Errorf("%s:\n%s", kind, f.first[kind])
	}
	if f.count > 0 {
		t.Errorf("%d answers were wrong", f.count)
	}
}

// An answer that is wrong is not let pass.
func TestFuzzAPIJudges(t *testing.T) {
	t.Parallel()
	document, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	for name, value := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "X-Request-Id": "x", "Cache-Control": "private, no-cache", "Vary": "Authorization, Origin",
		"RateLimit-Limit": "100", "RateLimit-Remaining": "99", "RateLimit-Reset": "1",
	} {
		header.Set(name, value)
	}
	me := openapifuzz.Request{Operation: "getMe", Method: http.MethodGet, Target: "/api/v1/auth/me"}
	failure := func(code, id string) string {
		return fmt.Sprintf(`{"success":false,"error":{"code":%q,"message":"wrong","request_id":%q}}`, code, id)
	}
	for _, c := range []struct {
		status int
		body   string
		wrong  string // "" for nothing
	}{
		{400, failure("MALFORMED_REQUEST", "x"), ""},
		{400, failure("MALFORMED_REQUEST", "y"), "no envelope of the request x"},
		{400, failure("INTERNAL", "x"), "MALFORMED_REQUEST"},
		{400, `{"success":false}`, "missing property"},
		{409, failure("CONFLICT", "x"), "not documented"},
		{500, failure("INTERNAL", "x"), "a fault of the server's"},
	} {
		err := judge(document, me, wireAnswer{Status: c.status, Header: header, Body: []byte(c.body)})
		if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%d %s: %v, want %q", c.status, c.body, err, c.wrong)
		}
	}
}
