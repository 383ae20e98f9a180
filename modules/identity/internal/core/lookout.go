package core

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// sightLasts is how long a user is let in from memory after the tombstones
	// were last looked at: for so long may one be served, at the most, that
	// another process erased.
	sightLasts = time.Second
	// restAfter is how long nobody must have asked for the lookout to rest: an
	// idle process should not keep a database awake.
	restAfter = time.Minute
)

// Sight is what was seen of the tombstones at one moment.
type Sight struct {
	// At is the present by the clock of the store.
	At time.Time
	// Erased are the users with a new tombstone: their ids, issuers and subjects.
	Erased []User
}

// Lookout keeps the memory of this process free of users that others erase, so
// that a known user can be let in without asking the store. Look is called
// several times a second.
type Lookout struct {
	tombstones Tombstones
	memory     Memory
	now        func() time.Time
	// asked is when somebody was last identified, in Unix nanoseconds.
	asked atomic.Int64

	mu          sync.RWMutex
	first, last time.Time // when the first good look began, and the last
	seen        time.Time // Sight.At of the last good look
}

// NewLookout returns a Lookout that has not looked yet.
func NewLookout(tombstones Tombstones, memory Memory, now func() time.Time) *Lookout {
	return &Lookout{tombstones: tombstones, memory: memory, now: now}
}

// Look forgets whoever was erased since the last look. But for the first, it
// does nothing while nobody asks.
func (l *Lookout) Look(ctx context.Context) error {
	began := l.now()
	l.mu.RLock()
	since := l.seen
	l.mu.RUnlock()
	if !since.IsZero() && began.UnixNano()-l.asked.Load() > int64(restAfter) {
		return nil
	}
	sight, err := l.tombstones.Recent(ctx, since)
	if err != nil {
		return fmt.Errorf("look for erased users: %w", err)
	}
	for _, u := range sight.Erased {
		l.memory.Forget(u, began)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first.IsZero() {
		l.first = began
	}
	l.last, l.seen = began, sight.At
	return nil
}

// trusts returns since when a user must have been found to be let in from
// memory at an instant, or false where everybody is to be looked up.
func (l *Lookout) trusts(at time.Time) (since time.Time, ok bool) {
	l.asked.Store(at.UnixNano())
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.last.IsZero() || at.Sub(l.last) > sightLasts {
		return time.Time{}, false
	}
	since = at.Add(-remembered)
	// Of who was found before the first look, a tombstone may be too old to be
	// seen by it.
	if first := l.first.Add(-time.Nanosecond); since.Before(first) {
		since = first
	}
	return since, true
}
