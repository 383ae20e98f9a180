package main

import "testing"

func TestGCPercent(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int{
		0: 400, 1 << 20: 400, 8 << 20: 300, 12 << 20: 166, 16 << 20: 100, 31 << 20: 100, 32 << 20: 100, 1 << 40: 100,
	} {
		if got := gcPercent(live); got != want {
			t.Errorf("with %d bytes alive, %d percent, want %d", live, got, want)
		}
	}
}
