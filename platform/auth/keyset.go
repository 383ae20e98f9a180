package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// KeySetConfig bounds how a KeySet keeps up with its issuer. A zero field
// takes the default that it names.
type KeySetConfig struct {
	// RefreshInterval is how long a removed key can go on working: 5 minutes.
	RefreshInterval time.Duration
	// FetchTimeout bounds one fetch: 5 seconds.
	FetchTimeout time.Duration
	// MaxWait bounds how long a request waits for an unknown key: 2 seconds.
	MaxWait time.Duration
	// FetchEvery and FetchBurst limit the fetches that unknown keys cause: a
	// token bucket of 5, one more each second. A rotation may bring several new
	// keys at once, and each fetch brings the whole set, so even a flood of
	// made-up kids delays a real one by no more than FetchEvery.
	FetchEvery time.Duration
	FetchBurst int
	// MaxKeys is the largest set that is taken: 1,000 keys.
	MaxKeys int
	// Now is the clock: time.Now.
	Now func() time.Time
	// Jitter returns numbers in [0, 1) that spread the refreshes of several
	// processes: math/rand/v2.Float64.
	Jitter func() float64
	// Observe hears of each fetch once it has ended, on the goroutine that
	// fetches: it must not block. A fetch that Close cut off is not told of.
	// Nobody hears by default; Stats counts the same.
	Observe func(FetchOutcome)
	// Logger gets one line for each failed fetch and each change of the set; no
	// line by default.
	Logger *slog.Logger
}

func (c KeySetConfig) withDefaults() KeySetConfig {
	orDuration(&c.RefreshInterval, 5*time.Minute)
	orDuration(&c.FetchTimeout, 5*time.Second)
	orDuration(&c.MaxWait, 2*time.Second)
	orDuration(&c.FetchEvery, time.Second)
	if c.FetchBurst <= 0 {
		c.FetchBurst = 5
	}
	if c.MaxKeys <= 0 {
		c.MaxKeys = 1000
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	if c.Observe == nil {
		c.Observe = func(FetchOutcome) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func orDuration(d *time.Duration, byDefault time.Duration) {
	if *d <= 0 {
		*d = byDefault
	}
}

// KeySet holds an issuer's verification keys and keeps them up to date: in
// the background, and when a token names a key that it does not know. A fetch
// that fails, or whose answer is damaged or empty, changes nothing; a good
// answer replaces the whole set.
//
// keyfunc and jwkset's own HTTP storage are not used for this: they read
// answers without a limit and follow redirects, wait for their limiter inside
// the request, make one fetch for each unknown kid rather than one that is
// shared, accept a token without kid, and cannot say which key object a cached
// token was verified with.
type KeySet struct {
	source  Source
	cfg     KeySetConfig
	limiter *rate.Limiter
	current atomic.Pointer[snapshot]
	fetches atomic.Uint64
	failed  atomic.Uint64
	limited atomic.Uint64
	ended   fetchCounters

	wake chan struct{} // tells the loop that pending is set
	stop context.CancelFunc
	done chan struct{} // closed when the loop has ended

	mu      sync.Mutex
	state   lifecycle
	pending *attempt // asked for, not begun
	running *attempt // begun, not ended
	lastErr error
}

type lifecycle uint8

const (
	created lifecycle = iota
	started
	closed
)

// snapshot is one good answer; it never changes.
type snapshot struct {
	keys     map[string]*verificationKey
	loadedAt time.Time
}

// attempt is one fetch that any number of requests may wait for.
type attempt struct{ done chan struct{} }

var (
	errNeverLoaded = errors.New("no key set has been loaded yet")
	errStarted     = errors.New("the key set was started or closed before")
)

// NewKeySet returns a KeySet without keys. Nothing is fetched before Start.
func NewKeySet(source Source, cfg KeySetConfig) *KeySet {
	cfg = cfg.withDefaults()
	return &KeySet{
		source:  source,
		cfg:     cfg,
		limiter: rate.NewLimiter(rate.Every(cfg.FetchEvery), cfg.FetchBurst),
		wake:    make(chan struct{}, 1),
		ended:   newFetchCounters(),
		stop:    func() {},
		done:    make(chan struct{}),
		lastErr: errNeverLoaded,
	}
}

// Start begins fetching in the background and returns at once, whether the
// issuer answers or not. Only the values of ctx are used, not its end; Close
// ends it. A second Start is an error.
func (k *KeySet) Start(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state != created {
		return errStarted
	}
	k.state = started
	ctx, k.stop = context.WithCancel(context.WithoutCancel(ctx))
	go k.loop(ctx)
	return nil
}

// Close stops the background work, a fetch under way included, and returns
// when it has ended. The keys stay usable. It may be called more than once.
func (k *KeySet) Close() {
	k.mu.Lock()
	before := k.state
	k.state = closed
	k.mu.Unlock()
	if before == created {
		return
	}
	k.stop()
	<-k.done
}

// Ready reports whether there are keys to verify tokens with.
func (k *KeySet) Ready() bool { return k.current.Load() != nil }

// Age returns the time since the last good answer; 0 when there was none.
func (k *KeySet) Age() time.Duration {
	if s := k.current.Load(); s != nil {
		return k.cfg.Now().Sub(s.loadedAt)
	}
	return 0
}

// Err returns why the newest fetch failed, or nil when it was good.
func (k *KeySet) Err() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lastErr
}

// KeySetStats are counts since the start.
type KeySetStats struct {
	Keys    int    // keys in the set now
	Fetches uint64 // fetches begun, the failed ones included
	Failed  uint64 // fetches that changed nothing because they failed
	Limited uint64 // requests with an unknown key that the limit allowed no fetch
	// Outcomes has an entry for each of FetchOutcomes, zero included.
	Outcomes map[FetchOutcome]uint64
}

// Stats returns the present counts.
func (k *KeySet) Stats() KeySetStats {
	stats := KeySetStats{
		Fetches: k.fetches.Load(), Failed: k.failed.Load(), Limited: k.limited.Load(), Outcomes: k.ended.read(),
	}
	stats.Keys = k.size()
	return stats
}

func (k *KeySet) size() int {
	if s := k.current.Load(); s != nil {
		return len(s.keys)
	}
	return 0
}

// known returns the key of id in the present set, or nil.
func (k *KeySet) known(id string) *verificationKey {
	if s := k.current.Load(); s != nil {
		return s.keys[id]
	}
	return nil
}

// find returns the key of id. A known key is returned at once; for an unknown
// one the request waits for a fetch, at most MaxWait and as long as ctx lasts.
func (k *KeySet) find(ctx context.Context, id string) (*verificationKey, error) {
	if key := k.known(id); key != nil {
		return key, nil
	}
	waiting, cancel := context.WithTimeout(ctx, k.cfg.MaxWait)
	defer cancel()
	for first := true; ; first = false {
		a, beganBefore := k.join(first)
		if a == nil {
			return k.missing(id)
		}
		select {
		case <-a.done:
		case <-waiting.Done():
			if err := ctx.Err(); err != nil {
				return nil, refuseAbandoned(fmt.Errorf("wait for kid %s: %w", marked(id), err))
			}
			return k.missing(id)
		}
		if key := k.known(id); key != nil {
			return key, nil
		}
		// A fetch that was under way already may have been answered before the
		// key was published: only one that began after us is the last word.
		if !beganBefore {
			return k.missing(id)
		}
	}
}

func (k *KeySet) missing(id string) (*verificationKey, error) {
	if key := k.known(id); key != nil {
		return key, nil
	}
	if !k.Ready() {
		return nil, refuseUnavailable(fmt.Errorf("no key set could be had: %w", k.Err()))
	}
	return nil, refuse(OutcomeKeyUnknown, "kid %s is not in the key set", marked(id))
}

// join returns a fetch to wait for, or nil where the limit allows none: the one
// that waits to begin, the one that runs, or a new one. beganBefore is true for
// one that ran already when the request first looked.
func (k *KeySet) join(first bool) (a *attempt, beganBefore bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.state == closed:
		return nil, false
	case k.pending != nil:
		return k.pending, false
	case k.running != nil:
		return k.running, first
	case !k.limiter.AllowN(k.cfg.Now(), 1):
		k.limited.Add(1)
		return nil, false
	}
	k.pending = &attempt{done: make(chan struct{})}
	select {
	case k.wake <- struct{}{}:
	default: // the loop has been told and not looked yet
	}
	return k.pending, false
}
