package localpg

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeServer writes programs that print a version, and nothing else.
func fakeServer(t *testing.T, dir, version string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"initdb", "postgres"} {
		text := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
		if err := os.WriteFile(filepath.Join(dir, program(name)), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSearchPrefersPathThenTheNewest(t *testing.T) {
	t.Parallel()
	root := tempFolder(t)
	for _, dir := range []string{"path/bin", "dist/9/bin", "dist/15/bin", "dist/17/bin"} {
		fakeServer(t, filepath.Join(root, dir), "17.1")
	}
	if err := os.MkdirAll(filepath.Join(root, "dist/18/bin"), 0o755); err != nil { // without programs
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(root, "dist/17/bin"), filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	s := search{
		path:  []string{"", "relative", root, filepath.Join(root, "path/bin"), filepath.Join(root, "link")},
		globs: []string{filepath.Join(root, "dist/*/bin")},
	}
	want := []string{
		filepath.Join(root, "path/bin"), filepath.Join(root, "link"),
		filepath.Join(root, "dist/15/bin"), filepath.Join(root, "dist/9/bin"),
	}
	if diff := cmp.Diff(want, s.folders()); diff != "" {
		t.Errorf("folders (-want +got):\n%s", diff)
	}
	for _, pattern := range systemSearch().globs {
		if _, err := filepath.Match(pattern, "x"); err != nil {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

func TestUnusableServersAreNamed(t *testing.T) {
	t.Parallel()
	if os.PathSeparator == '\\' {
		t.Skip("the stand-ins are shell scripts")
	}
	root := tempFolder(t)
	fakeServer(t, filepath.Join(root, "13"), "13.4 (Debian 13.4-1)")
	fakeServer(t, filepath.Join(root, "odd"), "devel")
	env := nothingInstalled
	env.search.path = []string{filepath.Join(root, "13"), filepath.Join(root, "odd")}
	_, err := start(testContext(t), Options{Dir: filepath.Join(root, "data")}, env)
	if missing := (*MissingError)(nil); !errors.As(err, &missing) || len(missing.Rejected) != 2 {
		t.Fatalf("with nothing usable: %v", err)
	}
	for _, part := range []string{"13.4 in " + root, "does not tell its version"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not have %q: %v", part, err)
		}
	}
	for name, dir := range map[string]string{
		"too old": filepath.Join(root, "13"), "no version": filepath.Join(root, "odd"),
		"empty": root, "missing": filepath.Join(root, "none"),
	} {
		_, err := Start(testContext(t), Options{Dir: filepath.Join(root, "data"), Binaries: dir})
		if err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("chosen binaries, %s: %v", name, err)
		}
	}
}

func TestMatchingServerIsPreferred(t *testing.T) {
	t.Parallel()
	if os.PathSeparator == '\\' {
		t.Skip("the stand-ins are shell scripts")
	}
	dir := tempFolder(t)
	s := mustStart(t, dir)
	mustStop(t, s)
	other := filepath.Join(tempFolder(t), "other")
	fakeServer(t, other, "18.1")
	if s.binaries.major == 18 {
		fakeServer(t, other, "17.1")
	}
	env := nothingInstalled
	env.search.path = []string{other, s.binaries.folder}
	again, err := start(testContext(t), Options{Dir: dir, Volatile: true}, env)
	tended(t, again, err)
	if again.Version() != s.Version() {
		t.Errorf("a folder of %s is served by %s", s.Version(), again.Version())
	}
}

func TestServerThatCannotSetUp(t *testing.T) {
	t.Parallel()
	if os.PathSeparator == '\\' {
		t.Skip("the stand-ins are shell scripts")
	}
	root := tempFolder(t)
	bin, dir := filepath.Join(root, "bin"), filepath.Join(root, "data")
	fakeServer(t, bin, "17.1")
	text := "#!/bin/sh\necho 'half' > \"$2/half\"\necho 'initdb: error: the disk is on fire'\nexit 1\n"
	if err := os.WriteFile(filepath.Join(bin, "initdb"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := Start(testContext(t), Options{Dir: dir, Binaries: bin})
	if err == nil || !strings.Contains(err.Error(), "the disk is on fire") {
		t.Errorf("a failing initdb: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("it left %v, %v", entries, err)
	}
}

func TestSystemWithoutTheLocale(t *testing.T) {
	t.Parallel()
	if os.PathSeparator == '\\' {
		t.Skip("the stand-in is a shell script")
	}
	root := tempFolder(t)
	mustStop(t, mustStart(t, filepath.Join(root, "other"))) // or skip
	bin := filepath.Join(root, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	// The real programs, on a system that has no C.UTF-8 and no en_US.UTF-8.
	text := `#!/bin/sh
for a; do case "$a" in *UTF-8) echo "initdb: error: invalid locale name \"$a\""; exit 1;; esac; done
exec ` + filepath.Join(seed.folder, "initdb") + ` "$@"
`
	if err := os.WriteFile(filepath.Join(bin, "initdb"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(seed.folder, "postgres"), filepath.Join(bin, "postgres")); err != nil {
		t.Fatal(err)
	}
	s, err := Start(testContext(t), Options{Dir: filepath.Join(root, "data"), Binaries: bin, Volatile: true})
	tended(t, s, err)
	if got := ask(t, s, "SELECT current_setting('server_encoding') || ' ' || datcollate FROM pg_database WHERE datname = 'postgres'"); got != "UTF8 C" {
		t.Errorf("encoding and order are %q", got)
	}
}
