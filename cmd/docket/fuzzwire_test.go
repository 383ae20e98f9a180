package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"docket/platform/openapi/openapifuzz"
)

// wire sends requests as they are: an HTTP client would mend them.
type wire struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
}

// wireAnswer is an answer, read to its end.
type wireAnswer struct {
	Status int
	Header http.Header
	Body   []byte
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close() // the other side may have been first
		w.conn = nil
	}
}

// send sends one request, over the connection of the one before if that is
// still open, and returns the answer.
func (w *wire) send(r openapifuzz.Request) (wireAnswer, error) {
	if w.conn == nil {
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			return wireAnswer{}, fmt.Errorf("connect: %w", err)
		}
		w.conn, w.reader = conn, bufio.NewReader(conn)
	}
	if err := w.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return wireAnswer{}, err
	}
	conn, written := w.conn, make(chan error, 1)
	go func() {
		_, err := conn.Write(onWire(r))
		written <- err
	}()
	answer, last, err := w.read(r.Method)
	if err != nil || last {
		w.close()
	}
	// Where there is an answer before the end, the rest need not be read.
	if failed := <-written; err != nil {
		return answer, errors.Join(err, failed)
	}
	return answer, nil
}

func (w *wire) read(method string) (_ wireAnswer, last bool, err error) {
	response, err := http.ReadResponse(w.reader, &http.Request{Method: method})
	if err != nil {
		return wireAnswer{}, true, fmt.Errorf("read the answer: %w", err)
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return wireAnswer{}, true, fmt.Errorf("read the body: %w", err)
	}
	return wireAnswer{Status: response.StatusCode, Header: response.Header, Body: body}, response.Close, nil
}

// onWire is a request as RFC 9112 frames it.
func onWire(r openapifuzz.Request) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: docket.example\r\n", r.Method, r.Target)
	for _, f := range r.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	switch {
	case r.Chunked && r.Body != nil:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for part := range slices.Chunk(r.Body, 1000) {
			fmt.Fprintf(&b, "%x\r\n%s\r\n", len(part), part)
		}
		b.WriteString("0\r\n\r\n")
	case r.Body != nil:
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(r.Body))
		b.Write(r.Body)
	default:
		b.WriteString("\r\n")
	}
	return b.Bytes()
}

// curlLine writes a request as a line for bash that sends it again; the token is
// for whoever does to fill in.
func curlLine(s *instance, r openapifuzz.Request) string {
	var b strings.Builder
	b.WriteString("curl -isS --path-as-is -X " + r.Method)
	for _, f := range r.Header {
		value := f.Value
		if strings.EqualFold(f.Name, "Authorization") && strings.HasPrefix(value, "Bearer eyJ") {
			b.WriteString(` -H "Authorization: Bearer $TOKEN"`)
			continue
		}
		b.WriteString(" -H " + forBash(f.Name+": "+value))
	}
	if r.Chunked {
		b.WriteString(" -H 'Transfer-Encoding: chunked'")
	}
	if r.Body != nil {
		body := r.Body
		if len(body) > 3000 {
			body = slices.Concat(body[:3000], []byte(" and so on, "+strconv.Itoa(len(r.Body))+" bytes"))
		}
		b.WriteString(" --data-binary " + forBash(string(body)))
	}
	return b.String() + " " + forBash(strings.TrimSuffix(s.greeting.API, "/api/v1")+r.Target)
}

func forBash(s string) string {
	var b strings.Builder
	b.WriteString("$'")
	for _, c := range []byte(s) {
		switch {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + "'"
}
