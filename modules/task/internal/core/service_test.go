package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx/httpxtest"
)

// reopening is a shelf whose one task somebody reopens right after it was read
// for the first time.
type reopening struct {
	*shelf
	reads  int
	closed []core.Status // what the task was each time that what is below it was closed
}

func (r *reopening) Get(ctx context.Context, owner, id uuid.UUID) (core.Task, error) {
	read, err := r.shelf.Get(ctx, owner, id)
	if r.reads++; r.reads == 1 {
		r.tasks[0].Status, r.tasks[0].CompletedAt = core.Todo, nil
		r.tasks[0].Revision++
	}
	return read, err
}

func (r *reopening) CloseBelow(context.Context, uuid.UUID, uuid.UUID, core.Status, time.Time) error {
	r.closed = append(r.closed, r.tasks[0].Status)
	return nil
}

// A task that is done already, and is set done again, is looked at again before
// what is below it is closed: nothing is closed below a task that is open.
func TestClosingAgainWhatWasReopenedMeanwhile(t *testing.T) {
	t.Parallel()
	clock := httpxtest.NewClock()
	s, _ := newShelf(1)
	s.tasks[0].Status, s.tasks[0].CompletedAt = core.Done, new(clock.Now())
	r := &reopening{shelf: s}
	service := core.NewService(core.Stores{Store: r, Tree: r, Order: r}, core.Places{}, inline{}, core.Sources{Now: clock.Now})
	got, err := service.Update(t.Context(), uuid.Nil, s.tasks[0].ID, nil, func(d *core.Draft) errs.Faults {
		d.Status, d.StatusNamed = core.Done, true
		return nil
	})
	if err != nil || got.Status != core.Done || got.Revision != 3 || s.tasks[0].Revision != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	if len(r.closed) != 1 || r.closed[0] != core.Done {
		t.Errorf("what is below was closed while the task was %v", r.closed)
	}
}
