package framing_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/valyala/fasthttp"

	"docket/platform/httpx/framing"
)

// exchange is what a server made of one request.
type exchange struct{ Method, Target, Body string }

// FuzzRequests: however the bytes come in, the same of them pass; what passes
// are the same requests to the server below as to Go's own.
func FuzzRequests(f *testing.F) {
	for _, sent := range sound {
		f.Add(sent, uint8(3), uint8(200))
	}
	for _, tt := range refused {
		f.Add(tt.sent+get, uint8(200), uint8(16))
	}
	f.Fuzz(func(t *testing.T, sent string, step, room uint8) {
		passed, reason := through(sent, 1<<20, 4096)
		if again, other := through(sent, int(step)+1, int(room)+1); again != passed || other != reason {
			t.Fatalf("at once: %q, %q\nin pieces: %q, %q", passed, reason, again, other)
		}
		if !strings.HasPrefix(sent, passed) {
			t.Fatalf("%q was sent, %q passed", sent, passed)
		}
		theirs, whole := readByGo(passed)
		if !whole {
			return // Go's own refuses more, such as a URL that it cannot read
		}
		ours, answers := readByServer(sent)
		if len(ours) < len(theirs) && strings.Contains(answers, "HTTP/1.1 400") {
			theirs = theirs[:len(ours)] // it may refuse more too
		}
		if diff := cmp.Diff(theirs, ours, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("of %q (-net/http +fasthttp)\n%s", sent, diff)
		}
	})
}

// readByGo reads text as net/http does, and says whether it found no fault.
func readByGo(text string) (found []exchange, whole bool) {
	r := bufio.NewReader(strings.NewReader(text))
	for {
		if next, err := r.Peek(2); err != nil {
			return found, true
		} else if string(next) == "\r\n" {
			_, _ = r.Discard(2)
			continue
		}
		request, err := http.ReadRequest(r)
		if err != nil {
			return found, false
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return found, errors.Is(err, io.ErrUnexpectedEOF) // no fault, but no end either
		}
		if request.Close || strings.EqualFold(request.Header.Get("Connection"), "close") || request.Header.Get("Connection") != "" {
			return found, false // what comes behind is not looked at
		}
		found = append(found, exchange{Method: request.Method, Target: request.RequestURI, Body: string(body)})
	}
}

// readByServer lets the server below serve sent through the guard, and returns
// also what it answers.
func readByServer(sent string) (found []exchange, answers string) {
	server := &fasthttp.Server{
		ReadBufferSize: limits.Head, DisablePreParseMultipartForm: true, Logger: silent{},
		Handler: func(c *fasthttp.RequestCtx) {
			found = append(found, exchange{
				Method: string(c.Method()), Target: string(c.Request.Header.RequestURI()), Body: string(c.Request.Body()),
			})
		},
	}
	w := &wire{sent: []byte(sent), step: 1 << 20, end: io.EOF}
	_ = server.ServeConn(framing.NewConn(w, limits, 0)) // how it ended is not the question
	return found, w.got.String()
}

type silent struct{}

func (silent) Printf(string, ...any) {}

// BenchmarkGuard is what the guard adds to one request of a browser.
func BenchmarkGuard(b *testing.B) {
	request := "GET /api/v1/tasks?limit=50&status=todo HTTP/1.1\r\nHost: api.example.com\r\nConnection: keep-alive\r\n" +
		"Authorization: Bearer " + strings.Repeat("eyJhbGciOiJFZERTQSJ9", 20) + "\r\nAccept: application/json\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
		"Origin: https://app.example.com\r\nReferer: https://app.example.com/\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n\r\n"
	w := &repeating{text: []byte(request)}
	buf := make([]byte, 16<<10)
	for name, r := range map[string]io.Reader{"without": w, "with": framing.NewConn(w, framing.Limits{Head: 16 << 10, Target: 8 << 10, Fields: 100}, 0)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(request)))
			for b.Loop() {
				if n, err := r.Read(buf); n != len(request) || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// repeating sends the same request for ever.
type repeating struct {
	wire
	text []byte
}

func (r *repeating) Read(p []byte) (int, error) { return copy(p, r.text), nil }
