package main

import (
	"os"
	"runtime/debug"
)

// gcPercent lets the heap grow to four times what is alive before the garbage
// collector looks through it again (runtime/debug.SetGCPercent; 100 by default).
// Little is alive here, some ten megabytes, and a page of a list makes a hundred
// kilobytes of garbage: at 100 a quarter of the processor's time went into
// collecting it.
const gcPercent = 300

// spareCollector sets [gcPercent], unless the environment has its own GOGC.
func spareCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
