package rest_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/httpx/httpxtest"
)

func merge(n uint64) string { return one(n) + "/merge" }

func into(n uint64) string { return `{"into_id":"` + httpxtest.ID(n).String() + `"}` }

func TestMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []string{`{"name":"home"}`, `{"name":"Home 2","color":"#1e90ff"}`} {
		w.ada.Do(t, "POST", tags, body).Want(t, http.StatusCreated)
	}
	kept := w.ada.Do(t, "GET", one(1), "")
	w.clock.Advance(time.Hour)
	r := w.ada.Do(t, "POST", merge(2), into(1)).Golden(t, "merge")
	if r.ETag() != kept.ETag() {
		t.Errorf("the tag that stays changed:\n%s\n%s", kept.Body, r.Body)
	}
	w.ada.Do(t, "GET", one(2), "").Want(t, http.StatusNotFound)
	if want := [][2]uuid.UUID{{httpxtest.ID(2), httpxtest.ID(1)}}; !slices.Equal(w.carriers.merged, want) || len(w.carriers.told) != 0 {
		t.Errorf("told of %v and of the deletion of %v", w.carriers.merged, w.carriers.told)
	}
	w.ada.Do(t, "POST", merge(2), into(1)).WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
	w.ada.Do(t, "POST", tags, `{"name":"HOME 2"}`).Want(t, http.StatusCreated) // the name is free again
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ada.Do(t, "POST", tags, `{"name":"home"}`).Want(t, http.StatusCreated)
	w.ada.Do(t, "POST", tags, `{"name":"work"}`).Want(t, http.StatusCreated)
	w.bob.Do(t, "PUT", one(7), `{"name":"Bob's"}`).Want(t, http.StatusCreated)
	for body, fault := range map[string]string{
		`{}`: "into_id required", `{"into_id":null}`: "into_id null_not_allowed", `{"into_id":7}`: "into_id invalid_type",
		`{"into_id":"x"}`: "into_id invalid_format", into(1): "into_id conflict", into(404): "into_id not_found", into(7): "into_id not_found",
		strings.Replace(into(2), "}", `,"id":1}`, 1): "id unknown_field",
	} {
		w.ada.Do(t, "POST", merge(1), body).WantInvalid(t, fault)
	}
	w.ada.Do(t, "POST", merge(404), into(1)).WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
	w.ada.Do(t, "POST", merge(404), into(404)).WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
	w.ada.Do(t, "POST", merge(404), `{}`).WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
	w.ada.Do(t, "POST", merge(7), into(1)).WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
	w.bob.Do(t, "POST", merge(1), into(7)).WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
	w.ada.Do(t, "POST", merge(1), into(2), "If-Match", `"stale"`).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
	if len(w.carriers.merged) != 0 {
		t.Errorf("told of %v", w.carriers.merged)
	}
	// Where what carries it cannot change, it stays.
	w.carriers.err = errors.New("still carried")
	w.ada.Do(t, "POST", merge(1), into(2)).WantFailure(t, http.StatusInternalServerError, "INTERNAL")
	w.carriers.err = nil
	tag := w.ada.Do(t, "GET", one(1), "").Want(t, http.StatusOK).ETag()
	w.ada.Do(t, "POST", merge(1), into(2), "If-Match", tag).Want(t, http.StatusOK)
}

// Merges that cross, and deletions in between, take turns: each is done or
// finds its tag gone.
func TestRacingMerges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		w.ada.Do(t, "PUT", one(1), `{"name":"home"}`)
		w.ada.Do(t, "PUT", one(2), `{"name":"work"}`)
		got := atOnce(2, func(i int) httpxtest.Response {
			return w.ada.Do(t, "POST", merge(uint64(1+i)), into(uint64(2-i)))
		})
		wantCounts(t, got, map[int]int{http.StatusOK: 1, http.StatusUnprocessableEntity: 1})
	}
	if len(w.carriers.merged) != 5 {
		t.Errorf("told of %v", w.carriers.merged)
	}
}
