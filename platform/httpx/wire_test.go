package httpx_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
)

// These tests speak over real connections what Go's client would not send, or
// what Fiber's Test does not treat as its server does.

func head(method, path string, headers ...string) string {
	return method + " " + path + " HTTP/1.1\r\nHost: docket\r\nAuthorization: Bearer ada\r\n" + strings.Join(append(headers, "", ""), "\r\n")
}

func TestBodyOverTheLimit(t *testing.T) {
	t.Parallel()
	stored := newNotes()
	app := httpxtest.New(t, stored.routes())
	address := listen(t, app)
	const limit = httpx.MaxBodyBytes
	fits := `{"title":"` + strings.Repeat("a", limit-12) + `"}`
	for name, c := range map[string]struct {
		raw    string
		status int
		code   string
	}{
		"as much as fits":       {head("POST", base+"/notes", "Content-Type: application/json", fmt.Sprintf("Content-Length: %d", limit)) + fits, 422, "VALIDATION_FAILED"},
		"one byte over":         {head("POST", base+"/notes", "Content-Type: application/json", fmt.Sprintf("Content-Length: %d", limit+1)) + fits + " ", 413, "PAYLOAD_TOO_LARGE"},
		"only announced":        {head("POST", base+"/notes", "Content-Type: application/json", "Content-Length: 9000000000"), 413, "PAYLOAD_TOO_LARGE"},
		"waits to be asked":     {head("POST", base+"/notes", "Content-Type: application/json", "Content-Length: 2000000", "Expect: 100-continue"), 413, "PAYLOAD_TOO_LARGE"},
		"in chunks":             {head("POST", base+"/notes", "Content-Type: application/json", "Transfer-Encoding: chunked") + strings.Repeat("8000\r\n"+strings.Repeat("a", 0x8000)+"\r\n", 33), 413, "PAYLOAD_TOO_LARGE"},
		"one huge chunk":        {head("POST", base+"/notes", "Content-Type: application/json", "Transfer-Encoding: chunked") + "7fffffff\r\n", 413, "PAYLOAD_TOO_LARGE"},
		"to nowhere":            {head("POST", "/nowhere", "Content-Length: 2000000"), 413, "PAYLOAD_TOO_LARGE"},
		"nobody says who it is": {"POST " + base + "/notes HTTP/1.1\r\nHost: docket\r\nContent-Length: 2000000\r\n\r\n", 413, "PAYLOAD_TOO_LARGE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			talk(t, address, "POST", c.raw).WantFailure(t, c.status, c.code)
		})
	}
	t.Cleanup(func() {
		if n := stored.count(); n != 0 {
			t.Errorf("%d notes were stored", n)
		}
	})
}

// An ordinary client sends it all before it looks, and still learns why.
func TestBodyOverTheLimitFromAnOrdinaryClient(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	url := "http://" + listen(t, app) + base + "/notes"
	for range 20 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(make([]byte, 5<<20)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request) //nolint:bodyclose // httpxtest.Read closes it
		if err != nil {
			t.Fatal(err)
		}
		httpxtest.Read(t, answer).WantFailure(t, http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE")
	}
}

// A client that never ends is not heard out for ever.
func TestBodyWithoutEnd(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	conn := dial(t, listen(t, app))
	if _, err := io.WriteString(conn, head("POST", base+"/notes", "Content-Length: 9000000000000")); err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(conn, endless{})
		sent <- err
	}()
	readAnswer(t, bufio.NewReader(conn), "POST").WantFailure(t, http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE")
	if err := <-sent; err == nil || os.IsTimeout(err) {
		t.Errorf("the server took it all: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestWhatCannotBeReadIsLogged(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	address := listen(t, app)
	for code, raw := range map[string]string{
		"PAYLOAD_TOO_LARGE": head("POST", base+"/notes", "Content-Length: 2000000"),
		"HEADERS_TOO_LARGE": head("GET", base+"/notes", "X-Long: "+strings.Repeat("a", httpx.MaxHeaderBytes)),
		"MALFORMED_REQUEST": "hello\r\n\r\n",
	} {
		r := talk(t, address, "GET", raw)
		// The answer is sent after the line is written.
		if line := lastLine(t, app); line["code"] != code || line["request_id"] != r.Header.Get("X-Request-Id") || line["level"] != "INFO" {
			t.Errorf("%s: the log has %v", code, line)
		}
	}
}

func TestHeadersOverTheLimit(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	address := listen(t, app)
	for name, raw := range map[string]string{
		"one header":    head("GET", base+"/notes", "X-Long: "+strings.Repeat("a", httpx.MaxHeaderBytes)),
		"many headers":  head("GET", base+"/notes", strings.Repeat("X-More: and more\r\n", 2000)+"X-End: 1"),
		"cookies":       head("GET", base+"/notes", "Cookie: "+strings.Repeat("a=b; ", 4000)),
		"a long path":   head("GET", base+"/notes?q="+strings.Repeat("a", httpx.MaxHeaderBytes)),
		"it never ends": "GET " + base + "/notes HTTP/1.1\r\nHost: docket\r\nX-Long: " + strings.Repeat("a", 2*httpx.MaxHeaderBytes),
		"a long method": strings.Repeat("A", 2*httpx.MaxHeaderBytes),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			talk(t, address, "GET", raw).WantFailure(t, http.StatusRequestHeaderFieldsTooLarge, "HEADERS_TOO_LARGE")
		})
	}
	t.Run("just below", func(t *testing.T) {
		t.Parallel()
		talk(t, address, "GET", head("GET", base+"/notes", "X-Long: "+strings.Repeat("a", httpx.MaxHeaderBytes-200))).Want(t, http.StatusOK)
	})
}

func TestNotHTTP(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	address := listen(t, app)
	for name, raw := range map[string]string{
		"text":                "hello\r\n\r\n",
		"a TLS greeting":      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"no path":             "GET\r\n\r\n",
		"header without name": "GET / HTTP/1.1\r\n: x\r\n\r\n",
		"no colon":            "GET / HTTP/1.1\r\nHost docket\r\n\r\n",
		"DEL in a value":      "GET / HTTP/1.1\r\nHost: docket\r\nX-Request-Id: \x7f\r\n\r\n",
		"length is no number": head("POST", base+"/notes", "Content-Length: many"),
		"length is negative":  head("POST", base+"/notes", "Content-Length: -1"),
		"chunk is no number":  head("POST", base+"/notes", "Content-Type: application/json", "Transfer-Encoding: chunked") + "zz\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			talk(t, address, "GET", raw).WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
		})
	}
}

func TestUnknownMethodOnTheWire(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	address := listen(t, app)
	for _, method := range []string{"BREW", "get", "G_T", "LONGER" + strings.Repeat("X", 1000), "$"} {
		r := talk(t, address, "GET", head(method, base+"/notes"))
		r.WantFailure(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
		if got := r.Header.Get("Allow"); got != "GET, HEAD, POST" {
			t.Errorf("%s: Allow is %q", method[:min(len(method), 10)], got)
		}
		if line := lastLine(t, app); line["method"] != "unknown" || line["status"] != 405.0 {
			t.Errorf("the log has %v", line)
		}
	}
}

func TestUnservedMethodsOnTheWire(t *testing.T) {
	t.Parallel()
	address := listen(t, httpxtest.New(t, newNotes().routes()))
	for _, c := range [][2]string{{"FOO", "/nothing"}, {"CONNECT", "/nothing"}, {"TRACE", "/"}, {"OPTIONS", "*"}, {"FOO", "*"}} {
		r := talk(t, address, "GET", head(c[0], c[1]))
		r.WantFailure(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
		if got := r.Header.Get("Allow"); got != "GET, HEAD, POST, PUT, PATCH, DELETE" {
			t.Errorf("%s %s: Allow is %q", c[0], c[1], got)
		}
	}
}

func TestConnectionGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, append(newNotes(note{ID: httpxtest.ID(1)}).routes(), failing()...))
	conn := dial(t, listen(t, app))
	one := base + "/notes/" + httpxtest.ID(1).String()
	tag := app.As("ada").Do(t, "GET", one, "").ETag()
	from := bufio.NewReader(conn)
	// What a failed request leaves behind would be read as the next one.
	for _, c := range []struct {
		method, raw string
		status      int
	}{
		{"GET", head("GET", base+"/panics"), 500},
		{"POST", head("POST", base+"/notes", "Content-Type: application/json", "Content-Length: 8") + "not JSON", 400},
		{"POST", head("POST", "/nowhere", "Content-Length: 8") + "GET / HT", 404},
		{"GET", head("GET", one, "Content-Length: 4") + "body", 200},
		{"HEAD", head("HEAD", one), 200},
		{"HEAD", head("HEAD", base+"/notes/x"), 400},
		{"GET", head("GET", one, "If-None-Match: "+tag), 304},
		{"BREW", head("BREW", one, "Content-Length: 4") + "body", 405},
		{"OPTIONS", head("OPTIONS", one, "Origin: http://x", "Access-Control-Request-Method: GET"), 204},
		{"POST", head("POST", base+"/notes", "Content-Type: application/json", "Transfer-Encoding: chunked") + "10\r\n{\"title\":\"milk\"}\r\n0\r\n\r\n", 201},
		{"DELETE", head("DELETE", one), 204},
		{"GET", head("GET", one), 404},
	} {
		if _, err := io.WriteString(conn, c.raw); err != nil {
			t.Fatal(err)
		}
		if r := readAnswer(t, from, c.method); r.Status != c.status {
			t.Errorf("%s: status is %d, want %d\n%s", c.raw, r.Status, c.status, r.Body)
		}
	}
}

func TestShutdownLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	app := httpxtest.New(t, held(entered, release))
	address := listen(t, app)
	conn := dial(t, address)
	if _, err := io.WriteString(conn, head("GET", base+"/held")); err != nil {
		t.Fatal(err)
	}
	<-entered
	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		stopped <- app.Stop(ctx)
	}()
	select {
	case err := <-stopped:
		t.Fatalf("stopped with a request under way: %v", err)
	default:
	}
	close(release)
	readAnswer(t, bufio.NewReader(conn), "GET").Want(t, http.StatusOK)
	if err := <-stopped; err != nil {
		t.Errorf("shut down: %v", err)
	}
}

// A deadline that has passed in one request is not the next one's.
func TestDeadlineIsEachRequestsOwn(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, append(newNotes().routes(), failing()...), func(c *httpx.Config) { c.RequestTimeout = patience })
	ctxErrs := make(chan error, 2)
	app.Add(httpx.Route{Method: "GET", Path: "/deadline", Handle: func(r *httpx.Request) (httpx.Response, error) {
		if _, ok := r.Context().Deadline(); !ok {
			ctxErrs <- fmt.Errorf("no deadline")
		} else {
			ctxErrs <- r.Context().Err()
		}
		return httpx.NoContent(), nil
	}})
	conn := dial(t, listen(t, app))
	from := bufio.NewReader(conn)
	for range 2 {
		if _, err := io.WriteString(conn, head("GET", base+"/deadline")); err != nil {
			t.Fatal(err)
		}
		readAnswer(t, from, "GET").Want(t, http.StatusNoContent)
		if err := <-ctxErrs; err != nil {
			t.Error(err)
		}
	}
}
