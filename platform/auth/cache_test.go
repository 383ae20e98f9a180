package auth

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestCachedTokenLivesAsLongAsAnUncachedOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := newKey(t, "k1", "EdDSA")
		issuer := &stubIssuer{}
		issuer.publish(t, k)
		cached, set := bubbleVerifier(t, issuer)
		cfg := testConfig(nil)
		cfg.CacheSize = -1
		uncached, err := NewVerifier(set, cfg)
		if err != nil {
			t.Fatal(err)
		}
		token := k.mint(t, time.Now())
		mustVerify(t, cached, token)
		mustVerify(t, uncached, token)
		time.Sleep(15*time.Minute + 30*time.Second - time.Nanosecond)
		mustVerify(t, cached, token)
		mustVerify(t, uncached, token)
		time.Sleep(time.Nanosecond)
		for _, v := range []*Verifier{cached, uncached} {
			_, err := v.Verify(t.Context(), token)
			refused(t, err, OutcomeExpired)
		}
		if hits := cached.Stats().CacheHits; hits != 1 {
			t.Errorf("%d cache hits, want 1", hits)
		}
		if s := uncached.Stats(); s.CacheHits != 0 || s.Cached != 0 {
			t.Errorf("without a cache: %+v", s)
		}
	})
}

// TestCachedTokenSeesTheClockGoBack has a token that was good and, by a clock
// that was set back, is not good yet.
func TestCachedTokenSeesTheClockGoBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := newKey(t, "k1", "EdDSA")
		issuer := &stubIssuer{}
		issuer.publish(t, k)
		set := NewKeySet(issuer.fetch, KeySetConfig{})
		now := testNow
		v, err := NewVerifier(set, testConfig(func() time.Time { return now }))
		if err != nil {
			t.Fatal(err)
		}
		if err := set.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer set.Close()
		synctest.Wait()
		token := k.mint(t, testNow)
		mustVerify(t, v, token)
		now = testNow.Add(-31 * time.Second)
		_, err = v.Verify(t.Context(), token)
		refused(t, err, OutcomeNotYetValid)
		now = testNow
		mustVerify(t, v, token)
	})
}

func TestCacheKeepsOnlyGoodTokensAndIsBounded(t *testing.T) {
	t.Parallel()
	k := newKey(t, "k1", "EdDSA")
	_, issuer := frozen(t, k)
	cfg := testConfig(func() time.Time { return testNow })
	cfg.CacheSize = 3
	v, set := startVerifier(t, issuer.fetch, KeySetConfig{}, cfg)
	waitFor(t, "the key set", set.Ready)
	if _, err := v.Verify(t.Context(), tamper(k.mint(t, testNow), 2)); err == nil {
		t.Fatal("accepted")
	}
	if _, err := v.Verify(t.Context(), k.mint(t, testNow.Add(-time.Hour))); err == nil {
		t.Fatal("accepted")
	}
	if n := v.Stats().Cached; n != 0 {
		t.Errorf("%d refused tokens are in the cache", n)
	}
	for i := range 10 {
		subject := fmt.Sprint("user-", i)
		token := k.sign(t, k.header(), payload(t, testNow, map[string]any{"sub": subject}))
		for range 2 {
			p, err := v.Verify(t.Context(), token)
			if err != nil || p.Subject != subject {
				t.Fatalf("got %q, %v; want %q", p.Subject, err, subject)
			}
		}
	}
	if s := v.Stats(); s.Cached != 3 || s.CacheHits != 10 {
		t.Errorf("%+v, want 3 cached and 10 hits", s)
	}
}

// TestManyReadersDuringRotations is for the race detector.
func TestManyReadersDuringRotations(t *testing.T) {
	t.Parallel()
	k := newKey(t, "stays", "EdDSA")
	issuer := &stubIssuer{}
	issuer.publish(t, k)
	clock := func() time.Time { return testNow }
	v, set := startVerifier(t, issuer.fetch, KeySetConfig{RefreshInterval: time.Millisecond, Now: clock}, testConfig(clock))
	waitFor(t, "the key set", set.Ready)
	token := k.mint(t, testNow)
	done := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 500 {
				if _, err := v.Verify(t.Context(), token); err != nil {
					t.Error(err)
				}
				_ = set.Age() + time.Duration(set.Stats().Keys)
			}
		}()
	}
	for i := range 20 {
		issuer.publish(t, k, newKey(t, fmt.Sprint("comes-and-goes-", i), "EdDSA"))
		time.Sleep(time.Millisecond)
	}
	for range 4 {
		<-done
	}
	if s := v.Stats(); s.Outcomes[OutcomeAccepted] != 2000 {
		t.Errorf("%d of 2000 were accepted", s.Outcomes[OutcomeAccepted])
	}
}

// A token that is seen again costs a hash and two look-ups.
func TestCachedTokenAllocatesNothing(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	k := newKey(t, "k1", "EdDSA")
	v, _ := frozen(t, k)
	token := k.mint(t, testNow)
	mustVerify(t, v, token)
	ctx, header := t.Context(), "Bearer "+token
	for what, know := range map[string]func() (Principal, error){
		"a token": func() (Principal, error) { return v.Verify(ctx, token) }, "a header": func() (Principal, error) { return v.Authenticate(ctx, header) },
	} {
		if n := testing.AllocsPerRun(1000, func() {
			if _, err := know(); err != nil {
				t.Fatal(err)
			}
		}); n >= 1 {
			t.Errorf("%v allocations for %s of %d bytes", n, what, len(token))
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range []string{"EdDSA", "ES256", "ES512", "RS256", "PS256"} {
		k := newKey(b, "k", alg)
		cached, issuer := frozen(b, k)
		cfg := testConfig(func() time.Time { return testNow })
		cfg.CacheSize = -1
		uncached, set := startVerifier(b, issuer.fetch, KeySetConfig{}, cfg)
		waitFor(b, "the key set", set.Ready)
		token := k.mint(b, testNow)
		for _, c := range []struct {
			name string
			v    *Verifier
		}{{"uncached", uncached}, {"cached", cached}} {
			b.Run(alg+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.v.Verify(b.Context(), token); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
