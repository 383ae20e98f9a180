package main

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
	"docket/platform/redistest"
)

// overRedis runs n servers over one database, one issuer and one Redis.
func overRedis(t *testing.T, n int, redisURL string, settings ...string) []*instance {
	t.Helper()
	settings = append([]string{
		"DATABASE_URL=" + pgtest.URL(t), "DOCKET_DATA_DIR=" + t.TempDir(), "DOCKET_RATE_LIMIT_STORE=redis", "DOCKET_REDIS_URL=" + redisURL,
	}, settings...)
	var all []*instance
	for range n {
		all = append(all, servingOn(t, settings...))
	}
	return all
}

// Over three replicas, exactly the limit passes, for a user and for an address
// without a token.
func TestReplicasShareOneLimit(t *testing.T) {
	t.Parallel()
	const limit = 100
	// The window gives nothing back meanwhile, and a busy machine the time it
	// needs.
	servers := overRedis(t, 3, redistest.Start(t).URL(), "DOCKET_RATE_LIMIT_REQUESTS="+fmt.Sprint(limit), "DOCKET_RATE_LIMIT_WINDOW=24h",
		"DOCKET_RATE_LIMIT_REDIS_TIMEOUT=10s", "DOCKET_RATE_LIMIT_ON_FAILURE=closed", "DOCKET_RATE_LIMIT_AUTH_FAILURES=7")
	for name, c := range map[string]struct {
		as     func(*instance) client
		limit  int64
		passes int
	}{
		"a user":      {func(s *instance) client { return s.as(t, adaAddress) }, limit, http.StatusOK},
		"an address":  {func(s *instance) client { return client{base: s.greeting.API} }, limit, http.StatusUnauthorized},
		"bad tokens":  {func(s *instance) client { return client{base: s.greeting.API, authorization: "Bearer x"} }, 7, http.StatusUnauthorized},
		"another one": {func(s *instance) client { return s.as(t, "grace@example.com") }, limit, http.StatusOK},
	} {
		var passed, refused, other atomic.Int64
		var wg sync.WaitGroup
		for i := range 12 {
			from := c.as(servers[i%len(servers)])
			wg.Go(func() {
				for range 12 {
					r, err := from.try(t.Context(), "GET", "/tags", "")
					switch {
					case err == nil && r.Status == c.passes:
						passed.Add(1)
					case err == nil && r.Status == http.StatusTooManyRequests && r.Header.Get("Retry-After") != "":
						refused.Add(1)
					default:
						other.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if passed.Load() != c.limit || refused.Load() != 144-c.limit || other.Load() != 0 {
			t.Errorf("%s: of 144 requests %d passed a limit of %d, %d were refused, %d failed", name, passed.Load(), c.limit, refused.Load(), other.Load())
		}
	}
}

// A Redis that dies stops nobody, unless that is asked for, and is used again
// when it is back.
func TestServingWhileRedisIsDown(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]int{"open": http.StatusOK, "closed": http.StatusServiceUnavailable} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			redis := redistest.Start(t)
			s := overRedis(t, 1, redis.URL(), "DOCKET_RATE_LIMIT_REQUESTS=5", "DOCKET_RATE_LIMIT_WINDOW=24h", "DOCKET_RATE_LIMIT_ON_FAILURE="+mode,
				"DOCKET_RATE_LIMIT_REDIS_TIMEOUT=10s")[0]
			ada := s.as(t, adaAddress)
			if r := ada.do(t, "GET", "/tags", "").Want(t, http.StatusOK); r.Header.Get("RateLimit-Remaining") != "4" {
				t.Errorf("RateLimit-Remaining is %s", r.Header.Get("RateLimit-Remaining"))
			}
			redis.Kill()
			for range 20 {
				ada.do(t, "GET", "/tags", "").Want(t, want)
			}
			outcome := map[string]string{"open": "uncounted", "closed": "unavailable"}[mode]
			if got := sampleOf(metricsOf(t, s.greeting), `docket_rate_limit_decisions_total{decision="`+outcome+`"}`); got != "20" {
				t.Errorf("%s requests were %s", got, outcome)
			}
			redis.Restart(t)
			eventually(t, "requests are counted again", func() bool {
				r := ada.do(t, "GET", "/tags", "")
				return r.Status == http.StatusOK && r.Header.Get("RateLimit-Remaining") != "5"
			})
			untilRefused(t, ada)
		})
	}
}

func untilRefused(t *testing.T, c client) {
	t.Helper()
	var last httpxtest.Response
	for range 10 {
		if last = c.do(t, "GET", "/tags", ""); last.Status == http.StatusTooManyRequests {
			return
		}
	}
	t.Errorf("the last of many requests got %d", last.Status)
}

// A server starts without its Redis.
func TestStartWhileRedisIsDown(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	redis.Kill()
	began := time.Now()
	s := overRedis(t, 1, redis.URL())[0]
	s.as(t, adaAddress).do(t, "GET", "/tags", "").Want(t, http.StatusOK)
	if took := time.Since(began); took > patience {
		t.Errorf("the start took %s", took)
	}
}
