package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of waiting.
const (
	// requestTimeout is what the server is given for a request.
	requestTimeout = 3 * time.Second
	// slack is what an answer may come later than that, since machines are slow.
	slack = 1500 * time.Millisecond
	// progressPatience is how long everybody is waited for after a failure.
	progressPatience = 60 * time.Second
	// quiet is for how long nobody must fail before all is well again.
	quiet = 1500 * time.Millisecond
)

// traffic is a number of clients, each a user of their own, who write and read
// without end and know what they were told.
type traffic struct {
	base    atomic.Pointer[string] // of the API; "" while the server is down
	clients []*client
	pace    time.Duration // between two requests of one client, on average
	over    chan struct{}
	done    sync.WaitGroup

	mu          sync.Mutex
	may         allowance
	tally       tally
	lastFailure time.Time
	fatal       error
}

// allowance is what clients may be told while something fails, besides what
// they asked for.
type allowance struct {
	// unavailable is 503 with Retry-After, deadline 504.
	unavailable, deadline bool
	// noAnswer is a connection that is refused, or ends: the server is down.
	noAnswer bool
}

// tally counts what clients were told.
type tally struct {
	good, reads int
	failed      map[string]int // by status and code
	retryAfter  map[string]bool
	unanswered  int
	slowest     time.Duration
	wrong       []string
}

func newTally() tally { return tally{failed: map[string]int{}, retryAfter: map[string]bool{}} }

func (t tally) failures() int {
	n := t.unanswered
	for _, k := range t.failed {
		n += k
	}
	return n
}

// String is what clients saw, on one line.
func (t tally) String() string {
	parts := []string{fmt.Sprintf("%d served", t.good)}
	for _, what := range slices.Sorted(maps.Keys(t.failed)) {
		parts = append(parts, fmt.Sprintf("%d x %s", t.failed[what], what))
	}
	if after := slices.Sorted(maps.Keys(t.retryAfter)); len(after) > 0 {
		parts = append(parts, "Retry-After "+strings.Join(after, " or ")+" s")
	}
	if t.unanswered > 0 {
		parts = append(parts, fmt.Sprintf("%d without an answer", t.unanswered))
	}
	return strings.Join(parts, ", ") + fmt.Sprintf(", slowest %s", round(t.slowest))
}

// round is for people.
func round(d time.Duration) time.Duration {
	if d > 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

func newTraffic(pace time.Duration) *traffic {
	t := &traffic{pace: pace, over: make(chan struct{}), tally: newTally()}
	nowhere := ""
	t.base.Store(&nowhere)
	return t
}

// add makes n more clients, who are not at work yet.
func (t *traffic) add(n int, seed uint64, token func(email string) (string, error)) error {
	for range n {
		i := len(t.clients)
		c := &client{
			traffic: t, name: fmt.Sprintf("c%d", i), email: fmt.Sprintf("client%d@example.com", i),
			dice: rand.New(rand.NewPCG(seed, uint64(i))), kept: map[string]string{}, titles: map[string]string{},
			http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}},
		}
		bearer, err := token(c.email)
		if err != nil {
			return err
		}
		c.token.Store(&bearer)
		t.clients = append(t.clients, c)
	}
	return nil
}

func (t *traffic) start(ctx context.Context) {
	for _, c := range t.clients {
		t.done.Go(func() {
			if err := c.work(ctx); err != nil && ctx.Err() == nil {
				t.fail(fmt.Errorf("client %s: %w", c.name, err))
			}
		})
	}
}

func (t *traffic) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fatal = errors.Join(t.fatal, err)
}

func (t *traffic) err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.fatal
}

// finish lets every client end with an answer to its last write.
func (t *traffic) finish() error {
	close(t.over)
	t.done.Wait()
	for _, c := range t.clients {
		c.http.CloseIdleConnections()
	}
	return t.err()
}

// watch starts a new count, in which may is allowed.
func (t *traffic) watch(may allowance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.may, t.tally = may, newTally()
}

// seen is the count so far.
func (t *traffic) seen() tally {
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := t.tally
	seen.failed, seen.retryAfter, seen.wrong = maps.Clone(seen.failed), maps.Clone(seen.retryAfter), slices.Clone(seen.wrong)
	return seen
}

// note counts one answer, or err in its place.
func (t *traffic) note(a answer, took time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tally.slowest = max(t.tally.slowest, took)
	if err == nil && a.status < http.StatusBadRequest {
		t.tally.good++
		if a.read {
			t.tally.reads++
		}
	} else {
		t.lastFailure = time.Now()
	}
	switch wrong := t.judge(a, err); {
	case wrong != "":
		t.tally.wrong = append(t.tally.wrong, a.what+": "+wrong)
	case took > requestTimeout+slack:
		t.tally.wrong = append(t.tally.wrong, fmt.Sprintf("%s: answered %d after %s", a.what, a.status, round(took)))
	}
}

// judge counts a failure, and returns what is wrong with it, or "".
func (t *traffic) judge(a answer, err error) string {
	switch {
	case err != nil:
		t.tally.unanswered++
		if !t.may.noAnswer {
			return fmt.Sprintf("no answer: %v", err)
		}
	case a.status < http.StatusBadRequest:
	case a.inUse():
		t.tally.failed[fmt.Sprint(a.status, " ", a.code)]++ // the first try is still under way
	default:
		t.tally.failed[fmt.Sprint(a.status, " ", a.code)]++
		if a.retryAfter != "" {
			t.tally.retryAfter[a.retryAfter] = true
		}
		known := a.status == http.StatusServiceUnavailable && a.code == "SERVICE_UNAVAILABLE" && a.retryAfter != "" && t.may.unavailable ||
			a.status == http.StatusGatewayTimeout && a.code == "DEADLINE_EXCEEDED" && t.may.deadline
		if !known {
			return fmt.Sprintf("answered %d %s (Retry-After %q): %.300s", a.status, a.code, a.retryAfter, a.body)
		}
	}
	return ""
}

// recovered waits until every client had an answer that it asked for after
// since, and nobody fails any more; it returns how long after since that was.
func (t *traffic) recovered(ctx context.Context, since time.Time) (time.Duration, error) {
	for _, c := range t.clients {
		c.await(since)
	}
	for limit := time.Now().Add(progressPatience); ; {
		if err := t.err(); err != nil {
			return 0, err
		}
		last, served := since, 0
		for _, c := range t.clients {
			if at := c.servedAt(); !at.IsZero() {
				served++
				if at.After(last) {
					last = at
				}
			}
		}
		t.mu.Lock()
		if t.lastFailure.After(last) {
			last = t.lastFailure
		}
		t.mu.Unlock()
		if served == len(t.clients) && time.Since(last) > quiet {
			return last.Sub(since), nil
		}
		if time.Now().After(limit) {
			return 0, fmt.Errorf("after %s, %d of %d clients are served again\n%s", progressPatience, served, len(t.clients), t.seen())
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// until waits for something that clients come to see.
func (t *traffic) until(ctx context.Context, what string, so func(tally) bool) error {
	for limit := time.Now().Add(progressPatience); !so(t.seen()); {
		if err := t.err(); err != nil {
			return err
		}
		if time.Now().After(limit) {
			return fmt.Errorf("not so after %s: %s\n%s", progressPatience, what, t.seen())
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
