// Command applyschema brings a database to schema.hcl in the way that the
// program and the tests do, with the Atlas library. CI compares the outcome
// with that of the Atlas CLI.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"docket/platform/schema"
)

const usage = `usage: go run ./platform/tools/applyschema

Brings the database named by DATABASE_URL_DIRECT to schema.hcl and prints the
statements that it took; none when there was nothing to do.

example: go run ./platform/tools/scratch go run ./platform/tools/applyschema
`

func main() {
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	if flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Getenv("DATABASE_URL_DIRECT"), os.Stdout)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "applyschema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, databaseURL string, out io.Writer) error {
	if databaseURL == "" {
		return fmt.Errorf("DATABASE_URL_DIRECT is not set: it names the database to change")
	}
	path, err := schema.Find(".")
	if err != nil {
		return fmt.Errorf("find schema.hcl: %w", err)
	}
	statements, err := schema.Apply(ctx, databaseURL, path)
	if err != nil {
		return fmt.Errorf("apply %s: %w", path, err)
	}
	for _, statement := range statements {
		fmt.Fprintln(out, statement)
	}
	return nil
}
