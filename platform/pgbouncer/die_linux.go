package pgbouncer

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends the pooler of a test binary that is killed.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL }
