package main

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/fx"

	"docket/platform/config"
	"docket/platform/httpx"
	"docket/platform/ratelimit"
	"docket/platform/telemetry"
)

// limits are the rate limits of the program.
type limits struct {
	// requests are those of users, failures those of addresses whose tokens
	// prove nothing.
	requests, failures httpx.Limiter
	// shared is where replicas count together, nil where each counts for itself.
	shared *ratelimit.Redis
}

func newLimits(lc fx.Lifecycle, g graph, m *telemetry.Metrics, now func() time.Time) (limits, error) {
	c := g.cfg.RateLimit
	var shared *ratelimit.Redis
	limit := func(_ string, n int) (httpx.Limiter, error) { return ratelimit.NewMemory(n, c.Window, now) }
	if c.Store == config.StoreRedis {
		store, err := ratelimit.OpenRedis(ratelimit.RedisConfig{
			URL: g.cfg.Redis.URL, Budget: c.RedisTimeout, FailClosed: c.OnFailure == config.FailClosed, Log: g.log,
		})
		if err != nil {
			return limits{}, fmt.Errorf("redis.url (DOCKET_REDIS_URL): %w", err)
		}
		lc.Append(fx.Hook{OnStop: func(context.Context) error { return store.Close() }})
		shared = store
		limit = func(name string, n int) (httpx.Limiter, error) { return store.Limit(name, n, c.Window) }
	}
	requests, err := limit("requests", c.Requests)
	if err != nil {
		return limits{}, err
	}
	failures, err := limit("failures", c.AuthFailures)
	if err != nil {
		return limits{}, err
	}
	counted := countDecisions(m)
	return limits{requests: counted(requests), failures: counted(failures), shared: shared}, nil
}
