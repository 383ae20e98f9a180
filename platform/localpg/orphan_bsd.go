//go:build unix && !linux

package localpg

import (
	"context"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// kin judges by what ps shows of the command line, on which the server's data
// folder is named.
func kin(ctx context.Context, home layout, state pidState) kinship {
	out, err := exec.CommandContext(ctx, "ps", "-ww", "-o", "stat=", "-o", "command=", "-p", strconv.Itoa(state.pid)).Output()
	stat, command, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if err != nil || strings.HasPrefix(stat, "Z") {
		return stranger
	}
	command = strings.TrimSpace(command)
	program, args, found := strings.Cut(command, " -D ")
	switch {
	case found && filepath.Base(program) == "postgres" && strings.HasPrefix(args+" ", home.data()+" "):
		return ours
	case found || !strings.Contains(command, "postgres"):
		return stranger
	default:
		return unclear
	}
}

// postgresIn finds nothing here: without /proc the children of a killed server
// cannot be told from another's. They end by themselves after their query.
func postgresIn(layout) []int { return nil }
