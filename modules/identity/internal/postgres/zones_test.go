package postgres_test

import (
	"testing"

	"docket/modules/identity/internal/core"
	"docket/modules/identity/internal/postgres"
	"docket/platform/errs"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

// A zone is what the store says now, not what was read before.
func TestZones(t *testing.T) {
	t.Parallel()
	s := postgres.NewStore(pgtest.Open(t))
	ada := user(1, "ada")
	if _, err := s.FindOrAdd(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	zones := core.NewZones(s)
	for _, zone := range []core.TimeZone{core.UTC, "Pacific/Kiritimati"} {
		if zone != core.UTC {
			ada.TimeZone, ada.Revision = zone, ada.Revision+1
			if err := s.Update(t.Context(), ada); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := zones.TimeZone(t.Context(), ada.ID); err != nil || got != string(zone) {
			t.Errorf("Ada is in %q, %v; want %s", got, err, zone)
		}
	}
	if zone, err := zones.TimeZone(t.Context(), httpxtest.ID(2)); errs.KindOf(err) != errs.Unauthenticated {
		t.Errorf("nobody is in %q, %v", zone, err)
	}
}
