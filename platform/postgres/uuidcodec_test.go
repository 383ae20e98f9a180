package postgres_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/platform/pgtest"
	"docket/platform/postgres"
)

type uuids struct {
	One  uuid.UUID
	None *uuid.UUID
	Some *uuid.UUID
	Many []uuid.UUID
}

func uuidFields(u *uuids) []any { return []any{&u.One, &u.None, &u.Some, &u.Many} }

// Whatever way a statement goes, UUIDs come back as they went, null and in
// arrays too.
func TestUUIDsGoBothWays(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	want := uuids{One: uuid.New(), Some: new(uuid.New()), Many: []uuid.UUID{uuid.New(), uuid.New()}}
	const sql = `SELECT $1::uuid, $2::uuid, $3::uuid, $4::uuid[]`
	for range 2 { // described, and then prepared
		got, err := postgres.Get(t.Context(), db, want.One, uuidFields, sql, want.None, want.Some, want.Many)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("UUIDs (-want +got):\n%s", diff)
		}
	}
	if got, err := postgres.Get(t.Context(), db, want.One, func(u *uuid.UUID) []any { return []any{u} }, `SELECT NULL::uuid WHERE $1::uuid IS NOT NULL`); err == nil {
		t.Errorf("null was read as %s", got)
	}
}
