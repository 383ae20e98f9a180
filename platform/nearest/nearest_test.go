package nearest_test

import (
	"testing"

	"docket/platform/nearest"
)

func TestName(t *testing.T) {
	t.Parallel()
	known := []string{"name", "title", "description", "due_at", "due_on", "project_id", "tag_ids"}
	for name, want := range map[string]string{
		"titel":     "title",
		"nmae":      "name", //nolint:misspell // that is the point
		"Title":     "title",
		"dueAt":     "due_at",
		"tags_id":   "tag_ids",
		"projectId": "project_id",
		"xyz":       "",
		"tilte":     "title",
		"":          "",
	} {
		if got := nearest.Name(name, known); got != want {
			t.Errorf("Name(%q) = %q, want %q", name, got, want)
		}
	}
}
