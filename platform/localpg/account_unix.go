//go:build unix

package localpg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// chooseAccount says whom PostgreSQL runs as in dir. For root that is whoever
// owns what is already there, else the account postgres, else nobody.
func chooseAccount(dir string) (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	cluster := filepath.Join(dir, "pgdata")
	for _, path := range []string{cluster, dir} {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		uid, gid := ownerOf(info)
		name, known := accountName(uid)
		// initdb refuses an account without a name, the server does not mind.
		if uid != 0 && (known || path == cluster) {
			return account{name: name, uid: uid, gid: gid, drop: true}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return account{}, fmt.Errorf("look up the account %s: %w", name, err)
		}
		return account{name: name, uid: uint32(uid), gid: uint32(gid), drop: true}, nil
	}
	return account{}, errors.New("PostgreSQL does not run as root, and there is neither an account postgres nor an account nobody that it could run as: run docket as an ordinary user")
}

func ownerOf(info fs.FileInfo) (uid, gid uint32) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		panic("localpg: file information that is not from a Unix system") // os never returns such
	}
	return st.Uid, st.Gid
}

// isOurs reports whether a file belongs to the user who runs Docket.
func isOurs(info fs.FileInfo) bool {
	uid, _ := ownerOf(info)
	return int(uid) == os.Geteuid()
}

func accountName(uid uint32) (name string, known bool) {
	if u, err := user.LookupId(fmt.Sprint(uid)); err == nil {
		return u.Username, true
	}
	return fmt.Sprint("with number ", uid), false
}

func (a account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a.drop {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}

// parentMode is the mode of folders made on the way to the data folder.
func (a account) parentMode() fs.FileMode {
	if a.drop {
		return 0o755
	}
	return 0o700
}

// letThrough lets the account pass through a data folder that belongs to root
// and is Docket's or empty. Any other folder's mode is its owner's business.
func (a account) letThrough(dir string, info fs.FileInfo) error {
	if !a.drop {
		return nil
	}
	if uid, _ := ownerOf(info); uid != 0 || a.mayPass(info) {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return &FolderError{Dir: dir, Path: dir, Reason: "it cannot be read", Err: err}
	}
	ours := len(entries) == 0
	for _, e := range entries {
		ours = ours || e.Name() == "pgdata" || e.Name() == "docket.lock"
	}
	if !ours {
		return nil
	}
	if err := errors.Join(os.Chown(dir, 0, int(a.gid)), os.Chmod(dir, info.Mode().Perm()|0o010)); err != nil {
		return &FolderError{Dir: dir, Path: dir, Reason: "the account " + a.name + " cannot be let through", Err: err}
	}
	return nil
}

// mayPass reports whether the mode bits let the account pass through a folder.
func (a account) mayPass(info fs.FileInfo) bool {
	mode := info.Mode().Perm()
	switch uid, gid := ownerOf(info); {
	case uid == a.uid:
		return mode&0o100 != 0
	case gid == a.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// barrier returns the topmost folder on the way to path, path included, that
// the mode bits close to the account, or "".
func (a account) barrier(path string) string {
	if !a.drop {
		return ""
	}
	if parent := filepath.Dir(path); parent != path {
		if b := a.barrier(parent); b != "" {
			return b
		}
	}
	if info, err := os.Stat(path); err == nil && !a.mayPass(info) {
		return path
	}
	return ""
}

func (a account) passes(path string) bool {
	return a.barrier(filepath.Dir(path)) == ""
}

// owns reports whether the account, or the user who runs Docket, owns a file.
func (a account) owns(info fs.FileInfo) bool {
	uid, _ := ownerOf(info)
	return int(uid) == os.Geteuid() || a.drop && uid == a.uid
}

// give hands a file or folder to the account.
func (a account) give(path string) error {
	if !a.drop {
		return nil
	}
	if err := os.Lchown(path, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("hand %s to the account %s: %w", path, a.name, err)
	}
	return nil
}

// letRead lets the account read a file that stays ours.
func (a account) letRead(path string) error {
	if !a.drop {
		return nil
	}
	//nolint:gosec // that the account's group reads it is the purpose
	return errors.Join(os.Lchown(path, 0, int(a.gid)), os.Chmod(path, 0o640))
}
