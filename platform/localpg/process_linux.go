package localpg

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel ask the server for a fast shutdown when this
// process ends without having stopped it, by kill -9 for instance. See
// PR_SET_PDEATHSIG in prctl(2).
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGINT
}
