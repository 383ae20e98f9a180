package httpx_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"docket/platform/errs"
	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	down := errs.New(errs.Unavailable, "the database cannot be reached")
	down.RetryAfter = time.Second
	var fails error
	app := httpxtest.New(t, nil)
	app.AddProbe(httpx.Probe{Path: "/readyz", Check: func(ctx context.Context) (httpx.View, error) {
		if _, ok := ctx.Deadline(); !ok {
			return nil, errors.New("a probe without deadline")
		}
		return note{Title: "ready"}, fails
	}})
	r := app.Anonymous().Do(t, "GET", "/readyz", "").Want(t, http.StatusOK)
	var got struct {
		ID, Title string
		Color     *string
		Project   *string  `json:"project_id"`
		Tags      []string `json:"tag_ids"`
	}
	if r.Data(t, &got); got.Title != "ready" {
		t.Errorf("got %s", r.Body)
	}
	if cached := r.Header.Get("Cache-Control"); cached != "no-store" || r.ETag() != "" {
		t.Errorf("Cache-Control is %q, ETag %q: an old answer could stand for the present", cached, r.ETag())
	}
	app.Anonymous().Do(t, "HEAD", "/readyz", "").Want(t, http.StatusOK)
	app.Anonymous().Do(t, "POST", "/readyz", "").WantFailure(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")

	fails = down
	r = app.Anonymous().Do(t, "GET", "/readyz", "")
	if failure := r.WantFailure(t, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE"); failure.Message != down.Message {
		t.Errorf("message is %q", failure.Message)
	}
	fails = errors.New("the secret of the database")
	r = app.Anonymous().Do(t, "GET", "/readyz", "")
	if r.WantFailure(t, http.StatusInternalServerError, "INTERNAL"); strings.Contains(string(r.Body), "secret") {
		t.Errorf("the body tells why: %s", r.Body)
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, nil)
	if err := app.AddDocument("/docs", "text/html; charset=utf-8", []byte("<p>é</p>")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r := app.Anonymous().Do(t, "GET", "/docs", "").Want(t, http.StatusOK)
		if string(r.Body) != "<p>é</p>" || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("got %s as %s", r.Body, r.Header.Get("Content-Type"))
		}
	}
	if r := app.Anonymous().Do(t, "HEAD", "/docs", "").Want(t, http.StatusOK); len(r.Body) > 0 {
		t.Errorf("HEAD has a body: %s", r.Body)
	}
}
