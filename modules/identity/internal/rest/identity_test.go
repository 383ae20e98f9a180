package rest_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"docket/modules/identity/internal/core"
	"docket/modules/identity/internal/memory"
	"docket/modules/identity/internal/postgres"
	"docket/modules/identity/internal/rest"
	"docket/platform/auth"
	"docket/platform/auth/devissuer"
	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
	"docket/platform/idempotency"
	"docket/platform/pgtest"
	pg "docket/platform/postgres"
	"docket/platform/ratelimit"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const me = "/api/v1/auth/me"

// fixture is the module with a real issuer and a real verifier.
type fixture struct {
	db     *pg.DB
	owner  *pg.DB // sees the rows of all users
	clock  *httpxtest.Clock
	issuer *devissuer.Issuer
	app    *httpxtest.App
	// shelf is what each user owns.
	shelf   *shelf
	erasure *core.Erasure
	// guesses are the requests that count as such.
	guesses *counter
}

// counter is a limiter that lets all through.
type counter struct{ n atomic.Int64 }

// Allow implements [httpx.Limiter].
func (c *counter) Allow(context.Context, string) (ratelimit.Decision, error) {
	c.n.Add(1)
	return ratelimit.Decision{Allowed: true}, nil
}

func open(t *testing.T) fixture {
	t.Helper()
	db, owner := pgtest.OpenBoth(t)
	f := fixture{guesses: &counter{}, db: db, owner: owner, clock: httpxtest.NewClock()}
	var err error
	if f.issuer, err = devissuer.Open(t.TempDir(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	keys := auth.NewKeySet(f.issuer.KeySet, auth.KeySetConfig{})
	if err := keys.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(keys.Close)
	verifier, err := auth.NewVerifier(keys, auth.Config{
		Issuers:   []auth.IssuerTrust{{Issuer: devissuer.IssuerURL, Trust: devissuer.Trust}},
		Audiences: []string{devissuer.Audience}, Now: f.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	remembered, err := memory.New()
	if err != nil {
		t.Fatal(err)
	}
	store := postgres.NewStore(f.db)
	lookout := core.NewLookout(store, remembered, f.clock.Now)
	if err := lookout.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	users := core.NewService(store, remembered, lookout, f.clock.Now, httpxtest.NewIDs().Next)
	f.shelf = &shelf{}
	f.erasure = core.NewErasure(store, f.db, remembered, core.Belongings{f.shelf}, f.clock.Now)
	exports := core.NewExports(store, f.db, core.Collections{{Name: "books", From: f.shelf}, {Name: "films", From: &shelf{}}}, f.clock.Now)
	f.app = httpxtest.New(t, rest.Routes(users, f.erasure, exports), httpxtest.At(f.clock), func(c *httpx.Config) {
		c.Users = rest.NewAuthenticator(verifier, users)
		c.Failures = f.guesses
		c.Replays = idempotency.NewStore(f.db, f.clock.Now)
	})
	return f
}

// as returns a client with a token that is issued now.
func (f fixture) as(t *testing.T, subject, email, name string) httpxtest.Client {
	t.Helper()
	token, err := f.issuer.Sign(devissuer.Claims{
		Subject: subject, Email: email, Name: name, IssuedAt: f.clock.Now(), ExpiresAt: f.clock.Now().Add(15 * time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	return f.app.As(token)
}

// user is what the API says of one.
type user struct {
	ID        string    `json:"id"`
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Email     *string   `json:"email"`
	Name      *string   `json:"name"`
	TimeZone  string    `json:"time_zone"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func get(t *testing.T, c httpxtest.Client) user {
	t.Helper()
	var u user
	c.Do(t, "GET", me, "").Want(t, http.StatusOK).Data(t, &u)
	return u
}

func TestGolden(t *testing.T) {
	t.Parallel()
	f := open(t)
	ada := f.as(t, "oy1Bx5LGwPXW", "ada@example.com", `Ada "the first" <L>`)
	ada.Do(t, "GET", me, "").Golden(t, "get")
	stale := ada.Do(t, "GET", me, "").ETag()
	ada.Do(t, "GET", me, "", "If-None-Match", stale).Golden(t, "get_not_modified")
	f.clock.Advance(time.Second)
	ada.Do(t, "PATCH", me, `{}`).Golden(t, "patch_nothing")
	ada.Do(t, "PATCH", me, `{"time_zone":"Europe/Berlin"}`, "If-Match", stale, "Content-Type", "application/merge-patch+json").Golden(t, "patch")
	ada.Do(t, "PATCH", me, `{"time_zone":"UTC"}`, "If-Match", stale).Golden(t, "patch_stale")
	ada.Do(t, "PATCH", me, `{"timezone":"x","time_zone":"Europe/Atlantis","id":"x","subject":1,"issuer":null,"email":"e","name":"n","created_at":1,"updated_at":1}`).Golden(t, "faults")
	f.as(t, "nameless", "", "").Do(t, "GET", me, "").Golden(t, "get_nameless")
	f.app.As("not.a.token").Do(t, "GET", me, "").Golden(t, "unauthenticated")
	f.app.Anonymous().Do(t, "GET", me, "").Golden(t, "anonymous")
	f.clock.Advance(time.Hour)
	ada.Do(t, "GET", me, "").Golden(t, "expired")
}

func TestFaults(t *testing.T) {
	t.Parallel()
	f := open(t)
	ada := f.as(t, "ada", "ada@example.com", "Ada")
	for body, want := range map[string]string{
		`{"time_zone":null}`:           "time_zone null_not_allowed",
		`{"time_zone":1}`:              "time_zone invalid_type",
		`{"time_zone":""}`:             "time_zone invalid_value",
		`{"time_zone":"Local"}`:        "time_zone invalid_value",
		`{"time_zone":"UTC\u0000"}`:    "time_zone invalid_format",
		`{"time_zone":"../../zone"}`:   "time_zone invalid_value",
		`{"email":"eve@example.com"}`:  "email read_only",
		`{"name":null}`:                "name read_only",
		`{"time_zone":"UTC","role":1}`: "role unknown_field",
	} {
		ada.Do(t, "PATCH", me, body).WantInvalid(t, want)
	}
	if u := get(t, ada); u.TimeZone != "UTC" || u.UpdatedAt != u.CreatedAt {
		t.Errorf("a refused change changed %+v", u)
	}
}

// Ten first requests at once, and fifty, make one user, who has what each of
// them may have read.
func TestFirstRequestsAtOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{10, 50} {
		f := open(t)
		ada := f.as(t, "ada", "ada@example.com", "Ada")
		ids := make([]string, n)
		start := make(chan struct{})
		var done sync.WaitGroup
		for i := range n {
			done.Go(func() {
				<-start
				r := ada.Do(t, "GET", me, "")
				if r.Status != http.StatusOK {
					t.Errorf("request %d: %d %s", i, r.Status, r.Body)
				}
				ids[i] = r.ETag()
			})
		}
		close(start)
		done.Wait()
		for i := range n {
			if ids[i] != ids[0] {
				t.Errorf("request %d of %d saw another user than the first", i, n)
			}
		}
		rows, err := pg.GetUnowned(t.Context(), f.owner, pg.Door{}, func(n *int) []any { return []any{n} }, `SELECT count(*) FROM users`)
		if err != nil || rows != 1 {
			t.Errorf("%d first requests made %d users, %v", n, rows, err)
		}
	}
}

// Of two tokens that live at once the older does not bring its profile back.
func TestOlderTokenDoesNotFlap(t *testing.T) {
	t.Parallel()
	f := open(t)
	older := f.as(t, "ada", "old@example.com", "Ada")
	first := get(t, older)
	f.clock.Advance(time.Minute)
	newer := f.as(t, "ada", "new@example.com", "Ada L.")
	want := first
	want.Email, want.Name, want.UpdatedAt = new("new@example.com"), new("Ada L."), f.clock.Now()
	for range 3 {
		for _, c := range []httpxtest.Client{newer, older} {
			if diff := cmp.Diff(want, get(t, c)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	}
}

func TestUsersAreApart(t *testing.T) {
	t.Parallel()
	f := open(t)
	// An address says nothing about who somebody is.
	ada, eve := f.as(t, "ada", "ada@example.com", "Ada"), f.as(t, "eve", "ada@example.com", "Ada")
	before := get(t, ada)
	if get(t, eve).ID == before.ID {
		t.Fatal("two subjects are one user")
	}
	f.clock.Advance(time.Second)
	eve.Do(t, "PATCH", me, `{"time_zone":"Asia/Kathmandu"}`).Want(t, http.StatusOK)
	if diff := cmp.Diff(before, get(t, ada)); diff != "" {
		t.Errorf("Eve's change changed Ada:\n%s", diff)
	}
}

func TestRacingPatchesWithOneETag(t *testing.T) {
	t.Parallel()
	f := open(t)
	ada := f.as(t, "ada", "ada@example.com", "Ada")
	tag := ada.Do(t, "GET", me, "").ETag()
	const rivals = 50
	status := make([]int, rivals)
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range rivals {
		done.Go(func() {
			<-start
			status[i] = ada.Do(t, "PATCH", me, fmt.Sprintf(`{"time_zone":"Etc/GMT+%d"}`, 1+i%12), "If-Match", tag).Status
		})
	}
	close(start)
	done.Wait()
	got := map[int]int{}
	for _, s := range status {
		got[s]++
	}
	if diff := cmp.Diff(map[int]int{http.StatusOK: 1, http.StatusPreconditionFailed: rivals - 1}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}
