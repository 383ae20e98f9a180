//go:build unix

package localpg

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ordinaryAccount is one that root may become, and not the one it prefers.
func ordinaryAccount(t *testing.T) (uid, gid uint32) {
	t.Helper()
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Skipf("needs an account nobody: %v", err)
	}
	uid64, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid64, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return uint32(uid64), uint32(gid64)
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can drop to another account")
	}
}

func serverUID(t *testing.T, s *Server) uint32 {
	t.Helper()
	info, err := os.Stat(fmt.Sprintf("/proc/%d", s.process.pid()))
	if err != nil {
		t.Skipf("there is no /proc here: %v", err)
	}
	return info.Sys().(*syscall.Stat_t).Uid
}

// TestAsOrdinaryUser runs the other tests again as a user without rights.
func TestAsOrdinaryUser(t *testing.T) {
	needRoot(t)
	uid, gid := ordinaryAccount(t)
	dir := tempFolder(t)
	program := filepath.Join(dir, "localpg.test")
	copyProgram(t, program)
	home := filepath.Join(dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(home, int(uid), int(gid)); err != nil {
		t.Fatal(err)
	}
	// What runs as another account, or fetches from the network, stays out.
	cmd := exec.CommandContext(testContext(t), program, "-test.v", "-test.skip=TestAsOrdinaryUser|TestRoot|TestFetch")
	cmd.Dir = home
	cmd.Env = append(cleanEnvironment(os.Environ()), "HOME="+home, "XDG_DATA_HOME=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"TestServerKeepsItsData", "TestOrphanIsStopped", "TestReadOnlyFolder", "TestReadOnlyAfterSetUp"} {
		if !strings.Contains(string(out), "--- PASS: "+name+" ") {
			t.Errorf("%s did not pass:\n%s", name, out)
		}
	}
}

func copyProgram(t *testing.T, to string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestServerHasAProcessGroupOfItsOwn(t *testing.T) {
	t.Parallel()
	s := mustStart(t, tempFolder(t))
	group, err := syscall.Getpgid(s.process.pid())
	if err != nil {
		t.Fatal(err)
	}
	if group != s.process.pid() {
		t.Errorf("the server is in process group %d: a Ctrl-C would reach it", group)
	}
}

func TestRootDropsToAnAccount(t *testing.T) {
	t.Parallel()
	needRoot(t)
	s := mustStart(t, filepath.Join(tempFolder(t), "data"))
	if uid := serverUID(t, s); uid == 0 || uid != s.account.uid {
		t.Errorf("the server runs as %d, the account is %+v", uid, s.account)
	}
	if got, want := ask(t, s, "SELECT current_user::text"), Owner; got != want {
		t.Errorf("connected as %q", got)
	}
	// What root writes to or trusts stays out of the account's hands.
	for path, want := range map[string]string{
		s.home.root:     "-rwx--x--- 0 " + fmt.Sprint(s.account.gid),
		s.home.log():    "-rw------- 0 0",
		s.home.access(): "-rw-r----- 0 " + fmt.Sprint(s.account.gid),
		s.home.lock():   "-rw------- 0 0",
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Error(err)
			continue
		}
		uid, gid := ownerOf(info)
		if diff := cmp.Diff(want, fmt.Sprint(info.Mode().Perm(), uid, gid)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestRootServesAnothersFolderAsItsOwner(t *testing.T) {
	t.Parallel()
	needRoot(t)
	want, gid := ordinaryAccount(t)
	dir := tempFolder(t)
	if err := os.Chown(dir, int(want), int(gid)); err != nil {
		t.Fatal(err)
	}
	s, err := Start(testContext(t), Options{Dir: dir, Volatile: true})
	tended(t, s, err)
	if uid := serverUID(t, s); uid != want {
		t.Errorf("the server runs as %d", uid)
	}
	mustStop(t, s)
	info, err := os.Stat(s.home.data())
	if err != nil {
		t.Fatal(err)
	}
	if uid, _ := ownerOf(info); uid != want {
		t.Errorf("the cluster belongs to %d", uid)
	}
}

func TestRootNamesTheFolderInTheWay(t *testing.T) {
	t.Parallel()
	needRoot(t)
	closed := filepath.Join(tempFolder(t), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Start(testContext(t), Options{Dir: filepath.Join(closed, "data")})
	var folder *FolderError
	if !errors.As(err, &folder) || folder.Path != closed {
		t.Fatalf("in a folder that the account cannot pass: %v", err)
	}
	for _, part := range []string{"--data-dir", "account ", closed} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not have %q: %v", part, err)
		}
	}
}

func TestRootOpensOnlyItsOwnFolder(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := filepath.Join(tempFolder(t), "somebody's")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Start(testContext(t), Options{Dir: dir})
	if folder := (*FolderError)(nil); !errors.As(err, &folder) || folder.Path != dir {
		t.Errorf("in a closed folder with other things in it: %v", err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder was opened: %v, %v", info.Mode(), err)
	}

	prepared := filepath.Join(tempFolder(t), "data")
	if err := Prepare(prepared); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(prepared, "key"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	mustStart(t, prepared)
}
