package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// heapBudget is how large the heap may grow, in bytes, before the garbage
// collector looks through it again, as long as less than half of it is alive:
// the process stays below 64 MiB with it. Where more is alive the collector
// works as it does by default.
const heapBudget = 22 << 20

// Bounds of what is set by runtime/debug.SetGCPercent, 100 being the default.
const minGCPercent, maxGCPercent = 100, 400

// gcPercent is how many percent of what is alive may be added to it.
func gcPercent(live uint64) int {
	if live == 0 {
		return maxGCPercent
	}
	if live >= heapBudget {
		return minGCPercent
	}
	return int(min(max((heapBudget-live)*100/live, minGCPercent), maxGCPercent))
}

// spareCollector has the collector go by [gcPercent] from now on, unless the
// environment has its own GOGC: a page of a list makes tens of kilobytes of
// garbage, and little is alive, so that by default a sixth of the processor's
// time goes into looking for it. An object that nobody holds on to is told, by
// its finalizer, of the end of each cycle.
func spareCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	type cycle struct{ _ [16]byte }
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	current := 100
	var ended func(*cycle)
	ended = func(c *cycle) {
		metrics.Read(sample)
		if sample[0].Value.Kind() == metrics.KindUint64 {
			// Each change stops the world for a moment.
			if next := gcPercent(sample[0].Value.Uint64()); next > current+current/10 || next < current-current/10 {
				debug.SetGCPercent(next)
				current = next
			}
		}
		runtime.SetFinalizer(c, ended)
	}
	runtime.SetFinalizer(&cycle{}, ended)
}
