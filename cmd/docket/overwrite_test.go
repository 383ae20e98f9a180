package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/httpxtest"
)

// data is the representation that a success answers, as it stands there.
func data(t *testing.T, r httpxtest.Response) string {
	t.Helper()
	var envelope struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(r.Body, &envelope); err != nil {
		t.Fatalf("%v\n%s", err, r.Body)
	}
	return string(envelope.Data)
}

// wantOneWinner fails the test unless one of the rivals was answered status,
// and all others one of the losing ones; each 412 has what there is now.
func wantOneWinner(t *testing.T, what string, answers []httpxtest.Response, status int, now *httpxtest.Response, losing ...int) {
	t.Helper()
	counts := map[int]int{}
	for _, r := range answers {
		counts[r.Status]++
		if r.Status != http.StatusPreconditionFailed || now == nil {
			continue
		}
		failure := r.WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
		if diff := cmp.Diff(data(t, *now), string(failure.Current)); diff != "" || r.ETag() != now.ETag() {
			t.Errorf("%s: a loser was told the ETag %s, want %s; error.current (-now +told):\n%s", what, r.ETag(), now.ETag(), diff)
		}
	}
	lost := 0
	for _, s := range losing {
		lost += counts[s]
	}
	if counts[status] != 1 || lost != len(answers)-1 {
		t.Errorf("%s: answers by status are %v", what, counts)
	}
}

// Of many writers that have read the same, one writes; the others learn what
// there is now.
func TestRivalsWithOneETag(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	for _, sort := range sorts {
		for _, method := range []string{"PATCH", "PUT"} {
			made := ada.do(t, "POST", sort.collection, body(`{%q:%q}`, sort.member, "race to "+method)).Want(t, 201)
			path := sort.collection + "/" + one(t, made, 201).ID
			answers := race(t, rivals, func(ctx context.Context, i int) (httpxtest.Response, error) {
				return ada.try(ctx, method, path, body(`{%q:"%s by %d"}`, sort.member, method, i), "If-Match", made.ETag())
			})
			now := ada.do(t, "GET", path, "").Want(t, 200)
			wantOneWinner(t, method+" "+sort.collection, answers, 200, &now, 412)
		}
		made := ada.do(t, "POST", sort.collection, body(`{%q:"gone"}`, sort.member)).Want(t, 201)
		path := sort.collection + "/" + one(t, made, 201).ID
		answers := race(t, rivals, func(ctx context.Context, _ int) (httpxtest.Response, error) {
			return ada.try(ctx, "DELETE", path, "", "If-Match", made.ETag())
		})
		wantOneWinner(t, "DELETE "+sort.collection, answers, 204, nil, 404, 412)
		ada.do(t, "GET", path, "").Want(t, 404)
	}
	me := ada.do(t, "GET", "/auth/me", "").Want(t, 200)
	zones := []string{"Europe/London", "Europe/Paris", "Asia/Tokyo"}
	answers := race(t, rivals, func(ctx context.Context, i int) (httpxtest.Response, error) {
		return ada.try(ctx, "PATCH", "/auth/me", body(`{"time_zone":%q}`, zones[i%len(zones)]), "If-Match", me.ETag())
	})
	now := ada.do(t, "GET", "/auth/me", "").Want(t, 200)
	wantOneWinner(t, "PATCH /auth/me", answers, 200, &now, 412)
}

// The same rivals, each with a key of its own: the condition holds inside of
// the kept unit of work as well.
// Each rival puts it somewhere else, or a move to where it stands would change
// nothing and be right as well.
func TestRivalsThatMove(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	for _, sort := range sorts[1:] { // tags have no order
		var anchors []string
		for i := range rivals + 1 {
			anchors = append(anchors, one(t, ada.do(t, "POST", sort.collection, body(`{%q:"anchor %d"}`, sort.member, i)), 201).ID)
		}
		made := ada.do(t, "POST", sort.collection, body(`{%q:"race to move"}`, sort.member)).Want(t, 201)
		path := sort.collection + "/" + one(t, made, 201).ID
		answers := race(t, rivals, func(ctx context.Context, i int) (httpxtest.Response, error) {
			return ada.try(ctx, "POST", path+"/move", body(`{"before_id":%q}`, anchors[i]), "If-Match", made.ETag())
		})
		now := ada.do(t, "GET", path, "").Want(t, 200)
		wantOneWinner(t, "move in "+sort.collection, answers, 200, &now, 412)
	}
}

func TestRivalsWithOneETagAndKeys(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	for _, sort := range sorts {
		made := ada.do(t, "POST", sort.collection, body(`{%q:"race"}`, sort.member)).Want(t, 201)
		path := sort.collection + "/" + one(t, made, 201).ID
		write := func(ctx context.Context, i int) (httpxtest.Response, error) {
			return ada.try(ctx, "PATCH", path, body(`{%q:"by %d"}`, sort.member, i), "If-Match", made.ETag(), "Idempotency-Key", fmt.Sprint(sort.member, i, sort.collection))
		}
		answers := race(t, rivals, write)
		now := ada.do(t, "GET", path, "").Want(t, 200)
		wantOneWinner(t, sort.collection, answers, 200, &now, 412)
		for i, first := range answers {
			again, err := write(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			wantReplay(t, sort.collection, first, again)
		}
		if after := ada.do(t, "GET", path, ""); after.ETag() != now.ETag() {
			t.Errorf("%s: replays changed %s to %s", sort.collection, now.Body, after.Body)
		}
	}
}

func TestRivalsThatCreateOnly(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	for _, sort := range sorts {
		path := sort.collection + "/" + newID().String()
		answers := race(t, rivals, func(ctx context.Context, i int) (httpxtest.Response, error) {
			return ada.try(ctx, "PUT", path, body(`{%q:"by %d"}`, sort.member, i), "If-None-Match", "*")
		})
		now := ada.do(t, "GET", path, "").Want(t, 200)
		wantOneWinner(t, sort.collection, answers, 201, &now, 412)
	}
}

// Changes of a resource with a condition, and its deletion with the same one,
// come to one winner between them.
func TestRivalsThatChangeAndDelete(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	for _, sort := range sorts {
		for range 3 {
			made := ada.do(t, "POST", sort.collection, body(`{%q:%q}`, sort.member, "race "+newID().String())).Want(t, 201)
			path := sort.collection + "/" + one(t, made, 201).ID
			winners := 0
			for _, r := range race(t, 12, func(ctx context.Context, i int) (httpxtest.Response, error) {
				if i%2 == 0 {
					return ada.try(ctx, "DELETE", path, "", "If-Match", made.ETag())
				}
				return ada.try(ctx, "PATCH", path, body(`{%q:%q}`, sort.member, newID().String()), "If-Match", made.ETag())
			}) {
				switch r.Status {
				case 200, 204:
					winners++
				case 404, 412:
				default:
					t.Errorf("%s: status %d: %s", sort.collection, r.Status, r.Body)
				}
			}
			if winners != 1 {
				t.Errorf("%s: %d rivals won", sort.collection, winners)
			}
		}
	}
}

// The entity tag is that of the representation: the same wherever that is
// shown, and another one after each change, by whatever way it came.
func TestETagGoesWithTheRepresentation(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	for _, sort := range sorts {
		made := ada.do(t, "POST", sort.collection, body(`{%q:"a"}`, sort.member)).Want(t, 201)
		path := sort.collection + "/" + one(t, made, 201).ID
		seen := map[string]string{data(t, made): made.ETag()}
		look := func(what string, r httpxtest.Response) {
			t.Helper()
			list, _ := many(t, ada.do(t, "GET", sort.collection, ""))
			shown := ada.do(t, "GET", path, "").Want(t, 200)
			if shown.ETag() == "" || strings.HasPrefix(shown.ETag(), "W/") || r.ETag() != shown.ETag() || data(t, r) != data(t, shown) {
				t.Errorf("%s: the write answered %s, the read %s", what, r.ETag(), shown.ETag())
			}
			if len(list) != 1 || list[0].ETag != shown.ETag() {
				t.Errorf("%s: the list says %+v, want the tag %s", what, list, shown.ETag())
			}
			ada.do(t, "GET", path, "", "If-None-Match", shown.ETag()).Want(t, 304)
			seen[data(t, r)] = r.ETag()
		}
		look("create", made)
		time.Sleep(2 * time.Microsecond) // or updated_at might not change
		same := ada.do(t, "PATCH", path, body(`{%q:"a"}`, sort.member)).Want(t, 200)
		if look("a patch of nothing", same); same.ETag() != made.ETag() {
			t.Errorf("%s: a patch that changes nothing changed %s to %s", sort.collection, made.Body, same.Body)
		}
		look("a change", ada.do(t, "PATCH", path, body(`{%q:"b"}`, sort.member)).Want(t, 200))
		time.Sleep(2 * time.Microsecond)
		look("the change back", ada.do(t, "PATCH", path, body(`{%q:"a"}`, sort.member)).Want(t, 200))
		list, _ := many(t, ada.do(t, "GET", sort.collection, ""))
		look("a put with the tag of the list", ada.do(t, "PUT", path, body(`{%q:"c"}`, sort.member), "If-Match", list[0].ETag).Want(t, 200))
		tags := map[string]bool{}
		for _, tag := range seen {
			tags[tag] = true
		}
		if len(seen) != 4 || len(tags) != 4 {
			t.Errorf("%s: %d representations had %d tags, want 4 of each", sort.collection, len(seen), len(tags))
		}
	}
}

// What changes a task by way of another resource changes its tag too.
func TestETagFollowsChangesFromElsewhere(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	project := one(t, ada.do(t, "POST", "/projects", `{"name":"p"}`), 201)
	tag := one(t, ada.do(t, "POST", "/tags", `{"name":"t"}`), 201)
	parent := one(t, ada.do(t, "POST", "/tasks", body(`{"title":"parent","project_id":%q}`, project.ID)), 201)
	made := ada.do(t, "POST", "/tasks", body(`{"title":"child","parent_id":%q,"tag_ids":[%q]}`, parent.ID, tag.ID)).Want(t, 201)
	path, last := "/tasks/"+one(t, made, 201).ID, made.ETag()
	for _, change := range [][3]string{
		{"DELETE", "/tags/" + tag.ID, ""},
		{"PATCH", "/tasks/" + parent.ID, `{"status":"done"}`},
		{"DELETE", "/projects/" + project.ID, ""},
	} {
		if r := ada.do(t, change[0], change[1], change[2]); r.Status >= 300 {
			t.Fatalf("%s %s: %s", change[0], change[1], r.Body)
		}
		ada.do(t, "PATCH", path, `{"title":"stale"}`, "If-Match", last).WantFailure(t, 412, "PRECONDITION_FAILED")
		now := ada.do(t, "GET", path, "").Want(t, 200).ETag()
		if now == last {
			t.Errorf("after %s %s the tag is what it was", change[0], change[1])
		}
		last = now
	}
	ada.do(t, "PATCH", path, `{"title":"fresh"}`, "If-Match", last).Want(t, 200)
}
