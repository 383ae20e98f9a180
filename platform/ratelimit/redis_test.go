package ratelimit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"docket/platform/errs"
	"docket/platform/ratelimit"
	"docket/platform/redistest"
)

// generous is a budget that a busy machine keeps.
const generous = 10 * time.Second

// journal collects log lines.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) count(text string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.text.String(), text)
}

func openRedis(t *testing.T, url string, options ...func(*ratelimit.RedisConfig)) (*ratelimit.Redis, *journal) {
	t.Helper()
	j := &journal{}
	c := ratelimit.RedisConfig{URL: url, Budget: generous, Log: slog.New(slog.NewJSONHandler(j, nil))}
	for _, change := range options {
		change(&c)
	}
	s, err := ratelimit.OpenRedis(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, j
}

func limitOf(t *testing.T, s *ratelimit.Redis, requests int, window time.Duration) *ratelimit.Shared {
	t.Helper()
	l, err := s.Limit(t.Name(), requests, window)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A client is told the same whichever store counts.
func TestRedisTellsWhatMemoryTells(t *testing.T) {
	t.Parallel()
	s, _ := openRedis(t, redistest.Start(t).URL())
	for _, limit := range []int{1, 2, 3, 7, 100} {
		for _, window := range []time.Duration{time.Hour, 24 * time.Hour, 3601100 * time.Millisecond, 12345678901 * time.Microsecond} {
			t.Run(fmt.Sprintf("%d in %s", limit, window), func(t *testing.T) {
				shared := limitOf(t, s, limit, window)
				memory, err := ratelimit.NewMemory(limit, window, func() time.Time { return start })
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				for i := range limit + 2 {
					want, _ := memory.Allow(t.Context(), "ada")
					got, err := shared.Allow(t.Context(), "ada")
					if err != nil {
						t.Fatal(err)
					}
					// Time passes for one of them only.
					passed := time.Since(began) + 10*time.Millisecond
					if got.Allowed != want.Allowed || got.Limit != want.Limit || got.Remaining != want.Remaining || got.Uncounted {
						t.Fatalf("request %d: %+v, memory says %+v", i+1, got, want)
					}
					if d := want.Reset - got.Reset; d < -10*time.Millisecond || d > passed {
						t.Errorf("request %d: reset in %s, memory says %s", i+1, got.Reset, want.Reset)
					}
					if d := want.RetryAfter - got.RetryAfter; d < -10*time.Millisecond || d > passed {
						t.Errorf("request %d: retry after %s, memory says %s", i+1, got.RetryAfter, want.RetryAfter)
					}
				}
			})
		}
	}
}

func TestRedisRefills(t *testing.T) {
	t.Parallel()
	s, _ := openRedis(t, redistest.Start(t).URL())
	l := limitOf(t, s, 2, 600*time.Millisecond)
	var d ratelimit.Decision
	for range 100 {
		var err error
		if d, err = l.Allow(t.Context(), "ada"); err != nil {
			t.Fatal(err)
		}
		if !d.Allowed {
			break
		}
	}
	if d.Allowed || d.RetryAfter <= 0 || d.RetryAfter > 300*time.Millisecond {
		t.Fatalf("the bucket does not end: %+v", d)
	}
	time.Sleep(d.RetryAfter + time.Millisecond)
	if d, err := l.Allow(t.Context(), "ada"); err != nil || !d.Allowed {
		t.Errorf("after as long as it was told to wait: %+v, %v", d, err)
	}
}

// N replicas, each with connections of its own, let exactly one limit through.
func TestRedisIsExactOverReplicas(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	var passed, failed atomic.Int64
	var wg sync.WaitGroup
	for range 3 {
		s, _ := openRedis(t, server.URL(), func(c *ratelimit.RedisConfig) { c.FailClosed = true })
		l, err := s.Limit("users", 100, 24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			wg.Go(func() {
				for range 10 {
					d, err := l.Allow(context.WithoutCancel(t.Context()), "ada")
					if err != nil {
						failed.Add(1)
					} else if d.Allowed {
						passed.Add(1)
					}
				}
			})
		}
	}
	wg.Wait()
	if passed.Load() != 100 || failed.Load() != 0 {
		t.Errorf("%d of 600 requests passed a limit of 100, %d failed", passed.Load(), failed.Load())
	}
}

func TestRedisKeepsKeysAndNamesApart(t *testing.T) {
	t.Parallel()
	s, _ := openRedis(t, redistest.Start(t).URL())
	for _, name := range []string{"users", "addresses"} {
		l, err := s.Limit(name, 1, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"ada", "grace", "", "a b:c\r\n{x}"} {
			if d, err := l.Allow(t.Context(), key); err != nil || !d.Allowed {
				t.Errorf("the first of %s %q: %+v, %v", name, key, d, err)
			}
		}
	}
}

func TestRedisTakesOneRoundTrip(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s, _ := openRedis(t, server.URL())
	l := limitOf(t, s, 1000, time.Hour)
	client := redis.NewClient(&redis.Options{Addr: server.Address(), DisableIdentity: true})
	t.Cleanup(func() { _ = client.Close() })
	allow := func(n int) {
		for range n {
			if _, err := l.Allow(t.Context(), "ada"); err != nil {
				t.Fatal(err)
			}
		}
	}
	allow(1) // sends the script itself
	if err := client.ConfigResetStat(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	allow(50)
	stats, err := client.Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stats, "cmdstat_evalsha:calls=50,") || strings.Contains(stats, "cmdstat_eval:") || strings.Contains(stats, "cmdstat_script") {
		t.Errorf("50 requests were these commands:\n%s", stats)
	}
}

// A Redis that is killed lets requests pass, or none, and counts again as soon
// as it is back; it says so twice, not once a request.
func TestRedisDiesAndComesBack(t *testing.T) {
	t.Parallel()
	for name, closed := range map[string]bool{"open": false, "closed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			s, logged := openRedis(t, server.URL(), func(c *ratelimit.RedisConfig) { c.FailClosed = closed })
			l := limitOf(t, s, 3, time.Hour)
			if d, err := l.Allow(t.Context(), "ada"); err != nil || !d.Allowed || d.Uncounted {
				t.Fatalf("%+v, %v", d, err)
			}
			server.Kill()
			for range 50 {
				d, err := l.Allow(t.Context(), "ada")
				if closed {
					wantUnavailable(t, err)
				} else if err != nil || !d.Allowed || !d.Uncounted || d.Limit != 3 || d.Remaining != 3 || d.Outcome() != ratelimit.Uncounted {
					t.Fatalf("with Redis down: %+v, %v", d, err)
				}
			}
			server.Restart(t)
			d := untilCounted(t, l)
			if !d.Allowed || d.Remaining != 2 {
				t.Errorf("the first request after the restart: %+v", d)
			}
			if down, up := logged.count("does not answer"), logged.count("answers again"); down != 1 || up != 1 {
				t.Errorf("it was logged %d times to be down, %d times to be back", down, up)
			}
		})
	}
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	var typed *errs.Error
	if !errors.As(err, &typed) || typed.Kind != errs.Unavailable || typed.RetryAfter <= 0 {
		t.Fatalf("with Redis down: %v", err)
	}
}

func untilCounted(t *testing.T, l *ratelimit.Shared) ratelimit.Decision {
	t.Helper()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if d, err := l.Allow(t.Context(), "ada"); err == nil && !d.Uncounted {
			return d
		}
	}
	t.Fatal("nothing was counted again")
	return ratelimit.Decision{}
}

// A Redis that stalls costs a few requests their budget, and the others nothing.
func TestRedisStalls(t *testing.T) {
	t.Parallel()
	proxy := redistest.NewProxy(t, redistest.Start(t).Address())
	const budget = 50 * time.Millisecond
	s, logged := openRedis(t, proxy.URL(), func(c *ratelimit.RedisConfig) { c.Budget = budget })
	l := limitOf(t, s, 1_000_000, time.Hour)
	untilCounted(t, l)
	proxy.Stall()
	var waited int
	for range 200 {
		began := time.Now()
		if d, err := l.Allow(t.Context(), "ada"); err != nil || !d.Uncounted {
			t.Fatalf("%+v, %v", d, err)
		}
		if time.Since(began) >= budget/2 {
			waited++
		}
	}
	// Three open the circuit; beyond that, one in a second tries. Waiting for
	// each of the 200 would take 10 s.
	if waited > 50 {
		t.Errorf("%d of 200 requests waited for Redis", waited)
	}
	if logged.count("does not answer") == 0 {
		t.Error("nothing was logged")
	}
	proxy.Resume()
	untilCounted(t, l)
}

// A request that is given up is nobody's failure.
func TestRedisIsNotBlamedForRequestsGivenUp(t *testing.T) {
	t.Parallel()
	s, logged := openRedis(t, redistest.Start(t).URL())
	l := limitOf(t, s, 10, time.Hour)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		if _, err := l.Allow(gone, "ada"); !errors.Is(err, context.Canceled) {
			t.Fatalf("a request given up: %v", err)
		}
	}
	if d, err := l.Allow(t.Context(), "ada"); err != nil || d.Uncounted {
		t.Errorf("the next one: %+v, %v", d, err)
	}
	if n := logged.count("does not answer"); n != 0 {
		t.Errorf("Redis was blamed %d times", n)
	}
}

func TestRedisRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	if _, err := ratelimit.OpenRedis(ratelimit.RedisConfig{URL: "http://:s3cret@cache", Log: slog.New(slog.DiscardHandler)}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a URL of HTTP: %v", err)
	}
	s, _ := openRedis(t, "redis://127.0.0.1:1")
	if _, err := s.Limit("x", 0, time.Minute); err == nil {
		t.Error("a limit of 0 requests was accepted")
	}
}

// One request in a window of any length: the first of each key passes, and no
// second.
func TestRedisAllowsTheOnlyRequest(t *testing.T) {
	t.Parallel()
	s, _ := openRedis(t, redistest.Start(t).URL())
	for i := range 200 {
		l, err := s.Limit("once", 1, time.Hour+time.Duration(i)*1_234_567*time.Nanosecond)
		if err != nil {
			t.Fatal(err)
		}
		for request, want := range []bool{true, false} {
			d, err := l.Allow(t.Context(), fmt.Sprint("key ", i))
			if err != nil || d.Allowed != want {
				t.Fatalf("request %d in window %d: %+v, %v", request+1, i, d, err)
			}
		}
	}
}
