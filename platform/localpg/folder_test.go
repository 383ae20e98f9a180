package localpg

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nothingInstalled is a machine without PostgreSQL and npm.
var nothingInstalled = environment{npm: "there-is-no-such-npm"}

// contents maps each path below dir to its mode, size and, for files, text.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := ""
		if info.Mode().IsRegular() {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text = string(b)
		}
		all[path] = info.Mode().String() + " " + text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFolderOfAnotherVersion(t *testing.T) {
	t.Parallel()
	for _, made := range []string{"14", "19", "9.6"} {
		dir := tempFolder(t)
		s := mustStart(t, dir)
		mustStop(t, s)
		if err := os.WriteFile(filepath.Join(s.home.data(), "PG_VERSION"), []byte(made+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		before := contents(t, s.home.data())
		_, err := Start(testContext(t), Options{Dir: dir})
		var version *VersionError
		if !errors.As(err, &version) || version.Made != made {
			t.Fatalf("a folder made by %s: %v", made, err)
		}
		for _, part := range []string{dir, "PostgreSQL " + made, s.Version(), "--data-dir"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("the error does not have %q: %v", part, err)
			}
		}
		if _, err := Start(testContext(t), Options{Dir: dir, Binaries: s.binaries.folder}); !errors.As(err, &version) {
			t.Errorf("with chosen binaries: %v", err)
		}
		if diff := cmp.Diff(before, contents(t, s.home.data())); diff != "" {
			t.Errorf("the folder was changed:\n%s", diff)
		}
	}
}

func TestNothingInstalled(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempFolder(t), "data")
	_, err := start(testContext(t), Options{Dir: dir}, nothingInstalled)
	if missing := (*MissingError)(nil); !errors.As(err, &missing) {
		t.Fatalf("on a machine without PostgreSQL: %v", err)
	}
	for goos, part := range map[string]string{"linux": "apt-get install postgresql", "darwin": "brew install postgresql", "windows": "winget install"} {
		if hint := installHint(goos); !strings.Contains(hint, part) || !strings.Contains(hint, "Node.js") {
			t.Errorf("on %s the hint is %q", goos, hint)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("it left %v, %v", entries, err)
	}
}

func TestFoldersThatAreSomethingElse(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"a cluster of somebody else's":       "PG_VERSION",
		"a folder pgdata that is no cluster": "pgdata/notes.txt",
	} {
		dir := tempFolder(t)
		path := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("15\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		before := contents(t, dir)
		_, err := Start(testContext(t), Options{Dir: dir})
		if folder := (*FolderError)(nil); !errors.As(err, &folder) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
			t.Errorf("%s was changed:\n%s", name, diff)
		}
	}
	file := filepath.Join(tempFolder(t), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"a file": file, "below a file": filepath.Join(file, "data"), "none": ""} {
		if s, err := Start(testContext(t), Options{Dir: dir}); err == nil {
			tended(t, s, nil)
			t.Errorf("%s was taken for a folder", name)
		}
	}
}

func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	dirs := []string{"/proc", "/proc/docket"} // read-only for root, too
	if runtime.GOOS != "linux" {
		dirs = nil
	}
	if os.Geteuid() != 0 {
		closed := filepath.Join(tempFolder(t), "closed")
		if err := os.Mkdir(closed, 0o500); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, closed, filepath.Join(closed, "data"))
	}
	if len(dirs) == 0 {
		t.Skip("nothing is read-only for this user")
	}
	for _, dir := range dirs {
		_, err := Start(testContext(t), Options{Dir: dir})
		if folder := (*FolderError)(nil); !errors.As(err, &folder) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "--data-dir") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestReadOnlyAfterSetUp(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		return // root writes everywhere; TestAsOrdinaryUser runs this
	}
	dir := tempFolder(t)
	mustStop(t, mustStart(t, dir))
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Error(err)
		}
	})
	_, err := Start(testContext(t), Options{Dir: dir})
	if folder := (*FolderError)(nil); !errors.As(err, &folder) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a folder that became read-only: %v", err)
	}
}
