package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// Batches that want the same things at once, in whatever order, wait for each
// other: each is done or refused, none breaks, and nothing is done by half.
func TestBatchesAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	var setup []string
	for i := range 3 {
		setup = append(setup, body(`{"op":"create","resource":"project","data":{"name":"P%d"}}`, i))
	}
	for i := range 6 {
		setup = append(setup, body(`{"op":"create","data":{"title":"t%d"}}`, i))
	}
	made := done(t, ada.batch(t, setup...))
	projects, tasks := made[:3], made[3:]
	const rounds = 12
	var wait sync.WaitGroup
	for n := range rounds {
		wait.Go(func() {
			chance := rand.New(rand.NewPCG(uint64(n), 1))
			project := projects[chance.IntN(3)].Data.ID
			operations := []string{body(`{"op":"create","temp_id":"new","data":{"title":"new %d","project_id":%q}}`, n, project)}
			for i, at := range chance.Perm(len(tasks)) {
				id, other := tasks[at].Data.ID, tasks[(at+1)%len(tasks)].Data.ID
				operations = append(operations, []string{
					body(`{"op":"update","id":%q,"data":{"title":"by %d"}}`, id, n),
					body(`{"op":"move","id":%q,"data":{"project_id":%q}}`, id, projects[chance.IntN(3)].Data.ID),
					body(`{"op":"move","id":%q,"data":{"after_id":%q}}`, id, other),
				}[(i+n)%3])
			}
			operations = append(operations, body(`{"op":"create","data":{"title":"new %d below","parent_id":"new"}}`, n))
			answer, err := ada.try(t.Context(), "POST", "/batch", `{"operations":[`+strings.Join(operations, ",")+`]}`)
			if err != nil || answer.Status != 200 {
				t.Errorf("batch %d: %d %s %v", n, answer.Status, answer.Body, err)
			}
		})
	}
	wait.Wait()
	list, _ := many(t, ada.do(t, "GET", "/tasks?limit=200", ""))
	if len(list) != len(tasks)+2*rounds {
		t.Errorf("there are %d tasks, want %d", len(list), len(tasks)+2*rounds)
	}
}

// A project goes, or takes no more, while batches put tasks into it: a batch
// comes before that or after, never in the middle.
func TestBatchesIntoWhatGoes(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	for i, end := range []string{"DELETE ", "POST /archive"} {
		ada := s.as(t, body("ada%d@example.com", i))
		project := one(t, ada.do(t, "POST", "/projects", `{"name":"short-lived"}`), 201).ID
		parent := one(t, ada.do(t, "POST", "/tasks", body(`{"title":"parent","project_id":%q}`, project)), 201).ID
		var operations []string
		for i := range 20 {
			operations = append(operations, body(`{"op":"create","data":{"title":"x","project_id":%q}}`, project),
				body(`{"op":"create","temp_id":"%d","data":{"title":"x","parent_id":%q}}`, i, parent))
		}
		counts := make(chan int, 6)
		var wait sync.WaitGroup
		for range cap(counts) {
			wait.Go(func() {
				answer, err := ada.try(t.Context(), "POST", "/batch", `{"operations":[`+strings.Join(operations, ",")+`]}`)
				switch {
				case err != nil:
					t.Error(err)
				case answer.Status == 200:
					counts <- len(operations)
				case answer.Status != 409 && answer.Status != 422:
					t.Errorf("%s: %d %s", end, answer.Status, answer.Body)
				}
			})
		}
		method, suffix, _ := strings.Cut(end, " ")
		if r, err := ada.try(t.Context(), method, "/projects/"+project+suffix, ""); err != nil || r.Status >= 300 {
			t.Errorf("%s: %d %s %v", end, r.Status, r.Body, err)
		}
		wait.Wait()
		close(counts)
		want := 1
		for n := range counts {
			want += n
		}
		got := 0
		for _, place := range []string{"none", project} {
			for cursor := ""; ; {
				page, next := many(t, ada.do(t, "GET", fmt.Sprintf("/tasks?limit=200&project_id=%s%s", place, cursor), ""))
				if got += len(page); next == "" {
					break
				}
				cursor = "&cursor=" + next
			}
		}
		if got != want {
			t.Errorf("%s: there are %d tasks, want %d", end, got, want)
		}
	}
}
