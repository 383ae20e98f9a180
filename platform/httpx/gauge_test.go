package httpx_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
)

type nothing struct{}

func (nothing) AppendJSON(dst []byte) []byte { return append(dst, "{}"...) }

// What is lost is not told as the front page, which is where the router's
// middleware is, too.
func TestLostRequestsAreNotTheFrontPage(t *testing.T) {
	t.Parallel()
	var told []string
	app := httpxtest.New(t, newNotes().routes(), func(c *httpx.Config) {
		c.Meters.Requests = func(_, route string) func(int, time.Duration) {
			return func(int, time.Duration) { told = append(told, route) }
		}
	})
	app.AddGauge("/", func() httpx.View { return nothing{} })
	before := app.Served()
	r := app.Anonymous().Do(t, "GET", "/", "").Want(t, http.StatusOK)
	if string(r.Body) != `{"success":true,"data":{}}` || r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("ETag") != "" {
		t.Errorf("the front page is %s with %v", r.Body, r.Header)
	}
	app.Anonymous().Do(t, "GET", "/nowhere", "").Want(t, http.StatusNotFound)
	app.As("ada").Do(t, "GET", base+"/notes", "").Want(t, http.StatusOK)
	if want := []string{"/", "", base + "/notes"}; !slices.Equal(told, want) {
		t.Errorf("told are %q, want %q", told, want)
	}
	if n := app.Served() - before; n != 1 {
		t.Errorf("%d requests of the API were counted, want 1", n)
	}
}
