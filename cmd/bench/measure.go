package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"docket/platform/statement"
)

// sample is what one measurement found.
type sample struct {
	requests         int
	perSecond        float64
	p50, p99         time.Duration
	server, postgres time.Duration // processor time for one request
	generator        time.Duration // the same, where the load says it
}

// cpu is the processor time of one request, of the server and of PostgreSQL.
func (s sample) cpu() time.Duration { return s.server + s.postgres }

// system is something that can do the operations.
type system interface {
	run(ctx context.Context, op statement.Operation, connections int, d time.Duration) (sample, error)
}

// The systems, by the names that the tables have.
const (
	alone    = "PostgreSQL alone"
	bare     = "bare server"
	docket   = "Docket"
	unwalled = "Docket, row-level security off"
	keyed    = "Docket, with an Idempotency-Key"
	larger   = "Docket, the larger database"
)

// contestant is a system by its name.
type contestant struct {
	name string
	system
	only statement.Operation // "" for all
}

// bench is all that a run works with.
type bench struct {
	plan
	small, big  *ground
	contestants []contestant
	servers     []*process
	docket      *web
	bare        *web
	say         func(string, ...any)
}

// found is what a run came to.
type found struct {
	plan
	turns map[statement.Operation]map[string][]sample
	paced map[statement.Operation]map[string][]sample // at half of the greatest rate
	rungs map[statement.Operation]map[int]sample      // by connections
	peak  int64                                       // of Docket's memory, in bytes
	still stillness
	setup setup
}

// setup is where it was measured.
type setup struct {
	postgres     string
	tasks, large int64
}

// conduct does what p says and returns what came of it.
func conduct(ctx context.Context, p plan, say func(string, ...any)) (_ *found, err error) {
	folder, err := os.MkdirTemp("", "docket-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	b := &bench{plan: p, say: say}
	defer func() {
		err = errors.Join(err, b.close(context.WithoutCancel(ctx)), os.RemoveAll(folder))
	}()
	if err := b.open(ctx, folder); err != nil {
		return nil, err
	}
	f := &found{plan: p, turns: map[statement.Operation]map[string][]sample{}}
	if f.setup, err = b.describe(ctx); err != nil {
		return nil, err
	}
	if f.still, err = watchStandstills(b.each + time.Second); err != nil {
		return nil, err
	}
	if err := b.takeTurns(ctx, f); err != nil {
		return nil, err
	}
	if p.profile != "" {
		if err := b.takeProfiles(ctx); err != nil {
			return nil, err
		}
	}
	if p.brief {
		return f, nil
	}
	if err := b.pace(ctx, f); err != nil {
		return nil, err
	}
	if err := b.climb(ctx, f); err != nil {
		return nil, err
	}
	f.peak, err = residentPeak(b.docket.process.cmd.Process.Pid)
	return f, err
}

// open starts all that is measured.
func (b *bench) open(ctx context.Context, folder string) error {
	b.say("building docket and the bare server")
	t, err := makeTools(ctx, folder)
	if err != nil {
		return err
	}
	b.say("starting PostgreSQL, making up %d tasks", b.tasks)
	if b.small, err = t.prepare(ctx, "small", b.data, b.tasks); err != nil {
		return err
	}
	b.say("listening to what docket sends")
	script, err := b.small.capture(ctx)
	if err != nil {
		return err
	}
	pg, err := newPgbench(b.small, script)
	if err != nil {
		return err
	}
	b.contestants = append(b.contestants, contestant{name: alone, system: pg})
	process, err := b.small.serveBare(ctx, script)
	if err != nil {
		return err
	}
	b.bare = b.join(bare, b.small, process)
	if process, err = b.small.serve(ctx, "docket", b.small.app); err != nil {
		return err
	}
	b.docket = b.join(docket, b.small, process)
	if process, err = b.small.serve(ctx, "unwalled", b.small.url, "DOCKET_DATABASE_ROW_SECURITY=off"); err != nil {
		return err
	}
	b.join(unwalled, b.small, process)
	b.contestants = append(b.contestants, contestant{
		name: keyed, system: &web{ground: b.small, process: b.docket.process, keyed: true}, only: statement.Create,
	})
	if b.large == "" {
		return nil
	}
	b.say("starting the larger PostgreSQL")
	if b.big, err = t.prepare(ctx, "big", b.large, 0); err != nil {
		return err
	}
	if process, err = b.big.serve(ctx, "larger", b.big.app); err != nil {
		return err
	}
	b.join(larger, b.big, process)
	return nil
}

// join adds a server to what is measured.
func (b *bench) join(name string, g *ground, p *process) *web {
	w := &web{ground: g, process: p}
	b.servers = append(b.servers, p)
	b.contestants = append(b.contestants, contestant{name: name, system: w})
	return w
}

func (b *bench) close(ctx context.Context) error {
	var problems []error
	for _, p := range b.servers {
		problems = append(problems, p.stop())
	}
	for _, g := range []*ground{b.small, b.big} {
		if g != nil {
			problems = append(problems, g.close(ctx))
		}
	}
	return errors.Join(problems...)
}

// takeTurns measures each operation on each system, turn by turn. Who begins
// changes with each turn.
func (b *bench) takeTurns(ctx context.Context, f *found) error {
	for _, op := range b.only {
		f.turns[op] = map[string][]sample{}
		fit := slices.DeleteFunc(slices.Clone(b.contestants), func(c contestant) bool { return c.only != "" && c.only != op })
		for _, c := range fit { // statements prepared, caches warm
			if _, err := c.run(ctx, op, b.connections, time.Second); err != nil {
				return err
			}
		}
		for round := range b.rounds {
			for i := range fit {
				c := fit[(i+round)%len(fit)]
				s, err := c.run(ctx, op, b.connections, b.each)
				if err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				f.turns[op][c.name] = append(f.turns[op][c.name], s)
			}
			b.say("%s: turn %d of %d done", op, round+1, b.rounds)
		}
	}
	return nil
}

// pace asks Docket and the bare server, in turns, at half of the rate that Docket
// can do.
func (b *bench) pace(ctx context.Context, f *found) error {
	f.paced = map[statement.Operation]map[string][]sample{}
	servers, names := map[string]*web{docket: b.docket, bare: b.bare}, []string{docket, bare}
	for _, op := range b.only {
		perSecond := max(1, int(median(f.turns[op][docket], rate)/2))
		f.paced[op] = map[string][]sample{}
		for round := range b.rounds {
			for i := range names {
				name := names[(i+round)%len(names)]
				s, err := servers[name].atRate(ctx, op, perSecond, b.each)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				f.paced[op][name] = append(f.paced[op][name], s)
			}
		}
		b.say("%s: measured at half the rate", op)
	}
	return nil
}

// ladder are the numbers of connections that Docket is asked with.
var ladder = []int{1, 4, 16, 64}

// climb measures Docket with ever more connections, and again.
func (b *bench) climb(ctx context.Context, f *found) error {
	f.rungs = map[statement.Operation]map[int]sample{}
	for _, op := range b.only {
		all := map[int][]sample{}
		for range (b.rounds + 1) / 2 {
			for _, n := range ladder {
				s, err := b.docket.run(ctx, op, n, b.each)
				if err != nil {
					return err
				}
				all[n] = append(all[n], s)
			}
		}
		f.rungs[op] = map[int]sample{}
		for n, samples := range all {
			f.rungs[op][n] = middle(samples)
		}
		b.say("%s: measured with %v connections", op, ladder)
	}
	return nil
}

// takeProfiles writes a processor profile of Docket for each operation.
func (b *bench) takeProfiles(ctx context.Context) error {
	for _, op := range b.only {
		done := make(chan error, 1)
		go func() {
			_, err := b.docket.run(ctx, op, b.connections, 6*time.Second)
			done <- err
		}()
		err := b.download(ctx, "/debug/pprof/profile?seconds=4", strings.ReplaceAll(string(op), " ", "-")+".pprof")
		if err := errors.Join(<-done, err); err != nil {
			return fmt.Errorf("profile, %s: %w", op, err)
		}
	}
	return nil
}

func (b *bench) download(ctx context.Context, path, name string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.docket.process.admin+path, nil)
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask for a profile: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read a profile: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ask for a profile: %d %s", response.StatusCode, text)
	}
	if err := os.MkdirAll(b.profile, 0o700); err != nil {
		return fmt.Errorf("make the folder of profiles: %w", err)
	}
	if err := os.WriteFile(filepath.Join(b.profile, name), text, 0o600); err != nil {
		return fmt.Errorf("write a profile: %w", err)
	}
	return nil
}

// describe says where it is measured.
func (b *bench) describe(ctx context.Context) (s setup, err error) {
	s.postgres = b.small.postgres.Version()
	if s.tasks, err = b.small.count(ctx); err != nil || b.big == nil {
		return s, err
	}
	s.large, err = b.big.count(ctx)
	return s, err
}
