//go:build !race

package httpx

const forgotten = 0.0
