package localpg

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// folderLock says that this process, and no other, serves a data folder. The
// system drops it when the process ends in whatever way: PostgreSQL, which may
// live on, does not inherit it.
type folderLock struct {
	file *os.File
	path string
}

var errLocked = errors.New("locked by another process")

// lockFolder takes the lock or says who has it.
func lockFolder(home layout) (*folderLock, error) {
	lock, err := takeLock(home.lock())
	if errors.Is(err, errLocked) {
		return nil, &InUseError{Dir: home.root, PID: holderOf(home.lock())}
	}
	if err != nil {
		return nil, &FolderError{Dir: home.root, Path: home.lock(), Reason: "it cannot be written and locked", Err: err}
	}
	return lock, nil
}

// takeLock locks the file at path, making it if absent, and writes our process
// id into it. It returns errLocked when another process has it.
func takeLock(path string) (*folderLock, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|noFollow, 0o600)
		if err != nil {
			return nil, err
		}
		if err := lockFile(f); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if isStill(f, path) {
			if err := writePID(f); err != nil {
				return nil, errors.Join(fmt.Errorf("write %s: %w", path, err), f.Close())
			}
			return &folderLock{file: f, path: path}, nil
		}
		// The holder before us removed the file after we had opened it.
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

func isStill(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(mine, there)
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holderOf reads the process id in a lock file, 0 when there is none.
func holderOf(path string) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}

// release gives the lock up and removes its file. Only the holder of the lock
// removes the file, and takeLock looks again after locking, so that no two
// processes can hold locks on different files of one name.
func (l *folderLock) release() {
	// Neither failure leaves the folder locked; the next start copes with the file.
	_ = removeLocked(l.path)
	_ = l.file.Close()
}
