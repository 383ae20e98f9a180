package rest_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/httpxtest"
)

// TestGolden pins what clients see of each operation, byte for byte.
func TestGolden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ada.Do(t, "GET", tags, "").Golden(t, "list-empty")
	created := w.ada.Do(t, "POST", tags, `{"name":" home ","color":"#1E90FF"}`).Golden(t, "create")
	w.clock.Advance(90 * time.Minute)
	w.ada.Do(t, "GET", one(1), "").Golden(t, "get")
	w.ada.Do(t, "GET", one(1), "", "If-None-Match", created.ETag()).Golden(t, "get-unchanged")
	w.ada.Do(t, "PATCH", one(1), `{"color":null}`).Golden(t, "update")
	w.ada.Do(t, "PATCH", one(1), `{"name":"x"}`, "If-Match", created.ETag()).Golden(t, "update-stale")
	w.ada.Do(t, "PUT", one(900), `{"name":"work"}`).Golden(t, "put-new")
	w.clock.Advance(time.Minute)
	w.ada.Do(t, "PUT", one(900), `{"name":"Work & <play>","color":"#000000"}`).Golden(t, "put-replace")
	w.ada.Do(t, "PUT", one(900), `{"name":"work"}`, "If-None-Match", "*").Golden(t, "put-create-only")
	w.ada.Do(t, "POST", tags, `{"name":"WORK & <PLAY>"}`).Golden(t, "create-name-taken")
	w.ada.Do(t, "POST", tags, `{"color":7,"id":"x","nam":"home"}`).Golden(t, "create-invalid")
	w.ada.Do(t, "GET", tags+"?limit=1", "").Golden(t, "list-first")
	w.ada.Do(t, "GET", tags+"?sort=-created_at", "").Golden(t, "list")
	w.ada.Do(t, "GET", one(404), "").Golden(t, "get-not-found")
	w.ada.Do(t, "DELETE", one(1), "").Golden(t, "delete")
	w.Anonymous().Do(t, "GET", tags, "").Golden(t, "list-unauthenticated")
}

func TestBadBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ada.Do(t, "POST", tags, `{"name":"home","color":"#ffffff"}`).Want(t, http.StatusCreated)
	before := w.ada.Do(t, "GET", tags, "").Body
	for body, faults := range map[string][]string{
		`{"name":null}`:   {"name null_not_allowed"},
		`{"name":""}`:     {"name too_short"},
		`{"name":" \t "}`: {"name too_short"},
		`{"name":"` + strings.Repeat("é", 61) + `"}`:                {"name too_long"},
		`{"name":"a\u0000b"}`:                                       {"name invalid_format"},
		`{"name":"a\nb"}`:                                           {"name invalid_format"},
		`{"name":7,"color":true}`:                                   {"name invalid_type", "color invalid_type"},
		`{"name":"a","color":"red"}`:                                {"color invalid_format"},
		`{"name":"a","color":""}`:                                   {"color invalid_format"},
		`{"name":"a","id":"x","created_at":1,"updated_at":null}`:    {"id read_only", "created_at read_only", "updated_at read_only"},
		`{"name":"a","task_count":3,"etag":"x","colour":"#ffffff"}`: {"task_count unknown_field", "etag unknown_field", "colour unknown_field"},
	} {
		for method, path := range map[string]string{"POST": tags, "PATCH": one(1), "PUT": one(2)} {
			w.ada.Do(t, method, path, body).WantInvalid(t, faults...)
		}
	}
	for method, path := range map[string]string{"POST": tags, "PUT": one(1)} {
		w.ada.Do(t, method, path, `{"color":null}`).WantInvalid(t, "name required")
	}
	if after := w.ada.Do(t, "GET", tags, "").Body; string(after) != string(before) {
		t.Errorf("something was stored: %s", after)
	}
}

func TestPatchThatChangesNothingKeepsTheTag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	created := w.ada.Do(t, "POST", tags, `{"name":"home","color":"#1e90ff"}`).Want(t, http.StatusCreated)
	w.clock.Advance(time.Hour)
	for _, body := range []string{`{}`, `{"name":"home"}`, `{"name":" home","color":"#1E90FF"}`} {
		r := w.ada.Do(t, "PATCH", one(1), body).Want(t, http.StatusOK)
		if r.ETag() != created.ETag() {
			t.Errorf("%s: %s became %s", body, created.Body, r.Body)
		}
	}
	if r := w.ada.Do(t, "PUT", one(1), `{"name":"home","color":"#1e90ff"}`).Want(t, http.StatusOK); r.ETag() != created.ETag() {
		t.Errorf("PUT of the same: %s became %s", created.Body, r.Body)
	}
}

func TestPutForgetsWhatItDoesNotSay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	created := read(t, w.ada.Do(t, "PUT", one(7), `{"name":"home","color":"#1e90ff"}`).Want(t, http.StatusCreated))
	w.clock.Advance(time.Hour)
	put := read(t, w.ada.Do(t, "PUT", one(7), `{"name":"Home"}`).Want(t, http.StatusOK))
	if put.Color != nil || put.Name != "Home" || put.CreatedAt != created.CreatedAt || put.UpdatedAt == created.UpdatedAt {
		t.Errorf("%+v became %+v", created, put)
	}
}

func TestNameTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"Café", "work"} {
		w.ada.Do(t, "POST", tags, `{"name":"`+name+`"}`).Want(t, http.StatusCreated)
	}
	for _, name := range []string{"café", "CAFÉ", `cafe\u0301`, " Café "} {
		body := `{"name":"` + name + `"}`
		for method, path := range map[string]string{"POST": tags, "PATCH": one(2), "PUT": one(9)} {
			failure := w.ada.Do(t, method, path, body).WantFailure(t, http.StatusConflict, "CONFLICT")
			message := `There is a tag named "Café" already, with ID ` + httpxtest.ID(1).String()
			want := []httpxtest.Detail{{Field: "name", Code: "taken", Message: message, ID: httpxtest.ID(1).String()}}
			if diff := cmp.Diff(want, failure.Details); diff != "" || failure.Message != message {
				t.Errorf("%s: %s (-want +got):\n%s", method, failure.Message, diff)
			}
		}
	}
	w.ada.Do(t, "PATCH", one(1), `{"name":"CAFÉ"}`).Want(t, http.StatusOK)
	w.bob.Do(t, "POST", tags, `{"name":"Café"}`).Want(t, http.StatusCreated)
	w.ada.Do(t, "DELETE", one(1), "").Want(t, http.StatusNoContent)
	w.ada.Do(t, "PATCH", one(2), `{"name":"café"}`).Want(t, http.StatusOK)
}

// Another user's tag does not exist: not in the answer, not in a header, not
// in what happens.
func TestUsersAreApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := w.ada.Do(t, "PUT", one(7), `{"name":"home"}`).Want(t, http.StatusCreated)
	for _, c := range []struct{ method, body, header, value string }{
		{"GET", "", "", ""}, {"GET", "", "If-None-Match", theirs.ETag()}, {"GET", "", "If-None-Match", "*"},
		{"PATCH", `{"name":"stolen"}`, "", ""}, {"PATCH", `{"name":"stolen"}`, "If-Match", theirs.ETag()}, {"PATCH", `{"name":7}`, "", ""},
		{"DELETE", "", "", ""}, {"DELETE", "", "If-Match", `"x"`},
	} {
		answer := func(n uint64) string {
			r := w.bob.Do(t, c.method, one(n), c.body, c.header, c.value)
			r.WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
			var headers []string
			for name := range r.Header {
				headers = append(headers, name)
			}
			slices.Sort(headers)
			return strings.ReplaceAll(string(r.Body), httpxtest.ID(n).String(), "ID") + strings.Join(headers, " ")
		}
		if there, nowhere := answer(7), answer(8); there != nowhere {
			t.Errorf("%s %s tells Ada's tag from none:\n%s\n%s", c.method, c.header, there, nowhere)
		}
	}
	if len(w.carriers.told) != 0 {
		t.Errorf("told of the deletion of %v", w.carriers.told)
	}
	// Bob may have a tag with the same id, and neither notices.
	w.bob.Do(t, "PUT", one(7), `{"name":"Bob's"}`).Want(t, http.StatusCreated)
	if r := w.ada.Do(t, "GET", one(7), "").Want(t, http.StatusOK); r.ETag() != theirs.ETag() {
		t.Errorf("Ada's tag became %s", r.Body)
	}
	var list []tag
	if w.bob.Do(t, "GET", tags, "").List(t, &list); len(list) != 1 || list[0].Name != "Bob's" {
		t.Errorf("Bob has %v", list)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	created := w.ada.Do(t, "POST", tags, `{"name":"home"}`).Want(t, http.StatusCreated)

	w.ada.Do(t, "DELETE", one(1), "", "If-Match", `"stale"`).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
	if len(w.carriers.told) != 0 {
		t.Errorf("a refused deletion was told to what carries the tag: %v", w.carriers.told)
	}
	// Where what carries it cannot let it go, it stays.
	w.carriers.err = errors.New("still carried")
	w.ada.Do(t, "DELETE", one(1), "").WantFailure(t, http.StatusInternalServerError, "INTERNAL")
	w.ada.Do(t, "GET", one(1), "").Want(t, http.StatusOK)

	w.carriers.told, w.carriers.err = nil, nil
	w.ada.Do(t, "DELETE", one(1), "", "If-Match", created.ETag()).Want(t, http.StatusNoContent)
	if !slices.Equal(w.carriers.told, []uuid.UUID{httpxtest.ID(1)}) {
		t.Errorf("told of %v", w.carriers.told)
	}
	w.ada.Do(t, "DELETE", one(1), "").WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
}

func TestListPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"b", "D", "a", "C", "e"} {
		w.ada.Do(t, "POST", tags, `{"name":"`+name+`"}`).Want(t, http.StatusCreated) // all at the same instant
	}
	for query, want := range map[string]string{
		"": "abCDe", "sort=name": "abCDe", "sort=-name": "eDCba",
		"sort=created_at": "bDaCe", "sort=-created_at": "eCaDb", "sort=updated_at": "bDaCe", "sort=-updated_at": "eCaDb",
	} {
		got, path := "", tags+"?limit=2&"+query
		for next := path; next != ""; {
			var list []tag
			page := w.ada.Do(t, "GET", next, "").Want(t, http.StatusOK).List(t, &list)
			for _, g := range list {
				got += g.Name
				if single := w.ada.Do(t, "GET", tags+"/"+g.ID, ""); single.ETag() != g.ETag {
					t.Errorf("%s has the entity tag %s in the list, %s alone", g.Name, g.ETag, single.ETag())
				}
			}
			next = ""
			if page.NextCursor != nil && len(got) < 10 {
				next = path + "&cursor=" + *page.NextCursor
				w.bob.Do(t, "GET", next, "").WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
			}
		}
		if got != want {
			t.Errorf("%q lists %s, want %s", query, got, want)
		}
	}
}
