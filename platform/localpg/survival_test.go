package localpg

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestSecondStartIsRefused(t *testing.T) {
	t.Parallel()
	dir := tempFolder(t)
	first := mustStart(t, dir)
	_, err := Start(testContext(t), Options{Dir: dir})
	var inUse *InUseError
	if !errors.As(err, &inUse) || inUse.PID != os.Getpid() || inUse.Dir != dir {
		t.Fatalf("the second start: %v", err)
	}
	for _, part := range []string{dir, strconv.Itoa(os.Getpid()), "--data-dir"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not have %q: %v", part, err)
		}
	}
	link := filepath.Join(tempFolder(t), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(testContext(t), Options{Dir: link}); !errors.As(err, &inUse) {
		t.Errorf("a start through a link to the folder: %v", err)
	}
	if err := Remove(testContext(t), dir); !errors.As(err, &inUse) {
		t.Errorf("Remove of a folder in use: %v", err)
	}
	keep(t, first)
	checkKept(t, first)
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	dir := tempFolder(t)
	mustStop(t, mustStart(t, dir)) // or skip
	helper := startHelper(t, dir)
	_, err := Start(testContext(t), Options{Dir: dir})
	if inUse := (*InUseError)(nil); !errors.As(err, &inUse) || inUse.PID != helper.Process.Pid {
		t.Fatalf("while process %d serves: %v", helper.Process.Pid, err)
	}
}

func TestKilledDocket(t *testing.T) {
	t.Parallel()
	dir := tempFolder(t)
	s := mustStart(t, dir)
	keep(t, s)
	mustStop(t, s)
	for range 3 {
		helper := startHelper(t, dir)
		if err := helper.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := helper.Wait(); err == nil {
			t.Error("the helper ended well in spite of kill -9")
		}
		again := mustStart(t, dir) // at once, while the server may still be there
		checkKept(t, again)
		mustStop(t, again)
		checkNothingLeft(t, again)
	}
}

func TestServerDiesWithItsDocket(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a process of its parent's death")
	}
	dir := tempFolder(t)
	mustStop(t, mustStart(t, dir)) // or skip
	helper := startHelper(t, dir)
	home := layout{root: dir}
	state, err := readPidFile(home)
	if err != nil || kin(t.Context(), home, state) != ours {
		t.Fatalf("no server in the folder: %+v, %v", state, err)
	}
	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if gone, err := awaitGone(testContext(t), home, state, deadline); err != nil || !gone {
		t.Fatalf("the server outlived its Docket: %v", err)
	}
}

// orphan gives a server that works in dir and that no Docket is behind.
func orphan(t *testing.T, dir string) *Server {
	t.Helper()
	s := mustStart(t, dir)
	s.lock.release() // the system does it for a killed process
	return s
}

// awaitExit waits until this process has noticed that its child has ended.
func awaitExit(t *testing.T, s *Server) {
	t.Helper()
	select {
	case <-s.Exited():
	case <-time.After(deadline):
		t.Fatal("the server still runs")
	}
}

func TestOrphanIsStopped(t *testing.T) {
	t.Parallel()
	dir := tempFolder(t)
	old := orphan(t, dir)
	keep(t, old)
	busy := connect(t, old.URL("postgres"))
	checkKept(t, mustStart(t, dir))
	awaitExit(t, old)
	if err := old.Err(); err != nil {
		t.Errorf("the orphan was not stopped cleanly: %v", err)
	}
	if err := busy.Ping(testContext(t)); err == nil {
		t.Error("the orphan's connection still works")
	}
}

func TestChildrenOfAKilledServer(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux shows which folder a process works in")
	}
	dir := tempFolder(t)
	old := orphan(t, dir)
	keep(t, old)
	// A query that computes does not look whether its server is still there.
	conn := connect(t, old.URL("postgres"))
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.WithoutCancel(t.Context()), "SELECT /* endless */ count(*) FROM generate_series(1, 100000000000)")
		ended <- err
	}()
	for ask(t, old, "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE 'SELECT /* endless%' AND state = 'active'") != "1" {
		time.Sleep(10 * time.Millisecond)
	}
	if err := sendStop(old.process.pid(), stopKill); err != nil {
		t.Fatal(err)
	}
	<-old.Exited()
	if len(postgresIn(old.home)) == 0 {
		t.Fatal("no child outlived the server, so that nothing is tested")
	}
	checkKept(t, mustStart(t, dir))
	if err := <-ended; err == nil {
		t.Error("the endless query ended")
	}
}

func TestStalePidFile(t *testing.T) {
	t.Parallel()
	dir := tempFolder(t)
	s := mustStart(t, dir)
	who := s.account
	other := mustStart(t, tempFolder(t))
	mustStop(t, s)
	stranger := who.command(context.WithoutCancel(t.Context()), lookPath(t, "sleep"), "600")
	stranger.Dir = s.home.data()
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stranger.Process.Kill()
		_ = stranger.Wait()
	})
	rest := "\n" + s.home.data() + "\n1700000000\n5432\n" + s.home.socket() + "\n\n  5432001    123456\nready   \n"
	for name, text := range map[string]string{
		"no such process":          "999999" + rest,
		"an unrelated program":     strconv.Itoa(stranger.Process.Pid) + rest,
		"another folder's server":  strconv.Itoa(other.process.pid()) + rest,
		"this very program":        strconv.Itoa(os.Getpid()) + rest,
		"process 1":                "1" + rest,
		"empty":                    "",
		"cut short":                strconv.Itoa(stranger.Process.Pid),
		"not a pid file":           "\x00\x00\x00 nonsense",
		"negative, as by --single": "-" + strconv.Itoa(stranger.Process.Pid) + rest,
	} {
		if err := os.WriteFile(s.home.pidFile(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := who.give(s.home.pidFile()); err != nil {
			t.Fatal(err)
		}
		again, err := Start(testContext(t), Options{Dir: dir, Volatile: true})
		if err != nil {
			t.Errorf("with a pid file that names %s: %v", name, err)
			continue
		}
		mustStop(t, again)
	}
	if !isAlive(stranger.Process.Pid) {
		t.Error("an unrelated program was ended")
	}
	if got := ask(t, other, "SELECT 'serving'"); got != "serving" {
		t.Errorf("another folder's server says %q", got)
	}
}

func lookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("needs the program %s: %v", name, err)
	}
	return path
}

func TestLeftoversOfACrash(t *testing.T) {
	t.Parallel()
	dir := tempFolder(t)
	s := mustStart(t, dir)
	mustStop(t, s)
	half := filepath.Join(dir, "pgdata.unfinished-123", "base")
	socket := filepath.Join(s.home.socket(), socketFile+".lock")
	for path, text := range map[string]string{
		filepath.Join(half, "1"): "half",
		socket:                   strconv.Itoa(os.Getpid()) + "\n",
		s.home.lock():            "1\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := mustStart(t, dir)
	mustStop(t, again)
	checkNothingLeft(t, again)
}

func TestSocketFolderElsewhereIsClearedAfterACrash(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempFolder(t), strings.Repeat("long/", 25))
	s := orphan(t, dir)
	if s.endpoint.folder == "" {
		t.Skip("there are no sockets here")
	}
	if strings.HasPrefix(s.endpoint.folder, dir) {
		t.Fatalf("the socket folder %s is inside the data folder", s.endpoint.folder)
	}
	again := mustStart(t, dir)
	if _, err := os.Stat(s.endpoint.folder); err == nil {
		t.Errorf("%s is still there", s.endpoint.folder)
	}
	mustStop(t, again)
	checkNothingLeft(t, again)
}

func TestRemove(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempFolder(t), "data")
	old := orphan(t, dir)
	for range 2 { // the second time there is none
		if err := Remove(testContext(t), dir); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Error("the folder is still there")
		}
	}
	awaitExit(t, old)
	link := filepath.Join(tempFolder(t), "link")
	precious := tempFolder(t)
	if err := os.Symlink(precious, link); err != nil {
		t.Fatal(err)
	}
	if folder := (*FolderError)(nil); !errors.As(Remove(testContext(t), link), &folder) {
		t.Error("Remove followed a link")
	}
	if _, err := os.Stat(precious); err != nil {
		t.Errorf("what the link points at: %v", err)
	}
}
