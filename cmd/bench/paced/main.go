//go:build linux

// Command paced sends requests at a fixed rate, whether or not those before were
// answered, and measures each from when it was due: what waited because the
// server, the machine or this program itself stood still is counted whole.
//
//	paced RATE CONNECTIONS <TARGETS
//
// TARGETS are requests in the JSON format of vegeta, each of which is sent once;
// RATE is in requests a second. It prints a line of JSON, see outcome.
//
// vegeta as a program measures from when a request is sent, and waits for that
// with time.Sleep, which on an idle machine is a millisecond late: here its
// library is given another pacer. https://github.com/tsenart/vegeta
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

const (
	patience = 10 * time.Second // for one answer
	// headStart is how long after the start the first request is due.
	headStart = 50 * time.Millisecond
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "paced:", err)
		os.Exit(1)
	}
}

// outcome is what is printed. Times are in microseconds.
type outcome struct {
	Requests, Failed int
	PerSecond        float64 // that were answered
	P50, P99         int64   // from when a request was due
	CPU              float64 // of this program, for one request
	Failure          string  // the first
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: paced RATE CONNECTIONS <TARGETS")
	}
	perSecond, err := strconv.Atoi(args[0])
	if err != nil || perSecond < 1 {
		return fmt.Errorf("read the rate %q: it must be a number from 1", args[0])
	}
	connections, err := strconv.ParseUint(args[1], 10, 16)
	if err != nil || connections < 1 {
		return fmt.Errorf("read the connections %q: they must be a number from 1", args[1])
	}
	targets, err := vegeta.ReadAllTargets(vegeta.NewJSONTargeter(os.Stdin, nil, nil))
	if err != nil {
		return fmt.Errorf("read the targets: %w", err)
	}
	runtime.GC() // what reading left is not to be cleared up while it is measured
	o, err := attack(targets, perSecond, uint16(connections))
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(o); err != nil {
		return fmt.Errorf("print what came of it: %w", err)
	}
	return nil
}

// pacer says when each request is due, and waits for that itself.
type pacer struct {
	first    time.Time
	interval time.Duration
	requests uint64
}

func (p pacer) due(n uint64) time.Time {
	return p.first.Add(time.Duration(float64(n) * float64(p.interval)))
}

// Rate implements [vegeta.Pacer].
func (p pacer) Rate(time.Duration) float64 { return float64(time.Second) / float64(p.interval) }

// Pace implements [vegeta.Pacer]: it returns when the next request is due.
func (p pacer) Pace(_ time.Duration, sent uint64) (time.Duration, bool) {
	if sent >= p.requests {
		return 0, true
	}
	if wait := time.Until(p.due(sent)); wait > 0 {
		left := syscall.NsecToTimespec(int64(wait))
		for errors.Is(syscall.Nanosleep(&left, &left), syscall.EINTR) {
			continue
		}
	}
	return 0, false
}

func attack(targets []vegeta.Target, perSecond int, connections uint16) (outcome, error) {
	client := &http.Client{Transport: &http.Transport{
		DialContext:         new(net.Dialer).DialContext,
		MaxIdleConnsPerHost: int(connections), MaxConnsPerHost: int(connections), DisableCompression: true,
	}, Timeout: patience}
	attacker := vegeta.NewAttacker(vegeta.Client(client), vegeta.Workers(uint64(connections)), vegeta.MaxWorkers(uint64(connections)))
	before, err := busy()
	if err != nil {
		return outcome{}, err
	}
	p := pacer{first: time.Now().Add(headStart), interval: time.Second / time.Duration(perSecond), requests: uint64(len(targets))}
	o := outcome{}
	var last time.Time
	waits := make([]time.Duration, 0, len(targets))
	for r := range attacker.Attack(vegeta.NewStaticTargeter(targets...), p, 0, "") {
		if r.Error != "" && o.Failed == 0 {
			o.Failure = fmt.Sprintf("%s %s: %s %s", r.Method, r.URL, r.Error, r.Body)
		}
		if r.Error != "" {
			o.Failed++
		}
		waits = append(waits, r.End().Sub(p.due(r.Seq)))
		if r.End().After(last) {
			last = r.End()
		}
	}
	after, err := busy()
	if err != nil {
		return outcome{}, err
	}
	slices.Sort(waits)
	o.Requests, o.PerSecond = len(waits), float64(len(waits)-o.Failed)/last.Sub(p.first).Seconds()
	o.P50, o.P99 = percentile(waits, 50).Microseconds(), percentile(waits, 99).Microseconds()
	o.CPU = float64((after - before).Microseconds()) / float64(len(waits))
	return o, nil
}

// percentile is the least of sorted, of which there is one at least, that p in a
// hundred do not exceed.
func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

// busy is the processor time that this program has used.
func busy() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("read the own processor time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
