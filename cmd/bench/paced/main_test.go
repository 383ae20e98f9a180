//go:build linux

package main

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// One answer that takes its time, of a server that has one connection, delays
// those behind it: they are measured from when they were due, so that most of
// them waited, though their own answers took next to nothing.
func TestWaitsAreMeasuredFromWhenDue(t *testing.T) {
	t.Parallel()
	const stall = 500 * time.Millisecond
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if served.Add(1) == 1 {
			time.Sleep(stall)
		}
	}))
	t.Cleanup(server.Close)
	targets := make([]vegeta.Target, 40) // all due within 200 ms
	for i := range targets {
		targets[i] = vegeta.Target{Method: http.MethodGet, URL: server.URL}
	}
	o, err := attack(targets, 200, 1)
	if err != nil {
		t.Fatal(err)
	}
	if o.Requests != 40 || o.Failed != 0 || served.Load() != 40 {
		t.Errorf("%+v, and %d were served", o, served.Load())
	}
	if least := (stall - 200*time.Millisecond).Microseconds(); o.P50 < least || o.P99 < o.P50 || o.CPU <= 0 {
		t.Errorf("%+v, though all after the first waited %d µs or longer", o, least)
	}
}

func TestFailuresAreCounted(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	o, err := attack([]vegeta.Target{{Method: http.MethodGet, URL: server.URL}, {Method: http.MethodGet, URL: server.URL}}, 100, 2)
	if err != nil || o.Failed != 2 || o.Failure == "" {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for p, want := range map[int]time.Duration{50: 50, 99: 99, 100: 100} {
		if got := percentile(hundred, p); got != want {
			t.Errorf("percentile %d is %d, want %d", p, got, want)
		}
	}
	if got := percentile(hundred[:1], 50); got != 1 {
		t.Errorf("percentile 50 of one is %d", got)
	}
}
