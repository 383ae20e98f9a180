// Command planschema says of a change of schema.hcl what the Atlas command line
// does not: what has drifted, what is dangerous, what is left to do. It builds
// indexes without locks.
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

	"docket/platform/release"
	"docket/platform/schema"
)

const usage = `usage: go run ./platform/tools/planschema [FLAG...] drift|dangers|left|index|install

Looks at the database that DATABASE_URL_DIRECT names; never a pooler's address.

drift    fails on what neither the release that runs nor this schema.hcl knows
dangers  fails on changes that lock or rewrite a table with rows, or break the
         release that runs, and that no line of .schema.accepted accepts
left     fails on what is still to be changed after Atlas has applied the schema
index    builds the indexes that are new, without locking anybody out
install  brings an empty database to the schema of the release that runs

flags:
`

// settings are the flags.
type settings struct {
	url, file string
	previous  string // "" where there is none
	drops     bool
	populated bool
}

func main() {
	var s settings
	var revision string
	flag.StringVar(&revision, "previous", os.Getenv("DOCKET_SCHEMA_PREVIOUS"), "git revision of the release that runs (DOCKET_SCHEMA_PREVIOUS); default the last tag before HEAD, else the commit before it")
	flag.BoolVar(&s.drops, "drops", os.Getenv("DOCKET_SCHEMA_DROPS") == "true", "tables and columns that are not declared are dropped (DOCKET_SCHEMA_DROPS=true)")
	flag.BoolVar(&s.populated, "populated", false, "take every table for one with rows, where the database is not the real one")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage); flag.PrintDefaults() }
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	s.url = os.Getenv("DATABASE_URL_DIRECT")
	var err error
	if s.file, err = schema.Find("."); err == nil {
		err = run(ctx, s, revision, flag.Arg(0), os.Stdout)
	}
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "planschema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, revision, verb string, out io.Writer) (err error) {
	if s.url == "" {
		return errors.New("DATABASE_URL_DIRECT is not set: it names the database to look at")
	}
	switch verb {
	case "index":
		return index(ctx, s, out)
	case "left":
		return left(ctx, s, out)
	case "drift", "dangers", "install":
	default:
		return fmt.Errorf("there is no %q: it is drift, dangers, left, index or install", verb)
	}
	dir, err := os.MkdirTemp("", "docket-planschema-")
	if err != nil {
		return fmt.Errorf("make a folder for the schema of the release that runs: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if s.previous, revision, err = previousSchema(ctx, filepath.Dir(s.file), revision, dir); err != nil {
		return err
	}
	if revision == "" {
		revision = "none is known"
	}
	fmt.Fprintln(out, "release that runs:", revision)
	switch verb {
	case "drift":
		return drift(ctx, s, out)
	case "dangers":
		return dangers(ctx, s, out)
	default:
		return install(ctx, s, out)
	}
}

// install is for the database of a review, in which the change to come is then
// looked at.
func install(ctx context.Context, s settings, out io.Writer) error {
	if s.previous == "" {
		fmt.Fprintln(out, "install: nothing was released before")
		return nil
	}
	statements, err := schema.Apply(ctx, s.url, s.previous)
	fmt.Fprintln(out, "install: statements", len(statements))
	return err
}

func drift(ctx context.Context, s settings, out io.Writer) error {
	if s.previous == "" {
		fmt.Fprintln(out, "drift: nothing to compare with")
		return nil
	}
	statements, err := schema.Drift(ctx, s.url, s.previous, s.file, s.drops)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		fmt.Fprintln(out, statement)
	}
	if len(statements) > 0 {
		return errors.New("the database has drifted: somebody has changed it by hand, and the statements above would undo that")
	}
	fmt.Fprintln(out, "drift: none")
	return nil
}

func dangers(ctx context.Context, s settings, out io.Writer) error {
	accepted, err := schema.ReadAccepted(filepath.Join(filepath.Dir(s.file), schema.AcceptedFile))
	if err != nil {
		return err
	}
	found, err := schema.FindDangers(ctx, schema.Dangers{URL: s.url, File: s.file, Previous: s.previous, Drops: s.drops, Populated: s.populated})
	if err != nil {
		return err
	}
	open := 0
	for _, d := range found {
		if why, ok := accepted.Why(d); ok {
			fmt.Fprintf(out, "accepted: %s %s: %s\n", d.Kind, d.Object, why)
			continue
		}
		fmt.Fprintln(out, d)
		open++
	}
	for _, line := range accepted.Beyond(found) {
		fmt.Fprintf(out, "%s has a line that is of no use any more: %s\n", schema.AcceptedFile, line)
	}
	if open > 0 {
		return fmt.Errorf("dangerous changes, %d, see above: what is to be made all the same needs a line in %s", open, schema.AcceptedFile)
	}
	fmt.Fprintf(out, "dangers: none of %d is unaccounted for\n", len(found))
	return nil
}

func left(ctx context.Context, s settings, out io.Writer) error {
	statements, err := schema.Left(ctx, s.url, s.file, s.drops)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		fmt.Fprintln(out, statement)
	}
	if len(statements) > 0 {
		return errors.New("the database is not what schema.hcl declares; the statements above are left to be run")
	}
	fmt.Fprintln(out, "left: nothing")
	return nil
}

func index(ctx context.Context, s settings, out io.Writer) error {
	done, err := schema.BuildIndexes(ctx, s.url, s.file, func(statement string) { fmt.Fprintln(out, statement) })
	if err == nil && len(done) == 0 {
		fmt.Fprintln(out, "index: none to build")
	}
	return err
}

// previousSchema writes the schema of a release into dir and returns its path
// and the release's name; both are empty where there was none.
func previousSchema(ctx context.Context, repository, revision, dir string) (path, name string, err error) {
	c := release.Checkout(repository)
	if revision == "" {
		if revision, err = c.Last(ctx); err != nil || revision == "" {
			return "", "", err
		}
	}
	text, err := c.Git(ctx, "show", revision+":"+schema.File)
	if err != nil {
		return "", "", fmt.Errorf("read the schema of the release that runs: %w", err)
	}
	path = filepath.Join(dir, schema.File)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", "", fmt.Errorf("keep the schema of the release that runs: %w", err)
	}
	return path, revision, nil
}
