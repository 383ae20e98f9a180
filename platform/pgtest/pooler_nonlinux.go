//go:build !linux

package pgtest

import "os/exec"

// dieWithParent does nothing here: only Linux can do it.
func dieWithParent(*exec.Cmd) {}
