package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"docket/platform/localpg"
	"docket/platform/pgtest"
)

// process is a running "docket serve".
type process struct {
	cmd      *exec.Cmd
	stdout   *output
	stderr   *output
	ended    chan struct{}
	greeting greeting
}

// launch starts "docket serve" and waits for its greeting.
func launch(t testing.TB, settings ...string) *process {
	t.Helper()
	return launchCommand(t, docket(t, append([]string{"DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0"}, settings...), "serve"))
}

// launchCommand is launch with a command that serves.
func launchCommand(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, stdout: newOutput(), stderr: newOutput(), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // ProcessState has the outcome
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // fails where it has ended, as it should have
		<-p.ended
	})
	select {
	case line := <-p.stdout.first:
		if err := json.Unmarshal([]byte(line), &p.greeting); err != nil {
			t.Fatalf("the greeting is not a line of JSON: %v\n%s", err, line)
		}
	case <-p.ended:
		t.Fatalf("it ended before it was ready: %v\n%s", p.cmd.ProcessState, p.stderr)
	case <-time.After(patience):
		t.Fatalf("it is not ready after %v\n%s", patience, p.stderr)
	}
	return p
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// ends fails the test unless the process ends with code.
func (p *process) ends(t *testing.T, code int) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("it still runs after %v\n%s", patience, p.stderr)
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("it ended with code %d, want %d\n%s", got, code, p.stderr)
	}
}

// interruptUntilEnded presses Ctrl-C until there is nobody left to hear it.
func (p *process) interruptUntilEnded(t *testing.T) {
	t.Helper()
	eventually(t, "it ends", func() bool {
		_ = p.cmd.Process.Signal(os.Interrupt) // fails once it has ended
		select {
		case <-p.ended:
			return true
		default:
			return false
		}
	})
}

// eventually waits until something is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	for began := time.Now(); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("after %v, still not so: %s", patience, what)
		}
	}
}

// needsSignals skips where a process cannot be asked to end.
func needsSignals(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs signals: Windows has none to send to one process")
	}
}

// dataFolder is one that the account which PostgreSQL runs as can reach.
func dataFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(localpg.TempDirs()[0], "docket-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := localpg.Remove(ctx, dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// postmaster is the process id of the PostgreSQL that serves a data folder.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "pgdata", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// leftNothing fails the test if a stop left behind the server, its pid file, a
// lock or a socket.
func leftNothing(t *testing.T, dir string, server int) {
	t.Helper()
	if server != 0 {
		p, err := os.FindProcess(server)
		if err == nil && !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone) {
			t.Errorf("the PostgreSQL process %d still runs", server)
		}
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case name == "postmaster.pid", strings.HasSuffix(name, ".lock"), entry.Type()&fs.ModeSocket != 0:
			t.Errorf("left behind: %s", path)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// The whole life of a private database: the first start, a second docket on
// the same folder, a stop, a taken port, a kill -9, and the data there again
// each time.
func TestPrivatePostgreSQL(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	pgtest.URL(t) // or skip
	dir := dataFolder(t)
	folder := []string{"DOCKET_DATA_DIR=" + dir}

	// Made before the folder is set up, and good ever after.
	token := execute(t, folder, "token", "--email", adaAddress).ok(t)
	first := launch(t, folder...)
	if g := first.greeting; g.DataDir != dir || !strings.HasPrefix(g.Database, "private PostgreSQL ") || g.Environment != "local" {
		t.Errorf("the greeting is %+v", g)
	}
	ada := client{base: first.greeting.API, authorization: "Bearer " + token}
	task := one(t, ada.do(t, "POST", "/tasks", `{"title":"kept"}`), 201)
	kept := func(p *process) {
		t.Helper()
		ada.base = p.greeting.API
		if got := one(t, ada.do(t, "GET", "/tasks/"+task.ID, ""), 200); got.Title != "kept" {
			t.Errorf("the task is now %+v", got)
		}
	}
	if got := query(t, execute(t, folder, "db", "url", "--direct").ok(t), "SELECT title FROM tasks"); got != "kept" {
		t.Errorf("in the database the title is %q", got)
	}
	execute(t, append(folder, "DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0"), "serve").
		refused(t, exitFailure, dir, "in use by another docket (process "+strconv.Itoa(first.cmd.Process.Pid)+")", "--data-dir")
	kept(first)

	server := postmaster(t, dir)
	first.signal(t, os.Interrupt)
	first.ends(t, 0)
	leftNothing(t, dir, server)

	takenPort(t, folder)
	leftNothing(t, dir, 0)

	second := launch(t, folder...)
	kept(second)
	if err := second.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-second.ended

	third := launch(t, folder...)
	kept(third)
	server = postmaster(t, dir)
	third.signal(t, syscall.SIGTERM)
	third.ends(t, 0)
	leftNothing(t, dir, server)
}

// A private PostgreSQL that is killed is started again, and the server goes on
// as it does with any other.
func TestPrivatePostgreSQLIsRevived(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	pgtest.URL(t) // or skip
	dir := dataFolder(t)
	folder := []string{"DOCKET_DATA_DIR=" + dir}
	token := execute(t, folder, "token", "--email", adaAddress).ok(t)
	p := launch(t, folder...)
	ada := client{base: p.greeting.API, authorization: "Bearer " + token}
	task := one(t, ada.do(t, "POST", "/tasks", `{"title":"kept"}`), 201)
	server := postmaster(t, dir)
	killed, err := os.FindProcess(server)
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the task is there again", func() bool {
		answer := ada.do(t, "GET", "/tasks/"+task.ID, "")
		if answer.Status != 200 && (answer.Status != 503 || answer.Header.Get("Retry-After") == "") {
			t.Errorf("meanwhile: %d %s", answer.Status, answer.Body)
		}
		return answer.Status == 200 && postmaster(t, dir) != server
	})
	server = postmaster(t, dir)
	p.signal(t, syscall.SIGTERM)
	p.ends(t, 0)
	leftNothing(t, dir, server)
}

func takenPort(t *testing.T, folder []string) {
	t.Helper()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := taken.Addr().String()
	execute(t, append(folder, "DOCKET_HTTP_ADDRESS="+address, "DOCKET_ADMIN_ADDRESS=127.0.0.1:0"), "serve").
		refused(t, exitFailure, "DOCKET_HTTP_ADDRESS", address+" is taken")
	if err := taken.Close(); err != nil {
		t.Error(err)
	}
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.AsOwner(t, url))
	if err != nil {
		t.Fatal(err)
	}
	var value string
	if err := errors.Join(conn.QueryRow(t.Context(), sql).Scan(&value), conn.Close(t.Context())); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// Away from its repository there is no schema to bring a private database to;
// that is found out before one is started.
func TestAwayFromTheRepository(t *testing.T) {
	t.Parallel()
	dir, away := filepath.Join(t.TempDir(), "data"), t.TempDir()
	cmd := docket(t, []string{"DOCKET_DATA_DIR=" + dir}, "serve")
	cmd.Dir = away
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != exitFailure {
		t.Errorf("it ended with %v", err)
	}
	for _, says := range []string{"no schema.hcl in", away, "run docket inside its repository"} {
		if !strings.Contains(string(out), says) {
			t.Errorf("it does not say %q: %s", says, out)
		}
	}
	if strings.Contains(string(out), "%!") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("this is not one line for a person: %s", out)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the data folder was touched: %v", err)
	}
}
