package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/fx"

	"docket/configs"
	"docket/platform/auth/devissuer"
	"docket/platform/config"
	"docket/platform/httpx"
	"docket/platform/pgtest"
	"docket/platform/ratelimit"
	"docket/platform/telemetry"
)

// marked is in every text, password and token of the tests below: it must not be in
// the log, in whatever case or encoding.
const marked = "zqx7marked"

// hygiene is a server, what it was sent that is nobody's to read, and what came
// of it.
type hygiene struct {
	api      string
	url      string // of the database
	issuer   *devissuer.Issuer
	log      *output
	stop     func()
	secrets  []string
	sent     int
	statuses map[int]int
	ids      map[string]string // of a project, a tag and a task
}

// startHygiene runs the program with a log of everything, in a format.
func startHygiene(t *testing.T, format telemetry.Format, more ...fx.Option) *hygiene {
	t.Helper()
	h := &hygiene{url: pgtest.URL(t), log: newOutput(), statuses: map[int]int{}, ids: map[string]string{}}
	cfg, err := config.Load(config.Sources{Files: configs.Files, Environ: []string{
		"DATABASE_URL=" + secretURL(t, h.url), "DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0", "DOCKET_DATA_DIR=" + t.TempDir(),
		"DOCKET_RATE_LIMIT_REQUESTS=1000000", "DOCKET_RATE_LIMIT_STORE=redis", // which is down: every request is let through
		"DOCKET_REDIS_URL=redis://" + marked + ":" + marked + "@127.0.0.1:1/0",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if h.issuer, err = openIssuer(cfg); err != nil {
		t.Fatal(err)
	}
	logger, level := telemetry.NewLogger(h.log, telemetry.LogOptions{Format: format, Level: slog.LevelDebug})
	var listening *listener
	app := newApp(graph{cfg: cfg, log: logger, level: level, databaseURL: cfg.Database.URL, issuer: h.issuer},
		append(more, fx.Populate(&listening))...)
	if err := start(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	h.stop = sync.OnceFunc(func() {
		if err := app.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(h.stop)
	h.api = "http://" + listening.address() + httpx.BasePath
	return h
}

// secretURL is a connection URL with a password, which the server ignores.
func secretURL(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if _, has := u.User.Password(); !has {
		u.User = url.UserPassword(u.User.Username(), marked+"password")
	}
	return u.String()
}

// send sends one request and keeps its secrets in mind.
func (h *hygiene) send(t *testing.T, authorization, method, path, body string, headers ...string) {
	t.Helper()
	c := client{base: h.api, authorization: authorization}
	r, err := c.try(t.Context(), method, path, body, headers...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	h.statuses[r.Status]++
	h.sent++
}

// bearer is somebody with a token, every part of which is a secret.
func (h *hygiene) bearer(t *testing.T, issuer *devissuer.Issuer, lifetime time.Duration) string {
	t.Helper()
	now := time.Now()
	token, err := issuer.Sign(devissuer.Claims{
		Subject: marked + "subject", Email: marked + "@example.com", Name: marked + " name",
		IssuedAt: now.Add(-2 * time.Hour), ExpiresAt: now.Add(lifetime),
	})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	h.secrets = append(h.secrets, parts[1][:40], parts[2]) // the header is the same for all
	return "Bearer " + token
}

// everyRoute sends to each route what it takes, and a good deal that it does
// not.
func (h *hygiene) everyRoute(t *testing.T, authorization string) {
	t.Helper()
	queries := []string{"", "?q=" + marked, "?" + marked + "=1", "?cursor=" + marked, "?sort=" + marked, "?status=" + marked, "?project_id=" + marked, "?due_after=" + marked}
	bodies := []string{
		"", `{"title":"` + marked + `","description":"` + marked + `"}`, `{"name":"` + marked + `"}`,
		`{"title":7,"` + marked + `":{"` + marked + `":1},"color":"` + marked + `","time_zone":"` + marked + `","tag_ids":["` + marked + `"]}`,
		`{"title":"` + marked, `"` + marked + `"`, `{"name":"` + strings.Repeat(marked, 300) + `"}`,
		`{"operations":[{"op":"create","temp_id":"` + marked + `","data":{"title":"` + marked + `"}},{"op":"` + marked + `"}]}`,
		`{"operations":[{"op":"create","resource":"tag","data":{"name":"` + marked + ` in a batch"}}]}`,
	}
	for _, line := range served(assembled(t)) {
		call := strings.Fields(line)
		method, route := call[0], call[1]
		path, ok := strings.CutPrefix(route, httpx.BasePath)
		if !ok {
			continue
		}
		kind, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		for _, id := range []string{h.ids[kind], marked, newID().String()} {
			if method == "DELETE" && id == h.ids[kind] {
				continue // it is still of use
			}
			at := strings.ReplaceAll(path, ":id", id)
			if method == "GET" || method == "DELETE" && kind != "auth" {
				for _, q := range queries {
					h.send(t, authorization, method, at+q, "")
				}
			} else if method != "DELETE" {
				for _, b := range bodies {
					h.send(t, authorization, method, at, b, "Idempotency-Key", fmt.Sprint(marked, h.sent))
				}
			}
			if at == path {
				break // there is no id in it
			}
		}
	}
}

// oddRequests are of people who prove nothing, and of broken clients.
func (h *hygiene) oddRequests(t *testing.T, good string) {
	t.Helper()
	stranger, err := devissuer.Open(t.TempDir(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	half := good[:len(good)-20]
	basic := base64.StdEncoding.EncodeToString([]byte(marked + ":" + marked + "password"))
	h.secrets = append(h.secrets, basic)
	for _, a := range []string{
		"", "Bearer " + marked, "Basic " + basic, marked, "Bearer a." + marked + ".c", half, good + "x", good + "." + marked,
		h.bearer(t, h.issuer, -time.Hour), h.bearer(t, stranger, time.Hour),
	} {
		h.send(t, a, "GET", "/tasks?q="+marked, "")
		h.send(t, a, "POST", "/tasks", `{"title":"`+marked+`"}`)
	}
	for _, headers := range [][]string{
		{"Idempotency-Key", marked + " with a space"}, {"Idempotency-Key", ""}, {"If-Match", marked}, {"If-Match", `"` + marked + `"`}, {"If-None-Match", `"` + marked + `"`},
		{"Content-Type", "text/" + marked}, {"Origin", "https://" + marked + ".example.com"}, {"Cookie", "session=" + marked}, {"User-Agent", marked},
		{"X-Forwarded-For", marked}, {"Accept", marked}, {"Referer", "https://example.com/" + marked}, {"X-Request-Id", marked + " with a space"},
	} {
		h.send(t, good, "PATCH", "/tasks/"+h.ids["tasks"], `{"title":"`+marked+`"}`, headers...)
		h.send(t, good, "GET", "/tasks/"+h.ids["tasks"], "", headers...)
	}
	h.send(t, good, "ZQX7MARKED", "/tasks", "")
	h.send(t, good, "GET", "/"+marked, "")
	h.send(t, good, "POST", "/tasks", `{"title":"`+marked+strings.Repeat("x", 2<<20)+`"}`)
	for _, head := range []string{
		"GET /api/v1/tasks?q=" + marked + " HTTP/9.9\r\nHost: a\r\n\r\n", marked + "\r\n\r\n",
		"GET /" + marked + " HTTP/1.1\r\nHost: a\r\n" + marked + " no colon\r\n\r\n", "GET / HTTP/1.1\r\n" + marked + ": a\x00b\r\nHost: a\r\n\r\n",
		"POST /api/v1/tasks HTTP/1.1\r\nHost: a\r\nContent-Length: " + marked + "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat(marked, 4000) + "\r\n\r\n",
	} {
		h.raw(t, head)
	}
}

// raw sends what no HTTP client would, and waits for the end.
func (h *hygiene) raw(t *testing.T, head string) {
	t.Helper()
	u, err := url.Parse(h.api)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, head); err != nil {
		return // it hung up before it had read all
	}
	_, _ = bufio.NewReader(conn).ReadString('\n') // or it only hangs up
}

// brokenDatabase makes PostgreSQL and its driver complain about what they were
// given.
func (h *hygiene) brokenDatabase(t *testing.T, authorization string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.AsOwner(t, h.url))
	if err != nil {
		t.Fatal(err)
	}
	for _, harm := range []string{
		`ALTER TABLE tasks ADD CONSTRAINT harm CHECK (false) NOT VALID`,
		`ALTER TABLE tags DROP COLUMN name CASCADE, ADD COLUMN name integer`,
		`ALTER TABLE projects DROP COLUMN name`,
		`DROP TABLE tombstones`,
	} {
		if _, err := conn.Exec(t.Context(), harm); err != nil {
			t.Fatal(err)
		}
		before := h.statuses[500]
		for _, path := range []string{"/tasks", "/tags", "/projects"} {
			h.send(t, authorization, "POST", path, `{"title":"`+marked+`"}`)
			h.send(t, authorization, "POST", path, `{"name":"`+marked+` again"}`)
			h.send(t, authorization, "GET", path+"?q="+marked, "")
		}
		h.send(t, authorization, "POST", "/batch", `{"operations":[{"op":"create","data":{"title":"`+marked+`"}}]}`)
		if strings.HasPrefix(harm, "DROP TABLE") {
			h.send(t, authorization, "DELETE", "/auth/me", "")
		}
		if h.statuses[500] == before {
			t.Errorf("%s did no harm", harm)
		}
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// clean fails the test if a secret is in a log, or too little to tell.
func (h *hygiene) clean(t *testing.T, log string, atLeast int) {
	t.Helper()
	lines := strings.Count(log, "\n")
	if lines < atLeast {
		t.Errorf("the log has %d lines, which cannot be all:\n%s", lines, log)
	}
	for line := range strings.Lines(log) {
		folded := strings.ToLower(line)
		for _, secret := range append(h.secrets, marked, base64.StdEncoding.EncodeToString([]byte(marked))[:12]) {
			if strings.Contains(folded, strings.ToLower(secret)) {
				t.Errorf("%q is in the log:\n%.600s", secret, line)
			}
		}
	}
}

// What users write, their tokens, and the passwords of the database are never
// in the log: whatever is asked, whatever fails, however much is logged.
func TestLogKeepsSecrets(t *testing.T) {
	t.Parallel()
	for _, format := range []telemetry.Format{telemetry.Text, telemetry.JSON} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			h := startHygiene(t, format)
			good := h.bearer(t, h.issuer, time.Hour)
			ada := client{base: h.api, authorization: good}
			for kind, body := range map[string]string{"projects": "name", "tags": "name", "tasks": "title"} {
				h.ids[kind] = one(t, ada.do(t, "POST", "/"+kind, fmt.Sprintf(`{%q:"first %s"}`, body, marked)), 201).ID
			}
			h.everyRoute(t, good)
			h.oddRequests(t, good)
			h.brokenDatabase(t, good)
			for _, status := range []int{200, 201, 400, 401, 404, 412, 413, 415, 422, 500} {
				if h.statuses[status] == 0 {
					t.Errorf("nothing was answered with %d: %v", status, h.statuses)
				}
			}
			h.stop()
			h.clean(t, h.log.String(), 300)
			if format == telemetry.JSON {
				eachIsJSON(t, h.log.String())
			}
		})
	}
}

func eachIsJSON(t *testing.T, log string) {
	t.Helper()
	for line := range strings.Lines(log) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line that is no JSON: %s", line)
		}
	}
}

// A start that fails says why, and not with which password.
func TestFailedStartKeepsSecrets(t *testing.T) {
	t.Parallel()
	h := &hygiene{}
	for _, settings := range [][]string{
		{"DATABASE_URL=postgres://ada:" + marked + "@127.0.0.1:1/docket"},
		{"DATABASE_URL=postgres://ada:" + marked + "@127.0.0.1:x/docket"},
		{"DATABASE_URL=host=127.0.0.1 port=1 user=ada password=" + marked},
		{"DATABASE_URL=postgres://ada:" + marked + " %zz@127.0.0.1/docket"},
		{"DATABASE_URL_DIRECT=postgres://ada:" + marked + "@127.0.0.1:1/docket", "DATABASE_URL=postgres://ada:" + marked + "@a-pooler.invalid:1/docket"},
		{"DOCKET_REDIS_URL=redis://:" + marked + " %zz@127.0.0.1:1/x", "DOCKET_RATE_LIMIT_STORE=redis"},
	} {
		r := execute(t, append(settings, "DOCKET_DATA_DIR="+t.TempDir(), "DOCKET_LOG_LEVEL=debug", "DOCKET_HTTP_ADDRESS=127.0.0.1:0"), "serve")
		if r.code == 0 {
			t.Errorf("%q: it started", settings)
		}
		h.clean(t, r.stdout+r.stderr+"\n", 1)
	}
}

// clumsy panics in the middle of each request, with a token at hand.
type clumsy struct{ tokens []string }

func (c clumsy) Allow(context.Context, string) (ratelimit.Decision, error) {
	return ratelimit.Decision{}, errors.New(c.tokens[len(c.tokens)]) // out of range
}

// A panic is logged with its stack, which has addresses and no arguments that
// can be read.
func TestPanicKeepsSecrets(t *testing.T) {
	t.Parallel()
	h := startHygiene(t, telemetry.JSON, fx.Decorate(func(l limits) limits { return limits{requests: clumsy{tokens: []string{marked}}, failures: clumsy{}} }))
	good := h.bearer(t, h.issuer, time.Hour)
	h.send(t, good, "POST", "/tasks?"+marked+"="+marked, `{"title":"`+marked+`"}`, "Idempotency-Key", marked)
	h.send(t, "Bearer "+marked, "GET", "/tasks/"+marked, "")
	h.stop()
	if h.statuses[500] != 2 {
		t.Errorf("the answers were %v, want two of 500", h.statuses)
	}
	if n := strings.Count(h.log.String(), "index out of range"); n != 2 {
		t.Errorf("%d panics are in the log, want 2", n)
	}
	h.clean(t, h.log.String(), 2)
}
