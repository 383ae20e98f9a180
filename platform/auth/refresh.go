package auth

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// After a failed fetch the next one follows sooner than the refresh interval:
// after firstRetry, then twice as long each time, up to lastRetry.
const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// loop is the only place that fetches, so answers are taken in order.
func (k *KeySet) loop(ctx context.Context) {
	defer close(k.done)
	defer k.release()
	timer := time.NewTimer(0)
	defer timer.Stop()
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-k.wake:
		}
		if err := k.refresh(ctx); err != nil {
			failures++
		} else {
			failures = 0
		}
		timer.Reset(k.pause(failures))
	}
}

// release lets go whoever waits for a fetch that will never be.
func (k *KeySet) release() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state = closed
	if k.pending != nil {
		close(k.pending.done)
		k.pending = nil
	}
}

// pause returns how long to wait for the next refresh. It is only ever
// shortened by the jitter, so that RefreshInterval is a promise.
func (k *KeySet) pause(failures int) time.Duration {
	pause := k.cfg.RefreshInterval
	if failures > 0 {
		retry := lastRetry
		if failures <= 5 {
			retry = firstRetry << (failures - 1)
		}
		pause = min(pause, retry)
	}
	return pause - time.Duration(k.cfg.Jitter()*float64(pause)/10)
}

// refresh does one fetch and hands its end to whoever waits for it.
func (k *KeySet) refresh(ctx context.Context) error {
	a := k.begin()
	err := k.load(ctx)
	k.mu.Lock()
	k.lastErr = err
	k.running = nil
	k.mu.Unlock()
	close(a.done)
	return err
}

func (k *KeySet) begin() *attempt {
	k.mu.Lock()
	defer k.mu.Unlock()
	a := k.pending
	if a == nil {
		a = &attempt{done: make(chan struct{})}
	}
	k.pending, k.running = nil, a
	return a
}

// load fetches the set and, where the answer is good, puts it in place.
func (k *KeySet) load(ctx context.Context) error {
	k.fetches.Add(1)
	bounded, cancel := context.WithTimeout(ctx, k.cfg.FetchTimeout)
	defer cancel()
	keys, err := k.fetchKeys(bounded)
	if err != nil {
		k.failed.Add(1)
		if ctx.Err() == nil {
			k.ending(failedFetch(err))
			// The keys of the last good answer stay in use, if there was one.
			k.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "key set not refreshed",
				slog.Any("error", err), slog.Int("keys_in_use", k.size()))
		}
		return err
	}
	if k.install(ctx, keys) {
		k.ending(FetchChanged)
	} else {
		k.ending(FetchUnchanged)
	}
	return nil
}

// ending counts the end of a fetch and tells of it.
func (k *KeySet) ending(outcome FetchOutcome) {
	k.ended[outcome].Add(1)
	k.cfg.Observe(outcome)
}

func (k *KeySet) fetchKeys(ctx context.Context) (map[string]*verificationKey, error) {
	raw, err := k.source(ctx)
	if err != nil {
		return nil, err
	}
	if len(raw) > MaxKeySetBytes {
		return nil, errTooLarge()
	}
	keys, err := parseKeySet(raw, k.cfg.MaxKeys)
	if errors.Is(err, errTooManyKeys) {
		return nil, &fetchFault{FetchTooLarge, err}
	}
	if err != nil {
		return nil, &fetchFault{FetchMalformed, err}
	}
	return keys, nil
}

// install replaces the set and reports whether that changed it. A key that has not changed stays the same object:
// that is how a cached token knows that its key is still in the set.
func (k *KeySet) install(ctx context.Context, keys map[string]*verificationKey) bool {
	old := k.current.Load()
	added, removed := len(keys), 0
	if old != nil {
		for id, before := range old.keys {
			if now, listed := keys[id]; listed && now.sameAs(before) {
				keys[id] = before
				added--
			} else {
				removed++
			}
		}
	}
	k.current.Store(&snapshot{keys: keys, loadedAt: k.cfg.Now()})
	changed := added > 0 || removed > 0
	if changed {
		k.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "key set changed",
			slog.Int("keys", len(keys)), slog.Int("added", added), slog.Int("removed", removed))
	}
	return changed
}
