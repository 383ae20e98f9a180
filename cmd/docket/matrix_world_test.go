package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

// slot is a place for an id in a request.
type slot struct {
	in   string // path, query or body
	name string
	kind string // of what the id is
	list bool
}

// operation is one of the document, or one of those that a batch takes.
type operation struct {
	method, path string
	slots        []slot // the one in the path first
	body         map[string]any
	batched      string // create, update, delete or move; "" outside a batch
}

func (o operation) String() string {
	if o.batched != "" {
		return "batch of " + o.method + " " + o.path
	}
	return o.method + " " + o.path
}

// inPath is how many of the slots are in the path: one or none.
func (o operation) inPath() int {
	if len(o.slots) > 0 && o.slots[0].in == "path" {
		return 1
	}
	return 0
}

// matrix is Ada, over and over again, beside Bob.
type matrix struct {
	operations []operation
	server     *instance
	owner      *pgx.Conn
	ada        client
	users      int
	dirty      bool
	mine       map[string][]string // ids by kind
	bobs       map[string][]string
	nobodys    map[string][]string
	names      *strings.Replacer
	bob        string // all that is stored of him
	everything string // the statement that reads it
	cells      int
	answers    map[string]string
	breaches   []string
}

// secret is in every text of Bob's.
const secret = "bobs-secret"

func newMatrix(t *testing.T, address string, settings ...string) *matrix {
	t.Helper()
	owner, err := pgx.Connect(t.Context(), pgtest.AsOwner(t, address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := owner.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	m := &matrix{owner: owner, answers: map[string]string{}}
	m.server = servingOn(t, append(settings, "DOCKET_DATA_DIR="+t.TempDir(), "DOCKET_RATE_LIMIT_REQUESTS=1000000", "DOCKET_LOG_LEVEL=error")...)
	m.operations = operationsOf(t, m.server.greeting.API)
	m.bobs = furnish(t, m.server.as(t, "bob@example.com"), secret)
	m.nobodys = map[string][]string{}
	for kind, ids := range m.bobs {
		for range ids {
			m.nobodys[kind] = append(m.nobodys[kind], freshID(t))
		}
	}
	m.bob = m.stored(t)
	m.renew(t)
	return m
}

// furnish gives a user some of everything.
func furnish(t *testing.T, c client, text string) map[string][]string {
	t.Helper()
	ids := map[string][]string{}
	for range 4 {
		for _, kind := range []string{"project", "tag", "task"} {
			ids[kind] = append(ids[kind], freshID(t))
		}
	}
	for kind, of := range ids {
		for i, id := range of {
			member := map[string]string{"project": "name", "tag": "name", "task": "title"}[kind]
			c.do(t, "PUT", "/"+kind+"s/"+id, fmt.Sprintf(`{%q:"%s %d"}`, member, text, i)).Want(t, http.StatusCreated)
		}
	}
	return ids
}

// renew makes another Ada.
func (m *matrix) renew(t *testing.T) {
	t.Helper()
	m.users++
	m.dirty = false
	m.ada = m.server.as(t, fmt.Sprintf("ada-%d@example.com", m.users))
	m.mine = furnish(t, m.ada, "mine")
	var pairs []string
	for kind := range m.mine {
		for i := range m.mine[kind] {
			foreign := fmt.Sprintf("FOREIGN %s %d", kind, i)
			pairs = append(pairs, m.mine[kind][i], fmt.Sprintf("OWN %s %d", kind, i), m.bobs[kind][i], foreign, m.nobodys[kind][i], foreign)
		}
	}
	m.names = strings.NewReplacer(pairs...)
}

func (m *matrix) breach(format string, args ...any) {
	m.breaches = append(m.breaches, fmt.Sprintf(format, args...))
}

// ask sends the request of a cell, of an Ada to whom nothing has happened yet.
func (m *matrix) ask(t *testing.T, c cell) httpxtest.Response {
	t.Helper()
	m.cells++
	if m.dirty {
		m.renew(t)
	}
	method, path, body := c.request(t, m)
	answer, err := m.ada.try(t.Context(), method, path, body)
	if err != nil {
		m.breach("%s: %v", c, err)
	}
	if answer.Status >= 500 {
		m.breach("%s answers %d %s", c, answer.Status, answer.Body)
	}
	if strings.Contains(string(answer.Body)+fmt.Sprint(answer.Header), secret) {
		m.breach("%s shows what is Bob's: %s", c, answer.Body)
	}
	m.dirty = method != "GET" && answer.Status < 300
	return answer
}

// request puts the ids of a cell where they belong. What is in the path comes
// first of its kind, so that nothing is next to itself.
func (c cell) request(t *testing.T, m *matrix) (method, path, body string) {
	t.Helper()
	content := map[string]any{}
	maps.Copy(content, c.operation.body)
	query := url.Values{}
	used := map[string]int{"project": 1, "tag": 1, "task": 1}
	if c.operation.inPath() == 1 {
		used[c.slots[0].kind] = 0
	}
	path, id := c.operation.path, ""
	for i, s := range c.slots {
		n := used[s.kind]
		used[s.kind]++
		value := map[choice]string{own: m.mine[s.kind][n], another: m.bobs[s.kind][n], missing: m.nobodys[s.kind][n], malformed: "no-id"}[c.ids[i]]
		switch {
		case s.in == "path":
			path, id = strings.Replace(path, "{id}", value, 1), value
		case s.in == "query":
			query.Set(s.name, value)
		case s.list:
			content[s.name] = []string{m.mine[s.kind][0], value}
		default:
			content[s.name] = value
		}
	}
	if c.operation.batched != "" {
		return "POST", "/batch", c.operation.inBatch(t, id, content)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	if c.operation.body == nil {
		return c.operation.method, path, ""
	}
	return c.operation.method, path, marshalled(t, content)
}

// inBatch is a batch that first makes something, which a refusal takes back.
func (o operation) inBatch(t *testing.T, id string, content map[string]any) string {
	t.Helper()
	op := map[string]any{"op": o.batched, "resource": strings.TrimSuffix(strings.Split(o.path, "/")[1], "s")}
	if id != "" {
		op["id"] = id
	}
	if o.body != nil {
		op["data"] = content
	}
	first := map[string]any{"op": "create", "data": map[string]any{"title": "first of a batch"}}
	return marshalled(t, map[string]any{"operations": []any{first, op}})
}

func marshalled(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// traces looks whether anything of Bob's has changed.
func (m *matrix) traces(t *testing.T, after string) {
	t.Helper()
	if now := m.stored(t); now != m.bob {
		m.breach("%s left a trace:\n%s\nwas\n%s", after, now, m.bob)
		m.bob = now
	}
}

// stored is every row of Bob's, in every table there is.
func (m *matrix) stored(t *testing.T) string {
	t.Helper()
	if m.everything == "" {
		m.everything = m.everyTable(t)
	}
	rows, err := m.owner.Query(t.Context(), m.everything)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(all) < 13 && m.bob == "" {
		t.Fatalf("Bob has %d rows, %v", len(all), err)
	}
	return strings.Join(all, "\n")
}

// everyTable is the statement that reads every row of Bob's.
func (m *matrix) everyTable(t *testing.T) string {
	t.Helper()
	const tables = `SELECT array_agg(format('SELECT %L || t::text FROM public.%I AS t WHERE %I = (SELECT id FROM users WHERE email = ''bob@example.com'')', c.relname || ' ', c.relname, a.attname))
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND (a.attname = 'user_id' OR a.attname = 'id' AND c.relname IN ('users', 'tombstones'))`
	var parts []string
	if err := m.owner.QueryRow(t.Context(), tables).Scan(&parts); err != nil {
		t.Fatal(err)
	}
	return strings.Join(parts, " UNION ALL ") + " ORDER BY 1"
}

// operationsOf reads every operation, and what ids it takes, out of the document
// that the program serves.
func operationsOf(t *testing.T, api string) []operation {
	t.Helper()
	var d apiDocument
	answer, err := http.Get(strings.TrimSuffix(api, "/api/v1") + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&d); err != nil {
		t.Fatal(err)
	}
	var all []operation
	for path, methods := range d.Paths {
		relative, ofAPI := strings.CutPrefix(path, "/api/v1")
		if !ofAPI || relative == "/batch" {
			continue
		}
		for method, described := range methods {
			o := d.operation(t, strings.ToUpper(method), relative, described)
			all = append(all, o)
			if o.batched = o.batchedAs(); o.batched != "" {
				all = append(all, o)
			}
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.String(), b.String()) })
	listed, err := os.ReadFile(routesFile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(listed)) {
		fields := strings.Fields(line)
		relative, ofAPI := strings.CutPrefix(fields[1], "/api/v1")
		relative = strings.ReplaceAll(relative, ":id", "{id}")
		if ofAPI && relative != "/batch" && !slices.ContainsFunc(all, func(o operation) bool { return o.method == fields[0] && o.path == relative }) {
			t.Errorf("the matrix lacks %s", strings.TrimSpace(line))
		}
	}
	return all
}

// batchedAs is what a batch calls an operation, "" where it takes none.
func (o operation) batchedAs() string {
	parts := strings.Split(strings.Trim(o.path, "/"), "/")
	switch {
	case !slices.Contains([]string{"projects", "tags", "tasks"}, parts[0]):
		return ""
	case o.method == "POST" && len(parts) == 1:
		return "create"
	case o.method == "PATCH":
		return "update"
	case o.method == "DELETE":
		return "delete"
	case parts[len(parts)-1] == "move":
		return "move"
	default:
		return ""
	}
}
