package rest_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/uuid"

	"docket/platform/httpx/httpxtest"
)

func TestCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"home", "unused", "work"} {
		w.ada.Do(t, "POST", tags, `{"name":"`+name+`"}`).Want(t, http.StatusCreated)
	}
	w.carriers.counts = map[uuid.UUID]int{httpxtest.ID(1): 12, httpxtest.ID(3): 1}
	w.ada.Do(t, "GET", tags+"?include=counts&limit=2", "").Golden(t, "list-counts")
	if w.carriers.asked != 1 {
		t.Errorf("asked %d times for the counts of one page", w.carriers.asked)
	}
	counted := w.ada.Do(t, "GET", one(1)+"?include=counts", "").Golden(t, "get-counts")
	plain := w.ada.Do(t, "GET", one(1), "").Want(t, http.StatusOK)

	// The entity tag is that of what was sent.
	w.ada.Do(t, "GET", one(1)+"?include=counts", "", "If-None-Match", counted.ETag()).Want(t, http.StatusNotModified)
	w.carriers.counts[httpxtest.ID(1)]++
	w.ada.Do(t, "GET", one(1)+"?include=counts", "", "If-None-Match", counted.ETag()).Want(t, http.StatusOK)
	w.ada.Do(t, "GET", one(1), "", "If-None-Match", plain.ETag()).Want(t, http.StatusNotModified)
	w.ada.Do(t, "PATCH", one(1), `{"color":"#000000"}`, "If-Match", counted.ETag()).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
	w.ada.Do(t, "PATCH", one(1), `{"color":"#000000"}`, "If-Match", plain.ETag()).Want(t, http.StatusOK)

	for _, path := range []string{tags, one(1), one(404)} {
		w.ada.Do(t, "GET", path+"?include=tasks", "").WantInvalid(t, "include invalid_value")
	}
	w.ada.Do(t, "GET", one(404)+"?include=counts", "").WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
	w.carriers.err = errors.New("cannot count")
	w.ada.Do(t, "GET", tags+"?include=counts", "").WantFailure(t, http.StatusInternalServerError, "INTERNAL")
	w.ada.Do(t, "GET", one(1)+"?include=counts", "").WantFailure(t, http.StatusInternalServerError, "INTERNAL")
}

func TestListByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"Café", "cafeteria", "100%", "a_b", `a\\b`, "work"} {
		w.ada.Do(t, "POST", tags, `{"name":"`+name+`"}`).Want(t, http.StatusCreated)
	}
	w.bob.Do(t, "POST", tags, `{"name":"cafe"}`).Want(t, http.StatusCreated)
	for q, want := range map[string]string{
		"cafe": "cafeteria Café ", "CAFÉ": "cafeteria Café ", "%": "100% ", "_": "a_b ", `\`: `a\b `, "ORK": "work ", "nothing": "",
	} {
		got := ""
		for next := tags + "?limit=1&q=" + url.QueryEscape(q); next != ""; {
			var list []tag
			page := w.ada.Do(t, "GET", next, "").Want(t, http.StatusOK).List(t, &list)
			for _, g := range list {
				got += g.Name + " "
			}
			next = ""
			if page.NextCursor != nil && len(got) < 100 {
				cursor := "&cursor=" + *page.NextCursor
				next = tags + "?limit=1&q=" + url.QueryEscape(q) + cursor
				w.ada.Do(t, "GET", tags+"?limit=1&q=other"+cursor, "").WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
			}
		}
		if got != want {
			t.Errorf("q=%s lists %q, want %q", q, got, want)
		}
	}
}
