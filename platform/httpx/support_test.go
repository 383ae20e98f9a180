package httpx_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
	"docket/platform/openapi"
	"docket/platform/page"
)

// patience bounds what hangs when something is broken.
const patience = time.Minute

const base = httpx.BasePath

// note is the resource of these tests.
type note struct {
	ID      uuid.UUID
	Title   string
	Color   *string
	Project *uuid.UUID
	Tags    []uuid.UUID
}

func (n note) AppendJSON(dst []byte) []byte {
	j := httpx.NewJSON(dst)
	j.ID("id", n.ID)
	j.String("title", n.Title)
	j.StringOrNull("color", n.Color)
	j.IDOrNull("project_id", n.Project)
	j.IDs("tag_ids", n.Tags)
	return j.End()
}

func noteView(n note) note { return n }

// notes serves one user's notes from memory.
type notes struct {
	mu      sync.Mutex
	stored  map[uuid.UUID]note
	queries []httpx.Page
}

func newNotes(stored ...note) *notes {
	n := &notes{stored: map[uuid.UUID]note{}}
	for _, s := range stored {
		n.stored[s.ID] = s
	}
	return n
}

func (n *notes) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.stored)
}

// asked returns what the last list was asked for.
func (n *notes) asked(t *testing.T) httpx.Page {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.queries) == 0 {
		t.Fatal("no list was asked for")
	}
	return n.queries[len(n.queries)-1]
}

func (n *notes) routes() []httpx.Route {
	whole := httpx.Reads("NewNote", func(o *httpx.Object) func(*note) errs.Faults {
		return func(n *note) errs.Faults { o.Require("title"); return readNote(o, n) }
	})
	some := httpx.Reads("NotePatch", func(o *httpx.Object) func(*note) errs.Faults {
		return func(n *note) errs.Faults { return readNote(o, n) }
	})
	query := []httpx.Param{{Name: "q", Schema: openapi.String(0, 0)}, {Name: "status", Schema: openapi.String(0, 0)}}
	return []httpx.Route{
		{Method: "POST", Path: "/notes", Operation: "createNote", Body: whole, Statuses: []int{201}, Shows: &shown, Handle: n.create},
		{Method: "GET", Path: "/notes", Operation: "listNotes", Sorts: []string{"-created_at", "title"}, Query: query, Shows: &shown, Handle: n.list},
		{Method: "GET", Path: "/notes/:id", Operation: "getNote", Shows: &shown, Handle: n.get},
		{Method: "PATCH", Path: "/notes/:id", Operation: "updateNote", Body: some, Shows: &shown, Guards: &shown, Handle: n.write},
		{Method: "PUT", Path: "/notes/:id", Operation: "putNote", Body: some, Shows: &shown, Guards: &shown, Handle: n.write},
		{Method: "DELETE", Path: "/notes/:id", Operation: "deleteNote", Statuses: []int{204}, Guards: &shown, Handle: n.delete},
	}
}

func asTitle(s string) (string, error) {
	if len(s) > 10 {
		return "", errs.Faultf(errs.FaultTooLong, "must have at most 10 bytes")
	}
	return s, nil
}

func readNote(body *httpx.Object, n *note) errs.Faults {
	httpx.Text(body, "title", &n.Title, title)
	httpx.TextOrNull(body, "color", &n.Color, title)
	httpx.IDOrNull(body, "project_id", &n.Project, anID)
	httpx.IDs(body, "tag_ids", &n.Tags, threeIDs)
	body.ReadOnly("id", "created_at")
	return body.Faults()
}

// What a note's ids are like.
var (
	anID     = openapi.UUID()
	threeIDs = openapi.List(anID, 3)
)

// shown describes a note.
var shown = httpx.Resource{
	Schema: openapi.Named("Note", openapi.Object(
		openapi.Member("id", openapi.UUID()),
		openapi.Member("title", openapi.String(0, 0)),
		openapi.Member("color", openapi.OrNull(openapi.String(0, 0))),
		openapi.Member("project_id", openapi.OrNull(openapi.UUID())),
		openapi.Member("tag_ids", openapi.List(openapi.UUID(), 3)),
	)),
	Example: note{ID: httpxtest.ID(1), Title: "first"},
}

var title = httpx.ReadAs(asTitle, openapi.String(0, 10))

func (n *notes) create(r *httpx.Request) (httpx.Response, error) {
	created := note{ID: httpxtest.ID(77)}
	r.Body().Require("title")
	if err := readNote(r.Body(), &created).Err(); err != nil {
		return httpx.Response{}, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stored[created.ID] = created
	return httpx.Created("/notes/"+created.ID.String(), created), nil
}

func (n *notes) list(r *httpx.Request) (httpx.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.queries = append(n.queries, r.Page())
	var all []note
	for _, s := range n.stored {
		all = append(all, s)
	}
	return httpx.List(all, noteView, &page.After{Key: "key", ID: httpxtest.ID(1)}), nil
}

func (n *notes) get(r *httpx.Request) (httpx.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, ok := n.stored[r.ID()]
	if !ok {
		return httpx.Response{}, errs.New(errs.NotFound, "Note with ID "+r.ID().String()+" not found")
	}
	return httpx.OK(s), nil
}

func (n *notes) write(r *httpx.Request) (httpx.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	changed, exists := n.stored[r.ID()]
	if guard := httpx.Guard(r, noteView); guard != nil {
		var current *note
		if exists {
			current = &changed
		}
		if err := guard(current); err != nil {
			return httpx.Response{}, fmt.Errorf("write the note: %w", err)
		}
	}
	changed.ID = r.ID()
	if err := readNote(r.Body(), &changed).Err(); err != nil {
		return httpx.Response{}, err
	}
	n.stored[r.ID()] = changed
	return httpx.OK(changed), nil
}

func (n *notes) delete(r *httpx.Request) (httpx.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, ok := n.stored[r.ID()]
	if !ok {
		return httpx.Response{}, errs.New(errs.NotFound, "Note with ID "+r.ID().String()+" not found")
	}
	if guard := httpx.Guard(r, noteView); guard != nil {
		if err := guard(&s); err != nil {
			return httpx.Response{}, err
		}
	}
	delete(n.stored, r.ID())
	return httpx.NoContent(), nil
}

// failing serves what goes wrong.
func failing() []httpx.Route {
	fail := func(path string, err error) httpx.Route {
		return httpx.Route{Method: "GET", Path: path, Handle: func(*httpx.Request) (httpx.Response, error) {
			return httpx.Response{}, err
		}}
	}
	return []httpx.Route{
		{Method: "GET", Path: "/panics", Handle: func(*httpx.Request) (httpx.Response, error) { panic("the secret of the panic") }},
		{Method: "GET", Path: "/panics-late", Handle: func(*httpx.Request) (httpx.Response, error) { return httpx.OK(bomb{}), nil }},
		{Method: "GET", Path: "/panics-nil", Handle: func(*httpx.Request) (httpx.Response, error) {
			return httpx.OK(noteView(*map[string]*note{}["none"])), nil
		}},
		{Method: "GET", Path: "/slow", Handle: func(r *httpx.Request) (httpx.Response, error) {
			<-r.Context().Done()
			return httpx.Response{}, fmt.Errorf("wait for something: %w", r.Context().Err())
		}},
		fail("/breaks", errors.New("the secret of the database")),
		fail("/conflicts", fmt.Errorf("wrapped: %w", errs.New(errs.Conflict, "There is one already").Because(errors.New("a constraint")))),
		fail("/unavailable", &errs.Error{Kind: errs.Unavailable, Code: errs.CodeUnavailable, Message: "not now", RetryAfter: 1500 * time.Millisecond}),
	}
}

// bomb is a view that cannot be shown.
type bomb struct{}

func (bomb) AppendJSON([]byte) []byte { panic("the secret of the panic") }

// listen serves app on the loopback until the test ends.
func listen(t *testing.T, app *httpxtest.App) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- app.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := app.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr().String()
}

// talk sends raw bytes over a connection of its own and reads the one answer.
func talk(t *testing.T, address, method, raw string) httpxtest.Response {
	t.Helper()
	conn := dial(t, address)
	go func() {
		// The server may hang up before it has read everything: what counts
		// is what it answered.
		_, _ = io.Copy(conn, strings.NewReader(raw))
	}()
	return readAnswer(t, bufio.NewReader(conn), method)
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // a second close, or one after a reset, fails
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func readAnswer(t *testing.T, from *bufio.Reader, method string) httpxtest.Response {
	t.Helper()
	answer, err := http.ReadResponse(from, &http.Request{Method: method}) //nolint:bodyclose // httpxtest.Read closes it
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	if answer.StatusCode == http.StatusContinue {
		return readAnswer(t, from, method)
	}
	return httpxtest.Read(t, answer)
}
