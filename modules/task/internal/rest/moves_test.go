package rest_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/platform/position"
)

// Many moves, a few at a time, end in the order that a list in memory has.
func TestMovesLikeAModel(t *testing.T) {
	t.Parallel()
	f := open(t)
	chance := rand.New(rand.NewPCG(3, 14))
	model := [][]string{{}, {}}
	places := []*string{nil, new(f.addProject(t, "ada", 1))}
	ids := map[string]string{}
	for i := range 12 {
		f.clock.Advance(time.Millisecond)
		x := f.create(t, fmt.Sprint(i), nil)
		model[0], ids[x.Title] = append(model[0], x.Title), x.ID
	}
	for range 150 {
		name := fmt.Sprint(chance.IntN(12))
		to, body := chance.IntN(2), fields{}
		home := slices.IndexFunc(model, func(l []string) bool { return slices.Contains(l, name) })
		model[home] = slices.DeleteFunc(model[home], func(x string) bool { return x == name })
		at := len(model[to])
		if len(model[to]) > 0 && (to == home || chance.IntN(4) > 0) {
			at = chance.IntN(len(model[to]) + 1)
			if at < len(model[to]) {
				body["before_id"] = ids[model[to][at]]
			} else {
				body["after_id"] = ids[model[to][at-1]]
			}
		} else {
			body["project_id"] = places[to]
		}
		model[to] = slices.Insert(model[to], at, name)
		f.clock.Advance(time.Millisecond)
		f.ada.Do(t, "POST", tasksPath+"/"+ids[name]+"/move", body.json(t)).Want(t, http.StatusOK)
	}
	for i, place := range []string{"none", text(places[1])} {
		var list []task
		f.ada.Do(t, "GET", tasksPath+"?sort=position&project_id="+place, "").Want(t, http.StatusOK).List(t, &list)
		if diff := cmp.Diff(model[i], titles(list)); diff != "" {
			t.Errorf("in %s (-model +tasks):\n%s", place, diff)
		}
	}
}

// However often something is put into one spot, the keys stay short, and a move
// touches a bounded number of rows: one, as a rule.
func TestMovesToOneSpot(t *testing.T) {
	t.Parallel()
	f := open(t)
	var list []task
	for i := range 40 {
		f.clock.Advance(time.Millisecond)
		list = append(list, f.create(t, fmt.Sprint(i), nil))
	}
	const moves, reach = 600, 2*256 + 1
	revisions, most := len(list), 0
	for i := range moves {
		f.clock.Advance(time.Millisecond)
		x := list[2+i%(len(list)-2)]
		f.ada.Do(t, "POST", x.path()+"/move", fields{"after_id": list[0].ID}.json(t)).Want(t, http.StatusOK)
		now := f.revisions(t)
		most, revisions = max(most, now-revisions), now
	}
	if most > min(reach, len(list)) {
		t.Errorf("one move touched %d rows", most)
	}
	if touched := revisions - len(list); touched > 2*moves {
		t.Errorf("%d moves touched %d rows", moves, touched)
	}
	for _, x := range f.all(t) {
		if len(x.Position) > position.MaxLength {
			t.Errorf("%s stands at %q", x.Title, x.Position)
		}
	}
}

// revisions is how often Ada's tasks were written, all told.
func (f fixture) revisions(t *testing.T) int {
	t.Helper()
	return f.scan(t, `SELECT sum(revision)::int FROM tasks WHERE user_id = $1`)
}

// However many move at once, each task is there once and nothing is below
// itself.
func TestMovesAtOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	project := f.addProject(t, "ada", 1)
	var list []task
	for i := range 10 {
		f.clock.Advance(time.Millisecond)
		list = append(list, f.create(t, fmt.Sprint(i), nil))
	}
	together(50, func(i int) {
		chance := rand.New(rand.NewPCG(uint64(i), 7))
		moving, other := list[chance.IntN(len(list))], list[chance.IntN(len(list))]
		to := []fields{
			{"parent_id": other.ID}, {"before_id": other.ID}, {"after_id": other.ID}, {"project_id": project}, {"parent_id": other.ID},
		}[chance.IntN(5)]
		r := f.ada.Do(t, "POST", moving.path()+"/move", to.json(t))
		if r.Status != http.StatusOK && r.Status != http.StatusUnprocessableEntity {
			t.Errorf("move %d: %d %s", i, r.Status, r.Body)
		}
	})
	f.wantTree(t, len(list))
}

// Of many that go to one spot at once, each is there once, at a place of its
// own.
func TestMovesToOneSpotAtOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	var list []task
	for i := range 24 {
		f.clock.Advance(time.Millisecond)
		list = append(list, f.create(t, fmt.Sprint(i), nil))
	}
	together(2*(len(list)-2), func(i int) {
		to := fields{"after_id": list[0].ID}
		if i%2 == 1 {
			to = fields{"before_id": list[1].ID}
		}
		answers(t, http.StatusOK, f.ada.Do(t, "POST", list[2+i/2].path()+"/move", to.json(t)))
	})
	var got []task
	f.ada.Do(t, "GET", tasksPath+"?sort=position&limit=200", "").Want(t, http.StatusOK).List(t, &got)
	seen, positions := map[string]bool{}, map[string]bool{}
	for _, x := range got {
		seen[x.ID], positions[x.Position] = true, true
	}
	if len(got) != len(list) || len(seen) != len(list) || len(positions) != len(list) {
		t.Errorf("%d tasks are listed, %d different ones, at %d places; want %d", len(got), len(seen), len(positions), len(list))
	}
	if got[0].ID != list[0].ID || got[len(got)-1].ID != list[1].ID {
		t.Errorf("the spot is not between %s and %s", got[0].Title, got[len(got)-1].Title)
	}
}

// wantTree checks that all of Ada's tasks hang together as they must.
func (f fixture) wantTree(t *testing.T, count int) {
	t.Helper()
	all := f.all(t)
	if len(all) != count {
		t.Errorf("there are %d tasks, want %d", len(all), count)
	}
	byID := map[string]task{}
	for _, x := range all {
		byID[x.ID] = x
	}
	for _, x := range all {
		level := 1
		for up := x; up.ParentID != nil && level <= len(all); level++ {
			if up = byID[*up.ParentID]; text(up.ProjectID) != text(x.ProjectID) {
				t.Errorf("%s is in %s, above it is %s", x.Title, text(x.ProjectID), text(up.ProjectID))
			}
		}
		if level > 5 {
			t.Errorf("%s is on level %d", x.Title, level)
		}
	}
}

// Where the new parent goes between the question whether it is there and the
// move, it never was.
func TestMoveBelowWhatGoes(t *testing.T) {
	t.Parallel()
	f := open(t)
	project := f.addProject(t, "ada", 1)
	parent, x := f.create(t, "parent", fields{"project_id": project}), f.create(t, "x", nil)
	f.meanwhile.set(func() {
		f.exec(t, "ada", `DELETE FROM tasks WHERE user_id = $1 AND id = $2`, uuid.MustParse(parent.ID))
	})
	f.ada.Do(t, "POST", x.path()+"/move", fields{"parent_id": parent.ID}.json(t)).WantInvalid(t, "parent_id not_found")
	f.meanwhile.set(func() {
		if err := f.deleteProject(t.Context(), project); err != nil {
			t.Error(err)
		}
	})
	f.ada.Do(t, "POST", x.path()+"/move", fields{"project_id": project}.json(t)).WantInvalid(t, "project_id not_found")
}
