package main

import (
	"context"
	"runtime"
	"time"

	"github.com/google/uuid"

	"docket/platform/auth"
	"docket/platform/errs"
	"docket/platform/httpx"
	"docket/platform/httpx/framing"
	"docket/platform/idempotency"
	"docket/platform/postgres"
	"docket/platform/ratelimit"
	"docket/platform/telemetry"
)

// What is measured of each part of the program. The parts keep count; here it
// gets its name. configs/grafana and configs/prometheus ask for these names.

func newMetrics(now func() time.Time) *telemetry.Metrics {
	return telemetry.NewMetrics(telemetry.Build{Version: version(), GoVersion: runtime.Version()}, now)
}

func requestMeters(m *telemetry.Metrics) httpx.Meters {
	codes := make([]string, 0, len(errs.Codes()))
	for _, code := range errs.Codes() {
		codes = append(codes, string(code))
	}
	failures := m.Tally("docket_http_failures_total", "Answers that were a failure, by the code in their envelope.", "code", codes...)
	var reasons []string
	for _, reason := range framing.Reasons() {
		reasons = append(reasons, string(reason))
	}
	refused := m.Tally("docket_http_refused_requests_total", "Requests that were refused unread for their framing, and their connections closed, by the reason.", "reason", reasons...)
	return httpx.Meters{
		Requests: func(method, route string) func(int, time.Duration) {
			if route == "" {
				return m.Requests(telemetry.Unmatched, telemetry.Unmatched)
			}
			return m.Requests(method, route)
		},
		Failed:  failures.Count,
		Refused: refused.Count,
	}
}

func measureServing(m *telemetry.Metrics, app *httpx.App) {
	m.Gauge("docket_http_requests_in_flight", "Requests of the API that are being served.", func() float64 { return float64(app.InFlight()) })
	m.Gauge("docket_http_requests_in_flight_max", "Requests of the API that are served at once at most; one more is answered 503.", func() float64 { return float64(app.MaxInFlight) })
	m.Gauge("docket_http_downloads_in_flight", "Documents of any length that are being sent.", func() float64 { return float64(app.Downloads()) })
	m.Gauge("docket_stopping", "1 from the first moment of a stop, else 0.", func() float64 {
		if app.Stopping() {
			return 1
		}
		return 0
	})
}

func measurePool(m *telemetry.Metrics, db *postgres.DB) {
	m.Gauges("docket_db_pool_connections", "Connections of the pool, by what they do: acquired, idle or connecting.", "state", func() map[string]float64 {
		s := db.PoolStats()
		return map[string]float64{"acquired": float64(s.Acquired), "idle": float64(s.Idle), "connecting": float64(s.Connecting)}
	})
	m.Gauge("docket_db_pool_connections_max", "Connections that the pool has at most.", func() float64 { return float64(db.PoolStats().Max) })
	m.Counter("docket_db_pool_acquires_total", "Connections taken from the pool.", func() float64 { return float64(db.PoolStats().Acquires) })
	m.Counter("docket_db_pool_waits_total", "Connections taken from the pool that had to be waited for.", func() float64 { return float64(db.PoolStats().Waits) })
	m.Counter("docket_db_pool_wait_seconds_total", "Time spent waiting for connections of the pool.", func() float64 { return db.PoolStats().Waited.Seconds() })
	m.Counter("docket_db_pool_given_up_total", "Waits for a connection of the pool that the request's deadline ended.", func() float64 { return float64(db.PoolStats().GivenUp) })
	m.Counter("docket_db_pool_connects_total", "Connections that the pool opened.", func() float64 { return float64(db.PoolStats().Connects) })
}

func measureKeys(m *telemetry.Metrics, keys *auth.KeySet, now func() time.Time) {
	began := now()
	m.Gauge("docket_auth_key_set_age_seconds", "Time since the issuer's key set was last fetched; until it first is, since the process began.", func() float64 {
		if keys.Ready() {
			return keys.Age().Seconds()
		}
		return now().Sub(began).Seconds()
	})
	m.Gauge("docket_auth_keys", "Keys that tokens are verified with; 0 where no key set could be had.", func() float64 { return float64(keys.Stats().Keys) })
	m.Counters("docket_auth_key_set_fetches_total", "Fetches of the issuer's key set that were begun, by their result: ok, with those under way, or failed.", "result", func() map[string]uint64 {
		s := keys.Stats()
		return map[string]uint64{"ok": s.Fetches - s.Failed, "failed": s.Failed}
	})
}

func measureTokens(m *telemetry.Metrics, verifier *auth.Verifier) {
	m.Counters("docket_auth_tokens_total", "Authentications, by what came of them.", "outcome", func() map[string]uint64 {
		counts := map[string]uint64{}
		for outcome, n := range verifier.Stats().Outcomes {
			counts[string(outcome)] = n
		}
		return counts
	})
	m.Counter("docket_auth_token_cache_hits_total", "Accepted tokens whose signature was not checked again.", func() float64 { return float64(verifier.Stats().CacheHits) })
	m.Gauge("docket_auth_tokens_cached", "Verified tokens that are remembered.", func() float64 { return float64(verifier.Stats().Cached) })
}

// countedLimiter counts what an [httpx.Limiter] decides.
type countedLimiter struct {
	httpx.Limiter
	decisions *telemetry.Tally
}

// countDecisions returns what counts the decisions of limiters, all together.
func countDecisions(m *telemetry.Metrics) func(httpx.Limiter) httpx.Limiter {
	decisions := m.Tally("docket_rate_limit_decisions_total", "Requests that were held against a rate limit, by the decision: allowed, refused, uncounted where none could be made and it passed, or unavailable where it did not.",
		"decision", string(ratelimit.Allowed), string(ratelimit.Refused), string(ratelimit.Uncounted), string(ratelimit.Unavailable))
	return func(l httpx.Limiter) httpx.Limiter { return countedLimiter{l, decisions} }
}

// Allow implements [httpx.Limiter].
func (l countedLimiter) Allow(ctx context.Context, key string) (ratelimit.Decision, error) {
	d, err := l.Limiter.Allow(ctx, key)
	outcome := d.Outcome()
	if err != nil {
		outcome = ratelimit.Unavailable
	}
	l.decisions.Count(string(outcome))
	return d, err //nolint:wrapcheck // it says all
}

// countedReplays counts what becomes of requests with an Idempotency-Key.
type countedReplays struct {
	*idempotency.Store
	requests *telemetry.Tally
}

func countReplays(m *telemetry.Metrics, s *idempotency.Store) httpx.Replays {
	return countedReplays{s, m.Tally("docket_idempotency_requests_total", "Writes with an Idempotency-Key, by what became of them: served, replayed, refused for the key, or failed, which keeps no answer.",
		"result", "served", "replayed", "refused", "failed")}
}

// Once implements [httpx.Replays].
func (r countedReplays) Once(ctx context.Context, owner uuid.UUID, key string, fingerprint []byte, serve func(context.Context) (idempotency.Answer, error)) (idempotency.Answer, bool, error) {
	answer, replayed, err := r.Store.Once(ctx, owner, key, fingerprint, serve)
	switch {
	case replayed && err == nil:
		r.requests.Count("replayed")
	case err == nil:
		r.requests.Count("served")
	case idempotency.Refused(err):
		r.requests.Count("refused")
	default:
		r.requests.Count("failed")
	}
	return answer, replayed, err //nolint:wrapcheck // it says all
}
