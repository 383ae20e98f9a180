package auth

import (
	"context"
	"errors"
	"sync/atomic"
)

// FetchOutcome is what came of one fetch of the key set. The texts are stable:
// they label a metric.
type FetchOutcome string

// The outcomes of a fetch. All but the first two leave the key set as it was.
const (
	FetchChanged     FetchOutcome = "changed"     // a good answer with other keys than before
	FetchUnchanged   FetchOutcome = "unchanged"   // a good answer with the same keys
	FetchTimedOut    FetchOutcome = "timed_out"   // no whole answer within FetchTimeout
	FetchUnreachable FetchOutcome = "unreachable" // no connection, or one that broke
	FetchRefused     FetchOutcome = "refused"     // another status than 200, or a redirect to elsewhere
	FetchTooLarge    FetchOutcome = "too_large"   // more than MaxKeySetBytes or MaxKeys
	FetchMalformed   FetchOutcome = "malformed"   // not a JWK Set, or one without a usable key
)

// FetchOutcomes returns every outcome that a KeySet counts, in a fixed order.
func FetchOutcomes() []FetchOutcome {
	return []FetchOutcome{
		FetchChanged, FetchUnchanged, FetchTimedOut, FetchUnreachable, FetchRefused, FetchTooLarge, FetchMalformed,
	}
}

// fetchFault marks an error of a fetch with what it counts as.
type fetchFault struct {
	outcome FetchOutcome
	cause   error
}

func (f *fetchFault) Error() string { return f.cause.Error() }

func (f *fetchFault) Unwrap() error { return f.cause }

// failedFetch returns what a failed fetch counts as. A source other than
// HTTPSource marks nothing: it could not be reached.
func failedFetch(err error) FetchOutcome {
	if fault, ok := errors.AsType[*fetchFault](err); ok {
		return fault.outcome
	}
	if timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); errors.Is(err, context.DeadlineExceeded) || ok && timeout.Timeout() {
		return FetchTimedOut
	}
	return FetchUnreachable
}

// fetchCounters counts the outcomes of fetches.
type fetchCounters map[FetchOutcome]*atomic.Uint64 // the map itself never changes

func newFetchCounters() fetchCounters {
	counters := make(fetchCounters)
	for _, o := range FetchOutcomes() {
		counters[o] = new(atomic.Uint64)
	}
	return counters
}

func (c fetchCounters) read() map[FetchOutcome]uint64 {
	counts := make(map[FetchOutcome]uint64, len(c))
	for outcome, count := range c {
		counts[outcome] = count.Load()
	}
	return counts
}
