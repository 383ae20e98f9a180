package arch

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// topLevel is all that may lie in the repository's own folder; names that begin
// with a dot come on top.
var topLevel = []string{
	"README.md", "Taskfile.yml", "atlas.hcl", "cmd", "configs", "go.mod", "go.sum", "modules", "platform", "schema.hcl",
}

// strangers are the first names of those paths that do not belong at the top.
func strangers(paths []string) []string {
	var found []string
	for _, path := range paths {
		name, _, _ := strings.Cut(path, "/")
		if !strings.HasPrefix(name, ".") && !slices.Contains(topLevel, name) && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found
}

// The top of the repository is the first thing that anybody sees of it. What is
// not committed is its owner's own affair.
func TestTopLevel(t *testing.T) {
	t.Parallel()
	git := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	git.Dir = "../.."
	out, err := git.Output()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("list the files that are committed: %v", err)
	default:
		t.Skipf("git cannot list the files that are committed: %v", err)
	}
	paths := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if !slices.Contains(paths, "go.mod") {
		t.Fatalf("go.mod is not among the %d files that are committed", len(paths))
	}
	if found := strangers(paths); len(found) > 0 {
		t.Errorf("at the top of the repository lie %q, which have a better place: there belong %q", found, topLevel)
	}
}

func TestTopLevelSeesStrangers(t *testing.T) {
	t.Parallel()
	found := strangers([]string{"go.mod", ".ci/run", "docket.go", "docs/a.md", "docs/b.md", "cmd/docket/main.go"})
	if want := []string{"docket.go", "docs"}; !slices.Equal(found, want) {
		t.Errorf("strangers = %q, want %q", found, want)
	}
}
