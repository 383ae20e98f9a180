// Package ratelimit says who has asked too often.
//
// [Memory] counts in one process, [Redis] over all replicas. Both are the
// generic cell rate algorithm, told as a bucket: it holds as many requests as a
// window allows, all of which may be made at once, and fills evenly over the
// window. A client cannot tell one store from the other.
package ratelimit

import (
	"fmt"
	"math"
	"time"
)

// What a rule may be at most: so many requests in so long a window.
const (
	MaxRequests = 1_000_000
	MaxWindow   = 24 * time.Hour
)

// Decision is the answer for one request.
type Decision struct {
	Allowed bool
	// Limit is the number of requests a window allows, Remaining how many of
	// them could be made at this moment.
	Limit, Remaining int
	// Reset is the time until Remaining is Limit again.
	Reset time.Duration
	// RetryAfter is the time until one more request is allowed; zero where
	// this one was.
	RetryAfter time.Duration
	// Uncounted says that the request was let through because nothing could be
	// counted; Remaining is then Limit.
	Uncounted bool
}

// Outcome is what became of one request, for counters.
type Outcome string

// The outcomes.
const (
	Allowed     Outcome = "allowed"     // it was counted and may go on
	Refused     Outcome = "refused"     // it was one too many
	Uncounted   Outcome = "uncounted"   // it could not be counted and may go on
	Unavailable Outcome = "unavailable" // it could not be counted and may not
)

// Outcome is what d means for counters.
func (d Decision) Outcome() Outcome {
	switch {
	case d.Uncounted:
		return Uncounted
	case d.Allowed:
		return Allowed
	default:
		return Refused
	}
}

// rule is how many requests a window allows.
type rule struct {
	limit  int
	window time.Duration
}

func newRule(limit int, window time.Duration) (rule, error) {
	if limit < 1 || window <= 0 {
		return rule{}, fmt.Errorf("rate limit of %d requests in %s: both must be positive", limit, window)
	}
	return rule{limit: limit, window: window}, nil
}

// rounding is how far a number of requests may be off after being carried
// along as a time, which stores do.
const rounding = 1e-4

// decide tells of a bucket that holds tokens what a client may know.
func (r rule) decide(allowed bool, tokens float64) Decision {
	d := Decision{
		Allowed:   allowed,
		Limit:     r.limit,
		Remaining: min(max(int(math.Floor(tokens+rounding)), 0), r.limit),
		Reset:     r.refill(float64(r.limit) - tokens),
	}
	if !allowed {
		d.Remaining, d.RetryAfter = 0, r.refill(1-tokens)
	}
	return d
}

// refill is the time in which tokens come in, to the microsecond: finer is what
// rounding left.
func (r rule) refill(tokens float64) time.Duration {
	return max(time.Duration(tokens/float64(r.limit)*float64(r.window)), 0).Round(time.Microsecond)
}
