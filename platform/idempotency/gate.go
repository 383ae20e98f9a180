package idempotency

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// gate lets the requests under one key through one at a time, so that those
// which wait for the first hold no connection meanwhile: a client that sends
// one write over and over would otherwise take the whole pool. It knows this
// process only; PostgreSQL holds up those of others.
type gate struct {
	mu    sync.Mutex
	turns map[name]*turn
}

// name is a key of one user.
type name struct {
	owner uuid.UUID
	key   string
}

// turn is what the requests under one key take turns with.
type turn struct {
	taken  chan struct{} // holds a value while a request is inside
	guests int           // requests inside or waiting
}

func newGate() *gate { return &gate{turns: map[name]*turn{}} }

// enter waits until it is this request's turn, but no longer than wait, and
// returns how to end it. It returns a Conflict where others took too long.
func (g *gate) enter(ctx context.Context, n name, wait time.Duration) (leave func(), err error) {
	t := g.join(n)
	patience := time.NewTimer(wait)
	defer patience.Stop()
	select {
	case t.taken <- struct{}{}:
		return func() { <-t.taken; g.part(n) }, nil
	case <-patience.C:
		g.part(n)
		return nil, errInUse
	case <-ctx.Done():
		g.part(n)
		return nil, fmt.Errorf("wait for the first request with an idempotency key: %w", ctx.Err())
	}
}

func (g *gate) join(n name) *turn {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.turns[n]
	if t == nil {
		t = &turn{taken: make(chan struct{}, 1)}
		g.turns[n] = t
	}
	t.guests++
	return t
}

func (g *gate) part(n name) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.turns[n]
	if t.guests--; t.guests == 0 {
		delete(g.turns, n)
	}
}
