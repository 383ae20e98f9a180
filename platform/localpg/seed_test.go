package localpg

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// seed is a cluster that initdb has just made, to be copied: most tests are
// about what comes after, and a copy takes a tenth of the time.
var seed struct {
	once   sync.Once
	home   layout
	who    account
	folder string // of the programs that made it
	err    error
}

func makeSeed() {
	dir, err := os.MkdirTemp(TempDirs()[0], "docket-seed-")
	if err != nil {
		seed.err = err
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	s, err := Start(ctx, Options{Dir: dir, Volatile: true})
	if err != nil {
		seed.err = errors.Join(err, os.RemoveAll(dir))
		return
	}
	seed.home, seed.who, seed.folder, seed.err = s.home, s.account, s.binaries.folder, s.Stop(ctx)
}

func removeSeed() error {
	if seed.home.root == "" {
		return nil
	}
	return os.RemoveAll(seed.home.root)
}

// plant puts a copy of the seed into dir.
func plant(t *testing.T, dir string) {
	t.Helper()
	seed.once.Do(makeSeed)
	if missing := (*MissingError)(nil); errors.As(seed.err, &missing) && os.Getenv("CI") != "true" {
		t.Skipf("needs PostgreSQL: %v", seed.err)
	}
	if seed.err != nil {
		t.Fatal(seed.err)
	}
	home, _, err := claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(home.data(), os.DirFS(seed.home.data())); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(home.data(), func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, seed.who.give(path))
	})
	if err := errors.Join(err, os.Chmod(home.data(), 0o700)); err != nil {
		t.Fatal(err)
	}
}
