package pgbouncer

import (
	"context"
	"os/exec"
)

// runAsServer is never called here: there is no PgBouncer.
func runAsServer(context.Context, *exec.Cmd, string) error { return ErrMissing }
