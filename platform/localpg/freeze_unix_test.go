//go:build unix

package localpg

import (
	"syscall"
	"testing"
)

// freeze makes a process deaf to all signals but kill -9.
func freeze(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}
