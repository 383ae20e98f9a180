package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/sony/gobreaker/v2"

	"docket/platform/errs"
)

const (
	// keyPrefix keeps Docket's keys apart from those of others; the library
	// puts "rate:" in front.
	keyPrefix = "docket:"
	// dialTimeout is for a connection that is made for later; no request waits
	// for it longer than its budget.
	dialTimeout = 2 * time.Second
	// warmConnections are kept open, so that a request seldom waits for one.
	warmConnections = 4
)

// When the circuit opens, and for how long nothing is asked of Redis then.
const (
	tripAfter     = 3 // failures in a row
	tripShare     = 2 // or one of so many
	tripSample    = 20
	tripWindow    = 10 * time.Second
	probeInterval = time.Second
)

// retryClosed is what a client is asked to wait where nothing can be counted.
const retryClosed = time.Second

// RedisConfig says how a [Redis] is reached and what to do where it is not.
type RedisConfig struct {
	// URL is redis:// or rediss://, as go-redis reads it.
	URL string
	// Budget is how long one request waits for Redis at most.
	Budget time.Duration
	// FailClosed refuses requests that cannot be counted; otherwise they pass.
	FailClosed bool
	Log        *slog.Logger
}

// Redis counts in a Redis that replicas share. Any number of limits may share
// one; they share its connections and the circuit in front of it, too.
type Redis struct {
	client     *redis.Client
	limiter    *redis_rate.Limiter
	circuit    *gobreaker.CircuitBreaker[*redis_rate.Result]
	budget     time.Duration
	failClosed bool
}

// OpenRedis returns a Redis. It does not connect yet: a Redis that is down does
// not keep a server from starting.
func OpenRedis(c RedisConfig) (*Redis, error) {
	options, err := redis.ParseURL(c.URL)
	if err != nil {
		return nil, errors.New("read the URL of Redis: it is not of a form that go-redis knows") // err may quote the password
	}
	options.ContextTimeoutEnabled = true
	options.DialTimeout, options.DialerRetries = dialTimeout, 1
	options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = c.Budget, c.Budget, c.Budget
	// Sent again, a command that was carried out would count twice.
	options.MaxRetries = -1
	options.MinIdleConns = warmConnections
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	redis.SetLogger(quiet{c.Log})
	client := redis.NewClient(options)
	return &Redis{
		client: client, limiter: redis_rate.NewLimiter(client), circuit: newCircuit(c),
		budget: c.Budget, failClosed: c.FailClosed,
	}, nil
}

// newCircuit spares requests the wait for a Redis that does not answer: while
// it is open, one request a second tries.
func newCircuit(c RedisConfig) *gobreaker.CircuitBreaker[*redis_rate.Result] {
	return gobreaker.NewCircuitBreaker[*redis_rate.Result](gobreaker.Settings{
		MaxRequests: 1,
		Interval:    tripWindow,
		Timeout:     probeInterval,
		ReadyToTrip: func(n gobreaker.Counts) bool {
			return n.ConsecutiveFailures >= tripAfter || n.Requests >= tripSample && n.TotalFailures*tripShare >= n.Requests
		},
		// A request that was given up says nothing about Redis.
		IsExcluded: func(err error) bool { return errors.As(err, new(givenUp)) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			switch {
			case from == gobreaker.StateClosed:
				c.Log.Warn("Redis does not answer: rate limits are not counted", slog.Bool("requests_pass", !c.FailClosed))
			case to == gobreaker.StateClosed:
				c.Log.Info("Redis answers again: rate limits are counted")
			}
		},
	})
}

// FailsClosed reports whether requests that cannot be counted are refused.
func (s *Redis) FailsClosed() bool { return s.failClosed }

// Ping asks Redis for a sign of life, past the circuit.
func (s *Redis) Ping(ctx context.Context) error {
	if err := s.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ask Redis for a sign of life: %w", err)
	}
	return nil
}

// Close closes the connections to Redis.
func (s *Redis) Close() error {
	if err := s.client.Close(); err != nil {
		return fmt.Errorf("close the connections to Redis: %w", err)
	}
	return nil
}

// Limit returns a limit that allows each key limit requests a window, apart
// from those with other names.
func (s *Redis) Limit(name string, limit int, window time.Duration) (*Shared, error) {
	r, err := newRule(limit, window)
	if err != nil {
		return nil, err
	}
	return &Shared{
		store: s, rule: r, prefix: keyPrefix + name + ":",
		limit: redis_rate.Limit{Rate: limit, Burst: limit, Period: window},
	}, nil
}

// Shared is one limit that replicas share. It is exact under concurrency, takes
// one round trip, and goes by the clock of Redis alone.
type Shared struct {
	store  *Redis
	rule   rule
	prefix string
	limit  redis_rate.Limit
}

// Allow counts one request of key and says whether it may go on. Where Redis
// does not answer in time it says so as [RedisConfig] has it: the request is
// uncounted, or the error is an [errs.Unavailable].
func (l *Shared) Allow(ctx context.Context, key string) (Decision, error) {
	result, err := l.store.circuit.Execute(func() (*redis_rate.Result, error) { return l.ask(ctx, key) })
	if err == nil {
		emission := l.rule.window.Seconds() / float64(l.rule.limit)
		return l.rule.decide(result.Allowed > 0, float64(l.rule.limit)-result.ResetAfter.Seconds()/emission), nil
	}
	if gone := ctx.Err(); gone != nil {
		return Decision{}, fmt.Errorf("count a request in Redis: %w", gone)
	}
	if l.store.failClosed {
		e := errs.New(errs.Unavailable, "the rate limit cannot be checked at the moment")
		e.RetryAfter = retryClosed
		return Decision{}, e.Because(err)
	}
	return Decision{Allowed: true, Uncounted: true, Limit: l.rule.limit, Remaining: l.rule.limit}, nil
}

func (l *Shared) ask(ctx context.Context, key string) (*redis_rate.Result, error) {
	bounded, cancel := context.WithTimeout(ctx, l.store.budget)
	defer cancel()
	result, err := l.store.limiter.Allow(bounded, l.prefix+key, l.limit)
	if err != nil && ctx.Err() != nil {
		return nil, givenUp{err}
	}
	if err != nil {
		return nil, fmt.Errorf("count a request in Redis: %w", err)
	}
	return result, nil
}

// givenUp is the failure of a request that ended before Redis answered.
type givenUp struct{ error }

// quiet logs what go-redis would write to the standard error: it says once for
// each attempt what the circuit says once.
type quiet struct{ log *slog.Logger }

// Printf implements the library's logger.
func (q quiet) Printf(ctx context.Context, format string, v ...any) {
	q.log.DebugContext(ctx, "redis client", slog.String("says", fmt.Sprintf(format, v...)))
}
