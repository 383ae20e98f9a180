// Command chaos finds out whether Docket keeps what it acknowledges.
//
// It starts a private, durable PostgreSQL and the real docket binary, has
// writers send creates, changes, deletions, batches and whole replacements,
// each with an Idempotency-Key, and kills the server with SIGKILL at random
// moments; then it kills PostgreSQL the same way, and leaves the server to
// recover. Writes without an answer are sent again under the same key until
// there is one. In the end it compares every row of the database with what was
// acknowledged.
//
//	go run ./cmd/chaos --kills 30 --writers 8 --seed 1
//	go run ./cmd/chaos --quick
//
// It exits with 0 where nothing was lost, doubled or half-done, with 1 where
// something was or a promise about an outage was broken, with 2 where it was
// called wrongly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
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
	// kills is how often the server is killed, outages how often PostgreSQL.
	kills, outages int
	writers        int
	// seed decides what is written and when something is killed; what those
	// moments meet is up to the machine.
	seed uint64
	// limit and writes bound the run, in time and in acknowledged writes: past
	// either it is given up.
	limit  time.Duration
	writes int
}

// Bounds of what can be asked for.
const (
	maxKills   = 10_000
	maxWriters = 64
)

func readPlan(args []string, stderr io.Writer) (plan, error) {
	var p plan
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&p.kills, "kills", 30, "how often to kill the server")
	flags.IntVar(&p.outages, "outages", 3, "how often to kill PostgreSQL")
	flags.IntVar(&p.writers, "writers", 8, "how many clients write at once")
	flags.Uint64Var(&p.seed, "seed", 1, "what decides what is written, and when something is killed")
	flags.DurationVar(&p.limit, "limit", 10*time.Minute, "time after which the run is given up")
	flags.IntVar(&p.writes, "writes", 200_000, "number of writes after which the run is given up")
	quick := flags.Bool("quick", false, "a short run, for every change: 8 kills of the server, one of PostgreSQL")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	if *quick {
		p.kills, p.outages, p.limit = 8, 1, 2*time.Minute
	}
	switch {
	case flags.NArg() > 0:
		return p, fmt.Errorf("chaos takes no argument, and got %q", flags.Arg(0))
	case p.kills < 0 || p.kills > maxKills || p.outages < 0 || p.outages > maxKills:
		return p, fmt.Errorf("--kills and --outages must be between 0 and %d", maxKills)
	case p.writers < 1 || p.writers > maxWriters:
		return p, fmt.Errorf("--writers must be between 1 and %d", maxWriters)
	case p.limit <= 0 || p.writes < 1:
		return p, errors.New("--limit and --writes must be positive")
	}
	return p, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p, err := readPlan(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "chaos:", err)
		return exitUsage
	}
	limited, cancel := context.WithTimeoutCause(ctx, p.limit, fmt.Errorf("not done after %s", p.limit))
	defer cancel()
	say := func(format string, args ...any) { fmt.Fprintf(stderr, "chaos: "+format+"\n", args...) }
	result, err := conduct(limited, p, say)
	if err != nil {
		if cause := context.Cause(limited); cause != nil {
			err = fmt.Errorf("%w (%w)", err, cause)
		}
		fmt.Fprintln(stderr, "chaos:", err)
		return exitFailure
	}
	result.print(stdout)
	if !result.good() {
		return exitFailure
	}
	return 0
}

// conduct does what p says and returns what came of it.
func conduct(ctx context.Context, p plan, say func(string, ...any)) (_ outcome, err error) {
	began := time.Now()
	say("building docket, starting PostgreSQL")
	b, err := setUp(ctx, say)
	if err != nil {
		return outcome{}, err
	}
	defer func() { err = errors.Join(err, b.tearDown(context.WithoutCancel(ctx))) }()

	troupe, err := hire(ctx, b, p)
	if err != nil {
		return outcome{}, err
	}
	troupe.start()
	dice := rand.New(rand.NewPCG(p.seed, 0))
	stuck := killServer(ctx, b, troupe, p.kills, dice, say)
	var recoveries []time.Duration
	if stuck == nil {
		recoveries, stuck = killPostgreSQL(ctx, b, troupe, p.outages, dice, say)
	}
	switch err := errors.Join(stuck, troupe.finish()); {
	case ctx.Err() != nil:
		return outcome{}, errors.New("stopped before its end")
	case err != nil:
		return outcome{}, fmt.Errorf("%w\n%s", err, b.server.LastWords())
	}
	if err := b.server.Stop(ctx); err != nil {
		return outcome{}, err
	}
	say("comparing the database with what was acknowledged")
	found, err := snapshot(ctx, b.url)
	if err != nil {
		return outcome{}, err
	}
	return outcome{
		plan: p, took: time.Since(began), recoveries: recoveries, traffic: troupe.traffic.totals(),
		report: compare(troupe.ledgers(), found), contradictions: troupe.contradictions(),
	}, nil
}
