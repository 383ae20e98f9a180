//go:build unix

package pgbouncer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// runAsServer has root's command run as the account that PostgreSQL runs as,
// for PgBouncer refuses to be root, and gives that account dir. The program is
// copied there: the account may not be able to reach the checkout.
func runAsServer(ctx context.Context, cmd *exec.Cmd, dir string) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd)
	if os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := serverAccount()
	if err != nil {
		return err
	}
	program := filepath.Join(dir, "pgbouncer")
	if err := copyProgram(ctx, cmd.Path, program); err != nil {
		return err
	}
	for _, path := range []string{program, filepath.Join(dir, "pgbouncer.ini"), filepath.Join(dir, "users"), dir} {
		if err := os.Chown(path, int(uid), int(gid)); err != nil {
			return err
		}
	}
	cmd.Path = program
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	return nil
}

// serverAccount is whom a private PostgreSQL of root runs as.
func serverAccount() (uid, gid uint32, err error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		return uint32(uid), uint32(gid), errors.Join(err1, err2)
	}
	return 0, 0, errors.New("there is neither an account postgres nor an account nobody")
}

// copyProgram leaves the copying to another process: a file that this one has
// open for writing while a test starts a program cannot be run (ETXTBSY).
func copyProgram(ctx context.Context, from, to string) error {
	if out, err := exec.CommandContext(ctx, "cp", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("copy %s: %w: %s", from, err, out)
	}
	return nil
}
