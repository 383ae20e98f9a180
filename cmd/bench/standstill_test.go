package main

import (
	"runtime"
	"testing"
	"time"
)

func TestSpin(t *testing.T) {
	t.Parallel()
	start := time.Now()
	looks := []int{0, 900, 3900, 4800, 6800, 7700, 8600, 10_100} // µs
	look, asked := -1, 0
	now := func() time.Time {
		look++
		return start.Add(time.Duration(looks[look]) * time.Microsecond)
	}
	// Nothing else ran in the first gap; something did in half of the second, and
	// in the third, between others.
	waits := []int{7, 7, 1007, 9007}
	queued := func() (time.Duration, error) {
		asked++
		return time.Duration(waits[asked-1]) * time.Microsecond, nil
	}
	got, err := spin(10*time.Millisecond, now, queued)
	want := stillness{
		watched: 10_100 * time.Microsecond, gaps: 3, lost: 6500 * time.Microsecond, longest: 3 * time.Millisecond, waited: 2500 * time.Microsecond,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	const text = "Without any load this machine's processors stood still for 64.4 % of the time: 3 times for 1ms or longer, 3.00 ms at most; " +
		"in 24.8 % the system ran something else, in 39.6 % the processor was away."
	if got.String() != text {
		t.Errorf("it reads %q", got)
	}
}

func TestWatchStandstills(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("/proc/thread-self/schedstat is Linux")
	}
	s, err := watchStandstills(20 * time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if s.watched < time.Duration(runtime.NumCPU())*20*time.Millisecond || s.waited > s.lost || s.lost > s.watched || s.longest > s.lost {
		t.Errorf("%+v", s)
	}
}
