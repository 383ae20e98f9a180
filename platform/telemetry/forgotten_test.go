//go:build !race

package telemetry_test

const forgotten = 0.0
