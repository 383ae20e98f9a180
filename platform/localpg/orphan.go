package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// kinship is what a process has to do with a data folder.
type kinship int

const (
	stranger kinship = iota // no such process, a dead one, or none of this folder's
	ours                    // a PostgreSQL that works in this folder
	unclear                 // a PostgreSQL whose folder this user may not see
)

// stopOrphan ends what an earlier run left alive in the folder. The caller
// holds the folder's lock, so that no Docket is behind such a server any more.
// Without a pid file there is nothing to do.
func stopOrphan(ctx context.Context, home layout, say *teller) error {
	state, err := readPidFile(home)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, fs.ErrPermission):
		return &FolderError{Dir: home.root, Path: home.pidFile(), Reason: "its cluster cannot be read by this user", Err: err}
	case err != nil:
		// Cut short by a full disk or a crash: PostgreSQL would refuse it.
		if err := endAll(ctx, home, postgresIn(home), say); err != nil {
			return err
		}
		return os.Remove(home.pidFile())
	}
	switch kin(ctx, home, state) {
	case ours:
		done := say.ifSlow(fmt.Sprintf("stopping the PostgreSQL that an earlier run left behind (process %d)", state.pid))
		defer done()
		if err := endOrphan(ctx, home, state, stopFast); err != nil {
			return err
		}
	case stranger:
		if !isAlive(state.pid) {
			break // PostgreSQL sees that by itself
		}
		if err := disown(home, state.pid); err != nil {
			return err
		}
	case unclear:
		// PostgreSQL knows best whether that one is in its way.
	}
	return endAll(ctx, home, postgresIn(home), say)
}

// endAll ends servers and their children, which may outlive a postmaster that
// was killed for as long as their query runs.
func endAll(ctx context.Context, home layout, pids []int, say *teller) error {
	for _, pid := range pids {
		done := say.ifSlow(fmt.Sprintf("stopping process %d of an earlier run", pid))
		err := endOrphan(ctx, home, pidState{pid: pid}, stopImmediate)
		done()
		if err != nil {
			return err
		}
	}
	return nil
}

// endOrphan stops a process that is not our child, each step harder than the
// one before, and returns when it is gone.
func endOrphan(ctx context.Context, home layout, state pidState, first stopMode) error {
	steps := []struct {
		how   stopMode
		grace time.Duration
	}{{stopFast, fastGrace}, {stopImmediate, immediateGrace}, {stopKill, killGrace}}
	if first == stopImmediate {
		steps = steps[1:]
	}
	for _, step := range steps {
		if err := sendStop(state.pid, step.how); errors.Is(err, os.ErrProcessDone) {
			return nil
		} else if err != nil {
			return fmt.Errorf("signal process %d: %w", state.pid, err)
		}
		gone, err := awaitGone(ctx, home, state, step.grace)
		if err != nil || gone {
			return err
		}
	}
	return fmt.Errorf("process %d does not end", state.pid)
}

func awaitGone(ctx context.Context, home layout, state pidState, grace time.Duration) (bool, error) {
	limit := time.NewTimer(grace)
	defer limit.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if kin(ctx, home, state) == stranger {
			return true, nil
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("wait for process %d to end: %w", state.pid, context.Cause(ctx))
		case <-limit.C:
			return false, nil
		case <-tick.C:
		}
	}
}

// nobodysPID is larger than any process id of any system Docket runs on.
const nobodysPID = "999999999"

// disown makes a pid file point at no process. PostgreSQL refuses to start
// when the process in it is alive and of the same user, whatever it is. The
// file is not simply removed, because PostgreSQL also reads from it which
// shared memory to look at for surviving children of a killed server.
func disown(home layout, pid int) error {
	text, err := os.ReadFile(home.pidFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was just shutting down
	}
	if err != nil {
		return fmt.Errorf("read the stale pid file: %w", err)
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	if strings.TrimSpace(first) != fmt.Sprint(pid) {
		return nil // it changed under us, for PostgreSQL to judge
	}
	info, err := os.Stat(home.pidFile())
	if err != nil {
		return fmt.Errorf("look at the stale pid file: %w", err)
	}
	if err := os.Remove(home.pidFile()); err != nil {
		return fmt.Errorf("remove the stale pid file: %w", err)
	}
	f, err := os.OpenFile(home.pidFile(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return fmt.Errorf("write the stale pid file anew: %w", err)
	}
	_, err = f.WriteString(nobodysPID + "\n" + rest)
	if err := errors.Join(err, sameOwner(f, info), f.Close()); err != nil {
		return fmt.Errorf("write the stale pid file anew: %w", err)
	}
	return nil
}
