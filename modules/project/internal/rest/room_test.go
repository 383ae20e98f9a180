package rest_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

// tighten gives Ada's projects, as they stand, positions so long that whatever
// is moved between two of them needs room.
func (f fixture) tighten(t *testing.T) {
	t.Helper()
	const sql = `UPDATE projects SET position = 'a0' || repeat('V', 34) || lpad(tight.n::text, 3, '0') || 'V'
		FROM (SELECT id, row_number() OVER (ORDER BY position, id) AS n FROM projects WHERE user_id = $1) AS tight
		WHERE projects.user_id = $1 AND projects.id = tight.id`
	f.exec(t, sql)
}

// Between any two pages a project is moved to where there is no room, and the
// last ones of the page before are moved, deleted, or made anew: all others get
// new positions that nobody gave them, and each is seen once.
func TestPagesByPositionWhileRoomIsMade(t *testing.T) {
	t.Parallel()
	f := open(t)
	var still, restless []project
	isRestless := map[string]bool{}
	for i := range 30 {
		p := f.create(t, fmt.Sprintf(`{"name":"project %d"}`, i))
		f.clock.Advance(time.Second)
		if i%2 == 1 {
			restless, isRestless[p.ID] = append(restless, p), true
			continue
		}
		still = append(still, p)
	}
	chance := rand.New(rand.NewPCG(31, 7))
	move := func(p project) {
		f.tighten(t)
		to := before(still[chance.IntN(len(still))])
		if r := f.ada.Do(t, "POST", p.path()+"/move", to); r.Status != http.StatusOK && r.Status != http.StatusNotFound {
			t.Errorf("%d %s", r.Status, r.Body)
		}
	}
	disturb := func(p project) {
		switch n := chance.IntN(4); n {
		case 0:
		case 1:
			move(p)
		default:
			f.ada.Do(t, "DELETE", p.path(), "").Want(t, http.StatusNoContent)
			if n == 2 {
				f.clock.Advance(time.Second)
				f.ada.Do(t, "PUT", p.path(), fmt.Sprintf(`{"name":%q}`, p.Name)).Want(t, http.StatusCreated)
			}
		}
	}
	for round := range 6 {
		query := projectsPath + "?limit=4&sort=" + []string{"position", "-position"}[round%2]
		count := map[string]int{}
		for cursor := ""; ; {
			var list []project
			page := f.ada.Do(t, "GET", query+cursor, "").Want(t, http.StatusOK).List(t, &list)
			for _, p := range list {
				count[p.ID]++
			}
			if page.NextCursor == nil {
				break
			}
			cursor = "&cursor=" + *page.NextCursor
			for _, p := range list[len(list)-2:] {
				if isRestless[p.ID] {
					disturb(p)
				}
			}
			move(restless[chance.IntN(len(restless))])
		}
		for _, p := range still {
			if count[p.ID] != 1 {
				t.Errorf("%s: %s was seen %d times", query, p.Name, count[p.ID])
			}
		}
	}
	if p := f.get(t, still[7]); p.Position == still[7].Position {
		t.Error("no room was made")
	}
}
