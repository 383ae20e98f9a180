package auth

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// inBubble runs test with a clock of its own that jumps while all wait. The
// bubble also fails on a goroutine that is left behind.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// bubbleVerifier is a verifier on the bubble's clock, after its first fetch.
func bubbleVerifier(t *testing.T, issuer *stubIssuer) (*Verifier, *KeySet) {
	t.Helper()
	v, set := startVerifier(t, issuer.fetch, KeySetConfig{}, testConfig(nil))
	synctest.Wait()
	return v, set
}

func mustVerify(t *testing.T, v *Verifier, token string) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
}

func TestRotationWorksAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		old, fresh := newKey(t, "old", "EdDSA"), newKey(t, "new", "ES256")
		issuer := &stubIssuer{}
		issuer.publish(t, old)
		v, _ := bubbleVerifier(t, issuer)
		mustVerify(t, v, old.mint(t, time.Now()))
		issuer.publish(t, old, fresh)
		start := time.Now()
		mustVerify(t, v, fresh.mint(t, start))
		mustVerify(t, v, old.mint(t, start))
		if took := time.Since(start); took != 0 {
			t.Errorf("waited %s although the issuer answers at once", took)
		}
		if n := issuer.count(); n != 2 {
			t.Errorf("%d fetches, want 2", n)
		}
	})
}

func TestRemovedKeyStopsWithinTheRefreshInterval(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		leaked, kept := newKey(t, "leaked", "EdDSA"), newKey(t, "kept", "EdDSA")
		issuer := &stubIssuer{}
		issuer.publish(t, leaked, kept)
		v, _ := bubbleVerifier(t, issuer)
		long := payload(t, time.Now(), map[string]any{"exp": time.Now().Add(24 * time.Hour).Unix()})
		cached, cachedKept := leaked.sign(t, leaked.header(), long), kept.sign(t, kept.header(), long)
		mustVerify(t, v, cached)
		mustVerify(t, v, cachedKept)
		issuer.publish(t, kept)
		mustVerify(t, v, cached)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		_, err := v.Verify(t.Context(), cached)
		refused(t, err, OutcomeKeyUnknown)
		_, err = v.Verify(t.Context(), leaked.mint(t, time.Now()))
		refused(t, err, OutcomeKeyUnknown)
		hits := v.Stats().CacheHits
		mustVerify(t, v, cachedKept)
		if got := v.Stats().CacheHits; got != hits+1 {
			t.Error("a key that stayed lost its cached tokens")
		}
	})
}

func TestReplacedKeyEndsCachedTokens(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		old, fresh := newKey(t, "same-kid", "EdDSA"), newKey(t, "same-kid", "EdDSA")
		issuer := &stubIssuer{}
		issuer.publish(t, old)
		v, _ := bubbleVerifier(t, issuer)
		cached := old.sign(t, old.header(), payload(t, time.Now(), map[string]any{"exp": time.Now().Add(time.Hour).Unix()}))
		mustVerify(t, v, cached)
		issuer.publish(t, fresh)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		_, err := v.Verify(t.Context(), cached)
		refused(t, err, OutcomeSignatureInvalid)
		mustVerify(t, v, fresh.mint(t, time.Now()))
	})
}

func TestBadAnswersChangeNothing(t *testing.T) {
	t.Parallel()
	weak := map[string]any{"kid": "weak", "kty": "RSA", "n": b64([]byte(strings.Repeat("\xff", 128))), "e": "AQAB"}
	many := make([]map[string]any, 1001)
	for i := range many {
		many[i] = newKey(t, fmt.Sprint("k", i), "EdDSA").jwk()
	}
	for name, answer := range map[string]struct {
		body []byte
		err  error
	}{
		"an error":           {nil, errDead},
		"nothing":            {nil, nil},
		"a page":             {[]byte("<html>Bad Gateway</html>"), nil},
		"cut off":            {[]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519"`), nil},
		"no keys member":     {[]byte(`{}`), nil},
		"keys null":          {[]byte(`{"keys":null}`), nil},
		"keys empty":         {[]byte(`{"keys":[]}`), nil},
		"keys an object":     {[]byte(`{"keys":{"a":1}}`), nil},
		"a list":             {[]byte(`[]`), nil},
		"keys twice":         {[]byte(`{"keys":[],"keys":[]}`), nil},
		"only other kinds":   {keySetJSON(t, map[string]any{"kty": "oct", "k": "AAAA", "kid": "k1"}, weak), nil},
		"keys not objects":   {[]byte(`{"keys":[1,null,"k1",[]]}`), nil},
		"too many":           {keySetJSON(t, many...), nil},
		"too many bytes":     {append(keySetJSON(t, newKey(t, "k2", "EdDSA").jwk()), make([]byte, MaxKeySetBytes)...), nil},
		"not UTF-8":          {[]byte("{\"keys\":[{\"kid\":\"\xff\"}]}"), nil},
		"something after it": {append(keySetJSON(t, newKey(t, "k2", "EdDSA").jwk()), '{'), nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				k, next := newKey(t, "k1", "EdDSA"), newKey(t, "k3", "EdDSA")
				issuer := &stubIssuer{}
				issuer.publish(t, k)
				v, set := bubbleVerifier(t, issuer)
				issuer.set(answer.body, answer.err)
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				mustVerify(t, v, k.mint(t, time.Now()))
				if set.Err() == nil || !set.Ready() || set.Stats().Failed == 0 || set.Stats().Keys != 1 || set.Age() < 4*time.Minute {
					t.Errorf("after a bad answer: err %v, ready %v, age %s, %+v", set.Err(), set.Ready(), set.Age(), set.Stats())
				}
				issuer.publish(t, k, next)
				mustVerify(t, v, next.mint(t, time.Now()))
				if err := set.Err(); err != nil || set.Age() != 0 || set.Stats().Keys != 2 {
					t.Errorf("after a good one: err %v, age %s, %+v", err, set.Age(), set.Stats())
				}
			})
		})
	}
}

func TestUnusableKeysAreSkipped(t *testing.T) {
	t.Parallel()
	k, p384, short := newKey(t, "good", "EdDSA"), newKey(t, "p384", "ES384"), newKey(t, "x", "EdDSA")
	ec := newKey(t, "ec", "ES256")
	set, err := parseKeySet(keySetJSON(t,
		map[string]any{"kty": "oct", "k": "AAAA", "kid": "symmetric", "alg": "HS256"},
		map[string]any{"kty": "OKP", "crv": "X25519", "x": b64(make([]byte, 32)), "kid": "x25519"},
		map[string]any{"kty": "OKP", "crv": "Ed448", "x": b64(make([]byte, 57)), "kid": "ed448"},
		map[string]any{"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "post-quantum"},
		map[string]any{"kty": "RSA", "n": b64([]byte(strings.Repeat("\xff", 255))), "e": "AQAB", "kid": "rsa-2040"},
		map[string]any{"kty": "RSA", "n": b64([]byte(strings.Repeat("\xff", 1025))), "e": "AQAB", "kid": "rsa-8200"},
		map[string]any{"kty": "RSA", "n": b64([]byte(strings.Repeat("\xff", 256))), "e": b64([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x03")), "kid": "huge-e"},
		p384.jwk(),
		short.with(map[string]any{"kid": nil}),
		short.with(map[string]any{"kid": ""}),
		short.with(map[string]any{"kid": 5}),
		short.with(map[string]any{"kid": "short", "x": b64(make([]byte, 31))}),
		short.with(map[string]any{"kid": "wrong-alg", "alg": "ES256"}),
		short.with(map[string]any{"kid": "hs", "alg": "HS256"}),
		short.with(map[string]any{"kid": "for-encryption", "use": "enc"}),
		short.with(map[string]any{"kid": "for-signing-only", "key_ops": []string{"sign"}}),
		ec.with(map[string]any{"kid": "off-curve", "y": ec.jwk()["x"]}),
		k.with(map[string]any{"use": "sig", "key_ops": []string{"verify"}, "x5u": "https://192.0.2.1/never-fetched", "future": []int{1}}),
		short.with(map[string]any{"kid": "good"}),
	), 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(set) != 1 || set["good"] == nil {
		t.Fatalf("usable are %v, want good alone", set)
	}
	if !set["good"].sameAs(&verificationKey{"good", []string{"EdDSA"}, k.private.Public()}) {
		t.Error("of two keys with one kid the second one counted")
	}
}

// TestKeyPublishedDuringAFetch has a fetch under way whose answer is from
// before the rotation: it must not be the last word on the new key.
func TestKeyPublishedDuringAFetch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		old, fresh := newKey(t, "old", "EdDSA"), newKey(t, "new", "EdDSA")
		issuer := &stubIssuer{}
		issuer.publish(t, old)
		v, _ := bubbleVerifier(t, issuer)
		issuer.setDelay(500 * time.Millisecond)
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := v.Verify(t.Context(), newKey(t, "bogus", "EdDSA").mint(t, time.Now()))
			refused(t, err, OutcomeKeyUnknown)
		})
		time.Sleep(100 * time.Millisecond)
		issuer.publish(t, old, fresh)
		for range 10 {
			wg.Go(func() {
				if _, err := v.Verify(t.Context(), fresh.mint(t, time.Now())); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %s, want two fetches of half a second", took)
		}
		if n := issuer.count(); n != 3 {
			t.Errorf("%d fetches, want the first, the bogus key's and one shared by ten", n)
		}
	})
}

func TestFloodOfUnknownKeysDelaysARotationByASecondAtMost(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, fresh := newKey(t, "k1", "EdDSA"), newKey(t, "k2", "EdDSA")
		issuer := &stubIssuer{}
		issuer.publish(t, k)
		v, _ := bubbleVerifier(t, issuer)
		bogus := newKey(t, "", "EdDSA")
		flood := func(round int) {
			for i := range 20 {
				bogus.kid = fmt.Sprint("bogus-", round, "-", i)
				_, err := v.Verify(t.Context(), bogus.mint(t, time.Now()))
				refused(t, err, OutcomeKeyUnknown)
			}
		}
		flood(0)
		issuer.publish(t, k, fresh)
		for round := range 10 {
			time.Sleep(101 * time.Millisecond)
			flood(round + 1)
		}
		mustVerify(t, v, fresh.mint(t, time.Now()))
		if n := issuer.count(); n > 7 {
			t.Errorf("%d fetches for 220 made-up keys within a second", n)
		}
	})
}

func TestBurstOfUnknownKeysOverHTTP(t *testing.T) {
	t.Parallel()
	k := newKey(t, "k1", "EdDSA")
	issuer := &stubIssuer{}
	issuer.publish(t, k)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := issuer.fetch(r.Context())
		if err != nil {
			t.Error(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	source, err := HTTPSource(server.URL + "/api/auth/jwks")
	if err != nil {
		t.Fatal(err)
	}
	// The clock stands, so the bucket never gets more than its burst.
	clock := func() time.Time { return testNow }
	v, set := startVerifier(t, source, KeySetConfig{Now: clock, MaxWait: 30 * time.Second}, testConfig(clock))
	waitFor(t, "the first key set", set.Ready)

	fresh := []signingKey{k, newKey(t, "n1", "EdDSA"), newKey(t, "n2", "ES256"), newKey(t, "n3", "EdDSA")}
	for i := 1; i < len(fresh); i++ { // each new key is published only just before it is used
		issuer.publish(t, fresh[:i+1]...)
		if _, err := v.Verify(t.Context(), fresh[i].mint(t, testNow)); err != nil {
			t.Fatalf("new key %d: %v", i, err)
		}
	}
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			bogus := newKey(t, fmt.Sprint("bogus-", i), "EdDSA")
			_, err := v.Verify(t.Context(), bogus.mint(t, testNow))
			refused(t, err, OutcomeKeyUnknown)
		})
	}
	wg.Wait()
	if n := issuer.count(); n > 6 {
		t.Errorf("%d fetches, want at most the first and a burst of 5", n)
	}
	if n := set.Stats().Fetches; n != uint64(issuer.count()) {
		t.Errorf("counted %d fetches, the issuer %d", n, issuer.count())
	}
}

// TestUnknownKeysShareTheFetchThatWaits looks inside: from outside, the moment
// between asking for a fetch and its beginning is too short to be met.
func TestUnknownKeysShareTheFetchThatWaits(t *testing.T) {
	t.Parallel()
	set := NewKeySet((&stubIssuer{}).fetch, KeySetConfig{FetchBurst: 1, Now: func() time.Time { return testNow }})
	first, _ := set.join(true)
	for range 3 {
		if next, beganBefore := set.join(true); next != first || beganBefore {
			t.Fatalf("a request got %p (began before: %v), want to share %p", next, beganBefore, first)
		}
	}
	if running := set.begin(); running != first {
		t.Fatalf("began %p, want %p", running, first)
	}
	if next, beganBefore := set.join(true); next != first || !beganBefore {
		t.Errorf("joined %p (began before: %v), want the running %p", next, beganBefore, first)
	}
}
