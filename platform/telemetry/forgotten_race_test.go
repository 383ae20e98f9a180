//go:build race

package telemetry_test

// forgotten is how many allocations a line of the log is granted: the race
// detector has pools forget at random what they hold.
const forgotten = 1.0
