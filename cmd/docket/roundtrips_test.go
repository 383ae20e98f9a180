package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"docket/platform/pgtest"
)

// tollgate stands between a program and its database, and counts how often
// the program asks and waits: the messages Sync and Query (PostgreSQL manual,
// chapter 55.7, Message Formats).
type tollgate struct {
	network, upstream string
	trips             atomic.Int64
	open              sync.WaitGroup
	// rewrite, unless nil, changes each statement on its way.
	rewrite func(sql string) string
}

// newTollgate returns a tollgate to the database at address, and its own.
func newTollgate(t *testing.T, address string) (gate *tollgate, through string) {
	t.Helper()
	return newForgery(t, address, nil)
}

// newForgery is newTollgate with every statement rewritten.
func newForgery(t *testing.T, address string, rewrite func(sql string) string) (gate *tollgate, through string) {
	t.Helper()
	c, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	gate = &tollgate{rewrite: rewrite}
	gate.network, gate.upstream = pgconn.NetworkAddress(c.Host, c.Port)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gate.open.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // the test ends
			}
			gate.open.Go(func() { gate.join(context.WithoutCancel(t.Context()), client) })
		}
	})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		gate.open.Wait()
	})
	u := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, c.Password), Host: l.Addr().String(), Path: "/" + c.Database, RawQuery: "sslmode=disable"}
	return gate, u.String()
}

// join passes everything on, both ways, until one side hangs up: then the other
// notices.
func (g *tollgate) join(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := new(net.Dialer).DialContext(ctx, g.network, g.upstream)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	g.open.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	_ = g.count(client, server)
}

// count passes on what a client sends, message by message.
func (g *tollgate) count(client io.Reader, server io.Writer) error {
	if _, err := pass(client, server, nil, nil); err != nil { // the first one has no type
		return err
	}
	kind := make([]byte, 1)
	statements := map[string]bool{} // by name: does it belong to the background?
	aside := false                  // what is sent until the next Sync does
	for {
		if _, err := io.ReadFull(client, kind); err != nil {
			return err
		}
		content, err := pass(client, server, kind, g.rewrite)
		if err != nil {
			return err
		}
		switch kind[0] {
		case 'P': // Parse: name, statement
			name, rest, _ := bytes.Cut(content, []byte{0})
			statements[string(name)] = bytes.Contains(rest, []byte(lookoutSQL))
			aside = aside || statements[string(name)]
		case 'B': // Bind: portal, name
			_, rest, _ := bytes.Cut(content, []byte{0})
			name, _, _ := bytes.Cut(rest, []byte{0})
			aside = aside || statements[string(name)]
		case 'S', 'Q':
			if !aside {
				g.trips.Add(1)
			}
			aside = false
		}
	}
}

// lookoutSQL is in the statement that goes on in the background several times a
// second, and that no request waits for.
const lookoutSQL = "FROM tombstones WHERE erased_at >="

// pass passes on a message whose type was read, and returns its content. The
// statement of a Parse is rewritten.
func pass(from io.Reader, to io.Writer, kind []byte, rewrite func(sql string) string) ([]byte, error) {
	size := make([]byte, 4)
	if _, err := io.ReadFull(from, size); err != nil {
		return nil, err
	}
	n := uint32(size[0])<<24 | uint32(size[1])<<16 | uint32(size[2])<<8 | uint32(size[3])
	if n < 4 || n > math.MaxInt32 {
		return nil, errors.New("this is no message")
	}
	rest := make([]byte, n-4)
	if _, err := io.ReadFull(from, rest); err != nil {
		return nil, err
	}
	if rewrite != nil && kind[0] == 'P' {
		name, after, _ := bytes.Cut(rest, []byte{0})
		sql, types, _ := bytes.Cut(after, []byte{0})
		rest = bytes.Join([][]byte{name, []byte(rewrite(string(sql))), types}, []byte{0})
		n = uint32(len(rest) + 4)
		size = []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	}
	_, err := to.Write(append(append(append([]byte{}, kind...), size...), rest...))
	return rest, err
}

// least runs something a few times and returns the fewest trips that it took:
// the first time it also prepares its statements, and now and then something
// else is going on in the program.
func (g *tollgate) least(fn func(run int)) int64 {
	least := int64(math.MaxInt64)
	for run := range 5 {
		before := g.trips.Load()
		fn(run)
		least = min(least, g.trips.Load()-before)
	}
	return least
}

// know waits until the program knows who these users are: it begins by asking
// each time, until it has heard whom others erased.
func (g *tollgate) know(t *testing.T, users ...client) {
	t.Helper()
	for _, c := range users {
		eventually(t, "the user is known", func() bool {
			return g.least(func(int) { c.do(t, "GET", "/auth/me", "").Want(t, 200) }) == 1
		})
	}
}

// A hundred creates wait for the database as often as one does, however much
// they refer to.
func TestBatchRoundTrips(t *testing.T) {
	t.Parallel()
	gate, through := newTollgate(t, pgtest.URL(t))
	s := servingOn(t, "DATABASE_URL="+through, "DOCKET_DATA_DIR="+t.TempDir(), "DOCKET_RATE_LIMIT_REQUESTS=1000000")
	ada := s.as(t, adaAddress)
	gate.know(t, ada)
	create := func(n int, format string, args func(run, i int) []any) func(run int) {
		return func(run int) {
			all := make([]string, n)
			for i := range all {
				all[i] = body(format, args(run, i)...)
			}
			done(t, ada.batch(t, all...))
		}
	}
	named := func(n int) func(run, i int) []any {
		return func(run, i int) []any { return []any{fmt.Sprintf("%d of %d, run %d", i, n, run)} }
	}
	const project, tag = `{"op":"create","resource":"project","data":{"name":%q}}`, `{"op":"create","resource":"tag","data":{"name":%q}}`
	projects, tags := gate.least(create(100, project, named(100))), gate.least(create(100, tag, named(100)))
	oneProject, oneTag := gate.least(create(1, project, named(1))), gate.least(create(1, tag, named(1)))

	inProjects, _ := many(t, ada.do(t, "GET", "/projects?limit=100", ""))
	withTags, _ := many(t, ada.do(t, "GET", "/tags?limit=100", ""))
	plain := gate.least(create(100, `{"op":"create","data":{"title":%q,"project_id":%q}}`, func(run, i int) []any {
		return []any{"parent", inProjects[i].ID}
	}))
	parents, _ := many(t, ada.do(t, "GET", "/tasks?limit=100&sort=created_at", ""))
	const referring = `{"op":"create","temp_id":"%d","data":{"title":"x","parent_id":%q,"tag_ids":[%q]}}`
	refer := func(_, i int) []any { return []any{i, parents[i].ID, withTags[i].ID} }
	tasks, oneTask := gate.least(create(100, referring, refer)), gate.least(create(1, referring, refer))

	mixed := gate.least(func(run int) {
		var all []string
		for i := range 33 {
			all = append(all, body(`{"op":"create","resource":"project","temp_id":"p%d","data":{"name":"mixed %d %d"}}`, i, i, run))
		}
		for i := range 33 {
			all = append(all, body(`{"op":"create","resource":"tag","temp_id":"t%d","data":{"name":"mixed %d %d"}}`, i, i, run))
		}
		for i := range 17 {
			all = append(all, body(`{"op":"create","temp_id":"a%d","data":{"title":"x","project_id":"p%d","tag_ids":["t%d"]}}`, i, i, i),
				body(`{"op":"create","data":{"title":"x","parent_id":"a%d"}}`, i))
		}
		done(t, ada.batch(t, all...))
	})
	alternating := gate.least(func(run int) {
		var all []string
		for i := range 50 {
			all = append(all, body(`{"op":"create","resource":"tag","temp_id":"t%d","data":{"name":"alternating %d %d"}}`, i, i, run),
				body(`{"op":"create","data":{"title":"x","tag_ids":["t%d"]}}`, i))
		}
		for i, x := range done(t, ada.batch(t, all...)) {
			if tagged := i%2 == 1; tagged != (x.Data.Title == "x" && len(x.Data.TagIDs) == 1) {
				t.Errorf("operation %d made %+v", i, x.Data)
			}
		}
	})
	everything := gate.least(func(run int) {
		all := []string{`{"op":"create","temp_id":"first","data":{"title":"x"}}`}
		for i := range 24 {
			all = append(all, body(`{"op":"create","temp_id":"a%d","data":{"title":"x","parent_id":"first"}}`, i),
				body(`{"op":"create","resource":"project","temp_id":"p%d","data":{"name":"everything %d %d"}}`, i, i, run),
				body(`{"op":"create","resource":"tag","temp_id":"t%d","data":{"name":"everything %d %d"}}`, i, i, run),
				body(`{"op":"create","data":{"title":"x","project_id":"p%d","tag_ids":["t%d"]}}`, i, i))
		}
		done(t, ada.batch(t, all...))
	})
	t.Logf("round trips: 50 tags with a task each %d, 25 of each kind in turn %d; 100 projects %d, one %d; 100 tags %d, one %d; 100 tasks in projects %d; 100 subtasks with tags %d, one %d; mixed %d",
		alternating, everything, projects, oneProject, tags, oneTag, plain, tasks, oneTask, mixed)
	const handful = 12
	for what, n := range map[string]int64{"100 projects": projects, "100 tags": tags, "100 tasks": plain, "100 subtasks": tasks, "34 tasks in new projects": mixed, "50 tags with a task each": alternating, "all kinds in turn": everything} {
		if n < 1 || n > handful {
			t.Errorf("%s cost %d round trips", what, n)
		}
	}
	// On a slow machine the question who the user is may come on top of either,
	// and one of the program's own.
	const besides = 2
	if projects > oneProject+besides || tags > oneTag+besides || tasks > oneTask+besides {
		t.Error("a hundred cost more round trips than one")
	}
}

// Whatever a list shows with its elements is asked for at once, not for each.
func TestReadRoundTrips(t *testing.T) {
	t.Parallel()
	gate, through := newTollgate(t, pgtest.URL(t))
	s := servingOn(t, "DATABASE_URL="+through, "DOCKET_DATA_DIR="+t.TempDir(), "DOCKET_RATE_LIMIT_REQUESTS=1000000")
	few, lots := s.as(t, adaAddress), s.as(t, graceAddress)
	parents := map[client]string{}
	for c, n := range map[client]int{few: 1, lots: 33} {
		all := []string{`{"op":"create","temp_id":"top","data":{"title":"milk"}}`}
		for i := range n {
			all = append(all, body(`{"op":"create","resource":"project","temp_id":"p%d","data":{"name":"%d"}}`, i, i),
				body(`{"op":"create","resource":"tag","temp_id":"t%d","data":{"name":"%d"}}`, i, i),
				body(`{"op":"create","data":{"title":"milk","parent_id":"top","due_on":"2026-03-14","tag_ids":["t%d"]}}`, i))
		}
		parents[c] = done(t, c.batch(t, all...))[0].Data.ID
	}
	gate.know(t, few, lots)
	for path, bound := range map[string]int64{
		"/projects?limit=200&include=counts": 2, "/tags?limit=200&include=counts": 2,
		"/tasks?limit=200": 1, "/tasks?limit=200&sort=due": 4, "/tasks?limit=200&q=milk": 2, "/tasks/summary": 2,
		"/tasks/%s?include=subtasks": 2, "/tasks/%s": 1,
	} {
		trips := func(c client) int64 {
			at := strings.Replace(path, "%s", parents[c], 1)
			return gate.least(func(int) { c.do(t, "GET", at, "").Want(t, 200) })
		}
		one, many := trips(few), trips(lots)
		t.Logf("GET %s: %d round trips, of many %d", path, one, many)
		if many > one+1 || many > bound+1 { // who the user is may come on top
			t.Errorf("GET %s: %d round trips, of many %d; want as many, and at most %d", path, one, many, bound)
		}
	}
}

// The last write of a unit of work goes out with its commit.
func TestWriteRoundTrips(t *testing.T) {
	t.Parallel()
	gate, through := newTollgate(t, pgtest.URL(t))
	s := servingOn(t, "DATABASE_URL="+through, "DOCKET_DATA_DIR="+t.TempDir(), "DOCKET_RATE_LIMIT_REQUESTS=1000000")
	ada := s.as(t, adaAddress)
	project := one(t, ada.do(t, "POST", "/projects", `{"name":"home"}`), 201).ID
	task := "/tasks/" + one(t, ada.do(t, "POST", "/tasks", `{"title":"milk"}`), 201).ID
	gate.know(t, ada)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		plain, keyed             int64
	}{
		{"create", "POST", "/tasks", `{"title":"milk"}`, 201, 1, 2},
		{"create-in-a-project", "POST", "/tasks", body(`{"title":"milk","project_id":%q}`, project), 201, 2, 3},
		{"update", "PATCH", task, `{"title":"milk %d"}`, 200, 2, 4},
	} {
		written := 0
		within := func(bound int64, headers func() []string) func() bool {
			return func() bool { // which something else of the program's may keep it from for a while
				return gate.least(func(int) {
					written++
					ada.do(t, c.method, c.path, strings.Replace(c.body, "%d", strconv.Itoa(written), 1), headers()...).Want(t, c.status)
				}) <= bound
			}
		}
		eventually(t, fmt.Sprintf("%s in %d round trips", c.name, c.plain), within(c.plain, func() []string { return nil }))
		eventually(t, fmt.Sprintf("%s with a key in %d round trips", c.name, c.keyed), within(c.keyed, func() []string {
			return []string{"Idempotency-Key", c.name + strconv.Itoa(written)}
		}))
	}
}
