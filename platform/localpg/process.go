package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// How long a server gets for a step of stopping before the next, harder one.
const (
	fastGrace      = 10 * time.Second // an orphan's final checkpoint
	immediateGrace = 8 * time.Second  // PostgreSQL kills its own children after 5 s
	killGrace      = 5 * time.Second
)

// process is a server that this process started.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed once err is set
	err    error
	grace  time.Duration // for an immediate shutdown
	killed bool          // it could not be asked, and its children with it
}

// launch starts cmd and waits for its end in a goroutine that holds its thread:
// Linux sends the parent death signal when the thread that forked ends, and Go
// ends idle threads as it likes.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, exited: make(chan struct{}), grace: immediateGrace}
	started := make(chan error)
	dieWithParent(cmd)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// outcome says how an ended process ended, never nil.
func (p *process) outcome() error {
	if p.err == nil {
		return errors.New("it ended at once")
	}
	return p.err
}

// shutdown stops the process: without haste until ctx ends, then in haste.
func (p *process) shutdown(ctx context.Context) error {
	if err := p.signal(stopFast); err != nil {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-ctx.Done():
		return p.abandon()
	}
}

// abandon stops the process without its final checkpoint.
func (p *process) abandon() error {
	for _, step := range []struct {
		how   stopMode
		grace time.Duration
	}{{stopImmediate, p.grace}, {stopKill, killGrace}} {
		p.killed = step.how == stopKill
		if err := p.signal(step.how); err != nil {
			return err
		}
		select {
		case <-p.exited:
			return nil
		case <-time.After(step.grace):
		}
	}
	return fmt.Errorf("process %d does not end", p.pid())
}

func (p *process) signal(how stopMode) error {
	select {
	case <-p.exited:
		return nil
	default:
	}
	if err := sendStop(p.pid(), how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal process %d: %w", p.pid(), err)
	}
	return nil
}

// runTool runs a command to its end and returns what it printed.
func runTool(ctx context.Context, cmd *exec.Cmd) (string, error) {
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	switch {
	case err == nil:
		return text, nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("run %s: %w", cmd.Path, context.Cause(ctx))
	default:
		return text, fmt.Errorf("run %s: %w: %s", cmd.Path, err, text)
	}
}
