package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"docket/platform/localpg"
	"docket/platform/postgres"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// modeVariable tells a copy of this test binary what to be.
const modeVariable = "DOCKET_PGTEST_MODE"

const (
	untended = "untended" // a package without the TestMain that it needs
	hanging  = "hanging"  // one whose test never ends, to be killed
	ordinary = "ordinary" // one like any other
)

func TestMain(m *testing.M) {
	if os.Getenv(modeVariable) == untended {
		os.Exit(m.Run())
	}
	os.Exit(Main(m))
}

// TestHelper is the only test of the copies, and nothing otherwise.
func TestHelper(t *testing.T) {
	mode := os.Getenv(modeVariable)
	if mode == "" {
		return
	}
	url := URL(t)
	if mode == hanging {
		fmt.Println("\nready", url)
		<-t.Context().Done()
	}
	if got := ask(t, url, "SELECT count(*)::text FROM users"); got != "0" {
		t.Errorf("a fresh database has %s users", got)
	}
}

func helper(t *testing.T, mode string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestHelper$", "-test.v")
	cmd.Env = append(os.Environ(), modeVariable+"="+mode)
	return cmd
}

func ask(t *testing.T, url, statement string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	var value string
	err = conn.QueryRow(t.Context(), statement).Scan(&value)
	if err := errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return value
}

func TestClonesAreApart(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			url := AsOwner(t, URL(t))
			// The second statement fails where another test has been.
			for _, s := range []string{"SELECT count(*)::text FROM users", "CREATE TABLE mine (n int)"} {
				conn, err := pgx.Connect(t.Context(), url)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := conn.Exec(t.Context(), s); err != nil {
					t.Errorf("%s: %v", s, err)
				}
				if err := conn.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestOpen(t *testing.T) {
	var db *postgres.DB
	var url string
	t.Run("open", func(t *testing.T) {
		db = Open(t)
		url = URL(t)
		if err := db.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if conn, err := pgx.Connect(t.Context(), url); err != nil { // left open
			t.Error(err)
		} else if err := conn.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if url == "" {
		t.Skip("the inner test says what it lacks")
	}
	if err := db.Ping(t.Context()); err == nil {
		t.Error("the pool is open after its test")
	}
	conn, err := pgx.Connect(t.Context(), url)
	if pg := (*pgconn.PgError)(nil); !errors.As(err, &pg) || pg.Code != "3D000" {
		t.Errorf("the database after its test: %v, %v", conn, err)
	}
}

func TestServerOfOnesOwn(t *testing.T) {
	dir := ""
	t.Run("restart", func(t *testing.T) {
		first := Server(t)
		dir = first.Dir()
		if err := first.EnsureDatabase(t.Context(), "mine"); err != nil {
			t.Fatal(err)
		}
		if err := first.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		second, err := localpg.Start(t.Context(), localpg.Options{Dir: dir, Volatile: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := afterwards(t.Context())
			defer cancel()
			if err := second.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
		if got := ask(t, second.URL("mine"), "SELECT current_database()::text"); got != "mine" {
			t.Errorf("connected to %q", got)
		}
		if other := Server(t); other.Dir() == dir {
			t.Error("two calls gave one server")
		}
	})
	if _, err := os.Stat(dir); dir != "" && err == nil {
		t.Errorf("%s is still there", dir)
	}
}

// foldersOf lists what the test binary with the process id has made.
func foldersOf(t *testing.T, pid int) []string {
	t.Helper()
	var all []string
	for _, parent := range localpg.TempDirs() {
		found, err := filepath.Glob(filepath.Join(parent, fmt.Sprintf("%s%d-*", prefix, pid)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}

func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	URL(t) // or skip
	cmd := helper(t, ordinary)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestHelper") {
		t.Fatalf("%v\n%s", err, out)
	}
	if left := foldersOf(t, cmd.Process.Pid); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTheKilledAreSweptUp(t *testing.T) {
	t.Parallel()
	URL(t) // or skip
	cmd := helper(t, hanging)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	url := ""
	for url == "" && lines.Scan() {
		url = strings.TrimPrefix(lines.Text(), "ready ")
		if url == lines.Text() {
			url = ""
		}
	}
	if url == "" {
		t.Fatalf("the helper did not get ready: %v", lines.Err())
	}
	sweep(t.Context())
	if len(foldersOf(t, cmd.Process.Pid)) != 1 {
		t.Errorf("a living test binary has %v", foldersOf(t, cmd.Process.Pid))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the helper ended well in spite of kill -9")
	}
	sweep(t.Context())
	if left := foldersOf(t, cmd.Process.Pid); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := pgx.Connect(t.Context(), url); err == nil {
		t.Error("the killed test's server still answers")
	}
}

func TestWithoutTestMain(t *testing.T) {
	t.Parallel()
	cmd := helper(t, untended)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "func TestMain") {
		t.Errorf("%v\n%s", err, out)
	}
	if left := foldersOf(t, cmd.Process.Pid); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// verdict records how a test was given up.
type verdict struct {
	testing.TB
	skipped, failed string
}

func (v *verdict) Helper()                        {}
func (v *verdict) Skipf(format string, a ...any)  { v.skipped = fmt.Sprintf(format, a...); panic(v) }
func (v *verdict) Fatalf(format string, a ...any) { v.failed = fmt.Sprintf(format, a...); panic(v) }

func TestGivingUp(t *testing.T) {
	missing := fmt.Errorf("start: %w", &localpg.MissingError{})
	for name, c := range map[string]struct {
		ci           string
		err          error
		skip, failed bool
	}{
		"a laptop without PostgreSQL": {"", missing, true, false},
		"CI without PostgreSQL":       {"true", missing, false, true},
		"a laptop where it fails":     {"", context.DeadlineExceeded, false, true},
	} {
		t.Setenv("CI", c.ci)
		v := &verdict{TB: t}
		func() {
			defer func() {
				if r := recover(); r != v {
					t.Errorf("%s: the test went on (%v)", name, r)
				}
			}()
			giveUp(v, c.err)
		}()
		if (v.skipped != "") != c.skip || (v.failed != "") != c.failed {
			t.Errorf("%s: skipped %q, failed %q", name, v.skipped, v.failed)
		}
		if said := v.skipped + v.failed; !strings.Contains(said, c.err.Error()) {
			t.Errorf("%s: it says %q", name, said)
		}
	}
}

func TestAlive(t *testing.T) {
	t.Parallel()
	if !alive(os.Getpid()) || !alive(os.Getppid()) {
		t.Error("this process or its parent is called dead")
	}
	cmd := helper(t, "")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	for range 100 { // the system may take a moment
		if !alive(cmd.Process.Pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("an ended process is called alive")
}
