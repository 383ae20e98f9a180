package localpg

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// RunningURL returns the connection URL of the server that another process
// runs on a data folder. It is an error where none accepts connections.
func RunningURL(dir, database string) (string, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the data folder %s: %w", dir, err)
	}
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	home := layout{root: root}
	state, err := readPidFile(home)
	if err != nil || !state.ready {
		return "", fmt.Errorf("no private PostgreSQL runs on the data folder %s; start it with docket serve", root)
	}
	e := endpoint{folder: home.socket(), port: socketPort}
	if runtime.GOOS == "windows" {
		password, err := os.ReadFile(home.password())
		if err != nil {
			return "", fmt.Errorf("read the private server's password: %w", err)
		}
		e = endpoint{port: state.port, password: strings.TrimSpace(string(password))}
	} else if target, err := os.Readlink(e.folder); err == nil {
		e.folder = target
	}
	return e.url(database), nil
}
