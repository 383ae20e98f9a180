package postgres_test

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/identity/internal/core"
	"docket/modules/identity/internal/postgres"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var noon = time.Date(2026, time.March, 14, 12, 0, 0, 123_456_000, time.UTC)

func user(n uint64, subject string) core.User {
	return core.User{
		ID: httpxtest.ID(n), Issuer: "site", Subject: subject, Email: new("ada@example.com"), Name: new("Ada 家 👩‍👩‍👧"),
		ProfileAsOf: noon.Add(-time.Minute), TimeZone: core.UTC, CreatedAt: noon, UpdatedAt: noon, Revision: 1,
	}
}

func wantStored(t *testing.T, s *postgres.Store, want core.User) {
	t.Helper()
	got, err := s.Get(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestFindOrAdd(t *testing.T) {
	t.Parallel()
	s := postgres.NewStore(pgtest.Open(t))
	nameless := user(2, strings.Repeat("𝒳", 255))
	nameless.Email, nameless.Name, nameless.ProfileAsOf = nil, nil, time.Time{}
	for _, u := range []core.User{user(1, "ada"), nameless, user(3, "Ada")} {
		got, err := s.FindOrAdd(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(u, got); diff != "" {
			t.Errorf("added (-want +got):\n%s", diff)
		}
		wantStored(t, s, u)
		// Another that claims to be the same is the one that was there.
		fresh := user(99, u.Subject)
		fresh.Email = new("other@example.com")
		if got, err = s.FindOrAdd(t.Context(), fresh); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(u, got); diff != "" {
			t.Errorf("found (-want +got):\n%s", diff)
		}
	}
	if _, err := s.Get(t.Context(), httpxtest.ID(99)); !errors.Is(err, core.NotFound(httpxtest.ID(99))) {
		t.Errorf("a user was added twice: %v", err)
	}
}

func TestRacingFindOrAdd(t *testing.T) {
	t.Parallel()
	s := postgres.NewStore(pgtest.Open(t))
	const rivals = 50
	ids, failures := make([]uuid.UUID, rivals), make([]error, rivals)
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range rivals {
		done.Go(func() {
			<-start
			u, err := s.FindOrAdd(t.Context(), user(uint64(i+1), "ada"))
			ids[i], failures[i] = u.ID, err
		})
	}
	close(start)
	done.Wait()
	for i := range rivals {
		if failures[i] != nil || ids[i] != ids[0] {
			t.Errorf("rival %d: %s, %v; the first: %s", i, ids[i], failures[i], ids[0])
		}
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	s := postgres.NewStore(pgtest.Open(t))
	bystander := user(2, "bob")
	for _, u := range []core.User{user(1, "ada"), bystander} {
		if _, err := s.FindOrAdd(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	next := user(1, "ada")
	next.Email, next.Name, next.ProfileAsOf, next.TimeZone = nil, new("Ada L."), noon, "Europe/Berlin"
	next.UpdatedAt, next.Revision = noon.Add(time.Hour), 2
	if err := s.Update(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	wantStored(t, s, next)
	for name, revision := range map[string]int64{"the same revision again": 2, "one skipped": 4, "long ago": 0} {
		late := next
		late.TimeZone, late.Revision = "Asia/Kathmandu", revision
		if err := s.Update(t.Context(), late); !errors.Is(err, core.ErrRevised) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Who somebody is never changes.
	other := next
	other.Issuer, other.Subject, other.CreatedAt, other.Revision = "elsewhere", "eve", noon.Add(time.Hour), 3
	if err := s.Update(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	next.Revision = 3
	wantStored(t, s, next)
	wantStored(t, s, bystander)
}

func TestFailuresAreNotTakenForStrangers(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	s := postgres.NewStore(db)
	db.Close()
	if u, err := s.FindOrAdd(t.Context(), user(1, "ada")); err == nil {
		t.Errorf("without a database: %+v", u)
	}
	if _, err := s.Get(t.Context(), httpxtest.ID(1)); err == nil || errors.Is(err, core.NotFound(httpxtest.ID(1))) {
		t.Errorf("without a database: %v", err)
	}
	if err := s.Update(t.Context(), user(1, "ada")); err == nil || errors.Is(err, core.ErrRevised) {
		t.Errorf("without a database: %v", err)
	}
}
