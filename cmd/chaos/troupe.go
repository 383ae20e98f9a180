package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"docket/platform/auth/devissuer"
)

// writersPerUser shares users out, so that some writers are the same user.
const writersPerUser = 2

// troupe is all writers.
type troupe struct {
	writers []*writer
	traffic *traffic
	over    chan struct{} // closed when writers are to end after their present write
	done    sync.WaitGroup
	// work ends when a writer fails, for a reason that is its cause.
	work context.Context //nolint:containedctx // it lives as long as the writers do
	fail context.CancelCauseFunc
}

// hire makes the writers, each with tags of its own to put on tasks.
func hire(ctx context.Context, b *bench, p plan) (*troupe, error) {
	t := &troupe{traffic: newTraffic(p.writes), over: make(chan struct{})}
	t.work, t.fail = context.WithCancelCause(ctx)
	for i := range p.writers {
		token, err := b.token(fmt.Sprintf("writer%d@example.com", i/writersPerUser), p.limit)
		if err != nil {
			return nil, err
		}
		w := &writer{
			name: fmt.Sprintf("w%d", i),
			book: newLedger(),
			dice: rand.New(rand.NewPCG(p.seed, uint64(i)+1)),
			client: &client{
				base: &b.base, token: token, traffic: t.traffic,
				http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}},
			},
		}
		for range 4 {
			if err := w.label(ctx); err != nil {
				return nil, fmt.Errorf("make the first tags: %w", err)
			}
		}
		t.writers = append(t.writers, w)
	}
	return t, nil
}

// token signs one that outlasts the run.
func (b *bench) token(email string, limit time.Duration) (string, error) {
	now := time.Now()
	token, err := b.issuer.Sign(devissuer.Claims{
		Subject: devissuer.SubjectFor(email), Email: email, Name: email, IssuedAt: now, ExpiresAt: now.Add(2 * limit),
	})
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}

func (t *troupe) start() {
	for _, w := range t.writers {
		t.done.Go(func() {
			if err := w.perform(t.work, t.over); err != nil {
				t.fail(fmt.Errorf("writer %s: %w", w.name, err))
			}
		})
	}
}

// progress waits until n writers had a write acknowledged that they sent since
// then, and returns how long after then that was.
func (t *troupe) progress(since time.Time, n int) (time.Duration, error) {
	for {
		served := 0
		for _, w := range t.writers {
			if w.client.served.Load() > since.UnixNano() {
				served++
			}
		}
		took := time.Since(since)
		switch {
		case served >= n:
			return took, nil
		case took > progressPatience:
			return 0, fmt.Errorf("after %s, %d of %d writers are served again", took.Round(time.Second), served, n)
		}
		if err := sleep(t.work, time.Millisecond); err != nil {
			return 0, context.Cause(t.work)
		}
	}
}

// finish lets the writers end, each with an answer to its last write.
func (t *troupe) finish() error {
	close(t.over)
	t.done.Wait()
	err := context.Cause(t.work)
	t.fail(errors.New("the run is over"))
	return err
}

// ledgers is what all writers know.
func (t *troupe) ledgers() []*ledger {
	all := make([]*ledger, len(t.writers))
	for i, w := range t.writers {
		all[i] = w.book
	}
	return all
}

func (t *troupe) contradictions() []string {
	var all []string
	for _, book := range t.ledgers() {
		all = append(all, book.contradictions...)
	}
	return all
}
