package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"docket/platform/errs"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testIssuer   = "https://app.example.com"
	testAudience = "https://api.example.com"
	testSubject  = "oy1Bx5LGwPXWcw1uOpMMFfL3yptaTk2J"
)

// testNow is the clock of the tests that do not move it.
var testNow = time.Date(2026, 11, 22, 19, 30, 0, 0, time.UTC)

// signingKey is an issuer's key: it signs as alg and is published under kid.
type signingKey struct {
	kid, alg string
	private  crypto.Signer
}

func newKey(t testing.TB, kid, alg string) signingKey {
	t.Helper()
	var private crypto.Signer
	var err error
	switch alg {
	case "EdDSA":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case "ES256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "RS256", "PS256":
		private, err = sharedRSA()
	default:
		t.Fatalf("no test key for %s", alg)
	}
	if err != nil {
		t.Fatalf("make a %s key: %v", alg, err)
	}
	return signingKey{kid, alg, private}
}

// sharedRSA is made once: it takes the better part of a second.
var sharedRSA = sync.OnceValues(func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// jwk returns the published form, as Better Auth writes it.
func (k signingKey) jwk() map[string]any {
	m := map[string]any{"kid": k.kid, "alg": k.alg}
	switch public := k.private.Public().(type) {
	case ed25519.PublicKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", b64(public)
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, then both coordinates at full length
		if err != nil {
			panic(err)
		}
		half := len(point) / 2
		m["kty"], m["crv"] = "EC", public.Params().Name
		m["x"], m["y"] = b64(point[1:1+half]), b64(point[1+half:])
	case *rsa.PublicKey:
		m["kty"], m["n"], m["e"] = "RSA", b64(public.N.Bytes()), b64(big.NewInt(int64(public.E)).Bytes())
	}
	return m
}

// with returns the published form with members changed; nil removes one.
func (k signingKey) with(changes map[string]any) map[string]any {
	m := k.jwk()
	maps.Copy(m, changes)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	return m
}

func keySetJSON(t testing.TB, keys ...map[string]any) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// sign returns the token of a header and a payload given as JSON text.
func (k signingKey) sign(t testing.TB, header, payload string) string {
	t.Helper()
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	signature, err := jwt.GetSigningMethod(k.alg).Sign(signed, k.private)
	if err != nil {
		t.Fatalf("sign with %s: %v", k.alg, err)
	}
	return signed + "." + b64(signature)
}

func (k signingKey) header() string { return fmt.Sprintf(`{"alg":%q,"kid":%q}`, k.alg, k.kid) }

// payload returns a good payload, issued at now, with claims changed; nil
// removes one.
func payload(t testing.TB, now time.Time, changes map[string]any) string {
	t.Helper()
	m := map[string]any{
		"iat": now.Unix(), "exp": now.Add(15 * time.Minute).Unix(), "iss": testIssuer, "aud": testAudience,
		"sub": testSubject, "id": testSubject, "email": "ada@example.com", "name": "ada",
		"emailVerified": false, "createdAt": "2026-11-22T19:18:34.092Z",
	}
	maps.Copy(m, changes)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// mint returns a good token of k, issued at now.
func (k signingKey) mint(t testing.TB, now time.Time) string {
	t.Helper()
	return k.sign(t, k.header(), payload(t, now, nil))
}

// stubIssuer is a key set source whose answer the test changes.
type stubIssuer struct {
	mu      sync.Mutex
	answer  []byte
	err     error
	delay   time.Duration
	fetches int
}

func (s *stubIssuer) publish(t testing.TB, keys ...signingKey) {
	t.Helper()
	set := make([]map[string]any, 0, len(keys))
	for _, k := range keys {
		set = append(set, k.jwk())
	}
	s.set(keySetJSON(t, set...), nil)
}

func (s *stubIssuer) set(answer []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer, s.err = answer, err
}

func (s *stubIssuer) setDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

func (s *stubIssuer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches
}

// fetch answers with what was published when the fetch began.
func (s *stubIssuer) fetch(ctx context.Context) ([]byte, error) {
	s.mu.Lock()
	s.fetches++
	answer, err, delay := s.answer, s.err, s.delay
	s.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return answer, err
}

var errDead = errors.New("connection refused")

func testConfig(now func() time.Time) Config {
	return Config{
		Issuers:   []IssuerTrust{{testIssuer, "app"}, {"https://old.example.com", "app"}, {"https://other.example.com", "other"}},
		Audiences: []string{testAudience, "docket"},
		Now:       now,
	}
}

// startVerifier returns a verifier whose key set follows source, after its
// first fetch has ended well or badly.
func startVerifier(t testing.TB, source Source, keys KeySetConfig, cfg Config) (*Verifier, *KeySet) {
	t.Helper()
	set := NewKeySet(source, keys)
	v, err := NewVerifier(set, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	return v, set
}

// frozen returns a ready verifier for keys whose clock stands at testNow.
func frozen(t testing.TB, keys ...signingKey) (*Verifier, *stubIssuer) {
	t.Helper()
	issuer := &stubIssuer{}
	issuer.publish(t, keys...)
	clock := func() time.Time { return testNow }
	v, set := startVerifier(t, issuer.fetch, KeySetConfig{Now: clock}, testConfig(clock))
	waitFor(t, "the first key set", set.Ready)
	return v, issuer
}

func waitFor(t testing.TB, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 30 s for %s", what)
		}
	}
}

// refused checks that err is the refusal that a client and the log should see.
// It may be called on any goroutine.
func refused(t testing.TB, err error, want Outcome) {
	t.Helper()
	if got := Reason(err); got != want {
		t.Errorf("outcome is %q (%v), want %q", got, err, want)
		return
	}
	var e *errs.Error
	if !errors.As(err, &e) {
		t.Errorf("%v is not an *errs.Error", err)
		return
	}
	wantKind, wantCode := errs.Unauthenticated, errs.CodeUnauthenticated
	switch want {
	case OutcomeExpired:
		wantCode = errs.CodeTokenExpired
	case OutcomeKeysUnavailable:
		wantKind, wantCode = errs.Unavailable, errs.CodeUnavailable
		if e.RetryAfter <= 0 {
			t.Error("no RetryAfter")
		}
	case OutcomeAbandoned:
		wantKind, wantCode = errs.DeadlineExceeded, errs.CodeDeadlineExceeded
	default:
		if e.Message != "a valid bearer token is required" {
			t.Errorf("the message %q tells checks apart", e.Message)
		}
	}
	if e.Kind != wantKind || e.Code != wantCode {
		t.Errorf("kind %d and code %s, want %d and %s", e.Kind, e.Code, wantKind, wantCode)
	}
}

// tamper flips one character in the middle of a token's part.
func tamper(token string, part int) string {
	parts := strings.Split(token, ".")
	middle := len(parts[part]) / 2
	replacement := byte('A')
	if parts[part][middle] == 'A' {
		replacement = 'B'
	}
	parts[part] = parts[part][:middle] + string(replacement) + parts[part][middle+1:]
	return strings.Join(parts, ".")
}
