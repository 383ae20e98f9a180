package main

import (
	"context"
	"net/http"
	"testing"

	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
	"docket/platform/redistest"
)

// Three processes on one Redis let exactly the limit pass, however the requests
// are spread; another user has a limit of their own.
func TestReplicasShareOneLimit(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	const limit, asked = 40, 90
	// A window of an hour gives back one request in 90 seconds, and the budget is
	// one that a slow machine keeps: no request is let through uncounted.
	settings := []string{
		"DATABASE_URL=" + pgtest.URL(t), "DOCKET_DATA_DIR=" + t.TempDir(), "DOCKET_RATE_LIMIT_STORE=redis", "DOCKET_REDIS_URL=" + redis.URL(),
		"DOCKET_RATE_LIMIT_REQUESTS=40", "DOCKET_RATE_LIMIT_WINDOW=1h", "DOCKET_RATE_LIMIT_REDIS_TIMEOUT=5s", "DOCKET_RATE_LIMIT_ON_FAILURE=closed",
	}
	first := servingOn(t, settings...)
	ada, bob := first.as(t, adaAddress), first.as(t, "bob@example.com")
	bases := []string{first.greeting.API, launch(t, settings...).greeting.API, launch(t, settings...).greeting.API}
	passed, refused := 0, 0
	for _, r := range race(t, asked, func(ctx context.Context, i int) (httpxtest.Response, error) {
		return client{base: bases[i%len(bases)], authorization: ada.authorization}.try(ctx, "GET", "/auth/me", "")
	}) {
		switch r.Status {
		case http.StatusOK:
			passed++
		case http.StatusTooManyRequests:
			refused++
			if r.Header.Get("Retry-After") == "" || r.Header.Get("RateLimit-Limit") != "40" {
				t.Errorf("429 with the headers %v", r.Header)
			}
		default:
			t.Errorf("%d %s", r.Status, r.Body)
		}
	}
	if passed != limit || refused != asked-limit {
		t.Errorf("%d passed and %d were refused, of a limit of %d", passed, refused, limit)
	}
	for _, base := range bases {
		client{base: base, authorization: bob.authorization}.do(t, "GET", "/auth/me", "").Want(t, http.StatusOK)
	}
}
