package main

import (
	"context"
	"testing"
	"time"

	"docket/platform/auth/devissuer"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

// replicas are processes over one database, and one client of each for a user.
func replicas(t *testing.T, n int, email string) []client {
	t.Helper()
	settings := []string{"DATABASE_URL=" + pgtest.URL(t), "DOCKET_DATA_DIR=" + t.TempDir(), "DOCKET_RATE_LIMIT_REQUESTS=100000", "DOCKET_RATE_LIMIT_AUTH_FAILURES=100000"}
	now := time.Now()
	var clients []client
	first := servingOn(t, settings...)
	token := first.bearing(t, devissuer.Claims{
		Subject: devissuer.SubjectFor(email), Email: email, Name: "Ada", IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	}).authorization
	clients = append(clients, client{base: first.greeting.API, authorization: token})
	for range n - 1 {
		clients = append(clients, client{base: launch(t, settings...).greeting.API, authorization: token})
	}
	return clients
}

// The first requests of a new user reach several processes at once: they agree
// about who it is.
func TestReplicasAgreeAboutANewUser(t *testing.T) {
	t.Parallel()
	all := replicas(t, 3, adaAddress)
	seen := map[string]int{}
	for _, r := range race(t, 30, func(ctx context.Context, i int) (httpxtest.Response, error) {
		return all[i%len(all)].try(ctx, "GET", "/auth/me", "")
	}) {
		seen[one(t, r, 200).ID]++
	}
	if len(seen) != 1 {
		t.Errorf("30 first requests made the users %v", seen)
	}
}

// Who is erased in one process is nobody to the others a second later, even if
// they let them in a moment before, and whatever they ask for.
func TestReplicasAgreeAboutAnErasedUser(t *testing.T) {
	t.Parallel()
	all := replicas(t, 3, adaAddress)
	task := one(t, all[0].do(t, "POST", "/tasks", `{"title":"x"}`), 201)
	// Long enough that each lets the user in from memory.
	for began := time.Now(); time.Since(began) < 2*lookEvery; {
		for _, c := range all {
			c.do(t, "GET", "/tasks/"+task.ID, "").Want(t, 200)
		}
	}
	all[0].do(t, "DELETE", "/auth/me", "").Want(t, 204)
	erased := time.Now()
	all[0].do(t, "GET", "/tasks", "").WantFailure(t, 401, "UNAUTHENTICATED")
	let := 0
	for time.Since(erased) <= time.Second {
		for _, c := range all[1:] {
			if c.do(t, "GET", "/projects", "").Status == 200 {
				let++
			}
		}
	}
	t.Logf("let in %d times within the second", let)
	for range 2 {
		for _, c := range all {
			c.do(t, "GET", "/tasks/"+task.ID, "").WantFailure(t, 401, "UNAUTHENTICATED")
			c.do(t, "GET", "/tasks", "").WantFailure(t, 401, "UNAUTHENTICATED")
			c.do(t, "POST", "/tasks", `{"title":"back"}`).WantFailure(t, 401, "UNAUTHENTICATED")
			c.do(t, "POST", "/batch", `{"operations":[{"op":"create","data":{"title":"back"}}]}`).WantFailure(t, 401, "UNAUTHENTICATED")
			c.do(t, "GET", "/auth/me/export", "").WantFailure(t, 401, "UNAUTHENTICATED")
		}
		time.Sleep(lookEvery)
	}
}
