package framing_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/framing"
)

var limits = framing.Limits{Head: 1024, Target: 100, Fields: 10}

// wire is a connection over which a client has sent all it will.
type wire struct {
	net.Conn
	sent []byte
	// step is how much of it one Read returns.
	step int
	// end is what comes after it.
	end error
	got bytes.Buffer
}

func (w *wire) Read(p []byte) (int, error) {
	if len(w.sent) == 0 {
		return 0, w.end
	}
	n := copy(p[:min(len(p), w.step)], w.sent)
	w.sent = w.sent[n:]
	return n, nil
}

func (w *wire) Write(p []byte) (int, error)      { return w.got.Write(p) }
func (w *wire) Close() error                     { return nil }
func (w *wire) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (w *wire) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// through reads all that passes, room bytes at a time, and says why no more
// does.
func through(sent string, step, room int) (string, framing.Reason) {
	c := framing.NewConn(&wire{sent: []byte(sent), step: step, end: io.EOF}, limits, 0)
	var passed bytes.Buffer
	buf := make([]byte, room)
	for {
		n, err := c.Read(buf)
		if r := c.Refusal(); r != nil {
			return passed.String(), r.Reason
		}
		if err != nil {
			return passed.String(), ""
		}
		passed.Write(buf[:n])
	}
}

const get = "GET /a HTTP/1.1\r\nHost: docket\r\n\r\n"

func post(fields, body string) string {
	return "POST /a HTTP/1.1\r\nHost: docket\r\n" + fields + "\r\n" + body
}

var sound = map[string]string{
	"one":                    get,
	"several":                get + get + get,
	"HTTP/1.0":               strings.Replace(get, "1.1", "1.0", 1),
	"an empty line before":   "\r\n" + get + "\r\n" + get,
	"a body":                 post("Content-Length: 5\r\n", "hello") + get,
	"no body":                post("Content-Length: 0\r\n", "") + get,
	"a body that looks so":   post("Content-Length: 33\r\n", get) + get,
	"leading zeros":          post("content-length:0005\t\r\n", "hello") + get,
	"chunks":                 post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n1A\r\n"+strings.Repeat("x", 26)+"\r\n0\r\n\r\n") + get,
	"no chunks":              post("transfer-encoding:\tChunked \r\n", "0\r\n\r\n") + get,
	"chunk extensions":       post("Transfer-Encoding: chunked\r\n", "5;a=b\r\nhello\r\n0 ; c\r\n\r\n") + get,
	"trailers":               post("Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n", "5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n") + get,
	"a chunk that looks so":  post("Transfer-Encoding: chunked\r\n", "21\r\n"+get+"\r\n0\r\n\r\n") + get,
	"odd but allowed fields": "GET /\xc3\xa9?a=%00 HTTP/1.1\r\nHost:\r\nX!#$%&'*+-.^_`|~1: \xff\tb\r\nX-Empty:\r\n\r\n" + get,
	"an unknown method":      "BREW /a HTTP/1.1\r\nHost: docket\r\nContent-Length: 2\r\n\r\nok" + get,
	"a whole URL":            "GET http://docket/a HTTP/1.1\r\nHost: docket\r\n\r\n" + get,
	"to be continued":        post("Content-Length: 5\r\nExpect: 100-continue\r\n", "hello") + get,
}

func TestSoundRequestsPassUnchanged(t *testing.T) {
	t.Parallel()
	for name, sent := range sound {
		for _, step := range []int{1, 2, 3, 7, 64, 1 << 20} {
			for _, room := range []int{1, 16, 4096} {
				passed, reason := through(sent, step, room)
				if diff := cmp.Diff(sent, passed); diff != "" || reason != "" {
					t.Errorf("%s, %d bytes at a time into %d: %q (-sent +passed):\n%s", name, step, room, reason, diff)
				}
			}
		}
	}
}

// refused are the shapes that get no further, and what passes of them.
var refused = []struct {
	name, sent string
	reason     framing.Reason
	passes     string
}{
	{"length and encoding", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), framing.LengthAndEncoding, ""},
	{"encoding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), framing.LengthAndEncoding, ""},
	{"two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"), framing.BadLength, ""},
	{"the same length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), framing.BadLength, ""},
	{"a list of lengths", post("Content-Length: 5, 5\r\n", "hello"), framing.BadLength, ""},
	{"a signed length", post("Content-Length: +5\r\n", "hello"), framing.BadLength, ""},
	{"a negative length", post("Content-Length: -5\r\n", "hello"), framing.BadLength, ""},
	{"a hexadecimal length", post("Content-Length: 0x5\r\n", "hello"), framing.BadLength, ""},
	{"an empty length", post("Content-Length:\r\n", ""), framing.BadLength, ""},
	{"a length beyond all", post("Content-Length: 18446744073709551621\r\n", "hello"), framing.BadLength, ""},
	{"identity", post("Transfer-Encoding: identity\r\n", ""), framing.BadEncoding, ""},
	{"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), framing.BadEncoding, ""},
	{"chunked, chunked", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), framing.BadEncoding, ""},
	{"chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), framing.BadEncoding, ""},
	{"chunked and identity", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), framing.BadEncoding, ""},
	{"xchunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), framing.BadEncoding, ""},
	{"quoted", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), framing.BadEncoding, ""},
	{"vertical tab", post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"), framing.BadCharacter, ""},
	{"chunked in HTTP/1.0", strings.Replace(post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), "1.1", "1.0", 1), framing.BadEncoding, ""},
	{"no host", "GET /a HTTP/1.1\r\nX: y\r\n\r\n", framing.BadHost, ""},
	{"no field at all", "GET /a HTTP/1.1\r\n\r\n", framing.BadHost, ""},
	{"two hosts", "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", framing.BadHost, ""},
	{"the same host twice", "GET /a HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", framing.BadHost, ""},
	{"a list of hosts", "GET /a HTTP/1.1\r\nHost: a, b\r\n\r\n", framing.BadHost, ""},
	{"folded", "GET /a HTTP/1.1\r\nHost: docket\r\nX: a\r\n b\r\n\r\n", framing.FoldedField, ""},
	{"folded with a tab", "GET /a HTTP/1.1\r\nHost: docket\r\nTransfer-Encoding:\r\n\tchunked\r\n\r\n", framing.BadEncoding, ""},
	{"folded at once", "GET /a HTTP/1.1\r\n Host: docket\r\n\r\n", framing.FoldedField, ""},
	{"space before the colon", "GET /a HTTP/1.1\r\nHost: docket\r\nContent-Length : 5\r\n\r\nhello", framing.BadField, ""},
	{"space in a name", "GET /a HTTP/1.1\r\nHost: docket\r\nContent Length: 5\r\n\r\nhello", framing.BadField, ""},
	{"no name", "GET /a HTTP/1.1\r\nHost: docket\r\n: a\r\n\r\n", framing.BadField, ""},
	{"no colon", "GET /a HTTP/1.1\r\nHost docket\r\n\r\n", framing.BadField, ""},
	{"NUL in a name", "GET /a HTTP/1.1\r\nHost: docket\r\nX\x00: a\r\n\r\n", framing.BadField, ""},
	{"NUL in a value", "GET /a HTTP/1.1\r\nHost: docket\r\nX: a\x00b\r\n\r\n", framing.BadCharacter, ""},
	{"DEL in a value", "GET /a HTTP/1.1\r\nHost: docket\r\nX: \x7f\r\n\r\n", framing.BadCharacter, ""},
	{"CR in a value", "GET /a HTTP/1.1\r\nHost: docket\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n", framing.BadCharacter, ""},
	{"CR CR LF", "GET /a HTTP/1.1\r\nHost: docket\r\r\n\r\n", framing.BadCharacter, ""},
	{"LF in a value", "GET /a HTTP/1.1\r\nHost: docket\r\nX: a\nTransfer-Encoding: chunked\r\n\r\n", framing.BareLineFeed, ""},
	{"LF for all ends", "GET /a HTTP/1.1\nHost: docket\n\n", framing.BareLineFeed, ""},
	{"LF for the last end", "GET /a HTTP/1.1\r\nHost: docket\r\n\n", framing.BareLineFeed, ""},
	{"LF before the request", "\n" + get, framing.BadRequestLine, ""},
	{"CR in the target", "GET /a\rb HTTP/1.1\r\nHost: docket\r\n\r\n", framing.BadCharacter, ""},
	{"NUL in the target", "GET /\x00 HTTP/1.1\r\nHost: docket\r\n\r\n", framing.BadCharacter, ""},
	{"tab in the target", "GET /\ta HTTP/1.1\r\nHost: docket\r\n\r\n", framing.BadCharacter, ""},
	{"HTTP/9.9", "GET /a HTTP/9.9\r\nHost: docket\r\n\r\n", framing.BadVersion, ""},
	{"HTTP/1.2", "GET /a HTTP/1.2\r\nHost: docket\r\n\r\n", framing.BadVersion, ""},
	{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", framing.BadVersion, ""},
	{"http/1.1", "GET /a http/1.1\r\nHost: docket\r\n\r\n", framing.BadVersion, ""},
	{"HTTP/1.1 and a space", "GET /a HTTP/1.1 \r\nHost: docket\r\n\r\n", framing.BadVersion, ""},
	{"HTTP/0.9", "GET /a\r\n\r\n", framing.BadRequestLine, ""},
	{"two spaces", "GET  /a HTTP/1.1\r\nHost: docket\r\n\r\n", framing.BadRequestLine, ""},
	{"a tab for a space", "GET\t/a HTTP/1.1\r\nHost: docket\r\n\r\n", framing.BadRequestLine, ""},
	{"no method", " /a HTTP/1.1\r\nHost: docket\r\n\r\n", framing.BadRequestLine, ""},
	{"an odd method", "G(T /a HTTP/1.1\r\nHost: docket\r\n\r\n", framing.BadRequestLine, ""},
	{"a greeting of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", framing.BadRequestLine, ""},
	{"a second empty line", "\r\n\r\n" + get, framing.BadRequestLine, "\r\n"},
	{"a chunk of no size", post("Transfer-Encoding: chunked\r\n", "zz\r\n"), framing.BadChunk, post("Transfer-Encoding: chunked\r\n", "")},
	{"a chunk of negative size", post("Transfer-Encoding: chunked\r\n", "-1\r\n"), framing.BadChunk, post("Transfer-Encoding: chunked\r\n", "")},
	{"a chunk of 0x5", post("Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n"), framing.BadChunk, post("Transfer-Encoding: chunked\r\n", "")},
	{"a chunk beyond all", post("Transfer-Encoding: chunked\r\n", "10000000000000005\r\nhello\r\n"), framing.BadChunk, post("Transfer-Encoding: chunked\r\n", "")},
	{"a chunk size with a space", post("Transfer-Encoding: chunked\r\n", "5 \r\nhello\r\n"), framing.BadChunk, post("Transfer-Encoding: chunked\r\n", "")},
	{"a chunk size that ends in LF", post("Transfer-Encoding: chunked\r\n", "5\nhello\r\n"), framing.BadChunk, post("Transfer-Encoding: chunked\r\n", "")},
	{"LF in an extension", post("Transfer-Encoding: chunked\r\n", "5;a\nb\r\nhello\r\n"), framing.BadChunk, post("Transfer-Encoding: chunked\r\n", "")},
	{"CR in an extension", post("Transfer-Encoding: chunked\r\n", "5;a\rb\r\nhello\r\n"), framing.BadChunk, post("Transfer-Encoding: chunked\r\n", "")},
	{"an endless extension", post("Transfer-Encoding: chunked\r\n", "5;"+strings.Repeat("a", 300)), framing.BadChunk, post("Transfer-Encoding: chunked\r\n", "")},
	{"a chunk that is too short", post("Transfer-Encoding: chunked\r\n", "6\r\nhello\r\n0\r\n\r\n"), framing.BadChunk, post("Transfer-Encoding: chunked\r\n", "6\r\nhello\r")},
	{"a chunk that is too long", post("Transfer-Encoding: chunked\r\n", "4\r\nhello\r\n0\r\n\r\n"), framing.BadChunk, post("Transfer-Encoding: chunked\r\n", "4\r\nhell")},
	{"LF behind a chunk", post("Transfer-Encoding: chunked\r\n", "5\r\nhello\n0\r\n\r\n"), framing.BadChunk, post("Transfer-Encoding: chunked\r\n", "5\r\nhello")},
	{"a trailer that frames", post("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 5\r\n\r\n"), framing.BadChunk, post("Transfer-Encoding: chunked\r\n", "")},
	{"a trailer with LF", post("Transfer-Encoding: chunked\r\n", "0\r\nX: a\n\r\n"), framing.BareLineFeed, post("Transfer-Encoding: chunked\r\n", "")},
	{"a trailer without end", post("Transfer-Encoding: chunked\r\n", "0\r\nX: "+strings.Repeat("a", 5000)), framing.HeadTooLarge, post("Transfer-Encoding: chunked\r\n", "")},
	{"a request in a trailer", post("Transfer-Encoding: chunked\r\n", "0\r\n"+get), framing.BadField, post("Transfer-Encoding: chunked\r\n", "")},
	{"a large head", "GET /a HTTP/1.1\r\nHost: docket\r\nX: " + strings.Repeat("a", 1000) + "\r\n\r\n", framing.HeadTooLarge, ""},
	{"a head without end", "GET /" + strings.Repeat("a", 2000), framing.HeadTooLarge, ""},
	{"a long target", "GET /" + strings.Repeat("a", 100) + " HTTP/1.1\r\nHost: docket\r\n\r\n", framing.TargetTooLong, ""},
	{"many fields", "GET /a HTTP/1.1\r\nHost: docket\r\n" + strings.Repeat("a:\r\n", 10) + "\r\n", framing.TooManyFields, ""},
	{"half a head", "GET /a HTTP/1.1\r\nHost: doc", framing.HalfHead, ""},
}

// What goes wrong is never read, nor is anything behind it, however it comes in.
func TestDoubtfulRequestsAreRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range refused {
		for _, before := range []string{"", get, sound["chunks"]} {
			for _, step := range []int{1, 5, 1 << 20} {
				for _, room := range []int{8, 4096} {
					behind := get
					if tt.reason == framing.HalfHead {
						behind = ""
					}
					passed, reason := through(before+tt.sent+behind, step, room)
					if reason != tt.reason || passed != before+tt.passes {
						t.Errorf("%s, %d bytes at a time: refused for %q, want %q; passed %q", tt.name, step, reason, tt.reason, passed)
					}
				}
			}
		}
	}
}

func TestServerIsToldOnlyOnce(t *testing.T) {
	t.Parallel()
	c := framing.NewConn(&wire{sent: []byte("GET /a HTTP/9.9\r\n\r\n" + get), step: 4096, end: io.EOF}, limits, 0)
	buf := make([]byte, 100)
	if c.Refusal() != nil {
		t.Error("refused before anything was read")
	}
	n, err := c.Read(buf)
	if got := string(buf[:n]); err != nil || strings.Contains(got, "HTTP") {
		t.Errorf("the server reads %q, %v", got, err)
	}
	var refusal *framing.Refusal
	for range 2 {
		if n, err = c.Read(buf); n != 0 || !errors.As(err, &refusal) || refusal.Reason != framing.BadVersion {
			t.Errorf("then the server reads %q, %v", buf[:n], err)
		}
	}
}

// A refusal waits until the requests before it were read.
func TestRefusalIsOfTheRequestBeingRead(t *testing.T) {
	t.Parallel()
	c := framing.NewConn(&wire{sent: []byte(get + "GET /a HTTP/9.9\r\n\r\n"), step: 4096, end: io.EOF}, limits, 0)
	buf := make([]byte, 4096)
	if n, err := c.Read(buf); string(buf[:n]) != get || err != nil || c.Refusal() != nil {
		t.Errorf("read %q, %v; refused for %v", buf[:n], err, c.Refusal())
	}
}

func TestSlowHead(t *testing.T) {
	t.Parallel()
	c := framing.NewConn(&wire{sent: []byte("GET /a HT"), step: 3, end: os.ErrDeadlineExceeded}, limits, time.Minute)
	if n, err := c.Read(make([]byte, 100)); err != nil || n == 0 || c.Refusal() == nil || c.Refusal().Reason != framing.SlowHead {
		t.Errorf("read %d bytes, %v; refused for %v", n, err, c.Refusal())
	}
	// A connection that is merely idle has done nothing wrong.
	c = framing.NewConn(&wire{sent: []byte(get), step: 100, end: os.ErrDeadlineExceeded}, limits, time.Minute)
	if _, err := c.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 100)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || c.Refusal() != nil {
		t.Errorf("read %d bytes, %v; refused for %v", n, err, c.Refusal())
	}
}
