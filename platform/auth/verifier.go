package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// The bounds of Config.Leeway, and its default.
const (
	DefaultLeeway = 30 * time.Second
	MaxLeeway     = 60 * time.Second
)

// DefaultCacheSize is how many verified tokens are kept by default: about
// 5 MB of memory when full.
const DefaultCacheSize = 10_000

// IssuerTrust accepts one iss value under the name of a trust. Every accepted
// iss is verified with the one key set: whoever holds a key of it may speak
// for each of them.
type IssuerTrust struct {
	Issuer string // the token's iss, compared byte for byte
	Trust  string // becomes Principal.Issuer; several issuers may share one
}

// Config says which tokens are accepted.
type Config struct {
	// Issuers lists the accepted iss values; at least one, none twice.
	Issuers []IssuerTrust
	// Audiences lists the accepted aud values, of which a token must hold one;
	// at least one. It is never optional: Better Auth signs other tokens, such
	// as its session cache, with the same keys and issuer.
	Audiences []string
	// Leeway is the clock skew granted to exp, nbf and iat: DefaultLeeway when
	// 0, at most MaxLeeway.
	Leeway time.Duration
	// CacheSize bounds the number of verified tokens kept: DefaultCacheSize when
	// 0, none when negative.
	CacheSize int
	// Now is the clock: time.Now when nil.
	Now func() time.Time
	// Observe hears of each authentication, once, on its own goroutine: it must
	// not block. cached says that an accepted token came from the cache. Nobody
	// hears when nil; Stats counts the same.
	Observe func(outcome Outcome, cached bool)
}

// Verifier checks tokens against its configuration and a key set. It may be
// used by any number of goroutines.
type Verifier struct {
	keys      *KeySet
	trusts    map[string]string
	audiences []string
	leeway    time.Duration
	now       func() time.Time
	cache     *lru.Cache[[sha256.Size]byte, verified] // nil: no cache
	cacheHits atomic.Uint64
	outcomes  map[Outcome]*atomic.Uint64 // the map itself never changes
	observe   func(outcome Outcome, cached bool)
}

// verified is a token whose signature and claims, times aside, were found good
// under key.
type verified struct {
	principal Principal
	notBefore time.Time
	key       *verificationKey
}

// NewVerifier returns a Verifier that takes its keys from keys, which the
// caller starts and closes. The error says what is wrong with cfg.
func NewVerifier(keys *KeySet, cfg Config) (*Verifier, error) {
	v := &Verifier{
		keys:      keys,
		trusts:    make(map[string]string, len(cfg.Issuers)),
		audiences: slices.Clone(cfg.Audiences),
		leeway:    cfg.Leeway,
		now:       cfg.Now,
		observe:   cfg.Observe,
		outcomes:  make(map[Outcome]*atomic.Uint64),
	}
	for _, i := range cfg.Issuers {
		if _, twice := v.trusts[i.Issuer]; twice || i.Issuer == "" || i.Trust == "" {
			return nil, fmt.Errorf("configure the verifier: issuer %q is empty, listed twice or without the name of its trust", i.Issuer)
		}
		v.trusts[i.Issuer] = i.Trust
	}
	if len(v.trusts) == 0 || len(v.audiences) == 0 || slices.Contains(v.audiences, "") {
		return nil, errors.New("configure the verifier: at least one issuer and one audience are needed, none of them empty")
	}
	if v.leeway < 0 || v.leeway > MaxLeeway {
		return nil, fmt.Errorf("configure the verifier: a leeway of %s is not within 0 and %s", v.leeway, MaxLeeway)
	}
	if v.leeway == 0 {
		v.leeway = DefaultLeeway
	}
	if v.now == nil {
		v.now = time.Now
	}
	if v.observe == nil {
		v.observe = func(Outcome, bool) {}
	}
	for _, o := range Outcomes() {
		v.outcomes[o] = new(atomic.Uint64)
	}
	return v, v.makeCache(cfg.CacheSize)
}

func (v *Verifier) makeCache(size int) error {
	if size < 0 {
		return nil
	}
	if size == 0 {
		size = DefaultCacheSize
	}
	cache, err := lru.New[[sha256.Size]byte, verified](size)
	if err != nil {
		return fmt.Errorf("make the cache of verified tokens: %w", err)
	}
	v.cache = cache
	return nil
}

// Authenticate verifies the token of an Authorization header: BearerToken,
// then Verify, with one outcome counted.
//
// It keeps nothing of header, which may be changed once it has returned.
func (v *Verifier) Authenticate(ctx context.Context, header string) (Principal, error) {
	// As clients write it there is nothing to take apart but the token, which is
	// looked at more closely only where it is not known.
	token, usual := strings.CutPrefix(header, "Bearer ")
	if !usual || token != strings.Trim(token, " \t") {
		var err error
		if token, err = BearerToken(header); err != nil {
			v.count(err, false)
			return Principal{}, err
		}
	}
	return v.Verify(ctx, token)
}

// Verify returns who token speaks for. ctx bounds the wait for a key that is
// not known yet; nothing else waits. The error is an *errs.Error:
//   - Unauthenticated with CodeUnauthenticated when a check fails; the message
//     is the same for each, [Reason] tells which it was;
//   - Unauthenticated with CodeTokenExpired when the token is genuine in all
//     but its age;
//   - Unavailable, with RetryAfter, when no key set could be had at all;
//   - DeadlineExceeded when ctx ended first.
func (v *Verifier) Verify(ctx context.Context, token string) (Principal, error) {
	principal, cached, err := v.verify(ctx, token)
	v.count(err, cached && err == nil)
	return principal, err
}

func (v *Verifier) count(err error, cached bool) {
	outcome := Reason(err)
	if counter, known := v.outcomes[outcome]; known {
		counter.Add(1)
	}
	if cached {
		v.cacheHits.Add(1)
	}
	v.observe(outcome, cached)
}

// verify is Verify without the counting; cached says that the signature was
// checked before.
func (v *Verifier) verify(ctx context.Context, token string) (p Principal, cached bool, err error) {
	if len(token) > MaxTokenLength {
		return Principal{}, false, refuse(OutcomeTooLong, "the token has %d bytes, more than %d", len(token), MaxTokenLength)
	}
	var onStack [1 << 10]byte // a conversion would allocate for each request
	sum := sha256.Sum256(append(onStack[:0], token...))
	found, cached := v.recall(sum)
	if !cached {
		if found, err = v.check(ctx, token); err != nil {
			return Principal{}, false, err
		}
	}
	if err := v.checkTimes(found); err != nil {
		return Principal{}, cached, err
	}
	if !cached && v.cache != nil {
		v.cache.Add(sum, found)
	}
	return found.principal, cached, nil
}

// recall returns the cached token, unless its key has left the set or changed
// since. Its times are left to the caller, as for any other token.
func (v *Verifier) recall(sum [sha256.Size]byte) (verified, bool) {
	if v.cache == nil {
		return verified{}, false
	}
	found, ok := v.cache.Get(sum)
	if !ok {
		return verified{}, false
	}
	if v.keys.known(found.key.id) != found.key {
		v.cache.Remove(sum)
		return verified{}, false
	}
	return found, true
}

// check does everything but the times. The claims come before the key, so that
// a token meant for somebody else causes no fetch of keys.
func (v *Verifier) check(ctx context.Context, token string) (verified, error) {
	t, err := parseToken(token)
	if err != nil {
		return verified{}, err
	}
	trust, ok := v.trusts[t.claims.issuer]
	if !ok {
		return verified{}, refuse(OutcomeIssuerRefused, "iss %s is not configured: it %s", marked(t.claims.issuer), differs(t.claims.issuer, slices.Sorted(maps.Keys(v.trusts))))
	}
	if !slices.ContainsFunc(t.claims.audience, v.isOurs) {
		return verified{}, refuse(OutcomeAudienceRefused, "aud does not hold a configured audience")
	}
	key, err := v.keys.find(ctx, t.keyID)
	if err != nil {
		return verified{}, err
	}
	if err := key.verify(t); err != nil {
		return verified{}, err
	}
	return verified{
		principal: Principal{
			Issuer:    trust,
			Subject:   t.claims.subject,
			Email:     t.claims.email,
			Name:      t.claims.name,
			IssuedAt:  t.claims.issuedAt,
			ExpiresAt: t.claims.expiresAt,
		},
		notBefore: t.claims.notBefore,
		key:       key,
	}, nil
}

func (v *Verifier) isOurs(audience string) bool { return slices.Contains(v.audiences, audience) }

// checkTimes is the same for a cached token and a fresh one. exp comes last:
// only a token that is good otherwise is called expired. A token from the
// future is refused although RFC 7519 lets iat be, since the newest iat decides
// which token's name and address a user keeps.
func (v *Verifier) checkTimes(t verified) error {
	now := v.now()
	if t.notBefore.After(now.Add(v.leeway)) {
		return refuse(OutcomeNotYetValid, "nbf is %s", t.notBefore.Format(time.RFC3339))
	}
	if t.principal.IssuedAt.After(now.Add(v.leeway)) {
		return refuse(OutcomeNotYetValid, "iat is %s", t.principal.IssuedAt.Format(time.RFC3339))
	}
	if !now.Before(t.principal.ExpiresAt.Add(v.leeway)) {
		return refuseExpired(t.principal.ExpiresAt)
	}
	return nil
}

// Stats are counts since the start.
type Stats struct {
	// Outcomes has an entry for each of Outcomes, zero included.
	Outcomes map[Outcome]uint64
	// CacheHits is how many of the accepted came from the cache.
	CacheHits uint64
	// Cached is how many tokens the cache holds now.
	Cached int
}

// Stats returns the present counts.
func (v *Verifier) Stats() Stats {
	s := Stats{Outcomes: make(map[Outcome]uint64, len(v.outcomes)), CacheHits: v.cacheHits.Load()}
	for outcome, count := range v.outcomes {
		s.Outcomes[outcome] = count.Load()
	}
	if v.cache != nil {
		s.Cached = v.cache.Len()
	}
	return s
}
