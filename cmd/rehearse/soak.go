package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// sample is what a server takes up at one moment.
type sample struct {
	at                          time.Time
	goroutines, files, conns    float64
	rss, heap                   float64 // bytes
	requests, poolMax, inFlight float64
}

func (s *stage) sample(ctx context.Context) (sample, error) {
	m, err := s.metrics(ctx)
	if err != nil {
		return sample{}, err
	}
	return sample{
		at: time.Now(), goroutines: m.sum("go_goroutines", ""), files: m.sum("process_open_fds", ""),
		conns: m.sum("docket_db_pool_connections", ""), poolMax: m.sum("docket_db_pool_connections_max", ""),
		rss: m.sum("process_resident_memory_bytes", ""), heap: m.sum("go_memstats_heap_inuse_bytes", ""),
		requests: m.sum("docket_http_request_duration_seconds_count", ""), inFlight: m.sum("docket_http_requests_in_flight", ""),
	}, nil
}

func (s sample) String() string {
	return fmt.Sprintf("%.0f requests, %.0f goroutines, %.0f files, %.0f of %.0f connections, %.1f MiB resident, %.1f MiB heap",
		s.requests, s.goroutines, s.files, s.conns, s.poolMax, s.rss/mib, s.heap/mib)
}

const (
	mib = 1 << 20
	// samples is how many are taken of a soak, a quarter of them to warm up.
	samples = 40
)

// soak lets traffic go on for d, and fails on what grows. It returns the first
// and last sample that count.
func (s *stage) soak(ctx context.Context, d time.Duration, w io.Writer) (string, error) {
	var taken []sample
	for i := range samples {
		if err := sleep(ctx, d/samples); err != nil {
			return "", err
		}
		if err := s.traffic.err(); err != nil {
			return "", err
		}
		one, err := s.sample(ctx)
		if err != nil {
			return "", err
		}
		taken = append(taken, one)
		if i%(samples/8) == samples/8-1 {
			fmt.Fprintf(w, "  %6s  %s\n", round(d/samples*time.Duration(i+1)), one)
		}
	}
	seen := s.traffic.seen()
	if len(seen.wrong) > 0 {
		return "", fmt.Errorf("%d answers that nobody should get, such as %s", len(seen.wrong), seen.wrong[0])
	}
	early, late := taken[samples/4:samples/2], taken[samples*3/4:]
	return fmt.Sprintf("%s of mixed traffic: %s; from its second quarter to its last: %s", d, seen, growths(early, late)), grown(early, late)
}

// measure is one of the things that must not grow, and by how much its median
// may: a share and an amount on top, for what comes and goes.
type measure struct {
	name  string
	of    func(sample) float64
	share float64
	on    float64
	unit  float64
}

func measures() []measure {
	return []measure{
		{"goroutines", func(s sample) float64 { return s.goroutines }, 0.10, 10, 1},
		{"files", func(s sample) float64 { return s.files }, 0.10, 10, 1},
		{"connections", func(s sample) float64 { return s.conns }, 0, 10, 1},
		{"MiB resident", func(s sample) float64 { return s.rss }, 0.15, 24 * mib, mib},
		{"MiB heap", func(s sample) float64 { return s.heap }, 0.15, 16 * mib, mib},
	}
}

func median(of func(sample) float64, all []sample) float64 {
	values := make([]float64, len(all))
	for i, s := range all {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// growths says how each median went.
func growths(early, late []sample) string {
	var parts []string
	for _, m := range measures() {
		parts = append(parts, fmt.Sprintf("%.4g to %.4g %s", median(m.of, early)/m.unit, median(m.of, late)/m.unit, m.name))
	}
	return strings.Join(parts, ", ")
}

// grown fails for what grew by more than it may, or past its bound.
func grown(early, late []sample) error {
	for _, m := range measures() {
		was, is := median(m.of, early), median(m.of, late)
		if is > was*(1+m.share)+m.on {
			return fmt.Errorf("the number of %s grew from %.4g to %.4g", m.name, was/m.unit, is/m.unit)
		}
	}
	for _, s := range late {
		if s.conns > s.poolMax {
			return fmt.Errorf("the pool has %.0f connections, more than %.0f", s.conns, s.poolMax)
		}
	}
	if last := len(late) - 1; late[last].requests <= early[0].requests {
		return errors.New("nothing was served, which proves nothing")
	}
	return nil
}

// settles waits until an idle server has let go of all that traffic took.
func (s *stage) settles(ctx context.Context, before sample) (string, error) {
	const spare = 10 // connections of the pool that are about to close, a scrape
	for limit := time.Now().Add(progressPatience); ; {
		now, err := s.sample(ctx)
		if err != nil {
			return "", err
		}
		says := fmt.Sprintf("%.0f goroutines and %.0f files before, %.0f and %.0f after", before.goroutines, before.files, now.goroutines, now.files)
		// Each connection of the pool is a file, and none has a goroutine.
		if now.goroutines <= before.goroutines+spare && now.files <= before.files+max(0, now.conns-before.conns)+spare {
			return says, nil
		}
		if time.Now().After(limit) {
			return "", fmt.Errorf("the idle server has not let go of what it took: %s", says)
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return "", err
		}
	}
}
