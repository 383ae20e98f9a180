// Command scratch runs another command with an empty database of its own, and
// takes both away afterwards. The schema checks of CI use it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"time"

	"docket/platform/localpg"
)

const usage = `usage: go run ./platform/tools/scratch COMMAND [ARGUMENT...]

Starts a private PostgreSQL with an empty database, runs COMMAND with that
database's address in DATABASE_URL_DIRECT, and leaves with COMMAND's status.

example: go run ./platform/tools/scratch sh platform/tools/schema check --env ci
`

const (
	database    = "scratch"
	stopTimeout = 30 * time.Second
)

func main() {
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, flag.Args())
	cancel()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "scratch:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command []string) (err error) {
	dir, err := os.MkdirTemp("", "docket-scratch-")
	if err != nil {
		return fmt.Errorf("make a folder for the scratch database: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	server, err := localpg.Start(ctx, localpg.Options{Dir: dir, Volatile: true, Progress: progress})
	if err != nil {
		return fmt.Errorf("start the scratch PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, stop(ctx, server)) }()

	if err := server.EnsureDatabase(ctx, database); err != nil {
		return fmt.Errorf("create the scratch database: %w", err)
	}
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Env = append(os.Environ(), "DATABASE_URL_DIRECT="+server.URL(database))
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	return c.Run()
}

// stop outlives the interrupt that may have ended the command.
func stop(ctx context.Context, server *localpg.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		return fmt.Errorf("stop the scratch PostgreSQL: %w", err)
	}
	return nil
}

func progress(line string) { fmt.Fprintln(os.Stderr, line) }
