// Package ratelimit says who has asked too often.
package ratelimit

import (
	"context"
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// Decision is the answer for one request.
type Decision struct {
	Allowed bool
	// Limit is the number of requests a window allows, Remaining how many of
	// them could be made at this moment.
	Limit, Remaining int
	// Reset is the time until Remaining is Limit again.
	Reset time.Duration
	// RetryAfter is the time until one more request is allowed; zero where
	// this one was.
	RetryAfter time.Duration
}

// maxKeys bounds the memory of a [Memory]: about 20 MB. Whoever is forgotten
// because more keys than this were active starts with a full allowance.
const maxKeys = 100_000

// Memory limits by token buckets in this process: a bucket holds limit
// requests and fills evenly over the window. It is exact under concurrency,
// and for one replica only.
type Memory struct {
	limit  int
	window time.Duration
	now    func() time.Time

	mu      sync.Mutex
	buckets *lru.Cache[string, *rate.Limiter]
}

// NewMemory returns a Memory that allows each key limit requests a window.
func NewMemory(limit int, window time.Duration, now func() time.Time) (*Memory, error) {
	if limit < 1 || window <= 0 {
		return nil, fmt.Errorf("rate limit of %d requests in %s: both must be positive", limit, window)
	}
	buckets, err := lru.New[string, *rate.Limiter](maxKeys)
	if err != nil {
		return nil, fmt.Errorf("make the rate limit's buckets: %w", err)
	}
	return &Memory{limit: limit, window: window, now: now, buckets: buckets}, nil
}

// Allow counts one request of key and says whether it may go on. It never
// fails; the error is for stores that are reached over a network.
func (m *Memory) Allow(_ context.Context, key string) (Decision, error) {
	now := m.now()
	bucket := m.bucket(key)
	allowed := bucket.AllowN(now, 1)
	// Another request may take a token between the two calls: what is told
	// about the remainder is then late by that one, the decision never.
	tokens := bucket.TokensAt(now)
	d := Decision{
		Allowed:   allowed,
		Limit:     m.limit,
		Remaining: max(int(tokens), 0),
		Reset:     m.refill(float64(m.limit) - tokens),
	}
	if !allowed {
		d.RetryAfter = m.refill(1 - tokens)
	}
	return d, nil
}

func (m *Memory) bucket(key string) *rate.Limiter {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b, ok := m.buckets.Get(key); ok {
		return b
	}
	b := rate.NewLimiter(rate.Limit(float64(m.limit)/m.window.Seconds()), m.limit)
	m.buckets.Add(key, b)
	return b
}

// refill is the time in which tokens come in.
func (m *Memory) refill(tokens float64) time.Duration {
	return max(time.Duration(tokens/float64(m.limit)*float64(m.window)), 0)
}
