// Command bench measures how close Docket comes to what PostgreSQL itself can
// do.
//
// It starts a private, durable PostgreSQL, fills it, and measures in turns:
// pgbench with the statements that Docket was heard to send, a bare server that
// does no more than it must with the same statements (cmd/bench/bare), Docket as
// it is shipped, and Docket without row-level security. The speed of a machine
// moves by a fifth within minutes: what counts is the ratio of neighbours in one
// turn, and the median of the turns.
//
//	go run ./cmd/bench
//	go run ./cmd/bench --quick
//
// It needs Linux, wrk and pgbench. Everything stays on this machine, and ends by
// itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"docket/platform/statement"
)

const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// plan is what a run does.
type plan struct {
	rounds      int
	each        time.Duration // of one measurement
	connections int
	tasks       int
	// data and large are data folders of private PostgreSQLs to use; "" for data
	// makes one, for large leaves the comparison of sizes out.
	data, large string
	only        []statement.Operation
	// profile is where processor profiles of Docket go; "" takes none.
	profile string
	brief   bool // leaves out all but the main table
	limit   time.Duration
}

func readPlan(args []string, stderr io.Writer) (plan, error) {
	p := plan{only: statement.Operations()}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&p.rounds, "rounds", 7, "how many turns each has")
	flags.DurationVar(&p.each, "each", 3*time.Second, "how long each measurement takes, in whole seconds")
	flags.IntVar(&p.connections, "connections", 16, "how many clients there are at once")
	flags.IntVar(&p.tasks, "tasks", 200_000, "how many tasks to make up; 0 takes what is in the folder of --data-dir")
	flags.StringVar(&p.data, "data-dir", "", "data folder of a private PostgreSQL to use, and keep (default: a new one)")
	flags.StringVar(&p.large, "large", "", "data folder of another with very many tasks, to compare sizes")
	flags.StringVar(&p.profile, "profile", "", "folder for processor profiles of Docket, one for each operation")
	flags.BoolVar(&p.brief, "brief", false, "only the first table")
	flags.DurationVar(&p.limit, "limit", 20*time.Minute, "time after which the run is given up")
	only := flags.String("only", "", "the operations to measure, with commas: get one, list 50, create, update (default: all)")
	quick := flags.Bool("quick", false, "ends within two minutes: 2 turns of a second")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	if *quick {
		p = p.shortened(flags)
	}
	if *only != "" {
		p.only = nil
		for name := range strings.SplitSeq(*only, ",") {
			op := statement.Operation(strings.TrimSpace(name))
			if !slices.Contains(statement.Operations(), op) {
				return p, fmt.Errorf("there is no operation %q", op)
			}
			p.only = append(p.only, op)
		}
	}
	switch {
	case flags.NArg() > 0:
		return p, fmt.Errorf("bench takes no argument, and got %q", flags.Arg(0))
	case p.rounds < 1 || p.each < time.Second || p.connections < 1 || p.limit <= 0:
		return p, errors.New("--rounds, --connections and --limit must be positive, --each a second or more")
	case p.tasks < seededUsers && (p.tasks != 0 || p.data == ""):
		return p, fmt.Errorf("--tasks must be %d or more, or 0 with --data-dir", seededUsers)
	}
	return p, nil
}

// shortened is p with less of all that was not asked for by name.
func (p plan) shortened(flags *flag.FlagSet) plan {
	named := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { named[f.Name] = true })
	if !named["rounds"] {
		p.rounds = 2
	}
	if !named["each"] {
		p.each = time.Second
	}
	if !named["tasks"] {
		p.tasks = 20_000
	}
	if !named["limit"] {
		p.limit = 2 * time.Minute
	}
	return p
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p, err := readPlan(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = equipped()
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return exitUsage
	}
	limited, cancel := context.WithTimeoutCause(ctx, p.limit, fmt.Errorf("not done after %s", p.limit))
	defer cancel()
	say := func(format string, args ...any) { fmt.Fprintf(stderr, "bench: "+format+"\n", args...) }
	found, err := conduct(limited, p, say)
	if err != nil {
		if cause := context.Cause(limited); cause != nil {
			err = fmt.Errorf("%w (%w)", err, cause)
		}
		fmt.Fprintln(stderr, "bench:", err)
		return exitFailure
	}
	found.print(stdout)
	return 0
}

// equipped names what is missing on this machine.
func equipped() error {
	if runtime.GOOS != "linux" {
		return errors.New("it reads processor time and memory from /proc, and needs Linux")
	}
	for program, from := range map[string]string{
		"wrk": "Debian's package wrk", "pgbench": "Debian's package postgresql-contrib or postgresql",
	} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is missing; it comes with %s", program, from)
		}
	}
	return nil
}
