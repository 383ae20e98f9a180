package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// failure is something that goes wrong under load, and comes right again.
type failure struct {
	name string
	may  allowance
	// run has it happen and come right again. It returns when that was, from
	// where the recovery counts; zero where there is nothing to recover from.
	// What it says besides is for the line.
	run func(ctx context.Context, s *stage, hold time.Duration) (right time.Time, says string, err error)
}

// errSkipped wraps why a failure cannot be had on this machine.
var errSkipped = errors.New("skipped")

func skip(why error) error { return fmt.Errorf("%w: %w", errSkipped, why) }

func failures() []failure {
	outage := allowance{unavailable: true, deadline: true}
	return []failure{
		{"PostgreSQL killed", outage, postgresKilled},
		{"network cut", outage, networkCut},
		{"network slow", allowance{}, networkSlow},
		{"network half closed", outage, halfClosed},
		{"network reset", outage, networkReset},
		{"pool exhausted", outage, poolExhausted},
		{"disk full", outage, diskFull},
		{"clock of the database", allowance{}, clockJumps},
		{"Redis gone", allowance{}, redisGone},
		{"Redis gone, fail closed", allowance{unavailable: true, noAnswer: true}, redisGoneClosed},
		{"issuer gone", allowance{}, issuerGone},
		{"start without issuer", allowance{unavailable: true, noAnswer: true}, startWithoutIssuer},
		{"SIGTERM", allowance{unavailable: true, noAnswer: true}, terminated},
	}
}

// line is what came of a failure.
type line struct {
	name, says string
	tally      tally
	took       time.Duration // of the recovery
	none       bool          // there was nothing to recover from
	err        error
}

func (l line) String() string {
	switch {
	case errors.Is(l.err, errSkipped):
		return fmt.Sprintf("%-24s %v", l.name, l.err)
	case l.err != nil:
		return fmt.Sprintf("%-24s BROKEN: %v", l.name, l.err)
	}
	text := fmt.Sprintf("%-24s %s%s", l.name, l.says, l.tally)
	if l.none {
		return text + "; nobody noticed"
	}
	return text + "; all well again after " + round(l.took).String()
}

// rehearse has f happen, and returns what came of it.
func (s *stage) rehearse(ctx context.Context, f failure, hold time.Duration) line {
	l := line{name: f.name}
	if _, l.err = s.traffic.recovered(ctx, time.Now()); l.err != nil {
		l.err = fmt.Errorf("not even before: %w", l.err)
		return l
	}
	s.traffic.watch(f.may)
	right, says, err := f.run(ctx, s, hold)
	if err == nil {
		l.took, err = s.traffic.recovered(ctx, right)
	}
	l.tally, l.says = s.traffic.seen(), says
	l.none = l.tally.failures() == 0
	s.traffic.watch(allowance{})
	switch {
	case err != nil:
		l.err = err
	case !s.server.Running():
		l.err = fmt.Errorf("the server ended by itself\n%s", s.server.LastWords())
	case len(l.tally.wrong) > 0:
		l.err = fmt.Errorf("%d answers that nobody should get, such as %s", len(l.tally.wrong), l.tally.wrong[0])
	}
	return l
}

// failing is whether somebody was told 503 or 504 already.
func failing(t tally) bool { return t.failures() > 0 }

func postgresKilled(ctx context.Context, s *stage, hold time.Duration) (time.Time, string, error) {
	if err := s.postgres.Kill(ctx); err != nil {
		return time.Time{}, "", err
	}
	err := errors.Join(s.traffic.until(ctx, "clients notice", failing), s.unreadyFor(ctx, "database"), sleep(ctx, hold))
	if err == nil {
		err = s.startPostgreSQL(ctx)
	}
	return time.Now(), "", err
}

func networkCut(ctx context.Context, s *stage, hold time.Duration) (time.Time, string, error) {
	s.proxy.drop()
	err := errors.Join(s.traffic.until(ctx, "clients notice", failing), s.unreadyFor(ctx, "database"), sleep(ctx, hold))
	s.proxy.heal()
	return time.Now(), "", err
}

func networkSlow(ctx context.Context, s *stage, hold time.Duration) (time.Time, string, error) {
	const delay = 50 * time.Millisecond
	s.proxy.slow(delay)
	err := sleep(ctx, hold)
	s.proxy.heal()
	return time.Now(), fmt.Sprintf("%s more each way: ", delay), err
}

func halfClosed(ctx context.Context, s *stage, hold time.Duration) (time.Time, string, error) {
	first := s.proxy.halfClose(true)
	if err := sleep(ctx, hold); err != nil {
		return time.Time{}, "", err
	}
	second := s.proxy.halfClose(false)
	if first == 0 || second == 0 {
		return time.Time{}, "", fmt.Errorf("there were %d and %d connections to close by half", first, second)
	}
	return time.Now(), fmt.Sprintf("%d connections towards the server, %d towards the database: ", first, second), nil
}

func networkReset(_ context.Context, s *stage, _ time.Duration) (time.Time, string, error) {
	n := s.proxy.reset()
	if n == 0 {
		return time.Time{}, "", errors.New("there was no connection to reset")
	}
	return time.Now(), fmt.Sprintf("%d connections: ", n), nil
}

// crowd is more requests than the pool has connections.
const crowd = 40

// poolExhausted has somebody lock the table that everybody wants, for longer
// than a request may take.
func poolExhausted(ctx context.Context, s *stage, hold time.Duration) (right time.Time, says string, err error) {
	conn, err := pgx.Connect(ctx, s.ownerURL)
	if err != nil {
		return time.Time{}, "", fmt.Errorf("reach the database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	tx, err := conn.Begin(ctx)
	if err == nil {
		_, err = tx.Exec(ctx, "LOCK TABLE "+pgx.Identifier{lockedTable}.Sanitize()+" IN ACCESS EXCLUSIVE MODE")
	}
	if err != nil {
		return time.Time{}, "", fmt.Errorf("lock a table: %w", err)
	}
	var all sync.WaitGroup
	for i := range crowd {
		c := s.traffic.clients[i%len(s.traffic.clients)]
		all.Go(func() {
			_, _ = c.attempt(ctx, http.MethodGet, "/tasks?limit=1", "", nil) // it is counted
		})
	}
	err = errors.Join(s.traffic.until(ctx, "clients notice", failing), sleep(ctx, max(hold, requestTimeout)))
	live, liveErr := ask(ctx, http.DefaultClient, http.MethodGet, s.server.Ready[:len(s.server.Ready)-len("readyz")]+"livez", http.Header{}, nil)
	if liveErr == nil && live.status != http.StatusOK {
		liveErr = fmt.Errorf("/livez says %d", live.status)
	}
	if err := errors.Join(err, liveErr, tx.Rollback(ctx)); err != nil {
		return time.Time{}, "", err
	}
	right = time.Now()
	all.Wait()
	return right, fmt.Sprintf("%d requests more than usual, and a locked table: ", crowd), nil
}

const lockedTable = "tasks"

func diskFull(ctx context.Context, s *stage, hold time.Duration) (time.Time, string, error) {
	if s.preload == nil {
		return time.Time{}, "", skip(s.noPreload)
	}
	if err := s.preload.fill(true); err != nil {
		return time.Time{}, "", err
	}
	err := s.traffic.until(ctx, "clients notice", failing)
	before := s.traffic.seen().reads
	err = errors.Join(err, sleep(ctx, hold))
	reads := s.traffic.seen().reads - before
	if err == nil && reads == 0 {
		err = errors.New("nobody could read while the disk was full")
	}
	return time.Now(), fmt.Sprintf("%d of them reads while it was: ", reads), errors.Join(err, s.preload.fill(false))
}

// clockJumps puts PostgreSQL's clock an hour ahead, then one behind.
func clockJumps(ctx context.Context, s *stage, hold time.Duration) (time.Time, string, error) {
	if s.preload == nil {
		return time.Time{}, "", skip(s.noPreload)
	}
	for _, off := range []time.Duration{time.Hour, -time.Hour, 0} {
		if err := errors.Join(s.preload.shift(off), sleep(ctx, hold)); err != nil {
			return time.Time{}, "", err
		}
	}
	return time.Now(), "1 h ahead, 1 h behind, right again: ", nil
}

func redisGone(ctx context.Context, s *stage, hold time.Duration) (time.Time, string, error) {
	s.redis.kill()
	uncounted, err := 0.0, error(nil)
	for limit := time.Now().Add(progressPatience); uncounted == 0 && err == nil; {
		if time.Now().After(limit) {
			err = errors.New("no request passed uncounted")
			break
		}
		var shown metrics
		if shown, err = s.metrics(ctx); err == nil {
			uncounted = shown.sum("docket_rate_limit_decisions_total", `decision="uncounted"`)
			err = sleep(ctx, 20*time.Millisecond)
		}
	}
	err = errors.Join(err, sleep(ctx, hold), s.redis.start(ctx))
	if err != nil {
		return time.Time{}, "", err
	}
	back := time.Now()
	counted, err := s.countedAgain(ctx)
	return back, fmt.Sprintf("not counted meanwhile, counted again after %s: ", round(counted.Sub(back))), err
}

// countedAgain waits until the rate limit lets requests pass, having counted
// them.
func (s *stage) countedAgain(ctx context.Context) (time.Time, error) {
	first := -1.0
	for limit := time.Now().Add(progressPatience); ; {
		shown, err := s.metrics(ctx)
		if err != nil {
			return time.Time{}, err
		}
		passed := shown.sum("docket_rate_limit_decisions_total", `decision="allowed"`)
		if first < 0 {
			first = passed
		}
		if passed > first {
			return time.Now(), nil
		}
		if time.Now().After(limit) {
			return time.Time{}, fmt.Errorf("no request was counted for %s", progressPatience)
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return time.Time{}, err
		}
	}
}
