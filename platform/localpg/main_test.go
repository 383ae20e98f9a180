package localpg

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// deadline is generous: it ends a hung test, it does not measure.
const deadline = 2 * time.Minute

// helperDir names, in the environment, the folder that this test binary serves
// in place of running tests.
const helperDir = "DOCKET_LOCALPG_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	if err := removeSeed(); err != nil {
		fmt.Println(err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// serve is what a killed Docket had been doing: it runs a server until its
// standard input ends.
func serve(dir string) error {
	s, err := Start(context.Background(), Options{Dir: dir, Volatile: true})
	if err != nil {
		return err
	}
	fmt.Println("ready", s.process.pid())
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return s.Stop(context.Background())
}

// startHelper runs serve in a process of its own and returns it once its
// server is ready.
func startHelper(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), helperDir+"="+dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // it stops in order, unless the test killed it
		_ = cmd.Wait()    // its end was the test's business
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready ") {
		t.Fatalf("the helper did not get ready: %q, %v", line, err)
	}
	return cmd
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	t.Cleanup(cancel)
	return ctx
}

// tempFolder is t.TempDir for a server that may run as another account: every
// account may pass through it, and its path is short.
func tempFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(TempDirs()[0], "docket-test-")
	if err != nil {
		t.Fatal(err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// mustStart starts a server that is stopped when the test ends, on a copy of
// the seed if the folder has no cluster yet. Where there is no PostgreSQL the
// test is skipped, except in CI.
func mustStart(t *testing.T, dir string) *Server {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "pgdata")); errors.Is(err, fs.ErrNotExist) {
		plant(t, dir)
	}
	s, err := Start(testContext(t), Options{Dir: dir, Volatile: true, Progress: func(l string) { t.Log(l) }})
	return tended(t, s, err)
}

func tended(t *testing.T, s *Server, err error) *Server {
	t.Helper()
	if missing := (*MissingError)(nil); errors.As(err, &missing) && os.Getenv("CI") != "true" {
		t.Skipf("needs PostgreSQL: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustStop(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Stop(testContext(t)); err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(testContext(t), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The server may be gone, and the connection with it.
		_ = conn.Close(context.WithoutCancel(t.Context()))
	})
	return conn
}

// ask runs a statement in the database postgres and returns its one value.
func ask(t *testing.T, s *Server, statement string) string {
	t.Helper()
	conn := connect(t, s.URL("postgres"))
	var value string
	if err := conn.QueryRow(testContext(t), statement).Scan(&value); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if err := conn.Close(testContext(t)); err != nil {
		t.Fatal(err)
	}
	return value
}

// keep commits something to be found again by checkKept.
func keep(t *testing.T, s *Server) {
	t.Helper()
	conn := connect(t, s.URL("postgres"))
	if _, err := conn.Exec(testContext(t), "CREATE TABLE kept AS SELECT 'still here' AS word"); err != nil {
		t.Fatal(err)
	}
}

func checkKept(t *testing.T, s *Server) {
	t.Helper()
	if got := ask(t, s, "SELECT word FROM kept"); got != "still here" {
		t.Errorf("the database kept %q", got)
	}
}

// checkNothingLeft fails when a stopped server left more than its data.
func checkNothingLeft(t *testing.T, s *Server) {
	t.Helper()
	select {
	case <-s.Exited():
	default:
		t.Error("the server's process still runs")
	}
	if pids := postgresIn(s.home); len(pids) > 0 {
		t.Errorf("processes still work in the folder: %v", pids)
	}
	for _, path := range []string{s.home.pidFile(), s.home.lock(), s.home.socket(), s.endpoint.folder} {
		if path == "" {
			continue
		}
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there (%v)", path, err)
		}
	}
	unfinishedLeft(t, s.home)
}

func unfinishedLeft(t *testing.T, home layout) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(home.root, unfinished))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("unfinished clusters are left: %v", left)
	}
}
