//go:build !linux

package localpg

import "os/exec"

// dieWithParent does nothing here: only Linux can do it. The next start stops
// what a killed run left behind.
func dieWithParent(*exec.Cmd) {}
