package localpg

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// account is whom PostgreSQL's programs run as. The zero value is the user who
// runs Docket; PostgreSQL refuses root, so that root drops to another account.
type account struct {
	name     string
	uid, gid uint32
	drop     bool
}

// command prepares a program to run as the account, in a process group of its
// own, so that a Ctrl-C in the terminal reaches only Docket, which then stops
// the server in order. Ending ctx kills the group.
func (a account) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return killGroup(cmd.Process) }
	// A grandchild may hold the output open after the program was killed.
	cmd.WaitDelay = time.Second
	cmd.Env = cleanEnvironment(os.Environ())
	cmd.Dir = filepath.Dir(program)
	cmd.SysProcAttr = a.attributes()
	return cmd
}

// cleanEnvironment drops what would change the server behind our back. The
// locale is C for messages that can be recognised (and because macOS refuses
// to start a server without one); the zone spares initdb a long search.
func cleanEnvironment(environ []string) []string {
	var kept []string
	for _, e := range environ {
		if !strings.HasPrefix(e, "PG") && !strings.HasPrefix(e, "LC_") && !strings.HasPrefix(e, "LANG") && !strings.HasPrefix(e, "TZ=") {
			kept = append(kept, e)
		}
	}
	return append(kept, "LC_ALL=C", "TZ=UTC")
}
