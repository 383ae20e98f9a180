package main

import "testing"

func TestGCPercent(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int{
		0: 400, 1 << 20: 400, 11 << 19: 300, 11 << 20: 100, 21 << 20: 100, 22 << 20: 100, 1 << 40: 100,
	} {
		if got := gcPercent(live); got != want {
			t.Errorf("with %d bytes alive, %d percent, want %d", live, got, want)
		}
	}
}
