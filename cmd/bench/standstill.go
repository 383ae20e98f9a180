package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// standstill is the shortest gap between two looks at the clock, in a thread
// that does nothing else, that counts: a request of ours takes less.
const standstill = time.Millisecond

// stillness is how long the machine's processors stood still, by themselves.
type stillness struct {
	watched time.Duration // on all processors together
	gaps    int
	lost    time.Duration // in gaps
	longest time.Duration
	// waited is the part of lost in which the system ran something else; in the
	// rest the processor itself was not there, as happens to a virtual one.
	waited time.Duration
}

// watchStandstills spins on each processor for d, and looks at the clock.
func watchStandstills(d time.Duration) (stillness, error) {
	n := runtime.NumCPU()
	all, problems := make([]stillness, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			all[i], problems[i] = spin(d, time.Now, queued)
		})
	}
	wg.Wait()
	var sum stillness
	for i, s := range all {
		if problems[i] != nil {
			return stillness{}, problems[i]
		}
		sum.watched += s.watched
		sum.gaps += s.gaps
		sum.lost += s.lost
		sum.longest = max(sum.longest, s.longest)
		sum.waited += s.waited
	}
	return sum, nil
}

// spin looks at now for d, and after each gap at queued: how long this thread
// has waited for a processor so far.
func spin(d time.Duration, now func() time.Time, queued func() (time.Duration, error)) (stillness, error) {
	var s stillness
	waited, err := queued()
	if err != nil {
		return s, err
	}
	began := now()
	for last := began; s.watched < d; {
		at := now()
		gap := at.Sub(last)
		last, s.watched = at, at.Sub(began)
		if gap < standstill {
			continue
		}
		s.gaps++
		s.lost += gap
		s.longest = max(s.longest, gap)
		before := waited
		if waited, err = queued(); err != nil {
			return s, err
		}
		s.waited += min(gap, waited-before)
	}
	return s, nil
}

// queued is how long the calling thread has waited for a processor while the
// system ran something else: the second figure of /proc/thread-self/schedstat.
// https://docs.kernel.org/scheduler/sched-stats.html
func queued() (time.Duration, error) {
	text, err := os.ReadFile("/proc/thread-self/schedstat")
	if err != nil {
		return 0, fmt.Errorf("read how long a thread waited: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("read how long a thread waited: %q", text)
	}
	n, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read how long a thread waited: %w", err)
	}
	return time.Duration(n), nil
}

func (s stillness) String() string {
	share := func(d time.Duration) float64 { return 100 * float64(d) / float64(s.watched) }
	return fmt.Sprintf("Without any load this machine's processors stood still for %.1f %% of the time: %d times for %s or longer, %s ms at most; "+
		"in %.1f %% the system ran something else, in %.1f %% the processor was away.",
		share(s.lost), s.gaps, standstill, millis(float64(s.longest)), share(s.waited), share(s.lost-s.waited))
}
