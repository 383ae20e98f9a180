//go:build race

package postgres

// slack is how much more is granted: the race detector has pools forget at
// random what they hold.
const slack = 1.25
