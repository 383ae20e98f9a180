package rest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"

	"docket/platform/httpx/httpxtest"
)

// tighten gives Ada's tasks, as they stand, positions so long that whatever is
// moved between two of them needs room.
func (f fixture) tighten(t *testing.T) {
	t.Helper()
	const sql = `UPDATE tasks SET position = 'a0' || repeat('V', 34) || lpad(tight.n::text, 3, '0') || 'V'
		FROM (SELECT id, row_number() OVER (ORDER BY position, id) AS n FROM tasks WHERE user_id = $1) AS tight
		WHERE tasks.user_id = $1 AND tasks.id = tight.id`
	f.exec(t, "ada", sql)
}

// makeRoom moves the task, if it is there, beside one that holds still, which
// gives new positions to others, unless it goes behind all its siblings or
// before them.
func (c *crowd) makeRoom(t *testing.T, id string, chance *rand.Rand) {
	t.Helper()
	c.tighten(t)
	before := c.revisions(t)
	beside := []string{"before_id", "after_id"}[chance.IntN(2)]
	to := c.still[chance.IntN(len(c.still))]
	answer := c.ada.Do(t, "POST", tasksPath+"/"+id+"/move", fields{beside: to.ID}.json(t))
	switch {
	case answer.Status == http.StatusNotFound:
	case answer.Status != http.StatusOK:
		t.Errorf("%d %s", answer.Status, answer.Body)
	case c.revisions(t) > before+1:
		c.roomMade.Add(1)
	}
}

// interleaved is a crowd that nothing moves in yet, of which some are below one
// of it, and what filters leave of it.
func interleaved(t *testing.T) (*crowd, map[string]func(x task) bool) {
	t.Helper()
	c := newCrowd(t, 60)
	parent := c.still[0]
	for i, x := range c.still {
		if i%3 == 1 {
			c.ada.Do(t, "POST", x.path()+"/move", fields{"parent_id": parent.ID}.json(t)).Want(t, http.StatusOK)
			c.still[i] = c.get(t, x)
		}
	}
	return c, map[string]func(x task) bool{
		"":                        func(task) bool { return true },
		"project_id=none":         func(x task) bool { return x.ProjectID == nil },
		"project_id=" + c.project: func(x task) bool { return x.ProjectID != nil },
		"parent_id=" + parent.ID:  func(x task) bool { return x.ParentID != nil },
		"parent_id=none":          func(x task) bool { return x.ParentID == nil },
		"tag_id=" + c.tag:         func(x task) bool { return len(x.TagIDs) > 0 },
		"q=wasc":                  func(x task) bool { return x.Title[0] == 'W' },
	}
}

// wantOnce checks that of those that hold still each was seen once if it meets
// the filter, and never otherwise.
func (c *crowd) wantOnce(t *testing.T, count map[string]int, meets func(x task) bool) {
	t.Helper()
	for _, x := range c.still {
		want := 0
		if meets(x) {
			want = 1
		}
		if count[x.ID] != want {
			t.Errorf("%s was seen %d times, want %d", x.Title, count[x.ID], want)
		}
	}
}

// Between any two pages a task is moved to where there is no room, and the last
// ones of the page before are moved, deleted, or made anew: all others get new
// positions that nobody gave them, and each is seen once.
func TestPagesByPositionWhileRoomIsMade(t *testing.T) {
	t.Parallel()
	c, filters := interleaved(t)
	chance := rand.New(rand.NewPCG(31, 7))
	for filter, meets := range filters {
		for _, order := range []string{"position", "-position"} {
			t.Run(order+" "+filter, func(t *testing.T) {
				count := map[string]int{}
				for cursor := ""; ; {
					var list []task
					page := c.ada.Do(t, "GET", tasksPath+"?limit=5&sort="+order+"&"+filter+cursor, "").Want(t, http.StatusOK).List(t, &list)
					for _, x := range list {
						count[x.ID]++
					}
					if page.NextCursor == nil {
						break
					}
					cursor = "&cursor=" + *page.NextCursor
					for _, x := range list[len(list)-2:] {
						if slices.Contains(c.restless, x.ID) {
							c.disturb(t, x.ID, chance)
						}
					}
					c.makeRoom(t, c.restless[chance.IntN(len(c.restless))], chance)
				}
				c.wantOnce(t, count, meets)
			})
		}
	}
	if n := c.roomMade.Load(); n < 30 {
		t.Errorf("room was made %d times", n)
	}
}

// disturb moves the task, deletes it, or makes another of its id.
func (c *crowd) disturb(t *testing.T, id string, chance *rand.Rand) {
	t.Helper()
	switch chance.IntN(4) {
	case 0:
	case 1:
		c.makeRoom(t, id, chance)
	case 2:
		c.ada.Do(t, "DELETE", tasksPath+"/"+id, "").Want(t, http.StatusNoContent)
	default:
		c.ada.Do(t, "DELETE", tasksPath+"/"+id, "").Want(t, http.StatusNoContent)
		c.ada.Do(t, "PUT", tasksPath+"/"+id, c.any(t, chance)).Want(t, http.StatusCreated)
	}
}

// The same while somebody else moves tasks all the time.
func TestPagesByPositionWhileAnotherMakesRoom(t *testing.T) {
	t.Parallel()
	c, filters := interleaved(t)
	// Fewer than a cursor knows rows, so that one of those stands.
	moving := c.restless[:3]
	writing, stop := context.WithCancel(t.Context())
	written := make(chan struct{})
	go func() {
		defer close(written)
		for chance := rand.New(rand.NewPCG(2, 7)); writing.Err() == nil; c.writes.Add(1) {
			c.makeRoom(t, moving[chance.IntN(len(moving))], chance)
		}
	}()
	for filter, meets := range filters {
		for _, order := range []string{"position", "-position"} {
			before := c.writes.Load()
			for round := 0; round < 1 || c.writes.Load() < before+4; round++ {
				c.wantOnce(t, c.seen(t, filter+"&sort="+order), meets)
			}
		}
	}
	stop()
	<-written
	if n := c.roomMade.Load(); n < int64(len(filters)) {
		t.Errorf("room was made %d times", n)
	}
}

// In another zone other tasks come before a cursor: it is good in its own alone,
// wherever the zone makes a difference.
func TestCursorOfAnotherZone(t *testing.T) {
	t.Parallel()
	f := open(t)
	for i := range 20 {
		due := fields{"due_on": fmt.Sprintf("2026-03-%02d", 1+i/2)}
		if i%2 == 1 {
			due = fields{"due_at": fmt.Sprintf("2026-03-%02dT%02d:00:00Z", 1+i/2, i)}
		}
		f.create(t, fmt.Sprintf("task %02d", i), due)
	}
	f.clock.Advance(httpxtest.NewClock().Now().AddDate(1, 0, 0).Sub(f.clock.Now())) // all are overdue
	live := func(zone string) { f.exec(t, "ada", `UPDATE users SET time_zone = $2 WHERE id = $1`, zone) }
	for query, bound := range map[string]bool{
		"sort=due": true, "sort=-due": true, "overdue=true": true, "sort=title&due_after=2026-03-01": true,
		"sort=-updated_at&updated_after=2020-01-01": true, "q=task&due_before=2027-01-01": true,
		"sort=title": false, "q=task": false, "sort=-position": false, "updated_after=2020-01-01T00:00:00Z": false,
	} {
		live("Pacific/Kiritimati")
		var list []task
		page := f.ada.Do(t, "GET", tasksPath+"?limit=9&"+query, "").Want(t, http.StatusOK).List(t, &list)
		if page.NextCursor == nil {
			t.Fatalf("%s: no second page", query)
		}
		next := tasksPath + "?limit=9&" + query + "&cursor=" + *page.NextCursor
		live("Pacific/Pago_Pago")
		if bound {
			f.ada.Do(t, "GET", next, "").WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
		} else {
			f.ada.Do(t, "GET", next, "").Want(t, http.StatusOK)
		}
		live("Pacific/Kiritimati")
		f.ada.Do(t, "GET", next, "").Want(t, http.StatusOK).List(t, &list)
		if len(list) != 9 {
			t.Errorf("%s: %d tasks on the second page", query, len(list))
		}
	}
}
