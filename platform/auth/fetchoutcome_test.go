package auth

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// record collects what an observer hears.
type record[T comparable] struct {
	mu    sync.Mutex
	heard map[T]uint64
}

func (r *record[T]) hear(outcome T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.heard == nil {
		r.heard = make(map[T]uint64)
	}
	r.heard[outcome]++
}

func (r *record[T]) all() map[T]uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.heard)
}

// Each way in which a fetch over HTTP can end has its own count, and is told of
// once; all but a good answer leave the keys alone.
func TestFetchesAreCountedByTheirOutcome(t *testing.T) {
	t.Parallel()
	k, next := newKey(t, "k1", "EdDSA"), newKey(t, "k2", "EdDSA")
	hang := make(chan struct{})
	for _, c := range []struct {
		want   FetchOutcome
		answer http.HandlerFunc
	}{
		{FetchUnchanged, serveKeys(keySetJSON(t, k.jwk()))},
		{FetchChanged, serveKeys(keySetJSON(t, k.jwk(), next.jwk()))},
		{FetchRefused, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }},
		{FetchRefused, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.invalid/jwks", http.StatusFound)
		}},
		{FetchMalformed, serveKeys([]byte("<html>"))},
		{FetchMalformed, serveKeys([]byte(`{"keys":[]}`))},
		{FetchTooLarge, serveKeys(make([]byte, MaxKeySetBytes+1))},
		{FetchTooLarge, serveKeys(keySetJSON(t, k.jwk(), next.jwk(), newKey(t, "k3", "EdDSA").jwk()))},
		{FetchTimedOut, func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}},
		{FetchUnreachable, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	} {
		t.Run(string(c.want), func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			answer := serveKeys(keySetJSON(t, k.jwk()))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				now := answer
				mu.Unlock()
				now(w, r)
			}))
			t.Cleanup(server.Close)
			source, err := HTTPSource(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			var seen record[FetchOutcome]
			cfg := KeySetConfig{Observe: seen.hear, MaxKeys: 2, FetchBurst: 1, FetchEvery: time.Hour, Now: func() time.Time { return testNow }}
			if c.want == FetchTimedOut {
				cfg.FetchTimeout = 100 * time.Millisecond
			}
			v, set := startVerifier(t, source, cfg, testConfig(func() time.Time { return testNow }))
			waitFor(t, "the key set", set.Ready)
			mu.Lock()
			answer = c.answer
			mu.Unlock()
			// An unknown key causes the second fetch, and is allowed no third.
			for range 2 {
				_, err = v.Verify(t.Context(), newKey(t, "unknown", "EdDSA").mint(t, testNow))
				refused(t, err, OutcomeKeyUnknown)
			}
			waitFor(t, "the second fetch", func() bool { return set.Stats().Outcomes[c.want] > 0 && len(seen.all()) > 0 })
			want := map[FetchOutcome]uint64{FetchChanged: 1}
			want[c.want]++
			told, stats := seen.all(), set.Stats()
			maps.DeleteFunc(stats.Outcomes, func(_ FetchOutcome, n uint64) bool { return n == 0 })
			if stats.Limited != 1 {
				t.Errorf("the limit refused %d fetches, want 1", stats.Limited)
			}
			for _, got := range []map[FetchOutcome]uint64{told, stats.Outcomes} {
				// After a failure a second attempt follows by itself.
				if got[c.want] > want[c.want] && c.want != FetchChanged {
					got[c.want] = want[c.want]
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			mustVerify(t, v, k.mint(t, testNow))
		})
	}
}

func serveKeys(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(body) // a client that stopped reading is what some tests are about
	}
}

func TestObserverHearsEachAuthenticationOnce(t *testing.T) {
	t.Parallel()
	type heard struct {
		Outcome Outcome
		Cached  bool
	}
	var seen record[heard]
	k := newKey(t, "k1", "EdDSA")
	_, issuer := frozen(t, k)
	cfg := testConfig(func() time.Time { return testNow })
	cfg.Observe = func(o Outcome, cached bool) { seen.hear(heard{o, cached}) }
	v, set := startVerifier(t, issuer.fetch, KeySetConfig{}, cfg)
	waitFor(t, "the key set", set.Ready)
	good := k.mint(t, testNow)
	for _, header := range []string{"Bearer " + good, "Bearer " + good, "", "Basic x", "Bearer " + tamper(good, 2)} {
		_, err := v.Authenticate(t.Context(), header)
		if _, err2 := v.Authenticate(t.Context(), header); (err == nil) != (err2 == nil) {
			t.Errorf("%.10q: %v, then %v", header, err, err2)
		}
	}
	want := map[heard]uint64{
		{OutcomeAccepted, false}: 1, {OutcomeAccepted, true}: 3, {OutcomeTokenMissing, false}: 2,
		{OutcomeSchemeRefused, false}: 2, {OutcomeSignatureInvalid, false}: 2,
	}
	if diff := cmp.Diff(want, seen.all()); diff != "" {
		t.Errorf("(-want +heard):\n%s", diff)
	}
}
