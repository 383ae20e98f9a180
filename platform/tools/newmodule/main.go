// Command newmodule makes a module in the shape of modules/tag: a table, its
// core, its store, its routes, and tests of each. It writes from templates
// rather than copying tag, because tag needs what a new module does not; a
// test holds them to tag, declaration by declaration.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

const usage = `usage: go run ./platform/tools/newmodule [flags] NAME

Makes the module NAME: the folder modules/NAME, its table in schema.hcl, and its
line in cmd/docket/app.go. NAME is a singular noun in lower case. What it makes
compiles, passes its own tests, and serves an empty list at /api/v1/NAMEs.

Nothing is changed where anything stands in the way: a module, a table or a route
of that name, a name that Go or PostgreSQL keeps for itself, or changes to
schema.hcl or cmd/docket/app.go that are not committed.

flags:
  -plural WORD  the name of the table and of the path (default: NAME's plural)
  -root DIR     the repository (default: the one around the working folder)
  -dirty        go ahead although those files have uncommitted changes

example:
  go run ./platform/tools/newmodule note
  go run ./platform/tools/newmodule -plural people person
`

const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("newmodule", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	plural := flags.String("plural", "", "")
	root := flags.String("root", "", "")
	dirty := flags.Bool("dirty", false, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "newmodule: %v\n\n%s", err, usage)
		return exitUsage
	case flags.NArg() != 1:
		fmt.Fprintf(stderr, "newmodule: give one name, and flags before it\n\n%s", usage)
		return exitUsage
	}
	made, err := generate(ctx, *root, newNames(flags.Arg(0), *plural), *dirty)
	if err != nil {
		fmt.Fprintf(stderr, "newmodule: %v\n", err)
		return exitFailure
	}
	fmt.Fprint(stdout, made)
	return exitOK
}

// generate makes the module n in the repository at root, or around the working
// folder where root is "", and returns what to tell about it.
func generate(ctx context.Context, root string, n names, dirty bool) (string, error) {
	root, err := repository(root)
	if err != nil {
		return "", err
	}
	if err := n.check(); err != nil {
		return "", err
	}
	if err := n.checkFree(root); err != nil {
		return "", err
	}
	if !dirty {
		if err := refuseDirty(ctx, root, schemaFile, appFile); err != nil {
			return "", err
		}
	}
	changes, err := plan(root, n)
	if err != nil {
		return "", err
	}
	if err := apply(root, changes); err != nil {
		return "", err
	}
	return report(n, changes), nil
}

// repository returns the folder of the module docket: root itself, or the
// nearest above the working folder.
func repository(root string) (string, error) {
	above := root == ""
	if above {
		root = "."
	}
	start, err := filepath.Abs(root)
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for at := start; ; at = filepath.Dir(at) {
		_, err := os.Stat(filepath.Join(at, schemaFile))
		switch {
		case err == nil:
			return at, nil
		case !above || filepath.Dir(at) == at:
			return "", fmt.Errorf("%s is no repository of Docket: it has no %s", start, schemaFile)
		}
	}
}
