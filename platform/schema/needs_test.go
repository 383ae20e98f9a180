package schema_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/schema"
)

func TestNeeds(t *testing.T) {
	t.Parallel()
	const text = `schema "public" {}

// owner: a
table "kept" {
  schema = schema.public
  column "id" { type = uuid }
  // not read yet: the next release does
  column "later" {
    type = text
    null = true
  }
  column "name" { type = text }
  primary_key { columns = [column.id] }
  index "kept_name" { columns = [column.name] }
}

// owner: a
// not read yet
table "to_come" {
  schema = schema.public
  column "id" { type = uuid }
}
`
	got, err := schema.Needs([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]schema.Column{{Table: "kept", Name: "id"}, {Table: "kept", Name: "name"}}, got); diff != "" {
		t.Errorf("needed (-want +got):\n%s", diff)
	}
	if _, err := schema.Needs([]byte("table {")); err == nil {
		t.Error("a damaged file is taken")
	}
}

func TestNeedsOfTheRepositorysSchema(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", schema.File))
	if err != nil {
		t.Fatal(err)
	}
	got, err := schema.Needs(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []schema.Column{{Table: "users", Name: "id"}, {Table: "tasks", Name: "title"}, {Table: "service_keys", Name: "key"}} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not needed", want)
		}
	}
}
