package ratelimit_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"docket/platform/ratelimit"
)

var start = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

func TestMemoryCountsDownAndRefills(t *testing.T) {
	t.Parallel()
	now := start
	m, err := ratelimit.NewMemory(3, time.Minute, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		after time.Duration
		want  ratelimit.Decision
	}{
		{0, ratelimit.Decision{Allowed: true, Limit: 3, Remaining: 2, Reset: 20 * time.Second}},
		{0, ratelimit.Decision{Allowed: true, Limit: 3, Remaining: 1, Reset: 40 * time.Second}},
		{0, ratelimit.Decision{Allowed: true, Limit: 3, Remaining: 0, Reset: 60 * time.Second}},
		{0, ratelimit.Decision{Allowed: false, Limit: 3, Remaining: 0, Reset: 60 * time.Second, RetryAfter: 20 * time.Second}},
		{20 * time.Second, ratelimit.Decision{Allowed: true, Limit: 3, Remaining: 0, Reset: 60 * time.Second}},
		{time.Hour, ratelimit.Decision{Allowed: true, Limit: 3, Remaining: 2, Reset: 20 * time.Second}},
	}
	for i, s := range steps {
		now = now.Add(s.after)
		got, err := m.Allow(context.Background(), "ada")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.want, got); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
	if got, _ := m.Allow(context.Background(), "grace"); !got.Allowed {
		t.Error("one key's requests were counted against another's")
	}
}

func TestMemoryIsExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	m, err := ratelimit.NewMemory(100, time.Minute, func() time.Time { return start })
	if err != nil {
		t.Fatal(err)
	}
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 10 {
				if d, _ := m.Allow(context.Background(), "ada"); d.Allowed {
					passed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if passed.Load() != 100 {
		t.Errorf("%d of 500 requests passed a limit of 100", passed.Load())
	}
}

func TestMemoryRefusesAnImpossibleLimit(t *testing.T) {
	t.Parallel()
	if _, err := ratelimit.NewMemory(0, time.Minute, time.Now); err == nil {
		t.Error("a limit of 0 requests was accepted")
	}
	if _, err := ratelimit.NewMemory(1, 0, time.Now); err == nil {
		t.Error("a window of 0 was accepted")
	}
}
