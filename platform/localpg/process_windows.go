package localpg

import (
	"fmt"
	"os"
)

// stopMode is a way of stopping PostgreSQL, as the signal number that its
// emulation of Unix signals on Windows takes, or stopKill.
// https://www.postgresql.org/docs/current/server-shutdown.html
type stopMode byte

const (
	stopFast      stopMode = 2 // SIGINT: closes connections, writes a checkpoint
	stopImmediate stopMode = 3 // SIGQUIT: leaves a recovery to the next start
	stopKill      stopMode = 9
)

// sendStop does what pg_ctl kill does: it writes the signal's number into the
// server's named pipe and waits for the echo.
// https://github.com/postgres/postgres/blob/REL_17_STABLE/src/port/kill.c
func sendStop(pid int, how stopMode) error {
	if how == stopKill {
		p, err := os.FindProcess(pid)
		if err != nil {
			return os.ErrProcessDone
		}
		return p.Kill()
	}
	pipe, err := os.OpenFile(fmt.Sprintf(`\\.\pipe\pgsignal_%d`, pid), os.O_RDWR, 0)
	if os.IsNotExist(err) {
		return os.ErrProcessDone
	}
	if err != nil {
		return fmt.Errorf("open the server's signal pipe: %w", err)
	}
	defer pipe.Close()
	if _, err := pipe.Write([]byte{byte(how)}); err != nil {
		return fmt.Errorf("write to the server's signal pipe: %w", err)
	}
	// The answer only echoes the number; a server that ends first sends none.
	_, _ = pipe.Read(make([]byte, 1))
	return nil
}

// killGroup ends a process; what it started ends when its pipes break.
func killGroup(leader *os.Process) error { return leader.Kill() }
