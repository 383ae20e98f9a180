package rest_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/platform/httpx/httpxtest"
	"docket/platform/position"
)

func before(p project) string { return `{"before_id":"` + p.ID + `"}` }

func after(p project) string { return `{"after_id":"` + p.ID + `"}` }

// letters makes a project for each letter, in this order.
func (f fixture) letters(t *testing.T, names string) map[string]project {
	t.Helper()
	all := map[string]project{}
	for name := range strings.SplitSeq(names, "") {
		all[name] = f.create(t, `{"name":"`+name+`"}`)
		f.clock.Advance(time.Second)
	}
	return all
}

// inOrder lists Ada's projects in the order by hand, archived ones too.
func (f fixture) inOrder(t *testing.T) []project {
	t.Helper()
	var all []project
	for cursor := ""; ; {
		var list []project
		page := f.ada.Do(t, "GET", projectsPath+"?limit=200&archived=all"+cursor, "").Want(t, http.StatusOK).List(t, &list)
		all = append(all, list...)
		if page.NextCursor == nil {
			return all
		}
		cursor = "&cursor=" + *page.NextCursor
	}
}

func (f fixture) wantOrder(t *testing.T, want string) {
	t.Helper()
	got := ""
	for _, p := range f.inOrder(t) {
		got += p.Name
	}
	if got != want {
		t.Errorf("the order is %s, want %s", got, want)
	}
}

func TestMove(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.letters(t, "abcde")
	f.ada.Do(t, "POST", p["c"].path()+"/archive", "").Want(t, http.StatusOK)
	for _, m := range []struct{ name, body, want string }{
		{"e", before(p["a"]), "eabcd"},
		{"e", after(p["d"]), "abcde"},
		{"a", after(p["b"]), "bacde"},
		{"d", before(p["b"]), "dbace"},
		{"c", before(p["a"]), "dbcae"},
		{"b", after(p["c"]), "dcbae"},
		{"b", `{"before_id":null,"after_id":"` + p["e"].ID + `"}`, "dcaeb"},
	} {
		f.clock.Advance(time.Second)
		others := map[string]project{}
		for _, o := range f.inOrder(t) {
			others[o.Name] = o
		}
		var moved project
		r := f.ada.Do(t, "POST", p[m.name].path()+"/move", m.body).Want(t, http.StatusOK)
		r.Data(t, &moved)
		f.wantOrder(t, m.want)
		want := others[m.name]
		want.Position, want.UpdatedAt, want.ETag = moved.Position, f.clock.Now(), ""
		if diff := cmp.Diff(want, moved); diff != "" {
			t.Errorf("more than its place changed (-want +got):\n%s", diff)
		}
		for _, o := range f.inOrder(t) {
			if o.Name != m.name && o != others[o.Name] && cmp.Diff(o, others[o.Name]) != "" {
				t.Errorf("%s moved, and %s changed", m.name, o.Name)
			}
		}
		// Once more, it stands there already.
		f.clock.Advance(time.Second)
		if again := f.ada.Do(t, "POST", p[m.name].path()+"/move", m.body).Want(t, http.StatusOK); again.ETag() != r.ETag() {
			t.Errorf("moved to where it is, %s became %s", r.Body, again.Body)
		}
	}
	// A new one goes behind all.
	f.letters(t, "f")
	f.wantOrder(t, "dcaebf")
	f.ada.Do(t, "POST", p["a"].path()+"/move", before(p["d"])).Golden(t, "move")
}

func TestMoveRefuses(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := f.letters(t, "abc")
	var theirs project
	f.bob.Do(t, "POST", projectsPath, `{"name":"Bob's"}`).Want(t, http.StatusCreated).Data(t, &theirs)
	path := p["a"].path() + "/move"
	none := project{ID: chosen}
	for body, faults := range map[string][]string{
		`{}`:                                 {"before_id required"},
		`{"before_id":null,"after_id":null}`: {"before_id required"},
		`{"before_id":"x"}`:                  {"before_id invalid_format"},
		`{"before_id":7,"after_id":[]}`:      {"before_id invalid_type", "after_id invalid_type"},
		`{"position":"a0"}`:                  {"position unknown_field"},
		before(p["a"]):                       {"before_id conflict"},
		after(p["a"]):                        {"after_id conflict"},
		before(none):                         {"before_id not_found"},
		after(none):                          {"after_id not_found"},
		before(theirs):                       {"before_id not_found"},
		strings.TrimSuffix(before(p["b"]), "}") + "," + after(p["c"])[1:]: {"after_id conflict"},
	} {
		f.ada.Do(t, "POST", path, body).WantInvalid(t, faults...)
	}
	f.ada.Do(t, "POST", path, "").WantFailure(t, http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
	for _, body := range []string{before(p["b"]), `{}`} {
		f.ada.Do(t, "POST", projectsPath+"/"+chosen+"/move", body).WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
		f.bob.Do(t, "POST", path, body).WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
	}
	tag := f.ada.Do(t, "GET", p["a"].path(), "").ETag()
	f.ada.Do(t, "POST", path, after(p["c"]), "If-Match", `"stale"`).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
	f.wantOrder(t, "abc")
	f.ada.Do(t, "POST", path, after(p["c"]), "If-Match", tag).Want(t, http.StatusOK)
	f.wantOrder(t, "bca")
	f.ada.Do(t, "POST", path, before(p["b"]), "If-Match", tag).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
}

// Moved at once in all directions, none is lost, none stands twice, and all
// have places of their own.
func TestRacingMoves(t *testing.T) {
	t.Parallel()
	f := open(t)
	const names = "abcdefgh"
	p := f.letters(t, names)
	wantStatuses(t, map[int]int{http.StatusOK: rivals}, rivals, func(i int) httpxtest.Response {
		random := rand.New(rand.NewPCG(uint64(i), 7))
		order := random.Perm(len(names))
		body := before(p[names[order[1]:order[1]+1]])
		if i%2 == 0 {
			body = after(p[names[order[1]:order[1]+1]])
		}
		return f.ada.Do(t, "POST", p[names[order[0]:order[0]+1]].path()+"/move", body)
	})
	wantDistinct(t, f.inOrder(t), len(names))
}

func wantDistinct(t *testing.T, all []project, n int) {
	t.Helper()
	positions, ids := map[string]bool{}, map[string]bool{}
	for _, p := range all {
		positions[p.Position], ids[p.ID] = true, true
		if len(p.Position) > position.MaxLength {
			t.Errorf("%s has the position %q", p.Name, p.Position)
		}
	}
	if len(all) != n || len(positions) != n || len(ids) != n {
		t.Errorf("%d projects with %d ids and %d positions, want %d of each", len(all), len(ids), len(positions), n)
	}
}

// Whatever came before, room is made beside two projects whose keys leave
// none: the same, or long ones next to each other.
func TestMoveMakesRoom(t *testing.T) {
	t.Parallel()
	long := "a0" + strings.Repeat("V", 40)
	for name, keys := range map[string][]string{
		"one key for all": {"b00", "b00", "b00", "b00", "b00"},
		"no short key":    {"Zz", long, long + "1", long + "2", "a1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			p := f.letters(t, "abcde")
			for i, key := range keys {
				f.exec(t, `UPDATE projects SET position = $3 WHERE user_id = $1 AND name = $2`, "abcde"[i:i+1], key)
			}
			f.wantOrder(t, "abcde")
			f.ada.Do(t, "POST", p["e"].path()+"/move", after(p["b"])).Want(t, http.StatusOK)
			f.wantOrder(t, "abecd")
			wantDistinct(t, f.inOrder(t), 5)
			for _, q := range f.inOrder(t) {
				if len(q.Position) > 16 || !q.UpdatedAt.Equal(f.clock.Now()) {
					t.Errorf("%s is at %q since %s", q.Name, q.Position, q.UpdatedAt)
				}
			}
			f.ada.Do(t, "PATCH", p["c"].path(), `{"color":"#000000"}`).Want(t, http.StatusOK)
		})
	}
}

// A thousand moves to one spot, of a few projects and of many.
func TestManyMovesToOneSpot(t *testing.T) {
	t.Parallel()
	f := open(t)
	const n = 120
	for i := range n {
		const sql = `INSERT INTO projects (user_id, id, name, name_key, position, created_at, updated_at) VALUES ($1, $2, $3, $3, $4, now(), now())`
		f.exec(t, sql, httpxtest.ID(uint64(0x9000+i)), fmt.Sprint(i), position.Last(f.clock.Now(), uuid.UUID{14: byte(i)}))
	}
	want := f.inOrder(t)
	spot := want[n/2]
	for i := range 1000 {
		at := (i * 7) % n
		if want[at].ID == spot.ID {
			continue
		}
		moving := want[at]
		f.ada.Do(t, "POST", moving.path()+"/move", before(spot)).Want(t, http.StatusOK)
		want = slices.Delete(want, at, at+1)
		to := slices.IndexFunc(want, func(p project) bool { return p.ID == spot.ID })
		want = slices.Insert(want, to, moving)
	}
	got := f.inOrder(t)
	wantDistinct(t, got, n)
	if !slices.EqualFunc(got, want, func(a, b project) bool { return a.ID == b.ID }) {
		t.Error("the order is not what the moves say")
	}
}
