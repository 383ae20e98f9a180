package pgtest

import "os/exec"

// runAsServer is never called here: there is no PgBouncer.
func runAsServer(*exec.Cmd, string) error { return errNoPooler }
