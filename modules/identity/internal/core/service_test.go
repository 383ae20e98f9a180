package core_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/identity/internal/core"
	"docket/modules/identity/internal/memory"
	"docket/modules/identity/internal/postgres"
	"docket/platform/errs"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
	pg "docket/platform/postgres"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// world is a database, on which any number of processes may run.
type world struct {
	db    *pg.DB
	owner *pg.DB // sees the rows of all users
	clock *httpxtest.Clock
	ids   *httpxtest.IDs
}

func newWorld(t *testing.T) world {
	t.Helper()
	db, owner := pgtest.OpenBoth(t)
	return world{db: db, owner: owner, clock: httpxtest.NewClock(), ids: httpxtest.NewIDs()}
}

// process is a service with a memory of its own, as each replica has.
func (w world) process(t *testing.T) *core.Service {
	t.Helper()
	return w.replica(t).Service
}

func (w world) over(t *testing.T, store core.Store) *core.Service {
	t.Helper()
	m, err := memory.New()
	if err != nil {
		t.Fatal(err)
	}
	lookout := core.NewLookout(postgres.NewStore(w.db), m, w.clock.Now)
	return core.NewService(store, m, lookout, w.clock.Now, w.ids.Next)
}

// users counts the rows of the table.
func (w world) users(t *testing.T) int {
	t.Helper()
	n, err := pg.GetUnowned(t.Context(), w.owner, pg.Door{}, func(n *int) []any { return []any{n} }, `SELECT count(*) FROM users`)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// token is what a token of Ada's says that was issued so many minutes into the
// test.
func (w world) token(minute int, email string) core.Claims {
	return core.Claims{
		Issuer: "site", Subject: "ada", Email: &email, Name: new("Ada"),
		IssuedAt: httpxtest.NewClock().Now().Truncate(time.Second).Add(time.Duration(minute) * time.Minute),
	}
}

func identify(t *testing.T, s *core.Service, c core.Claims) uuid.UUID {
	t.Helper()
	id, err := s.Identify(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func wantEmail(t *testing.T, s *core.Service, id uuid.UUID, want string) {
	t.Helper()
	u, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if u.Email == nil || *u.Email != want {
		t.Errorf("the profile is %+v, want the e-mail address %s", u, want)
	}
}

func TestFirstRequestsAtOnceMakeOneUser(t *testing.T) {
	t.Parallel()
	for _, n := range []int{10, 50} {
		w := newWorld(t)
		// Half of them each reach another process.
		processes := []*core.Service{w.process(t), w.process(t)}
		ids, failures := make([]uuid.UUID, n), make([]error, n)
		start := make(chan struct{})
		var done sync.WaitGroup
		for i := range n {
			done.Go(func() {
				<-start
				ids[i], failures[i] = processes[i%2].Identify(t.Context(), w.token(0, "ada@example.com"))
			})
		}
		close(start)
		done.Wait()
		for i := range n {
			if failures[i] != nil || ids[i] != ids[0] || ids[i] == uuid.Nil {
				t.Errorf("request %d of %d is of %s, %v; the first is of %s", i, n, ids[i], failures[i], ids[0])
			}
		}
		if got := w.users(t); got != 1 {
			t.Errorf("%d first requests made %d users", n, got)
		}
	}
}

// Issuer and subject tell users apart, byte for byte, and nothing else does.
func TestWhoIsWho(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.process(t)
	seen := map[uuid.UUID]core.Claims{}
	for _, c := range []core.Claims{
		{Issuer: "site", Subject: "ada"}, {Issuer: "site", Subject: "Ada"}, {Issuer: "site", Subject: "ada "}, {Issuer: "site", Subject: "ada\u0301"},
		{Issuer: "site", Subject: "adá"}, {Issuer: "Site", Subject: "ada"}, {Issuer: "sitea", Subject: "da"}, {Issuer: "site", Subject: "0198c0de-0000-7000-8000-00000000000a"},
		{Issuer: "site", Subject: "0198C0DE-0000-7000-8000-00000000000A"}, {Issuer: "site", Subject: "' OR 1=1 --"},
	} {
		c.Email = new("same@example.com")
		id := identify(t, s, c)
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q are one user", c.Subject, other.Subject)
		}
		seen[id] = c
		if again := identify(t, w.process(t), c); again != id {
			t.Errorf("%q is another user in another process", c.Subject)
		}
		u, err := s.Get(t.Context(), id)
		if err != nil || u.Subject != c.Subject || u.Issuer != c.Issuer {
			t.Errorf("%+v is kept as %+v, %v", c, u, err)
		}
	}
}

// A known user costs no round trip: not even a database is needed.
func TestKnownUserAsksNoDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.replica(t)
	identify(t, s.Service, w.token(0, "ada@example.com"))
	look(t, s.Lookout)
	id := identify(t, s.Service, w.token(0, "ada@example.com"))
	w.db.Close()
	for minute := range 2 {
		if got := identify(t, s.Service, w.token(minute, "ada@example.com")); got != id {
			t.Errorf("minute %d: %s, want %s", minute, got, id)
		}
	}
	if got := identify(t, s.Service, w.token(-5, "old@example.com")); got != id {
		t.Errorf("by an older token: %s, want %s", got, id)
	}
	if _, err := s.Identify(t.Context(), core.Claims{Issuer: "site", Subject: "bob"}); err == nil {
		t.Error("a stranger was identified without a database")
	}
}

func TestProfileFollowsTheNewestToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.process(t), w.process(t)
	id := identify(t, a, w.token(0, "first@example.com"))
	wantEmail(t, a, id, "first@example.com")
	identify(t, b, w.token(0, "first@example.com"))

	w.clock.Advance(time.Hour)
	identify(t, a, w.token(2, "third@example.com"))
	wantEmail(t, a, id, "third@example.com")
	// Older tokens that are still alive do not take it back, in either process.
	for range 3 {
		for _, s := range []*core.Service{a, b, w.process(t)} {
			identify(t, s, w.token(0, "first@example.com"))
			identify(t, s, w.token(1, "second@example.com"))
			identify(t, s, w.token(2, "third@example.com"))
		}
	}
	wantEmail(t, b, id, "third@example.com")
	u, err := b.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	want := core.User{
		ID: id, Issuer: "site", Subject: "ada", Email: new("third@example.com"), Name: new("Ada"), ProfileAsOf: w.token(2, "").IssuedAt,
		TimeZone: core.UTC, CreatedAt: httpxtest.NewClock().Now(), UpdatedAt: w.clock.Now(), Revision: 2,
	}
	if diff := cmp.Diff(want, u); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	identify(t, b, core.Claims{Issuer: "site", Subject: "ada", IssuedAt: w.token(3, "").IssuedAt})
	if u, err = a.Get(t.Context(), id); err != nil || u.Email != nil || u.Name != nil {
		t.Errorf("after a token without a profile: %+v, %v", u, err)
	}
	if n := w.users(t); n != 1 {
		t.Errorf("there are %d users", n)
	}
}

// interrupted is a store in which something happens right before the next
// update.
type interrupted struct {
	core.Store
	meanwhile func()
}

func (s *interrupted) Update(ctx context.Context, u core.User) error {
	if fn := s.meanwhile; fn != nil {
		s.meanwhile = nil
		fn()
	}
	return s.Store.Update(ctx, u)
}

func zone(z core.TimeZone) core.Change {
	return func(d *core.Draft) errs.Faults {
		d.TimeZone = z
		return nil
	}
}

// A new profile that comes in while the user changes something else is not
// forgotten: the next request brings it.
func TestProfileAndTimeZoneAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store := &interrupted{Store: postgres.NewStore(w.db)}
	s, other := w.over(t, store), w.process(t)
	id := identify(t, s, w.token(0, "first@example.com"))
	store.meanwhile = func() {
		if _, err := other.Update(t.Context(), id, nil, zone("Europe/Berlin")); err != nil {
			t.Error(err)
		}
	}
	if got := identify(t, s, w.token(1, "second@example.com")); got != id {
		t.Errorf("identified as %s, want %s", got, id)
	}
	identify(t, s, w.token(1, "second@example.com"))
	wantEmail(t, s, id, "second@example.com")

	// And the other way round: neither is lost.
	store.meanwhile = func() { identify(t, other, w.token(2, "third@example.com")) }
	u, err := s.Update(t.Context(), id, nil, zone("Asia/Kathmandu"))
	if err != nil || u.TimeZone != "Asia/Kathmandu" || *u.Email != "third@example.com" {
		t.Errorf("got %+v, %v", u, err)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.process(t)
	id := identify(t, s, w.token(0, "ada@example.com"))
	w.clock.Advance(time.Hour)
	before, err := s.Update(t.Context(), id, nil, zone(core.UTC))
	if err != nil || before.Revision != 1 || before.UpdatedAt == w.clock.Now() {
		t.Errorf("a change to what is there already: %+v, %v", before, err)
	}
	faulty := func(*core.Draft) errs.Faults { return errs.Faults{{Field: "time_zone", Code: errs.FaultInvalidValue}} }
	if _, err := s.Update(t.Context(), id, nil, faulty); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a faulty change: %v", err)
	}
	refused := errs.New(errs.PreconditionFailed, "not like this")
	guard := func(current *core.User) error {
		if diff := cmp.Diff(before, *current); diff != "" {
			t.Errorf("the guard sees (-want +got):\n%s", diff)
		}
		return refused
	}
	if _, err := s.Update(t.Context(), id, guard, zone("Europe/Berlin")); errs.KindOf(err) != errs.PreconditionFailed {
		t.Errorf("a refused change: %v", err)
	}
	got, err := s.Get(t.Context(), id)
	if diff := cmp.Diff(before, got); diff != "" || err != nil {
		t.Errorf("%v, refused changes changed (-want +got):\n%s", err, diff)
	}
	if u, err := s.Update(t.Context(), id, nil, zone("Europe/Berlin")); err != nil || u.TimeZone != "Europe/Berlin" || u.UpdatedAt != w.clock.Now() {
		t.Errorf("got %+v, %v", u, err)
	}
	missing := httpxtest.ID(99)
	if _, err := s.Update(t.Context(), missing, nil, zone("Europe/Berlin")); errs.KindOf(err) != errs.Unauthenticated {
		t.Errorf("a user that is not there: %v", err)
	}
}
