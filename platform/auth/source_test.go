package auth

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func mustWrite(t *testing.T, w http.ResponseWriter, body []byte) {
	t.Helper()
	// A client that gives up early is what some of the tests are about.
	if _, err := w.Write(body); err != nil {
		t.Logf("write the answer: %v", err)
	}
}

func TestHTTPSource(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mustWrite(t, w, []byte(`{"keys":["stolen"]}`))
	}))
	t.Cleanup(elsewhere.Close)
	document := []byte(`{"keys":["as served"]}`)
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); mustWrite(t, w, document) }
	}
	send := func(body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { mustWrite(t, w, body) }
	}
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/moved" {
				mustWrite(t, w, document)
				return
			}
			http.Redirect(w, r, to, http.StatusFound)
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		good   bool
	}{
		"200":                         {send(document), true},
		"just within the limit":       {send(bytes.Repeat([]byte(" "), MaxKeySetBytes)), true},
		"redirect on the host":        {redirect("/moved"), true},
		"one byte over the limit":     {send(bytes.Repeat([]byte(" "), MaxKeySetBytes+1)), false},
		"small only while compressed": {compressed(t, MaxKeySetBytes*20), false},
		"201":                         {status(http.StatusCreated), false},
		"204":                         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, false},
		"404":                         {status(http.StatusNotFound), false},
		"500":                         {status(http.StatusInternalServerError), false},
		"redirect to another host":    {redirect(elsewhere.URL), false},
		"redirect to another scheme":  {redirect("file:///etc/hostname"), false},
		"redirects in a circle":       {redirect("/again"), false},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			mustWrite(t, w, document)
		}, false},
		"endless headers": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
			mustWrite(t, w, document)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.answer)
			t.Cleanup(server.Close)
			source, err := HTTPSource(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			body, err := source(t.Context())
			if c.good != (err == nil) {
				t.Fatalf("err is %v, body %.40q", err, body)
			}
			if c.good && len(body) != MaxKeySetBytes && !bytes.Equal(body, document) {
				t.Errorf("body is %q", body)
			}
			if !c.good && body != nil {
				t.Errorf("a body came with the error: %.40q", body)
			}
		})
	}
}

func compressed(t *testing.T, size int) http.HandlerFunc {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		mustWrite(t, w, packed.Bytes())
	}
}

func TestHTTPSourceNeverFollowsFromHTTPSToHTTP(t *testing.T) {
	t.Parallel()
	from, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://a.example/jwks", nil)
	if err != nil {
		t.Fatal(err)
	}
	for address, allowed := range map[string]bool{
		"https://a.example/other":    true,
		"http://a.example/jwks":      false,
		"https://a.example:444/jwks": false,
		"https://b.example/jwks":     false,
	} {
		next, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := stayOnHost(next, []*http.Request{from}); allowed != (err == nil) {
			t.Errorf("to %s: %v", address, err)
		}
	}
}

func TestHTTPSourceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		mustWrite(t, w, []byte(`{"keys":[`))
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		reached.Store(true)
		<-release
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	source, err := HTTPSource(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for !reached.Load() {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := source(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestHTTPSourceStopsReadingAtTheLimit(t *testing.T) {
	t.Parallel()
	stopped := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 1024 { // 64 MiB, far more than any socket buffer takes
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				stopped <- err
				return
			}
		}
		stopped <- nil
	}))
	t.Cleanup(server.Close)
	source, err := HTTPSource(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source(t.Context()); err == nil {
		t.Error("accepted")
	}
	if err := <-stopped; err == nil {
		t.Error("the whole answer was read")
	}
}

func TestHTTPSourceRefusesBadURLs(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "app.example.com/jwks", "/jwks", "ftp://a.example/jwks", "file:///jwks.json", "https://", "http://a b/", ":"} {
		if _, err := HTTPSource(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
