package postgres_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/pgtest"
)

func TestMissingColumns(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	tables := []string{"tags", "tags", "nowhere", "nowhere", "tags", "users", "Quoted\"", "pg_class"}
	columns := []string{"id", "nothing", "id", "name", "ctid", "........pg.dropped.1........", "id", "oid"}
	got, err := db.MissingColumns(t.Context(), tables, columns)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Quoted\"", "nowhere", "tags.ctid", "tags.nothing", "users.........pg.dropped.1........"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if none, err := db.MissingColumns(t.Context(), tables[:1], columns[:1]); err != nil || len(none) > 0 {
		t.Errorf("of what is there, %v is missing: %v", none, err)
	}
}
