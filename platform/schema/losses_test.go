package schema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/pgtest"
	"docket/platform/schema"
)

func TestLossesNameWhatHasSomethingInIt(t *testing.T) {
	t.Parallel()
	url, file := pgtest.AsOwner(t, pgtest.URL(t)), repositoryFile(t)
	execute(t, url,
		"CREATE TABLE notes (n int)", "INSERT INTO notes VALUES (1)",
		"CREATE TABLE nothing (n int)",
		"ALTER TABLE service_keys ADD COLUMN hint text, ADD COLUMN empty text",
		"INSERT INTO service_keys (name, key, hint) VALUES ('a', 'b', 'c')",
	)
	statements, err := schema.Plan(t.Context(), url, file)
	if err != nil || len(statements) == 0 {
		t.Fatalf("Plan: %q, %v", statements, err)
	}
	lost, err := schema.Losses(t.Context(), url, statements)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]bool{"notes": true, "service_keys.hint": true}, asSet(lost)); diff != "" {
		t.Errorf("of %q (-want +got):\n%s", statements, diff)
	}
}

func asSet(names []string) map[string]bool {
	set := map[string]bool{}
	for _, n := range names {
		set[n] = true
	}
	return set
}
