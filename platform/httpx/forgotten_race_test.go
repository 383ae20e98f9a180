//go:build race

package httpx

// forgotten is how many allocations a line of the log is granted: the race
// detector has pools forget at random what they hold.
const forgotten = 2.0
