package release_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"docket/platform/release"
)

type checkout struct{ release.Checkout }

func (c checkout) must(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs git")
	}
	out, err := c.Git(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// repository is one with two commits, and a file that says which it is of.
func repository(t *testing.T) checkout {
	t.Helper()
	c := checkout{release.Checkout(t.TempDir())}
	c.must(t, "init", "-q", "-b", "main")
	for _, text := range []string{"before", "now"} {
		if err := os.WriteFile(filepath.Join(string(c.Checkout), "file"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c.must(t, "add", ".")
		c.must(t, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "c")
	}
	return c
}

// The files of a release are those of its commit, and the checkout stays as it
// is.
func TestCopy(t *testing.T) {
	t.Parallel()
	c := repository(t)
	folder := filepath.Join(t.TempDir(), "before")
	if err := c.Copy(t.Context(), "HEAD^", folder); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{folder: "before", string(c.Checkout): "now"} {
		if got, err := os.ReadFile(filepath.Join(at, "file")); err != nil || string(got) != want {
			t.Errorf("%s has %q, %v; want %q", at, got, err, want)
		}
	}
	if got := c.must(t, "status", "--porcelain"); got != "" {
		t.Errorf("the checkout has changed: %s", got)
	}
	if err := c.Copy(t.Context(), "nowhere", filepath.Join(t.TempDir(), "x")); err == nil {
		t.Error("a revision that is not there was copied")
	}
}

func TestLastRelease(t *testing.T) {
	t.Parallel()
	c := repository(t)
	before := c.must(t, "rev-parse", "HEAD^")
	wants := func(when, want string) {
		t.Helper()
		if got, err := c.Last(t.Context()); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", when, got, err, want)
		}
	}
	wants("on main", before)
	c.must(t, "checkout", "-q", "-b", "feature")
	fork := c.must(t, "rev-parse", "HEAD")
	c.must(t, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "c")
	c.must(t, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "c")
	wants("on a branch", fork)
	c.must(t, "tag", "v1", before)
	wants("after a tag", "v1")
	c.must(t, "tag", "v2") // what is being shipped is not what runs
	wants("on a tag", "v1")
	c.must(t, "checkout", "-q", "v1")
	c.must(t, "tag", "-d", "v1", "v2")
	c.must(t, "branch", "-q", "-D", "main", "feature")
	wants("the first commit", "")
	shallow := checkout{release.Checkout(t.TempDir())}
	shallow.must(t, "clone", "-q", "--depth", "1", "file://"+string(repository(t).Checkout), ".")
	if got, err := shallow.Last(t.Context()); err == nil {
		t.Errorf("in a shallow clone: %q", got)
	}
}
