package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/errs"
)

// still is how many tasks nobody touches while pages are turned; they are among
// others that come, change and go all the time.
const still = 120

// Page by page, while others write, every task that was not touched is seen
// exactly once: in every order, both ways.
func TestPagesHoldStillWhileOthersWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := rand.New(rand.NewPCG(5, 6))
	all := medley(2*still, r)
	for i := range all {
		all[i].ParentID = nil // so that a deletion takes nothing along
	}
	w.insert(t, w.ada, all...)
	untouched := map[uuid.UUID]bool{}
	for _, x := range all[:still] {
		untouched[x.ID] = true
	}
	writing, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	var writes atomic.Int64
	for n := range 2 {
		writers.Go(func() {
			if err := w.churn(writing, all[still+n*still/2:still+(n+1)*still/2], uint64(n), &writes); err != nil {
				t.Error(err)
			}
		})
	}
	defer writers.Wait()
	defer stop()
	lists := w.lists("Pacific/Apia", noon)
	orders := everyOrder()
	ranked := core.Query{Sort: core.SortRank, Filter: core.Filter{Search: searchFor(t, "task")}}
	for _, q := range append(orders, ranked) {
		q.Limit = 7
		before := writes.Load()
		for round := 0; round < 3 || writes.Load() < before+20; round++ {
			if err := seenOnce(t.Context(), lists, w.ada, q, untouched); err != nil {
				t.Fatalf("%s: %v", nameOf(q), err)
			}
		}
	}
}

// seenOnce turns all pages and holds what it sees to what must be seen.
func seenOnce(ctx context.Context, lists *core.Lists, owner uuid.UUID, q core.Query, untouched map[uuid.UUID]bool) error {
	seen := map[uuid.UUID]int{}
	for range 2000 {
		page, next, err := lists.List(ctx, owner, q)
		if err != nil {
			return err
		}
		for _, x := range page {
			seen[x.ID]++
		}
		if q.After = next; next != nil {
			continue
		}
		for id := range untouched {
			if seen[id] != 1 {
				return fmt.Errorf("an untouched task was seen %d times", seen[id])
			}
		}
		return nil
	}
	return errors.New("the list does not end")
}

// churn changes, deletes and makes again these tasks until ctx ends.
func (w world) churn(ctx context.Context, tasks []core.Task, seed uint64, writes *atomic.Int64) error {
	r := rand.New(rand.NewPCG(7, seed))
	for ctx.Err() == nil {
		i := r.IntN(len(tasks))
		x := medley(1, r)[0]
		x.ID, x.Revision = tasks[i].ID, 1
		err := w.Delete(ctx, w.ada, x.ID)
		if err == nil || errs.KindOf(err) == errs.NotFound {
			err = w.Insert(ctx, w.ada, x)
		}
		if err == nil {
			x.Title, x.Revision, x.Priority = core.Title(fmt.Sprintf("task %d", r.IntN(1000))), 2, core.Priority(r.IntN(5))
			x.UpdatedAt, x.DueAt, x.DueOn = noon.Add(time.Duration(r.IntN(1000))*time.Minute), nil, new(core.Date("2026-03-14"))
			err = w.Update(ctx, w.ada, anything, x)
		}
		if err == nil && r.IntN(3) == 0 {
			err = w.Delete(ctx, w.ada, x.ID)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		writes.Add(1)
	}
	return nil
}

// The row that a cursor stands on may go: the list goes on behind it.
func TestPagesGoOnBehindADeletedTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.ada, task(1, "a"), task(2, "b"), task(3, "c"), task(4, "d"))
	for _, q := range everyOrder() {
		q.Limit = 4
		all := w.walk(t, q)
		q.Limit = 2
		_, next, err := w.List(t.Context(), w.ada, q)
		if err != nil || next == nil {
			t.Fatalf("%s: %v, %v", nameOf(q), next, err)
		}
		if err := w.Delete(t.Context(), w.ada, all[1].ID); err != nil {
			t.Fatal(err)
		}
		q.After = next
		if diff := cmp.Diff(ids(all[2:]), ids(w.walk(t, q))); diff != "" {
			t.Errorf("%s goes on with (-want +got):\n%s", nameOf(q), diff)
		}
		w.insert(t, w.ada, all[1])
	}
}
