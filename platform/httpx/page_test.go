package httpx_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
)

// A file is sent as it is asked for, and kept for as long as its URL is its own.
func TestAsset(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("let a = 1;\n", 500)
	file, err := httpx.NewAsset("text/javascript; charset=utf-8", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	app := httpxtest.New(t, nil)
	app.AddAsset("/a.js", file)
	get := func(path string, headers ...string) httpxtest.Response {
		return app.Anonymous().Do(t, "GET", path, "", headers...)
	}
	plain := get("/a.js").Want(t, http.StatusOK)
	packed := get("/a.js", "Accept-Encoding", "br;q=1, GZIP; q=0.5").Want(t, http.StatusOK)
	if string(plain.Body) != content || plain.Header.Get("Content-Encoding") != "" {
		t.Errorf("without Accept-Encoding: %d bytes, %q", len(plain.Body), plain.Header.Get("Content-Encoding"))
	}
	r, err := gzip.NewReader(bytes.NewReader(packed.Body))
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(r); err != nil || string(unpacked) != content || len(packed.Body) > len(content)/10 {
		t.Errorf("with gzip: %d bytes that are %d (%v)", len(packed.Body), len(unpacked), err)
	}
	if plain.Header.Get("ETag") == packed.Header.Get("ETag") || !varies(plain, "Accept-Encoding") || !varies(packed, "Accept-Encoding") {
		t.Errorf("the two forms are %v and %v", plain.Header, packed.Header)
	}
	for _, refusing := range []string{"gzip;q=0", "gzip; q=0.000", "br", "identity"} {
		if r := get("/a.js", "Accept-Encoding", refusing); string(r.Body) != content {
			t.Errorf("Accept-Encoding %q has it packed", refusing)
		}
	}
	for path, want := range map[string]string{
		"/a.js": "no-cache", file.URL("/a.js"): "public, max-age=31536000, immutable", "/a.js?v=older": "no-cache",
	} {
		if got := get(path).Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control is %q, want %q", path, got, want)
		}
	}
	for _, known := range []httpxtest.Response{plain, packed} {
		r := get("/a.js", "If-None-Match", known.Header.Get("ETag"), "Accept-Encoding", known.Header.Get("Content-Encoding"))
		if r.Want(t, http.StatusNotModified); len(r.Body) > 0 {
			t.Errorf("304 with a body of %d bytes", len(r.Body))
		}
	}
}

func TestDamagedAsset(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, nil)
	app.AddAsset("/a.js", httpx.PackedAsset("text/javascript", []byte("not gzip")))
	app.Anonymous().Do(t, "GET", "/a.js", "").WantFailure(t, http.StatusInternalServerError, "INTERNAL")
}

// What is personal goes to who sits at this machine: not through a proxy, not
// under a name that anybody can point here, not to a page of another origin.
func TestWhoIsAtHome(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, nil)
	app.AddPage("/page/:name", func(_ context.Context, v httpx.Visit) (httpx.HTML, error) {
		if v.AtHome {
			return httpx.HTML{Text: []byte("secret of " + v.Name), Personal: true}, nil
		}
		return httpx.HTML{Text: []byte("<p>")}, nil
	})
	address := listen(t, app)
	navigation := []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}
	for name, c := range map[string]struct {
		host    string
		headers []string
		home    bool
	}{
		"an address":                {"127.0.0.1:8080", nil, true},
		"another of its addresses":  {"127.9.9.9", nil, true},
		"IPv6":                      {"[::1]:8080", nil, true},
		"a name":                    {"LOCALHOST:8080", nil, true},
		"a name below it":           {"docket.localhost", nil, true},
		"typed":                     {"localhost", append([]string{"Sec-Fetch-Site: none"}, navigation...), true},
		"a script of the page":      {"localhost", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, true},
		"a link elsewhere":          {"localhost", append([]string{"Sec-Fetch-Site: cross-site"}, navigation...), true},
		"a rebound name":            {"evil.example.com:8080", nil, false},
		"an address of the network": {"192.168.0.9:8080", nil, false},
		"all addresses":             {"0.0.0.0:8080", nil, false},
		"a name that begins well":   {"localhost.example.com", nil, false},
		"a name that ends well":     {"notlocalhost", nil, false},
		"a proxy":                   {"localhost", []string{"X-Forwarded-For: 203.0.113.7"}, false},
		"a tunnel":                  {"localhost", []string{"X-Forwarded-Proto: https"}, false},
		"another proxy":             {"localhost", []string{"Via: 1.1 proxy"}, false},
		"another origin":            {"localhost", []string{"Origin: http://localhost:3000"}, false},
		"a script elsewhere":        {"localhost", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"}, false},
		"a frame elsewhere":         {"localhost", []string{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := "GET /page/ada HTTP/1.1\r\nHost: " + c.host + "\r\n"
			for _, h := range c.headers {
				request += h + "\r\n"
			}
			r := talk(t, address, "GET", request+"\r\n").Want(t, http.StatusOK)
			if home := string(r.Body) == "secret of ada"; home != c.home {
				t.Errorf("got %s", r.Body)
			}
			if kept := r.Header.Get("Cache-Control") != "no-store"; kept == c.home {
				t.Errorf("Cache-Control is %q", r.Header.Get("Cache-Control"))
			}
		})
	}
	// In process the peer is no loopback address.
	if r := app.Anonymous().Do(t, "GET", "/page/ada", "", "Host", "localhost"); string(r.Body) != "<p>" {
		t.Errorf("from another machine: %s", r.Body)
	}
}
