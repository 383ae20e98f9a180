package ratelimit

import (
	"context"
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// maxKeys bounds the memory of a [Memory]: about 20 MB. Whoever is forgotten
// because more keys than this were active starts with a full allowance.
const maxKeys = 100_000

// Memory limits by token buckets in this process. It is exact under
// concurrency, and for one replica only.
type Memory struct {
	rule rule
	now  func() time.Time

	mu      sync.Mutex
	buckets *lru.Cache[string, *rate.Limiter]
}

// NewMemory returns a Memory that allows each key limit requests a window.
func NewMemory(limit int, window time.Duration, now func() time.Time) (*Memory, error) {
	r, err := newRule(limit, window)
	if err != nil {
		return nil, err
	}
	buckets, err := lru.New[string, *rate.Limiter](maxKeys)
	if err != nil {
		return nil, fmt.Errorf("make the rate limit's buckets: %w", err)
	}
	return &Memory{rule: r, now: now, buckets: buckets}, nil
}

// Allow counts one request of key and says whether it may go on. It never
// fails; the error is for stores that are reached over a network.
func (m *Memory) Allow(_ context.Context, key string) (Decision, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	// The clock is read under the lock as well: a bucket that is shown an older
	// time after a newer one fills twice for the time between.
	now := m.now()
	bucket := m.bucket(key)
	allowed := bucket.AllowN(now, 1)
	return m.rule.decide(allowed, bucket.TokensAt(now)), nil
}

func (m *Memory) bucket(key string) *rate.Limiter {
	if b, ok := m.buckets.Get(key); ok {
		return b
	}
	b := rate.NewLimiter(rate.Limit(float64(m.rule.limit)/m.rule.window.Seconds()), m.rule.limit)
	m.buckets.Add(key, b)
	return b
}
