package httpx_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
)

// pit is a route whose requests stay until they are let go.
type pit struct {
	entered chan struct{}
	letGo   chan struct{}
}

func newPit() *pit { return &pit{entered: make(chan struct{}, 1000), letGo: make(chan struct{})} }

func (p *pit) routes() []httpx.Route {
	return []httpx.Route{
		{Method: "POST", Path: "/pit", Operation: "fall", Handle: func(*httpx.Request) (httpx.Response, error) {
			p.entered <- struct{}{}
			<-p.letGo
			id := uuid.New()
			return httpx.Created("/pit/"+id.String(), note{ID: id, Title: "out"}), nil
		}},
		{Method: "GET", Path: "/pit", Operation: "look", Handle: func(*httpx.Request) (httpx.Response, error) {
			return httpx.NoContent(), nil
		}},
	}
}

// stoppable serves app on the loopback until it is stopped.
func stoppable(t *testing.T, app *httpxtest.App) (address string, stop func(context.Context) error) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- app.Fiber().Listener(l) }()
	stop = func(ctx context.Context) error { return errors.Join(app.Stop(ctx), <-served) }
	return l.Addr().String(), stop
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), d)
	t.Cleanup(cancel)
	return ctx
}

func say(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

const (
	fall = "POST /api/v1/pit HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ada\r\nContent-Length: 0\r\n\r\n"
	look = "GET /api/v1/pit HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ada\r\n\r\n"
)

// wantRefused fails the test unless an answer says what a stopping server says.
func (f farewell) wantRefused(t *testing.T) {
	t.Helper()
	f.WantFailure(t, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE")
	if f.Header.Get("Retry-After") == "" || !f.last {
		t.Errorf("it was refused with the headers %v, last %t", f.Header, f.last)
	}
}

// farewell is an answer of a server that stops.
type farewell struct {
	httpxtest.Response
	// last says that the connection ends with it.
	last bool
}

// receive reads one from a connection.
func receive(t *testing.T, from *bufio.Reader, method string) (farewell, error) {
	t.Helper()
	answer, err := http.ReadResponse(from, &http.Request{Method: method})
	if err != nil {
		return farewell{}, err
	}
	defer answer.Body.Close()
	return farewell{httpxtest.Read(t, answer), answer.Close}, nil
}

// A hundred requests are under way when the server is told to stop: each is
// answered, and what comes later is not taken.
func TestStopDropsNothing(t *testing.T) {
	t.Parallel()
	const inFlight = 100
	p := newPit()
	app := httpxtest.New(t, p.routes())
	address, stop := stoppable(t, app)
	idle := dial(t, address) // has been of use, and is kept for more
	say(t, idle, look)
	idleReader := bufio.NewReader(idle)
	readAnswer(t, idleReader, "GET").Want(t, http.StatusNoContent)
	conns := make([]net.Conn, inFlight)
	for i := range conns {
		conns[i] = dial(t, address)
		say(t, conns[i], fall)
	}
	for range inFlight {
		<-p.entered
	}

	stopped := make(chan error, 1)
	go func() { stopped <- stop(within(t, patience)) }()
	for !app.Stopping() {
		time.Sleep(time.Millisecond)
	}
	// The kept connection is either told no, or closed in an orderly way.
	if _, err := io.WriteString(idle, look); err == nil {
		if answer, err := receive(t, idleReader, "GET"); err == nil {
			answer.wantRefused(t)
		}
	}
	for { // new connections are refused before long
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			break
		}
		_ = conn.Close() // may have been refused after all
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-stopped:
		t.Fatalf("it stopped under %d requests: %v", inFlight, err)
	default:
	}
	close(p.letGo)
	var all sync.WaitGroup
	for _, conn := range conns {
		all.Go(func() {
			answer, err := receive(t, bufio.NewReader(conn), "POST")
			if err != nil {
				t.Errorf("a request was dropped: %v", err)
			} else if answer.Status != http.StatusCreated || !answer.last {
				t.Errorf("a request was answered %d, last %t", answer.Status, answer.last)
			}
		})
	}
	all.Wait()
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
}

// Connections over which nothing comes, or not all, hold up no stop: left to
// the server below, they would for its read timeout of half a minute.
func TestStopWaitsForNoQuietConnection(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newPit().routes())
	address, stop := stoppable(t, app)
	for what, text := range map[string]string{
		"nothing":           "",
		"half a head":       look[:40],
		"half a body":       strings.Replace(fall, "Content-Length: 0", "Content-Length: 10", 1) + `{"a"`,
		"one, and half one": look + look[:10],
	} {
		conn := dial(t, address)
		say(t, conn, text)
		if strings.HasPrefix(text, look) {
			readAnswer(t, bufio.NewReader(conn), "GET").Want(t, http.StatusNoContent)
		}
		defer func() {
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("%s: the connection was not closed in an orderly way: %v", what, err)
			}
		}()
	}
	if err := stop(within(t, 20*time.Second)); err != nil {
		t.Errorf("stop: %v", err)
	}
	if strings.Contains(app.Logged(), `"status":4`) {
		t.Errorf("what the stop closed was held against the client:\n%s", app.Logged())
	}
}

func TestStopIsBounded(t *testing.T) {
	t.Parallel()
	p := newPit()
	app := httpxtest.New(t, p.routes())
	address, _ := stoppable(t, app)
	say(t, dial(t, address), fall)
	<-p.entered
	if err := app.Stop(within(t, 300*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a request that does not end: %v", err)
	}
	close(p.letGo)
}

// What still gets through to a stopping server is refused, and every answer
// says that the connection ends.
func TestStoppingServerRefuses(t *testing.T) {
	t.Parallel()
	n := newNotes()
	app := httpxtest.New(t, n.routes())
	app.AddProbe(httpx.Probe{Path: "/probe", Check: func(context.Context) (httpx.View, error) { return note{}, nil }})
	if err := app.Stop(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	ask := func(method, path string) farewell {
		r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		r.Header.Set("Authorization", "Bearer ada")
		answer, err := app.Fiber().Test(r, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return farewell{httpxtest.Read(t, answer), answer.Close}
	}
	for _, call := range []string{"GET /api/v1/notes", "POST /api/v1/notes", "DELETE /api/v1/notes/" + uuid.NewString()} {
		method, path, _ := strings.Cut(call, " ")
		ask(method, path).wantRefused(t)
	}
	if n.count() != 0 {
		t.Errorf("%d notes were made", n.count())
	}
	if answer := ask("GET", "/probe"); answer.Status != http.StatusOK || !answer.last {
		t.Errorf("the probe was answered %d, last %t", answer.Status, answer.last)
	}
	if !strings.Contains(app.Logged(), fmt.Sprintf(`"status":%d`, http.StatusServiceUnavailable)) {
		t.Errorf("the refusals are not in the log:\n%s", app.Logged())
	}
}
