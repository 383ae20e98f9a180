package auth

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestDeadIssuerAtStart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := newKey(t, "k1", "EdDSA")
		issuer := &stubIssuer{err: errDead}
		v, set := bubbleVerifier(t, issuer)
		for range 20 {
			_, err := v.Verify(t.Context(), k.mint(t, time.Now()))
			refused(t, err, OutcomeKeysUnavailable)
			if !errors.Is(err, errDead) {
				t.Fatalf("%v does not say why for the log", err)
			}
		}
		if n := issuer.count(); n != 6 {
			t.Errorf("%d fetches, want the first and a burst of 5", n)
		}
		_, err := v.Verify(t.Context(), "not.a.token")
		refused(t, err, OutcomeMalformed)
		if set.Ready() || set.Age() != 0 {
			t.Errorf("ready %v, age %s without any key set", set.Ready(), set.Age())
		}
		issuer.publish(t, k)
		time.Sleep(lastRetry)
		synctest.Wait()
		if !set.Ready() {
			t.Fatal("did not recover by itself")
		}
		mustVerify(t, v, k.mint(t, time.Now()))
	})
}

func TestRetriesFollowAFailureSoonerAndSlowDown(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		issuer := &stubIssuer{err: errDead}
		_, set := bubbleVerifier(t, issuer)
		time.Sleep(time.Minute)
		synctest.Wait()
		// At 0, 1, 3, 7, 15, 31 seconds and then every 30, each a tenth sooner at most.
		if n := issuer.count(); n < 6 || n > 8 {
			t.Errorf("%d fetches in a minute of failures, want 6 to 8", n)
		}
		issuer.publish(t, newKey(t, "k1", "EdDSA"))
		time.Sleep(lastRetry)
		synctest.Wait()
		issuer.set(nil, errDead)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if set.Err() == nil {
			t.Fatal("no failure seen")
		}
		issuer.publish(t, newKey(t, "k1", "EdDSA"))
		time.Sleep(lastRetry)
		synctest.Wait()
		if err := set.Err(); err != nil {
			t.Errorf("after another outage: %v", err)
		}
	})
}

func TestStartDoesNotWaitForASlowIssuer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := newKey(t, "k1", "EdDSA")
		issuer := &stubIssuer{delay: 3 * time.Second}
		issuer.publish(t, k)
		start := time.Now()
		v, set := bubbleVerifier(t, issuer)
		if took := time.Since(start); took != 0 {
			t.Fatalf("start took %s", took)
		}
		_, err := v.Verify(t.Context(), k.mint(t, start))
		refused(t, err, OutcomeKeysUnavailable)
		if waited := time.Since(start); waited != 2*time.Second {
			t.Errorf("waited %s, want MaxWait", waited)
		}
		mustVerify(t, v, k.mint(t, time.Now()))
		if !set.Ready() || time.Since(start) != 3*time.Second {
			t.Errorf("ready %v after %s, want 3 s", set.Ready(), time.Since(start))
		}
	})
}

func TestHangingIssuer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, stranger := newKey(t, "k1", "EdDSA"), newKey(t, "k2", "EdDSA")
		issuer := &stubIssuer{}
		issuer.publish(t, k)
		v, set := bubbleVerifier(t, issuer)
		issuer.setDelay(time.Hour)
		token, known := stranger.mint(t, time.Now()), k.mint(t, time.Now())
		start := time.Now()
		_, err := v.Verify(t.Context(), token)
		refused(t, err, OutcomeKeyUnknown)
		if waited := time.Since(start); waited != 2*time.Second {
			t.Errorf("an unknown key was waited for %s, want MaxWait", waited)
		}
		start = time.Now()
		mustVerify(t, v, known)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("a known key was waited for %s", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err = v.Verify(ctx, token)
		refused(t, err, OutcomeAbandoned)
		if waited := time.Since(start); waited != 100*time.Millisecond {
			t.Errorf("waited %s, want the request's own 100 ms", waited)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if err := set.Err(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the fetch ended with %v, want its time limit", err)
		}
	})
}

func TestCloseEndsWaitsAndFetches(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, other := newKey(t, "k1", "EdDSA"), newKey(t, "k2", "EdDSA")
		issuer := &stubIssuer{}
		issuer.publish(t, k)
		v, set := bubbleVerifier(t, issuer)
		issuer.setDelay(time.Hour)
		token := other.mint(t, time.Now())
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				_, err := v.Verify(t.Context(), token)
				refused(t, err, OutcomeKeyUnknown)
			})
		}
		time.Sleep(time.Millisecond)
		start := time.Now()
		set.Close()
		wg.Wait()
		set.Close()
		if took := time.Since(start); took != 0 {
			t.Errorf("took %s", took)
		}
		mustVerify(t, v, k.mint(t, time.Now()))
		_, err := v.Verify(t.Context(), token)
		refused(t, err, OutcomeKeyUnknown)
		if err := set.Start(t.Context()); err == nil {
			t.Error("started again after Close")
		}
	})
}

func TestKeySetThatWasNeverStarted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		set := NewKeySet((&stubIssuer{}).fetch, KeySetConfig{})
		v, err := NewVerifier(set, testConfig(nil))
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Verify(t.Context(), newKey(t, "k1", "EdDSA").mint(t, time.Now()))
		refused(t, err, OutcomeKeysUnavailable)
		set.Close()
	})
}

// TestStartOutlivesItsContext is the life in Fx, whose OnStart context ends
// when the start has.
func TestStartOutlivesItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		issuer := &stubIssuer{}
		issuer.publish(t, newKey(t, "k1", "EdDSA"))
		set := NewKeySet(issuer.fetch, KeySetConfig{})
		ctx, cancel := context.WithCancel(t.Context())
		if err := set.Start(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := issuer.count(); n < 12 || n > 15 {
			t.Errorf("%d fetches in an hour, want one in 4.5 to 5 minutes", n)
		}
		set.Close()
	})
}
