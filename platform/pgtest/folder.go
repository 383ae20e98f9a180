package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"docket/platform/config"
	"docket/platform/localpg"
)

// prefix begins the name of every folder made here; the process id of the test
// binary follows, so that another run can tell what nobody uses any more.
const prefix = "docket-pgtest-"

var sweepOnce sync.Once

// start runs a server in a temporary folder of its own.
func start(ctx context.Context) (*localpg.Server, error) {
	sweepOnce.Do(func() { sweep(ctx) })
	// Where there is no home, what has to be fetched lives as long as the test.
	cache := config.UserDataDir(runtime.GOOS, os.Geteuid() == 0, os.Environ(), config.Test)
	var failure error
	for _, parent := range localpg.TempDirs() {
		dir, err := os.MkdirTemp(parent, prefix+strconv.Itoa(os.Getpid())+"-")
		if err != nil {
			failure = fmt.Errorf("make a temporary folder: %w", err)
			continue
		}
		server, err := localpg.Start(ctx, localpg.Options{
			Dir: dir, Cache: cache, Volatile: true,
			Progress: func(line string) { fmt.Fprintln(os.Stderr, "pgtest:", line) },
		})
		if err == nil {
			return server, nil
		}
		failure = errors.Join(err, os.RemoveAll(dir))
		if folder := (*localpg.FolderError)(nil); !errors.As(err, &folder) {
			break
		}
	}
	return nil, failure
}

func discard(ctx context.Context, server *localpg.Server) error {
	return errors.Join(server.Stop(ctx), os.RemoveAll(server.Dir()))
}

// sweep removes what test binaries left that were killed or that panicked. It
// is a courtesy: what it cannot remove, another user's for instance, stays.
func sweep(ctx context.Context) {
	for _, parent := range localpg.TempDirs() {
		left, err := filepath.Glob(filepath.Join(parent, prefix+"*"))
		if err != nil {
			continue
		}
		for _, dir := range left {
			pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
			if n, err := strconv.Atoi(pid); err == nil && !alive(n) {
				_ = localpg.Remove(ctx, dir)
			}
		}
	}
}

func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	return !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
