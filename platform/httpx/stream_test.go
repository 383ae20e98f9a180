package httpx_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
)

// library is an application with downloads.
type library struct {
	app     *httpxtest.App
	address string
	// open is how many are being written, ended why each was over.
	open  atomic.Int32
	ended chan error
}

// lend serves write at /book.
func lend(t *testing.T, write func(ctx context.Context, w io.Writer) error, options ...func(*httpx.Config)) *library {
	t.Helper()
	l := &library{ended: make(chan error, 10)}
	stream := httpx.Stream{Filename: "book.txt", ContentType: "text/plain", Write: func(ctx context.Context, w io.Writer) (err error) {
		l.open.Add(1)
		defer func() { l.open.Add(-1); l.ended <- err }()
		return write(ctx, w)
	}}
	routes := append(newNotes().routes(), httpx.Route{
		Method: "GET", Path: "/book", Operation: "getBook", Summary: "Read a book",
		Handle: func(*httpx.Request) (httpx.Response, error) { return httpx.Download(stream), nil },
	})
	l.app = httpxtest.New(t, routes, options...)
	l.address = listen(t, l.app)
	return l
}

// download is an answer of which the body is still to come. To close it would
// be to read it to the end.
type download struct {
	status int
	length int64
	header http.Header
	body   io.Reader
}

// ask begins a download for a user, on a connection of its own.
func (l *library) ask(t *testing.T, method, user string) download {
	t.Helper()
	conn := dial(t, l.address)
	raw := method + " " + base + "/book HTTP/1.1\r\nHost: docket\r\nAuthorization: Bearer " + user + "\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), request) //nolint:bodyclose // see download
	if err != nil {
		t.Fatal(err)
	}
	return download{status: answer.StatusCode, length: answer.ContentLength, header: answer.Header, body: answer.Body}
}

func (l *library) wantEnd(t *testing.T) error {
	t.Helper()
	select {
	case err := <-l.ended:
		return err
	case <-time.After(patience):
		t.Fatal("the stream does not end")
		return nil
	}
}

// line waits for the log's line about a download.
func (l *library) line(t *testing.T) map[string]any {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(l.app.Logged(), `"msg":"request"`) {
			return lastLine(t, l.app)
		}
	}
	t.Fatal("nothing is logged")
	return nil
}

// stop stops the server, which has a few seconds for it.
func (l *library) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	if err := l.app.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

var page1000 = bytes.Repeat([]byte("0123456789"), 100)

func pages(n int) func(context.Context, io.Writer) error {
	return func(_ context.Context, w io.Writer) error {
		for range n {
			if _, err := w.Write(page1000); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	l := lend(t, pages(3000))
	answer := l.ask(t, "GET", "ada")
	body, err := io.ReadAll(answer.body)
	if err != nil || !bytes.Equal(body, bytes.Repeat(page1000, 3000)) {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/plain", "Content-Disposition": `attachment; filename="book.txt"`, "Cache-Control": "private, no-cache",
	} {
		if got := answer.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if answer.status != http.StatusOK || answer.header.Get("X-Request-Id") == "" {
		t.Errorf("status %d, header %v", answer.status, answer.header)
	}
	line := l.line(t)
	if line["bytes"] != 3_000_000.0 || line["status"] != 200.0 || line["route"] != base+"/book" || line["level"] != "INFO" ||
		line["user_id"] != httpxtest.UserID("ada").String() || line["request_id"] != answer.header.Get("X-Request-Id") || line["broken_off"] != nil {
		t.Errorf("the log has %v", line)
	}
}

func TestStreamOfNothing(t *testing.T) {
	t.Parallel()
	l := lend(t, pages(0))
	if body, err := io.ReadAll(l.ask(t, "GET", "ada").body); err != nil || len(body) != 0 {
		t.Errorf("%q, %v", body, err)
	}
}

func TestStreamIsNotWrittenForHead(t *testing.T) {
	t.Parallel()
	l := lend(t, pages(1))
	answer := l.ask(t, "HEAD", "ada")
	if answer.status != http.StatusOK || answer.header.Get("Content-Disposition") == "" || answer.length == 0 {
		t.Errorf("status %d, length %d, header %v", answer.status, answer.length, answer.header)
	}
	if line := l.line(t); line["status"] != 200.0 || len(l.ended) != 0 {
		t.Errorf("the log has %v", line)
	}
}

// The next request on the connection finds it sound.
func TestConnectionGoesOnAfterAStream(t *testing.T) {
	t.Parallel()
	l := lend(t, pages(20))
	conn := dial(t, l.address)
	from := bufio.NewReader(conn)
	for _, c := range []struct {
		method, path string
		bytes        int
	}{{"GET", "/book", 20_000}, {"HEAD", "/book", 0}, {"GET", "/book", 20_000}, {"GET", "/notes", 0}, {"GET", "/book", 20_000}} {
		if _, err := io.WriteString(conn, head(c.method, base+c.path)); err != nil {
			t.Fatal(err)
		}
		if r := readAnswer(t, from, c.method).Want(t, 200); c.bytes > 0 && len(r.Body) != c.bytes {
			t.Errorf("%s %s: %d bytes, want %d", c.method, c.path, len(r.Body), c.bytes)
		}
	}
}

// What fails half way must not look whole.
func TestStreamThatFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail func() error
		log  string
	}{
		"an error": {func() error { return errors.New("the press broke") }, "the press broke"},
		"a panic":  {func() error { panic("the secret of the panic") }, "the secret of the panic"},
	} {
		for _, before := range []int{0, 1, 500} {
			l := lend(t, func(ctx context.Context, w io.Writer) error { return errors.Join(pages(before)(ctx, w), c.fail()) })
			answer := l.ask(t, "GET", "ada")
			body, err := io.ReadAll(answer.body)
			if err == nil || len(body) > before*len(page1000) || bytes.Contains(body, []byte("secret")) {
				t.Errorf("%s after %d pages: %d bytes, %v", name, before, len(body), err)
			}
			line := l.line(t)
			if text, _ := line["error"].(string); line["level"] != "ERROR" || line["broken_off"] != true || !strings.Contains(text, c.log) {
				t.Errorf("%s after %d pages: the log has %v", name, before, line)
			}
		}
	}
}

// endlessly writes until it cannot.
func endlessly(ctx context.Context, w io.Writer) error {
	for {
		if err := pages(1)(ctx, w); err != nil {
			return err
		}
	}
}

func TestStreamToAClientThatLeaves(t *testing.T) {
	t.Parallel()
	l := lend(t, endlessly)
	conn := dial(t, l.address)
	if _, err := io.WriteString(conn, head("GET", base+"/book")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, conn, 100_000); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.wantEnd(t); err == nil {
		t.Error("writing went well to the end")
	}
	if line := l.line(t); line["level"] != "INFO" || line["broken_off"] != true || line["cause"] == nil {
		t.Errorf("the log has %v", line)
	}
}

// waiting writes a page, and then waits for what it reads from until it is told
// to stop waiting.
func waiting(ctx context.Context, w io.Writer) error {
	if err := pages(100)(ctx, w); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func TestStreamsAreFewAtOnce(t *testing.T) {
	t.Parallel()
	l := lend(t, waiting)
	want := func(status int, user string) download {
		t.Helper()
		answer := l.ask(t, "GET", user)
		if answer.status != status {
			t.Fatalf("%s: status %d, want %d", user, answer.status, status)
		}
		return answer
	}
	want(200, "ada")
	again := want(429, "ada")
	if body, err := io.ReadAll(again.body); err != nil || !bytes.Contains(body, []byte(`"code":"RATE_LIMITED"`)) ||
		again.header.Get("Retry-After") != "10" || again.header.Get("Content-Disposition") != "" {
		t.Errorf("%s, %v, header %v", body, err, again.header)
	}
	want(200, "bob")
	want(200, "cyd")
	want(503, "dan")
	// Other requests are served meanwhile.
	talk(t, l.address, "GET", head("GET", base+"/notes")).Want(t, 200)
	l.stop(t)
}

func TestStreamsMakeRoomForOthers(t *testing.T) {
	t.Parallel()
	l := lend(t, pages(10))
	for n := range 20 {
		answer := l.ask(t, "GET", fmt.Sprint("user", n%2))
		if body, err := io.ReadAll(answer.body); err != nil || len(body) != 10_000 {
			t.Fatalf("download %d: status %d, %d bytes, %v", n, answer.status, len(body), err)
		}
		if err := l.wantEnd(t); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(patience); strings.Count(l.app.Logged(), `"msg":"request"`) <= n && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
}

// A stream outlives the deadline of a request, which ends what it is made of.
func TestStreamHasADeadlineOfItsOwn(t *testing.T) {
	t.Parallel()
	l := lend(t, func(ctx context.Context, w io.Writer) error {
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) < time.Minute {
			return errors.New("no deadline, or too short a one")
		}
		for range 5 {
			time.Sleep(100 * time.Millisecond)
			if err := errors.Join(ctx.Err(), pages(1)(ctx, w)); err != nil {
				return err
			}
		}
		return nil
	}, func(c *httpx.Config) { c.RequestTimeout = 50 * time.Millisecond })
	if body, err := io.ReadAll(l.ask(t, "GET", "ada").body); err != nil || len(body) != 5000 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestStopBreaksStreamsOff(t *testing.T) {
	t.Parallel()
	l := lend(t, waiting)
	answer := l.ask(t, "GET", "ada")
	l.stop(t)
	if err := l.wantEnd(t); !errors.Is(err, context.Canceled) {
		t.Errorf("the stream ended with %v", err)
	}
	if _, err := io.Copy(io.Discard, answer.body); err == nil {
		t.Error("the download looks whole")
	}
}
