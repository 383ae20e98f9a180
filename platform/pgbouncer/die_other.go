//go:build !linux

package pgbouncer

import "os/exec"

// dieWithParent does nothing here: only Linux can do it.
func dieWithParent(*exec.Cmd) {}
