// Command rehearse goes through what operators of Docket go through, for real:
// from an empty database to a served request, a change of the schema under
// load, and everything around the server failing, one after the other.
//
// It builds the docket program and starts it as in production, with a private
// PostgreSQL, a PgBouncer in front of that, a network that can be cut in
// between, a Redis, and an issuer of tokens. Clients write and read all the
// while, and remember what they were told. For each failure it prints one line:
// what the clients saw, and how long it took until all was well again. In the
// end it compares what there is with what was acknowledged.
//
//	go run ./cmd/rehearse
//	go run ./cmd/rehearse --quick
//	go run ./cmd/rehearse --soak 30m
//
// It needs what platform/tools/build atlas and platform/tools/pgbouncer make,
// and redis-server; it says so where something is missing. It leaves nothing
// behind. It exits with 0 where everything went as promised, with 1 where it
// did not, with 2 where it was called wrongly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
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

// plan is what a rehearsal does.
type plan struct {
	clients int
	hold    time.Duration // how long a failure lasts once it is noticed
	soak    time.Duration // 0 for none
	// alone is a soak and nothing else.
	alone  bool
	only   string // a part of the names of the failures to rehearse
	direct bool   // without PgBouncer
	drills bool   // what operators do, too
	pace   time.Duration
	limit  time.Duration
}

// Bounds of what can be asked for.
const maxClients = 200

func readPlan(args []string, stderr io.Writer) (plan, error) {
	var p plan
	flags := flag.NewFlagSet("rehearse", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&p.clients, "clients", 12, "how many users are at work")
	flags.DurationVar(&p.pace, "pace", 20*time.Millisecond, "how long each waits between two requests, on average")
	flags.DurationVar(&p.hold, "hold", 5*time.Second, "how long a failure lasts once clients have noticed")
	flags.DurationVar(&p.soak, "soak", 0, "only let traffic go on for this long, and fail on what grows")
	flags.StringVar(&p.only, "only", "", "rehearse only what has this in its name")
	flags.BoolVar(&p.direct, "direct", false, "without PgBouncer")
	flags.DurationVar(&p.limit, "limit", 15*time.Minute, "time after which the rehearsal is given up, besides a soak")
	quick := flags.Bool("quick", false, "a short run, for every change: failures of half a second, a soak of ten")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	p.alone, p.drills = p.soak != 0, true
	if *quick {
		p.clients, p.hold, p.limit = 6, 500*time.Millisecond, 5*time.Minute
	}
	if !p.alone {
		p.soak = 10 * time.Second
	}
	switch {
	case flags.NArg() > 0:
		return p, fmt.Errorf("rehearse takes no argument, and got %q", flags.Arg(0))
	case p.clients < 1 || p.clients > maxClients:
		return p, fmt.Errorf("--clients must be between 1 and %d", maxClients)
	case p.pace <= 0 || p.hold < 0 || p.soak < 0 || p.limit <= 0:
		return p, errors.New("--pace, --hold, --soak and --limit must be positive")
	}
	return p, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p, err := readPlan(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "rehearse:", err)
		return exitUsage
	}
	if err := conduct(ctx, p, stdout); err != nil {
		fmt.Fprintln(stderr, "rehearse:", err)
		return exitFailure
	}
	fmt.Fprintln(stdout, "all as promised")
	return 0
}

// conduct does what p says, and prints what comes of it.
func conduct(ctx context.Context, p plan, w io.Writer) (err error) {
	say := func(text string) { fmt.Fprintln(w, text) }
	s, err := setUp(ctx, !p.direct)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.tearDown(ctx)) }()
	if !p.alone && p.drills && strings.Contains(releasesName, p.only) {
		if s.earlier, s.noEarlier = s.buildEarlier(ctx); s.noEarlier != nil && !errors.Is(s.noEarlier, errSkipped) {
			return s.noEarlier
		}
	}
	// From here on: to compile the program takes minutes where nothing is cached.
	ctx, cancel := context.WithTimeoutCause(ctx, p.limit+p.soak, fmt.Errorf("not done after %s", p.limit+p.soak))
	defer cancel()
	s.traffic.pace = p.pace
	say(fmt.Sprintf("%-24s PostgreSQL %s in %s", "a private stage", s.postgres.Version(), s.pgFolder))
	for _, one := range pipeline() {
		if err := s.report(ctx, one, say); err != nil {
			return err
		}
	}
	idle, err := s.sample(ctx)
	if err != nil {
		return err
	}
	if err := s.traffic.add(p.clients, 1, func(email string) (string, error) { return s.issuer.sign(0, email) }); err != nil {
		return err
	}
	s.traffic.start(ctx)
	broken := s.perform(ctx, p, say)
	if ctx.Err() != nil {
		return errors.Join(broken, context.Cause(ctx))
	}
	if !p.alone { // another process by now
		idle = sample{}
	}
	return errors.Join(broken, s.finish(ctx, idle, say))
}

// perform goes through what happens under load. What goes wrong is no reason
// not to see the rest.
func (s *stage) perform(ctx context.Context, p plan, say func(string)) error {
	var broken error
	var lines io.Writer = writer(say)
	if !p.alone {
		if broken = s.trouble(ctx, p, say); ctx.Err() != nil || s.traffic.err() != nil {
			return broken
		}
		lines = io.Discard
	}
	s.traffic.watch(allowance{})
	says, err := s.soak(ctx, p.soak, lines)
	if err != nil {
		return errors.Join(broken, fmt.Errorf("soak: %w", err))
	}
	say(fmt.Sprintf("%-24s %s", "soak", says))
	return broken
}

// trouble is a change of the schema, what operators do, and every failure.
func (s *stage) trouble(ctx context.Context, p plan, say func(string)) error {
	if err := s.report(ctx, step{"schema change under load", changeSchema}, say); err != nil {
		return err
	}
	var broken error
	for _, d := range drills() {
		if !p.drills || !strings.Contains(d.name, p.only) {
			continue
		}
		if err := s.drill(ctx, d, say); err != nil {
			say(line{name: d.name, err: err}.String())
			broken = errors.Join(broken, serious(d.name, err))
		}
	}
	for _, f := range failures() {
		if ctx.Err() != nil || s.traffic.err() != nil {
			return broken
		}
		if !strings.Contains(f.name, p.only) {
			continue
		}
		l := s.rehearse(ctx, f, p.hold)
		say(l.String())
		broken = errors.Join(broken, serious(l.name, l.err))
	}
	return broken
}

// serious is err, unless it says what this machine lacks. CI must lack nothing.
func serious(name string, err error) error {
	if err == nil || errors.Is(err, errSkipped) && os.Getenv("CI") != "true" {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// writer prints lines by say.
type writer func(string)

func (say writer) Write(p []byte) (int, error) {
	say(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// finish ends the traffic and compares what there is with what was
// acknowledged.
func (s *stage) finish(ctx context.Context, idle sample, say func(string)) error {
	if err := s.traffic.finish(); err != nil {
		return fmt.Errorf("%w\n%s", err, s.server.LastWords())
	}
	if idle.goroutines > 0 {
		says, err := s.settles(ctx, idle)
		if err != nil {
			return err
		}
		say(fmt.Sprintf("%-24s %s", "idle again", says))
	}
	right, writes := 0, 0
	var findings []string
	for _, c := range s.traffic.clients {
		n, found, err := c.compare(ctx)
		if err != nil {
			return err
		}
		right, writes, findings = right+n, writes+c.writes, append(findings, found...)
	}
	if writes == 0 {
		return errors.New("nothing was acknowledged, which proves nothing")
	}
	if len(findings) > 0 {
		return fmt.Errorf("what there is differs from what was acknowledged in %d places: %s", len(findings), strings.Join(findings[:min(5, len(findings))], "; "))
	}
	say(fmt.Sprintf("%-24s %d acknowledged writes left %d tasks, all as they must be: nothing lost, nothing doubled", "what is kept", writes, right))
	return s.server.Stop(ctx)
}
