package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// initialise makes the cluster unless there is one. It is made under another
// name and renamed when finished, so that an interrupted attempt leaves
// nothing that looks like a cluster.
func (s *Server) initialise(ctx context.Context, o Options, env environment, say *teller) error {
	if err := clearUnfinished(s.home); err != nil {
		return err
	}
	if env.loopback {
		if err := ensurePassword(s.home, s.account); err != nil {
			return err
		}
	}
	made, err := s.home.madeBy()
	if err != nil || made != "" {
		return err
	}
	// An empty folder of the right name is as good as none.
	if err := os.Remove(s.home.data()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("make way for a new cluster: %w", err)
	}
	done := say.ifSlow("setting up a new PostgreSQL cluster in " + s.home.root)
	defer done()
	temp, err := os.MkdirTemp(s.home.root, unfinished)
	if err != nil {
		return &FolderError{Dir: s.home.root, Path: s.home.root, Reason: "it cannot be written", Err: err}
	}
	if err := s.initdb(ctx, temp, o.Volatile, env.loopback); err != nil {
		return errors.Join(fmt.Errorf("set up a new cluster in %s: %w", s.home.root, err), os.RemoveAll(temp))
	}
	if err := os.Rename(temp, s.home.data()); err != nil {
		return fmt.Errorf("put the new cluster in place: %w", err)
	}
	return nil
}

// clearUnfinished removes what an interrupted initdb left. The lock says that
// none is running.
func clearUnfinished(home layout) error {
	left, err := filepath.Glob(filepath.Join(escapeGlob(home.root), unfinished))
	if err != nil {
		return fmt.Errorf("look for unfinished clusters: %w", err)
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove an unfinished cluster: %w", err)
		}
	}
	return nil
}

func escapeGlob(path string) string {
	if filepath.Separator == '\\' {
		return path // a backslash separates there and cannot escape
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func ensurePassword(home layout, who account) error {
	if _, err := os.Stat(home.password()); err == nil {
		return nil
	}
	if err := writeFor(who, home.password(), newPassword()+"\n"); err != nil {
		return fmt.Errorf("write the private server's password: %w", err)
	}
	return nil
}

// initdb tries one way of having UTF-8 with bytewise order after the other.
func (s *Server) initdb(ctx context.Context, dir string, volatile, loopback bool) error {
	if err := s.account.give(dir); err != nil {
		return err
	}
	args := []string{"-D", dir, "-U", Owner, "--encoding=UTF8", "--no-instructions"}
	if volatile {
		// Small log segments spare a new cluster 15 MB of zeros.
		args = append(args, "--no-sync", "--wal-segsize=1")
	}
	if loopback {
		args = append(args, "--auth=scram-sha-256", "--pwfile="+s.home.password())
	} else {
		args = append(args, "--auth=trust")
	}
	var err error
	for _, locale := range locales(s.binaries.major) {
		cmd := s.account.command(ctx, s.binaries.initdb, append(args, locale...)...)
		cmd.Dir = dir
		if _, err = runTool(ctx, cmd); err == nil || !strings.Contains(err.Error(), "locale") {
			return err
		}
	}
	return err
}

// locales are initdb's arguments for a database that lower-cases all of
// Unicode and sorts bytewise, best first. Not every system has C.UTF-8, and
// before version 17 PostgreSQL has none of its own.
// https://www.postgresql.org/docs/17/locale.html#LOCALE-PROVIDERS
func locales(major int) [][]string {
	ways := [][]string{
		{"--locale=C.UTF-8"},
		{"--lc-collate=C", "--lc-ctype=en_US.UTF-8", "--lc-messages=C", "--lc-monetary=C", "--lc-numeric=C", "--lc-time=C"},
		{"--locale=C"},
	}
	if major >= 17 {
		return append([][]string{{"--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"}}, ways...)
	}
	return ways
}
