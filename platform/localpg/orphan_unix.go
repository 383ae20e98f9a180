//go:build unix

package localpg

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

func isAlive(pid int) bool {
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

func sameOwner(f *os.File, as fs.FileInfo) error {
	uid, gid := ownerOf(as)
	return f.Chown(int(uid), int(gid))
}
