package localpg

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// kin judges by /proc: a PostgreSQL works in its data folder, and names it on
// its command line. A zombie has neither and is a stranger.
func kin(_ context.Context, home layout, state pidState) kinship {
	proc := filepath.Join("/proc", strconv.Itoa(state.pid))
	comm, err := os.ReadFile(filepath.Join(proc, "comm"))
	if err != nil || strings.TrimSpace(string(comm)) != "postgres" {
		return stranger
	}
	if cwd, err := os.Readlink(filepath.Join(proc, "cwd")); err == nil {
		if cwd == home.data() {
			return ours
		}
		return stranger
	}
	// Another user's, or a container without the right to look.
	line, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	args := strings.Split(string(line), "\x00")
	if i := slices.Index(args, "-D"); i >= 0 && i+1 < len(args) {
		if args[i+1] == home.data() {
			return ours
		}
		return stranger
	}
	if err != nil || len(line) == 0 {
		return stranger
	}
	return unclear
}

// postgresIn lists the PostgreSQL processes that work in the folder.
func postgresIn(home layout) []int {
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return nil
	}
	var pids []int
	for _, link := range links {
		if cwd, err := os.Readlink(link); err != nil || cwd != home.data() {
			continue
		}
		comm, err := os.ReadFile(filepath.Join(filepath.Dir(link), "comm"))
		if err != nil || strings.TrimSpace(string(comm)) != "postgres" {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
