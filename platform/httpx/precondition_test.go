package httpx_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/httpxtest"
)

func TestETagFollowsTheRepresentation(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes(note{ID: httpxtest.ID(1), Title: "milk"}).routes())
	ada, one := app.As("ada"), base+"/notes/"+httpxtest.ID(1).String()
	read := ada.Do(t, "GET", one, "").Want(t, http.StatusOK).ETag()
	if len(read) < 10 || !strings.HasPrefix(read, `"`) || !strings.HasSuffix(read, `"`) {
		t.Fatalf("ETag is %q: not a strong tag", read)
	}
	if same := ada.Do(t, "PATCH", one, `{"title":"milk"}`).Want(t, http.StatusOK).ETag(); same != read {
		t.Errorf("a patch that changes nothing changes the tag: %s, %s", read, same)
	}
	patched := ada.Do(t, "PATCH", one, `{"title":"soap"}`).Want(t, http.StatusOK).ETag()
	if patched == read {
		t.Error("a change leaves the tag as it was")
	}
	if after := ada.Do(t, "GET", one, "").ETag(); after != patched {
		t.Errorf("the tag of a write is %s, that of a read %s", patched, after)
	}
	if back := ada.Do(t, "PUT", one, `{"title":"milk"}`).ETag(); back != read {
		t.Errorf("the same representation has the tags %s and %s", read, back)
	}
}

func TestListElementsHaveTheTagOfTheSingleResource(t *testing.T) {
	t.Parallel()
	color := "#ff0000"
	app := httpxtest.New(t, newNotes(note{ID: httpxtest.ID(1), Title: "é \" \\ \u2028 </b>"}, note{ID: httpxtest.ID(2), Color: &color}).routes())
	var list []map[string]json.RawMessage
	app.As("ada").Do(t, "GET", base+"/notes", "").Want(t, http.StatusOK).List(t, &list)
	if len(list) != 2 {
		t.Fatalf("the list has %d elements", len(list))
	}
	for _, element := range list {
		var id, tag string
		for name, dst := range map[string]*string{"id": &id, "etag": &tag} {
			if err := json.Unmarshal(element[name], dst); err != nil {
				t.Fatal(err)
			}
		}
		single := app.As("ada").Do(t, "GET", base+"/notes/"+id, "").Want(t, http.StatusOK)
		if single.ETag() != tag {
			t.Errorf("%s has the tag %s in the list, %s alone", id, tag, single.ETag())
		}
		var alone map[string]json.RawMessage
		single.Data(t, &alone)
		delete(element, "etag")
		if diff := cmp.Diff(alone, element); diff != "" {
			t.Errorf("%s differs (-alone +in the list):\n%s", id, diff)
		}
	}
}

func TestIfNoneMatchOnRead(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes(note{ID: httpxtest.ID(1), Title: "milk"}).routes())
	ada, one := app.As("ada"), base+"/notes/"+httpxtest.ID(1).String()
	tag := ada.Do(t, "GET", one, "").Want(t, http.StatusOK).ETag()
	for sent, status := range map[string]int{
		tag:                        304,
		`"other", ` + tag:          304,
		tag + `,"other"`:           304,
		"W/" + tag:                 304, // a proxy weakened it; RFC 9110, section 13.1.2 compares weakly
		"*":                        304,
		`"other"`:                  200,
		strings.Trim(tag, `"`):     200,
		`"` + tag[2:]:              200,
		strings.ToUpper(tag) + "x": 200,
	} {
		for _, method := range []string{"GET", "HEAD"} {
			r := ada.Do(t, method, one, "", "If-None-Match", sent).Want(t, status)
			if status == http.StatusNotModified && len(r.Body) > 0 {
				t.Errorf("304 has a body: %s", r.Body)
			}
			if r.ETag() != tag || r.Header.Get("Cache-Control") != "private, no-cache" {
				t.Errorf("If-None-Match %s: headers are %v", sent, r.Header)
			}
		}
	}
	ada.Do(t, "GET", one, "", "If-None-Match", `"a"`, "If-None-Match", tag).Want(t, http.StatusNotModified)
	// It does not hide that a resource is gone, and a write does not heed it.
	ada.Do(t, "GET", base+"/notes/"+httpxtest.ID(2).String(), "", "If-None-Match", "*").Want(t, http.StatusNotFound)
	ada.Do(t, "PATCH", one, `{"title":"soap"}`, "If-None-Match", tag).Want(t, http.StatusOK)
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	stale := []string{`"other"`, `W/%s`, `"a","b"`, "other", `"`, `""`}
	fresh := []string{"%s", "*", `"other",%s`, ` "other" , %s `}
	for _, method := range []string{"PATCH", "PUT", "DELETE"} {
		for _, sent := range append(stale, fresh...) {
			stored := newNotes(note{ID: httpxtest.ID(1), Title: "milk"})
			app := httpxtest.New(t, stored.routes())
			ada, one := app.As("ada"), base+"/notes/"+httpxtest.ID(1).String()
			read := ada.Do(t, "GET", one, "").Want(t, http.StatusOK)
			body, success := `{"title":"soap"}`, http.StatusOK
			if method == "DELETE" {
				body, success = "", http.StatusNoContent
			}
			r := ada.Do(t, method, one, body, "If-Match", strings.ReplaceAll(sent, "%s", read.ETag()))
			if indexOf(fresh, sent) >= 0 {
				r.Want(t, success)
				continue
			}
			failure := r.WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
			var now struct {
				Data json.RawMessage `json:"data"`
			}
			if err := json.Unmarshal(read.Body, &now); err != nil {
				t.Fatal(err)
			}
			if string(failure.Current) != string(now.Data) || r.ETag() != read.ETag() {
				t.Errorf("%s If-Match %s: current is %s with %s, want %s with %s", method, sent, failure.Current, r.ETag(), now.Data, read.ETag())
			}
			if after := ada.Do(t, "GET", one, ""); after.ETag() != read.ETag() {
				t.Errorf("%s If-Match %s wrote: %s", method, sent, after.Body)
			}
		}
	}
}

func indexOf(list []string, s string) int {
	for i, e := range list {
		if e == s {
			return i
		}
	}
	return -1
}

func TestIfMatchOfNothing(t *testing.T) {
	t.Parallel()
	stored := newNotes()
	app := httpxtest.New(t, stored.routes())
	one := base + "/notes/" + httpxtest.ID(1).String()
	for _, sent := range []string{"*", `"other"`} {
		r := app.As("ada").Do(t, "PUT", one, `{"title":"soap"}`, "If-Match", sent)
		if failure := r.WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED"); failure.Current != nil || r.ETag() != "" {
			t.Errorf("there is a current %s with %s", failure.Current, r.ETag())
		}
	}
	if n := stored.count(); n != 0 {
		t.Errorf("%d notes were stored", n)
	}
}

func TestIfNoneMatchStarOnPutCreatesOnly(t *testing.T) {
	t.Parallel()
	stored := newNotes()
	app := httpxtest.New(t, stored.routes())
	ada, one := app.As("ada"), base+"/notes/"+httpxtest.ID(1).String()
	ada.Do(t, "PUT", one, `{"title":"milk"}`, "If-None-Match", "*").Want(t, http.StatusOK)
	tag := ada.Do(t, "GET", one, "").ETag()
	for _, headers := range [][]string{{"If-None-Match", "*"}, {"If-None-Match", " * "}, {"If-None-Match", "*", "If-Match", tag}} {
		r := ada.Do(t, "PUT", one, `{"title":"soap"}`, headers...)
		failure := r.WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
		if r.ETag() != tag || !strings.Contains(string(failure.Current), "milk") {
			t.Errorf("current is %s with %s, want milk with %s", failure.Current, r.ETag(), tag)
		}
	}
	// It belongs to PUT alone.
	ada.Do(t, "PATCH", one, `{"title":"soap"}`, "If-None-Match", "*").Want(t, http.StatusOK)
}
