package localpg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// layout names what is inside a data folder. Everything but the cluster itself
// belongs to the user who runs Docket, not to the account that PostgreSQL
// drops to, so that the latter cannot redirect what root writes.
type layout struct {
	root string // absolute, symbolic links resolved
}

func (l layout) data() string     { return filepath.Join(l.root, "pgdata") }
func (l layout) pidFile() string  { return filepath.Join(l.data(), "postmaster.pid") }
func (l layout) lock() string     { return filepath.Join(l.root, "docket.lock") }
func (l layout) log() string      { return filepath.Join(l.root, "postgres.log") }
func (l layout) access() string   { return filepath.Join(l.root, "pg_hba.conf") }
func (l layout) socket() string   { return filepath.Join(l.root, "run") }
func (l layout) password() string { return filepath.Join(l.root, "password") }

// unfinished is the pattern of a cluster that initdb has not finished.
const unfinished = "pgdata.unfinished-*"

// claim makes the data folder if need be and says whom PostgreSQL runs as
// there.
func claim(dir string) (layout, account, error) {
	if dir == "" {
		return layout{}, account{}, errors.New("start PostgreSQL: no data folder given")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return layout{}, account{}, fmt.Errorf("find the data folder %s: %w", dir, err)
	}
	if _, err := os.Stat(filepath.Join(abs, "PG_VERSION")); err == nil {
		return layout{}, account{}, &FolderError{Dir: abs, Path: abs, Reason: "it is itself a PostgreSQL cluster, which Docket does not take over"}
	}
	who, err := chooseAccount(abs)
	if err != nil {
		return layout{}, account{}, err
	}
	if err := makeFolder(abs, who); err != nil {
		return layout{}, account{}, err
	}
	resolved, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return layout{}, account{}, fmt.Errorf("find the data folder %s: %w", abs, err)
	}
	return layout{root: resolved}, who, nil
}

func makeFolder(dir string, who account) error {
	info, err := os.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return &FolderError{Dir: dir, Path: dir, Reason: "it is not a folder"}
	case err == nil:
		return who.letThrough(dir, info)
	case !errors.Is(err, fs.ErrNotExist):
		return &FolderError{Dir: dir, Path: dir, Reason: "it cannot be looked at", Err: err}
	}
	if err := os.MkdirAll(filepath.Dir(dir), who.parentMode()); err != nil {
		return &FolderError{Dir: dir, Path: filepath.Dir(dir), Reason: "it cannot be made", Err: err}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return &FolderError{Dir: dir, Path: dir, Reason: "it cannot be made", Err: err}
	}
	info, err = os.Stat(dir)
	if err != nil {
		return &FolderError{Dir: dir, Path: dir, Reason: "it cannot be looked at", Err: err}
	}
	return who.letThrough(dir, info)
}

// pidState is what postmaster.pid says.
type pidState struct {
	pid   int
	port  int
	ready bool
}

// readPidFile reads postmaster.pid, whose lines are: pid, data folder, start
// time, port, socket folder, listen address, shared memory key, status.
func readPidFile(home layout) (pidState, error) {
	text, err := os.ReadFile(home.pidFile())
	if err != nil {
		return pidState{}, err
	}
	lines := strings.Split(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil {
		return pidState{}, fmt.Errorf("read %s: %w", home.pidFile(), err)
	}
	state := pidState{pid: pid}
	if len(lines) > 3 {
		state.port, _ = strconv.Atoi(strings.TrimSpace(lines[3])) // absent until the server listens
	}
	if len(lines) > 7 {
		state.ready = strings.TrimSpace(lines[7]) == "ready"
	}
	return state, nil
}

// madeBy returns the major version that made the cluster, or "" when there is
// none.
func (l layout) madeBy() (string, error) {
	text, err := os.ReadFile(filepath.Join(l.data(), "PG_VERSION"))
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", &FolderError{Dir: l.root, Path: l.data(), Reason: "its cluster cannot be read by this user", Err: err}
	}
	entries, err := os.ReadDir(l.data())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", &FolderError{Dir: l.root, Path: l.data(), Reason: "its cluster cannot be read by this user", Err: err}
	case len(entries) > 0:
		return "", &FolderError{Dir: l.root, Path: l.data(), Reason: l.data() + " holds something that is not a PostgreSQL cluster"}
	}
	return "", nil
}
