//go:build unix

package localpg

import (
	"errors"
	"os"
	"syscall"
)

// stopMode is a way of stopping PostgreSQL.
// https://www.postgresql.org/docs/current/server-shutdown.html
type stopMode syscall.Signal

const (
	stopFast      = stopMode(syscall.SIGINT)  // closes connections, writes a checkpoint
	stopImmediate = stopMode(syscall.SIGQUIT) // leaves a recovery to the next start
	stopKill      = stopMode(syscall.SIGKILL)
)

func sendStop(pid int, how stopMode) error {
	err := syscall.Kill(pid, syscall.Signal(how))
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// killGroup ends a process and what it started.
func killGroup(leader *os.Process) error {
	err := syscall.Kill(-leader.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
