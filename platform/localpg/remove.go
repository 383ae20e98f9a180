package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Prepare makes the data folder with the rights that Start wants, for a
// program that keeps other things in it before it starts the server.
func Prepare(dir string) error {
	_, _, err := claim(dir)
	return err
}

// Remove deletes a data folder with everything in it, stopping a server that
// an earlier run left behind. It returns an [*InUseError] when a process still
// serves the folder, and nil when there is no such folder. A folder that
// belongs to another user, or a symbolic link, is left alone: anybody could
// have put it into a temporary folder.
func Remove(ctx context.Context, dir string) error {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !info.IsDir() || !isOurs(info) {
		return &FolderError{Dir: dir, Path: dir, Reason: "it is not a folder of this user's", Err: err}
	}
	home, _, err := claim(dir)
	if err != nil {
		return err
	}
	lock, err := lockFolder(home)
	if err != nil {
		return err
	}
	defer lock.release()
	if err := stopOrphan(ctx, home, newTeller(nil)); err != nil {
		return fmt.Errorf("stop the PostgreSQL that an earlier run left behind in %s: %w", home.root, err)
	}
	if err := os.RemoveAll(home.root); err != nil {
		return fmt.Errorf("remove the data folder %s: %w", home.root, err)
	}
	return nil
}
