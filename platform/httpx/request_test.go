package httpx_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
	"docket/platform/page"
)

func TestUnknownRoute(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	for _, path := range []string{
		"/", "/api", base, base + "/", base + "/nothing", base + "/NOTES", "/API/v1/notes", base + "/notes/" + httpxtest.ID(1).String() + "/more",
		base + "//notes", "/notes", base + "/notes%2F", "/%00", "/%ff%fe", "/<script>", "/../etc/passwd",
	} {
		for _, method := range []string{"GET", "POST", "DELETE", "OPTIONS"} {
			failure := app.As("ada").Do(t, method, path, "").WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
			if strings.Contains(failure.Message, "script") {
				t.Errorf("the message repeats the path: %s", failure.Message)
			}
		}
	}
}

func TestWrongMethod(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	one := base + "/notes/" + httpxtest.ID(1).String()
	for _, c := range []struct {
		method, path string
		allow        []string
	}{
		{"PUT", base + "/notes", []string{"GET", "HEAD", "POST"}},
		{"DELETE", base + "/notes", []string{"GET", "HEAD", "POST"}},
		{"OPTIONS", base + "/notes", []string{"GET", "HEAD", "POST"}},
		{"TRACE", base + "/notes", []string{"GET", "HEAD", "POST"}},
		{"CONNECT", base + "/notes", []string{"GET", "HEAD", "POST"}},
		{"POST", one, []string{"DELETE", "GET", "HEAD", "PATCH", "PUT"}},
		{"PROPFIND", one, []string{"DELETE", "GET", "HEAD", "PATCH", "PUT"}},
		{"get", base + "/notes", []string{"GET", "HEAD", "POST"}},
		{"GETT", base + "/notes", []string{"GET", "HEAD", "POST"}},
	} {
		r := app.As("ada").Do(t, c.method, c.path, "")
		r.WantFailure(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
		got := strings.Split(r.Header.Get("Allow"), ", ")
		slices.Sort(got)
		if diff := cmp.Diff(c.allow, got); diff != "" {
			t.Errorf("%s %s: Allow (-want +got):\n%s", c.method, c.path, diff)
		}
	}
	for _, method := range []string{"PROPFIND", "FOO", "TRACE", "CONNECT"} {
		r := app.As("ada").Do(t, method, "/nothing", "")
		r.WantFailure(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
		if got := r.Header.Get("Allow"); got != "GET, HEAD, POST, PUT, PATCH, DELETE" {
			t.Errorf("%s of nothing: Allow is %q", method, got)
		}
	}
	app.As("ada").Do(t, "OPTIONS", "/nothing", "").WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	t.Parallel()
	stored := note{ID: httpxtest.ID(1), Title: "milk"}
	app := httpxtest.New(t, newNotes(stored).routes())
	for _, path := range []string{base + "/notes", base + "/notes/" + stored.ID.String()} {
		get := app.As("ada").Do(t, "GET", path, "").Want(t, http.StatusOK)
		head := app.As("ada").Do(t, "HEAD", path, "").Want(t, http.StatusOK)
		if len(head.Body) != 0 {
			t.Errorf("HEAD has a body: %s", head.Body)
		}
		for _, name := range []string{"ETag", "Content-Type", "Content-Length", "Cache-Control", "Vary"} {
			if g, h := get.Header.Get(name), head.Header.Get(name); g != h {
				t.Errorf("%s: %s is %q with GET, %q with HEAD", path, name, g, h)
			}
		}
	}
	if r := app.As("ada").Do(t, "HEAD", base+"/notes/"+httpxtest.ID(2).String(), ""); r.Status != http.StatusNotFound || len(r.Body) != 0 {
		t.Errorf("HEAD of nothing: %d %s", r.Status, r.Body)
	}
	app.Anonymous().Do(t, "HEAD", base+"/notes", "").Want(t, http.StatusUnauthorized)
}

func TestPathID(t *testing.T) {
	t.Parallel()
	const id = "019ab000-0000-7000-8000-00000000000a"
	app := httpxtest.New(t, newNotes(note{ID: uuid.MustParse(id)}).routes())
	for _, good := range []string{id, strings.ToUpper(id)} {
		app.As("ada").Do(t, "GET", base+"/notes/"+good, "").Want(t, http.StatusOK)
	}
	// One resource has one path.
	for _, other := range []string{"/notes/" + id + "/", "/notes/"} {
		app.As("ada").Do(t, "GET", base+other, "").WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
	}
	for _, bad := range []string{
		"1", "abc", "{" + id + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""), id + "0", id[:35], id[:35] + "g", id + "%20", "%20" + id,
		"019ab0000-000-7000-8000-00000000000a", "019ab000_0000_7000_8000_00000000000a", id[:35] + "%00", "%30" + id[1:], "null", "undefined", "-",
		strings.Repeat("a", 5000), "%ff", "..%2f" + id,
	} {
		for _, method := range []string{"GET", "PATCH", "PUT", "DELETE"} {
			body := ""
			if method == "PATCH" || method == "PUT" {
				body = `{"title":"milk"}`
			}
			app.As("ada").Do(t, method, base+"/notes/"+bad, body).WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
		}
	}
	failure := app.As("ada").Do(t, "GET", base+"/notes/"+uuid.Nil.String(), "").WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
	if want := "Note with ID " + uuid.Nil.String() + " not found"; failure.Message != want {
		t.Errorf("message is %q, want %q", failure.Message, want)
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]httpx.Page{
		"":                             {Limit: 50, Sort: "created_at", Desc: true},
		"?limit=1":                     {Limit: 1, Sort: "created_at", Desc: true},
		"?limit=200":                   {Limit: 200, Sort: "created_at", Desc: true},
		"?sort=created_at":             {Limit: 50, Sort: "created_at"},
		"?sort=-created_at":            {Limit: 50, Sort: "created_at", Desc: true},
		"?sort=title&limit=7":          {Limit: 7, Sort: "title"},
		"?sort=-title":                 {Limit: 50, Sort: "title", Desc: true},
		"?q=%C3%A9&status=&sort=title": {Limit: 50, Sort: "title"},
	} {
		stored := newNotes()
		app := httpxtest.New(t, stored.routes())
		var list []any
		meta := app.As("ada").Do(t, "GET", base+"/notes"+query, "").Want(t, http.StatusOK).List(t, &list)
		if diff := cmp.Diff(want, stored.asked(t)); diff != "" {
			t.Errorf("%s asks for (-want +got):\n%s", query, diff)
		}
		if meta.Limit != want.Limit || meta.NextCursor == nil || list == nil {
			t.Errorf("%s: meta is %+v, data %v", query, meta, list)
		}
	}
}

func TestQueryIsInvalid(t *testing.T) {
	t.Parallel()
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("p%d", i)
	}
	for query, faults := range map[string][]string{
		"limit=0":                            {"limit out_of_range"},
		"limit=201":                          {"limit out_of_range"},
		"limit=-1":                           {"limit out_of_range"},
		"limit=":                             {"limit invalid_type"},
		"limit":                              {"limit invalid_type"},
		"limit=abc":                          {"limit invalid_type"},
		"limit=1e9":                          {"limit invalid_type"},
		"limit=1.0":                          {"limit invalid_type"},
		"limit=0x10":                         {"limit invalid_type"},
		"limit=1_0":                          {"limit invalid_type"},
		"limit=+5":                           {"limit invalid_type"},
		"limit=%D9%A3":                       {"limit invalid_type"},
		"limit=9223372036854775808":          {"limit out_of_range"},
		"limit=" + strings.Repeat("9", 5000): {"limit out_of_range"},
		"limit=-" + strings.Repeat("9", 50):  {"limit out_of_range"},
		"sort=":                              {"sort invalid_value"},
		"sort=-":                             {"sort invalid_value"},
		"sort=--title":                       {"sort invalid_value"},
		"sort=Title":                         {"sort invalid_value"},
		"sort=id":                            {"sort invalid_value"},
		"sort=title,id":                      {"sort invalid_value"},
		"sort=title%20desc":                  {"sort invalid_value"},
		"sort=title;drop":                    {"sort invalid_value"},
		"limit=5&limit=5":                    {"limit duplicate"},
		"q=a&q=b&sort=title":                 {"q duplicate"},
		"page=2":                             {"page unknown_parameter"},
		"offset=2&Limit=5":                   {"offset unknown_parameter", "Limit unknown_parameter"},
		"limit[]=5":                          {"limit[] unknown_parameter"},
		"=5":                                 {" unknown_parameter"},
		"q=%00":                              {"q invalid_format"},
		"status=a%00b":                       {"status invalid_format"},
		"q=%ff":                              {"q invalid_format"},
		"q=%ED%A0%80":                        {"q invalid_format"},
		"limit=0&sort=x&foo=1&q=1&q=2&status=%ff": {"foo unknown_parameter", "q duplicate", "status invalid_format", "limit out_of_range", "sort invalid_value"},
		// A cursor cannot be told to be damaged before its query is right.
		"cursor=x&limit=0":        {"limit out_of_range"},
		strings.Join(many, "&"):   {" too_many"},
		strings.Repeat("&a=b", 5): {"a unknown_parameter", "a unknown_parameter", "a unknown_parameter", "a unknown_parameter", "a unknown_parameter"},
	} {
		t.Run(query[:min(len(query), 40)], func(t *testing.T) {
			t.Parallel()
			app := httpxtest.New(t, newNotes().routes())
			app.As("ada").Do(t, "GET", base+"/notes?"+query, "").WantInvalid(t, faults...)
		})
	}
}

func TestQueryOfARouteThatTakesNone(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes(note{ID: httpxtest.ID(1)}).routes())
	app.As("ada").Do(t, "GET", base+"/notes/"+httpxtest.ID(1).String()+"?limit=5", "").WantInvalid(t, "limit unknown_parameter")
	app.As("ada").Do(t, "POST", base+"/notes?dry_run=true", `{"title":"milk"}`).WantInvalid(t, "dry_run unknown_parameter")
}

func TestUnknownParameterSuggestsTheOneMeant(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	failure := app.As("ada").Do(t, "GET", base+"/notes?limt=5", "").WantFailure(t, http.StatusUnprocessableEntity, "VALIDATION_FAILED")
	if got := failure.Details[0].Message; !strings.Contains(got, "did you mean limit?") {
		t.Errorf("%q does not suggest limit", got)
	}
}

func TestCursor(t *testing.T) {
	t.Parallel()
	stored := newNotes()
	other := newNotes().routes()
	other[1].Path, other[1].Operation = "/others", "listOthers"
	app := httpxtest.New(t, append(stored.routes(), other[1]))
	var list []any
	first := base + "/notes?sort=title&q=a%26b&limit=2"
	meta := app.As("ada").Do(t, "GET", first, "").Want(t, http.StatusOK).List(t, &list)
	if meta.NextCursor == nil {
		t.Fatal("there is no cursor")
	}
	good := *meta.NextCursor
	with := func(cursor, rest string) string { return base + "/notes?cursor=" + url.QueryEscape(cursor) + rest }

	for _, rest := range []string{"&sort=title&q=a%26b", "&sort=title&q=a%26b&limit=200", "&limit=1&q=a%26b&sort=title"} {
		app.As("ada").Do(t, "GET", with(good, rest), "").Want(t, http.StatusOK)
		if got, want := stored.asked(t).After, (&page.After{Key: "key", ID: httpxtest.ID(1)}); !cmp.Equal(got, want) {
			t.Errorf("%s goes on after %v, want %v", rest, got, want)
		}
	}
	for name, c := range map[string]struct{ user, path string }{
		"another user":      {"bob", with(good, "&sort=title&q=a%26b")},
		"another order":     {"ada", with(good, "&q=a%26b")},
		"other direction":   {"ada", with(good, "&sort=-title&q=a%26b")},
		"another filter":    {"ada", with(good, "&sort=title&q=a")},
		"no filter":         {"ada", with(good, "&sort=title")},
		"one more filter":   {"ada", with(good, "&sort=title&q=a%26b&status=x")},
		"another list":      {"ada", strings.Replace(with(good, "&sort=title&q=a%26b"), "/notes", "/others", 1)},
		"empty":             {"ada", with("", "&sort=title&q=a%26b")},
		"cut":               {"ada", with(good[:len(good)-1], "&sort=title&q=a%26b")},
		"damaged":           {"ada", with("A"+good[1:], "&sort=title&q=a%26b")},
		"more behind":       {"ada", with(good+"A", "&sort=title&q=a%26b")},
		"not base64":        {"ada", with("%%%", "&sort=title&q=a%26b")},
		"NUL":               {"ada", with("\x00", "&sort=title&q=a%26b")},
		"number":            {"ada", with("50", "&sort=title&q=a%26b")},
		"very long":         {"ada", with(strings.Repeat("A", 10_000), "&sort=title&q=a%26b")},
		"forged with a key": {"ada", with(page.NewCodec([]byte("guess")).Encode("", page.After{Key: "k"}), "&sort=title&q=a%26b")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app.As(c.user).Do(t, "GET", c.path, "").WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
		})
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 128)
	for sent, want := range map[string]string{
		"":                  "", // made
		"abc":               "abc",
		long:                long,
		long + "x":          "",
		"!\"#$%&'()*+,-./~": "!\"#$%&'()*+,-./~",
		"two words":         "",
		"tab\tin":           "",
		"é":                 "",
		"a\xff":             "",
	} {
		app := httpxtest.New(t, newNotes().routes())
		for _, path := range []string{base + "/notes", base + "/nothing"} {
			r := app.As("ada").Do(t, "GET", path, "", "X-Request-Id", sent)
			got := r.Header.Get("X-Request-Id")
			if _, err := uuid.Parse(got); want == "" && err != nil {
				t.Errorf("%q: the id that was made is %q", sent, got)
			}
			if want != "" && got != want {
				t.Errorf("%q came back as %q", sent, got)
			}
			if r.Status == http.StatusNotFound {
				r.Failure(t) // compares the id in the body
			}
			if !strings.Contains(app.Logged(), fmt.Sprintf(`"request_id":%s`, quoted(t, got))) {
				t.Errorf("the log does not have %q:\n%s", got, app.Logged())
			}
		}
	}
}

func TestEveryAnswerOfTheAPIMayBeKeptByTheUserAlone(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, append(newNotes().routes(), failing()...))
	for _, path := range []string{"/notes", "/notes/" + httpxtest.ID(1).String(), "/notes/x", "/panics", "/breaks"} {
		for _, client := range []httpxtest.Client{app.As("ada"), app.Anonymous()} {
			r := client.Do(t, "GET", base+path, "")
			if got := r.Header.Get("Cache-Control"); got != "private, no-cache" {
				t.Errorf("%s %d: Cache-Control is %q", path, r.Status, got)
			}
			for _, name := range []string{"Authorization", "Origin"} {
				if !slices.Contains(strings.Split(r.Header.Get("Vary"), ", "), name) {
					t.Errorf("%s %d: Vary is %q, without %s", path, r.Status, r.Header.Get("Vary"), name)
				}
			}
		}
	}
}
