package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// attemptTimeout is more than the server gives a request.
	attemptTimeout = 15 * time.Second
	// retryPause is between two attempts. Clients wait as long as Retry-After
	// says; here it matters when the server could have served them.
	retryPause = 20 * time.Millisecond
	// breath is between two writes, so that the machine has time for the rest.
	breath = 2 * time.Millisecond
)

// client sends the writes of one user until each is answered.
type client struct {
	base    *atomic.Pointer[string]
	token   string
	http    *http.Client
	traffic *traffic
	served  atomic.Int64 // when the last attempt began that was acknowledged, in Unix nanoseconds
}

// write is one request. What it is answered where it is executed once is
// known beforehand; anything else contradicts that.
type write struct {
	key, method, path string
	body              any
	status            int
}

// contradiction is an answer that a write executed once cannot have.
type contradiction struct {
	write  write
	status int
	body   string
}

func (c *contradiction) Error() string {
	return fmt.Sprintf("%s %s under the key %s was answered %d, not %d: %s", c.write.method, c.write.path, c.write.key, c.status, c.write.status, c.body)
}

// send sends w until it has an answer that counts, and returns its body. It
// returns a [contradiction] where the answer is another than expected, and
// ctx's error where that ends first.
func (c *client) send(ctx context.Context, w write) ([]byte, error) {
	content, err := json.Marshal(w.body)
	if err != nil {
		return nil, fmt.Errorf("write a request: %w", err)
	}
	for {
		began := time.Now()
		status, header, body, err := c.attempt(ctx, w, content)
		if !errors.Is(err, errDown) {
			c.traffic.count(status, header, err)
		}
		if err == nil && final(status, body) {
			if status != w.status {
				return nil, &contradiction{w, status, string(body)}
			}
			c.served.Store(began.UnixNano())
			return body, c.traffic.acknowledge()
		}
		if err := sleep(ctx, retryPause); err != nil {
			return nil, err
		}
	}
}

// final reports whether an answer ends a write, or asks to come again.
func final(status int, body []byte) bool {
	inUse := status == http.StatusConflict && bytes.Contains(body, []byte(`"IDEMPOTENCY_KEY_IN_USE"`))
	return status < http.StatusInternalServerError && !inUse
}

func (c *client) attempt(ctx context.Context, w write, content []byte) (int, http.Header, []byte, error) {
	base := *c.base.Load()
	if base == "" {
		return 0, nil, nil, errDown
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, w.method, base+w.path, bytes.NewReader(content))
	if err != nil {
		return 0, nil, nil, err
	}
	r.Header = http.Header{
		"Authorization": {"Bearer " + c.token}, "Content-Type": {"application/json"}, "Idempotency-Key": {w.key},
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header, body, err
}

var (
	errDown   = errors.New("the server is down")
	errEnough = errors.New("more writes than --writes allows")
)

// traffic counts what went over the wire.
type traffic struct {
	mu     sync.Mutex
	sum    totals
	inside bool // an outage of PostgreSQL is under way
	acks   atomic.Int64
	most   int64
}

// totals are counts of answers.
type totals struct {
	byStatus map[int]int
	// unanswered attempts ended without an answer: the server was down, or
	// died under them.
	unanswered, replayed int
	// Of the answers during an outage of PostgreSQL: those that it failed, and
	// those among them that were not a 503 with Retry-After.
	outageFailures, outageWrong int
}

func newTraffic(most int) *traffic {
	return &traffic{sum: totals{byStatus: map[int]int{}}, most: int64(most)}
}

func (t *traffic) count(status int, header http.Header, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	failed := err != nil || status >= http.StatusInternalServerError
	if err != nil {
		t.sum.unanswered++
	} else {
		t.sum.byStatus[status]++
	}
	if header.Get("Idempotent-Replayed") == "true" {
		t.sum.replayed++
	}
	if t.inside && failed {
		t.sum.outageFailures++
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
			t.sum.outageWrong++
		}
	}
}

func (t *traffic) acknowledge() error {
	if t.acks.Add(1) > t.most {
		return errEnough
	}
	return nil
}

func (t *traffic) acknowledged() int64 { return t.acks.Load() }

func (t *traffic) outage(inside bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inside = inside
}

func (t *traffic) totals() totals {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := t.sum
	sum.byStatus = maps.Clone(sum.byStatus)
	return sum
}
