package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"docket/platform/pgtest"
)

// patience bounds what can hang; nothing here is expected to take long.
const patience = 2 * time.Minute

func TestMain(m *testing.M) {
	code := pgtest.Main(m)
	if err := program.remove(); err != nil {
		fmt.Fprintln(os.Stderr, "remove the built program:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// program is the built binary, for what takes a process: signals, a kill, what
// the environment says. The first test that asks builds it.
var program binary

type binary struct {
	once sync.Once
	dir  string
	path string
	err  error
}

func (b *binary) build() (string, error) {
	b.once.Do(func() {
		if b.dir, b.err = os.MkdirTemp("", "docket-program-"); b.err != nil {
			return
		}
		b.path = filepath.Join(b.dir, "docket")
		if runtime.GOOS == "windows" {
			b.path += ".exe"
		}
		// A checkout that belongs to somebody else cannot be stamped.
		out, err := exec.Command("go", "build", "-buildvcs=false", "-o", b.path, ".").CombinedOutput()
		if err != nil {
			b.err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	return b.path, b.err
}

func (b *binary) remove() error {
	if b.dir == "" {
		return nil
	}
	return os.RemoveAll(b.dir)
}

// cleanEnvironment is this process's without Docket's settings, libpq's and
// OpenTelemetry's, and with those that are given.
func cleanEnvironment(settings ...string) []string {
	kept := slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return strings.HasPrefix(pair, "DOCKET_") || strings.HasPrefix(pair, "DATABASE_URL") || strings.HasPrefix(pair, "PG") || strings.HasPrefix(pair, "OTEL_")
	})
	return append(kept, settings...)
}

// throughPooler leads settings that name a test's database through the pooler
// that the tests are run with, if they are.
func throughPooler(t testing.TB, settings []string) []string {
	t.Helper()
	var through []string
	for _, pair := range settings {
		url, isDatabase := strings.CutPrefix(pair, "DATABASE_URL=")
		address, pooled := url, false
		if isDatabase {
			address, pooled = pgtest.Through(t, url)
		}
		if !pooled {
			through = append(through, pair)
			continue
		}
		through = append(through, "DATABASE_URL="+address, "DOCKET_DATABASE_POOLER=true", "DATABASE_URL_DIRECT="+url)
	}
	return through
}

// docket makes the command "docket args", killed if the test ends before it.
func docket(t testing.TB, settings []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := program.build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = cleanEnvironment(throughPooler(t, settings)...)
	return cmd
}

// result is what a command printed, and the code that it left with.
type result struct {
	stdout, stderr string
	code           int
}

// execute runs "docket args" to its end.
func execute(t testing.TB, settings []string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := docket(t, settings, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout: stdout.String(), stderr: stderr.String(), code: cmd.ProcessState.ExitCode()}
}

// ok fails the test unless the command left with 0 and had nothing to say but
// its answer, which it returns without the line's end.
func (r result) ok(t *testing.T) string {
	t.Helper()
	if r.code != 0 || r.stderr != "" {
		t.Fatalf("code %d\nstdout: %s\nstderr: %s", r.code, r.stdout, r.stderr)
	}
	return strings.TrimSuffix(r.stdout, "\n")
}

// refused fails the test unless the command left with code, printed nothing
// to be read by a program, and said all of says.
func (r result) refused(t *testing.T, code int, says ...string) {
	t.Helper()
	if r.code != code || r.stdout != "" {
		t.Errorf("code %d, want %d\nstdout: %s\nstderr: %s", r.code, code, r.stdout, r.stderr)
	}
	for _, s := range says {
		if !strings.Contains(r.stderr, s) {
			t.Errorf("stderr does not say %q:\n%s", s, r.stderr)
		}
	}
}
