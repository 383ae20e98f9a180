package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// restart stops the server with SIGTERM and starts it with more settings.
func (s *stage) restart(ctx context.Context, more ...string) error {
	if err := s.stopServer(ctx); err != nil {
		return err
	}
	return s.startServer(ctx, more...)
}

// redisGoneClosed is redisGone where nothing may pass uncounted.
func redisGoneClosed(ctx context.Context, s *stage, hold time.Duration) (time.Time, string, error) {
	if err := s.restart(ctx, "DOCKET_RATE_LIMIT_ON_FAILURE=closed"); err != nil {
		return time.Time{}, "", err
	}
	if _, err := s.traffic.recovered(ctx, time.Now()); err != nil {
		return time.Time{}, "", err
	}
	s.traffic.watch(allowance{unavailable: true, noAnswer: true})
	s.redis.kill()
	err := errors.Join(s.traffic.until(ctx, "clients notice", failing), sleep(ctx, hold), s.redis.start(ctx))
	right := time.Now()
	if err != nil {
		return time.Time{}, "", err
	}
	took, err := s.traffic.recovered(ctx, right)
	if err != nil {
		return time.Time{}, "", err
	}
	return time.Now(), fmt.Sprintf("served %s after its return; then restarted: ", round(took)), s.restart(ctx)
}

// stranger asks who is asking, under a key of the issuer's.
func (s *stage) stranger(ctx context.Context, key int) (answer, error) {
	token, err := s.issuer.sign(key, "stranger@example.com")
	if err != nil {
		return answer{}, err
	}
	return ask(ctx, http.DefaultClient, http.MethodGet, s.server.API+"/auth/me", http.Header{"Authorization": {"Bearer " + token}}, nil)
}

// issuerGone takes the key set away: tokens of known keys stay good, and a new
// key is known when it is back.
func issuerGone(ctx context.Context, s *stage, hold time.Duration) (time.Time, string, error) {
	if err := errors.Join(s.issuer.stop(), sleep(ctx, hold)); err != nil {
		return time.Time{}, "", err
	}
	fresh := 1 - s.issuer.signing
	s.issuer.publish(s.issuer.signing, fresh)
	meanwhile, err := s.stranger(ctx, fresh)
	if err != nil {
		return time.Time{}, "", err
	}
	if err := s.issuer.start(ctx); err != nil {
		return time.Time{}, "", err
	}
	back := time.Now()
	for limit := back.Add(progressPatience); ; {
		a, err := s.stranger(ctx, fresh)
		if err == nil && a.status == http.StatusOK {
			break
		}
		if time.Now().After(limit) {
			return time.Time{}, "", fmt.Errorf("the new key is not known after %s: %d %s: %w", progressPatience, a.status, a.body, err)
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return time.Time{}, "", err
		}
	}
	return time.Now(), fmt.Sprintf("a token of a new key was answered %d meanwhile, and 200 %s after the issuer's return: ", meanwhile.status, round(time.Since(back))), nil
}

func startWithoutIssuer(ctx context.Context, s *stage, hold time.Duration) (time.Time, string, error) {
	err := errors.Join(s.issuer.stop(), s.restart(ctx))
	if err == nil {
		err = errors.Join(s.traffic.until(ctx, "clients are told", func(t tally) bool { return t.failed["503 SERVICE_UNAVAILABLE"] > 0 }),
			s.unreadyFor(ctx, "key_set"), sleep(ctx, hold), s.issuer.start(ctx))
	}
	return time.Now(), "", err
}

// terminated stops the server in the middle, and starts another in its place.
func terminated(ctx context.Context, s *stage, _ time.Duration) (time.Time, string, error) {
	began := time.Now()
	if err := s.stopServer(ctx); err != nil {
		return time.Time{}, "", err
	}
	stopped := time.Since(began)
	if err := s.startServer(ctx); err != nil {
		return time.Time{}, "", err
	}
	return time.Now(), fmt.Sprintf("ended well after %s: ", round(stopped)), nil
}
