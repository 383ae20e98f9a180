//go:build race

package rest

// slack is how much more is granted: the race detector has pools forget at
// random what they hold.
const slack = 1.25
