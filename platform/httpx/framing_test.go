package httpx_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
)

// smuggled are shapes over which a proxy and a server could disagree.
var smuggled = map[string]string{
	"length and encoding":      head("POST", base+"/notes", "Content-Type: application/json", "Content-Length: 4", "Transfer-Encoding: chunked") + "0\r\n\r\n",
	"two lengths":              head("POST", base+"/notes", "Content-Length: 0", "Content-Length: 100"),
	"the same length twice":    head("POST", base+"/notes", "Content-Length: 0", "Content-Length: 0"),
	"a list of lengths":        head("POST", base+"/notes", "Content-Length: 0, 0"),
	"gzip, chunked":            head("POST", base+"/notes", "Transfer-Encoding: gzip, chunked") + "0\r\n\r\n",
	"identity":                 head("POST", base+"/notes", "Transfer-Encoding: identity"),
	"chunked twice":            head("POST", base+"/notes", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + "0\r\n\r\n",
	"no host":                  "GET " + base + "/notes HTTP/1.1\r\nAuthorization: Bearer ada\r\n\r\n",
	"two hosts":                head("GET", base+"/notes", "Host: other"),
	"folded":                   head("GET", base+"/notes", "X-Folded: a", " b"),
	"bare LF":                  head("GET", base+"/notes", "X-Odd: a\nX-More: b"),
	"LF alone":                 strings.ReplaceAll(head("GET", base+"/notes"), "\r\n", "\n"),
	"bare CR":                  head("GET", base+"/notes", "X-Odd: a\rX-More: b"),
	"NUL":                      head("GET", base+"/notes", "X-Odd: a\x00b"),
	"HTTP/9.9":                 strings.Replace(head("GET", base+"/notes"), "1.1", "9.9", 1),
	"HTTP/2.0":                 strings.Replace(head("GET", base+"/notes"), "1.1", "2.0", 1),
	"HTTP/0.9":                 "GET " + base + "/notes\r\n\r\n",
	"space before the colon":   head("POST", base+"/notes", "Content-Length : 0"),
	"a chunk without size":     head("POST", base+"/notes", "Content-Type: application/json", "Transfer-Encoding: chunked") + "zz\r\n",
	"a chunk of odd size":      head("POST", base+"/notes", "Content-Type: application/json", "Transfer-Encoding: chunked") + "0x10\r\n{\"title\":\"milk\"}\r\n0\r\n\r\n",
	"a chunk that is too long": head("POST", base+"/notes", "Content-Type: application/json", "Transfer-Encoding: chunked") + "5\r\n{\"title\":\"milk\"}\r\n0\r\n\r\n",
	"a chunk that ends in LF":  head("POST", base+"/notes", "Content-Type: application/json", "Transfer-Encoding: chunked") + "10\r\n{\"title\":\"milk\"}\n0\r\n\r\n",
	"a trailer that frames":    head("POST", base+"/notes", "Content-Type: application/json", "Transfer-Encoding: chunked") + "10\r\n{\"title\":\"milk\"}\r\n0\r\nContent-Length: 5\r\n\r\n",
}

// What leaves doubt is refused, the connection closed, and what came behind it
// is answered by nobody.
func TestDoubtfulFramingOnTheWire(t *testing.T) {
	t.Parallel()
	stored := newNotes()
	app := httpxtest.New(t, stored.routes())
	address := listen(t, app)
	follow := head("POST", base+"/notes", "Content-Type: application/json", "Content-Length: 18") + `{"title":"follow"}`
	for name, raw := range smuggled {
		for _, before := range []int{0, 2} {
			t.Run(fmt.Sprintf("%s, %d before it", name, before), func(t *testing.T) {
				t.Parallel()
				conn := dial(t, address)
				from := bufio.NewReader(conn)
				go func() {
					_, _ = io.WriteString(conn, strings.Repeat(head("GET", base+"/notes"), before)+raw+follow) // the server may hang up first
				}()
				for range before {
					readAnswer(t, from, "GET").Want(t, http.StatusOK)
				}
				readAnswer(t, from, "POST").WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
				if rest, err := io.ReadAll(from); err != nil || len(rest) > 0 {
					t.Errorf("then came %q, %v", rest, err)
				}
			})
		}
	}
	t.Cleanup(func() {
		if n := stored.count(); n != 0 {
			t.Errorf("%d notes were stored", n)
		}
	})
}

func TestWhyARequestWasRefusedIsLogged(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	talk(t, listen(t, app), "GET", smuggled["two hosts"])
	if line := lastLine(t, app); line["cause"] != "refuse a request for its framing: host" {
		t.Errorf("the log has %v", line)
	}
}

// Sound requests of all shapes go on sharing a connection, sent at once and
// byte by byte.
func TestSoundFramingOnTheWire(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	address := listen(t, app)
	requests := []struct {
		method, raw string
		status      int
	}{
		{"GET", head("GET", base+"/notes"), 200},
		{"POST", head("POST", base+"/notes", "Content-Type: application/json", "Transfer-Encoding: chunked") + "8;a=b\r\n{\"title\"\r\n8\r\n:\"milk\"}\r\n0\r\nX-Sum: 1\r\n\r\n", 201},
		{"HEAD", head("HEAD", base+"/notes"), 200},
		{"POST", head("POST", base+"/notes", "Content-Type: application/json", "content-length: 16") + `{"title":"milk"}` + "\r\n", 201},
		{"BREW", head("BREW", base+"/notes", "Content-Length: 2") + "ok", 405},
		{"DELETE", head("DELETE", base+"/notes/"+httpxtest.ID(77).String()), 204},
		{"GET", head("GET", base+"/notes"), 200},
	}
	var all strings.Builder
	for _, r := range requests {
		all.WriteString(r.raw)
	}
	for name, step := range map[string]int{"at once": 1 << 20, "in pieces": 1} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, address)
			sent := make(chan error, 1)
			go func() { sent <- inPieces(conn, all.String(), step) }()
			from := bufio.NewReader(conn)
			for _, r := range requests {
				if got := readAnswer(t, from, r.method); got.Status != r.status {
					t.Errorf("%s: status is %d, want %d\n%s", r.raw, got.Status, r.status, got.Body)
				}
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
		})
	}
}

func inPieces(to io.Writer, text string, step int) error {
	for len(text) > 0 {
		n := min(step, len(text))
		if _, err := io.WriteString(to, text[:n]); err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}

func TestExpectContinueOnTheWire(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	conn := dial(t, listen(t, app))
	from := bufio.NewReader(conn)
	for range 2 {
		if _, err := io.WriteString(conn, head("POST", base+"/notes", "Content-Type: application/json", "Content-Length: 16", "Expect: 100-continue")); err != nil {
			t.Fatal(err)
		}
		if line, err := from.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
			t.Fatalf("the server says %q, %v", line, err)
		}
		if _, err := from.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, `{"title":"milk"}`); err != nil {
			t.Fatal(err)
		}
		readAnswer(t, from, "POST").Want(t, http.StatusCreated)
	}
}

func TestLongURL(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	address := listen(t, app)
	path := base + "/notes?q="
	fits := path + strings.Repeat("a", httpx.MaxTargetBytes-len(path))
	talk(t, address, "GET", head("GET", fits)).Want(t, http.StatusOK)
	talk(t, address, "GET", head("GET", fits+"a")).WantFailure(t, http.StatusRequestHeaderFieldsTooLarge, "HEADERS_TOO_LARGE")
	talk(t, address, "GET", head("GET", path, strings.Repeat("a: b\r\n", 99)+"c: d")).WantFailure(t, http.StatusRequestHeaderFieldsTooLarge, "HEADERS_TOO_LARGE")
}

// Whoever sends too slowly is cut off, on a fresh connection as on one that was
// used before.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes(), func(c *httpx.Config) {
		c.HeadTimeout, c.ReadTimeout = 300*time.Millisecond, 600*time.Millisecond
	})
	address := listen(t, app)
	for name, raw := range map[string]string{
		"a head": "GET " + base + "/notes HTTP/1.1\r\nX-Slow: ",
		"a body": head("POST", base+"/notes", "Content-Type: application/json", "Content-Length: 100000"),
		"chunks": head("POST", base+"/notes", "Content-Type: application/json", "Transfer-Encoding: chunked") + "f000\r\n",
	} {
		for _, before := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s, %d before it", name, before), func(t *testing.T) {
				t.Parallel()
				conn := dial(t, address)
				from := bufio.NewReader(conn)
				if _, err := io.WriteString(conn, strings.Repeat(head("GET", base+"/notes"), before)); err != nil {
					t.Fatal(err)
				}
				for range before {
					readAnswer(t, from, "GET").Want(t, http.StatusOK)
				}
				stop := make(chan struct{})
				defer close(stop)
				go trickle(conn, raw, stop)
				readAnswer(t, from, "GET").WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
				if rest, err := io.ReadAll(from); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) || len(rest) > 0 {
					t.Errorf("then came %q, %v", rest, err)
				}
			})
		}
	}
}

// trickle sends raw and then a byte now and then, for as long as it can.
func trickle(to io.Writer, raw string, stop <-chan struct{}) {
	_, err := io.WriteString(to, raw)
	for err == nil {
		select {
		case <-stop:
			return
		case <-time.After(20 * time.Millisecond):
			_, err = io.WriteString(to, "a")
		}
	}
}
