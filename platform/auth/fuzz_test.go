package auth

import (
	"crypto/ed25519"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"docket/platform/errs"
)

// fuzzKey is the same in every run, so that the corpus stays meaningful.
func fuzzKey() signingKey {
	return signingKey{"fuzz", "EdDSA", ed25519.NewKeyFromSeed([]byte("a seed for the fuzz tests, public"[:32]))}
}

// FuzzVerify: nothing panics, every refusal is one of ours, and only what the
// key has signed gets in. Ed25519 signatures and the strict encoding have one
// form each, so no other spelling of a genuine token does.
func FuzzVerify(f *testing.F) {
	k := fuzzKey()
	v, _ := frozen(f, k)
	genuine := map[string]bool{}
	for _, token := range []string{
		k.mint(f, testNow),
		k.sign(f, `{"alg":"EdDSA","kid":"fuzz","typ":"JWT"}`, payload(f, testNow, map[string]any{"aud": []string{"docket"}, "email": nil})),
		k.sign(f, k.header(), payload(f, testNow, map[string]any{"exp": testNow.Add(time.Hour).Unix(), "nbf": 0.5})),
	} {
		genuine[token] = true
		f.Add(token)
	}
	for _, seed := range []string{
		"", ".", "..", "a.b.c", k.mint(f, testNow.Add(-time.Hour)), tamper(k.mint(f, testNow), 0), tamper(k.mint(f, testNow), 1),
		lastBitsSet(k.mint(f, testNow)), b64([]byte(`{"alg":"none","kid":"fuzz"}`)) + ".e30.AA", b64([]byte(k.header())) + ".e30.AA",
		b64([]byte(k.header())) + "." + b64([]byte(`{"exp":1e308,"iat":-1e308,"aud":[[]],"sub":"\u0000"}`)) + ".AA",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		p, err := v.Verify(t.Context(), token)
		if err == nil {
			if !genuine[token] || p.Subject != testSubject {
				t.Fatalf("accepted %q as %+v", token, p)
			}
			return
		}
		var e *errs.Error
		if Reason(err) == OutcomeUnknown || !errors.As(err, &e) || p != (Principal{}) {
			t.Fatalf("refused with %v and %+v", err, p)
		}
	})
}

// FuzzClaims signs any payload, so that the fuzzer gets behind the signature.
func FuzzClaims(f *testing.F) {
	k := fuzzKey()
	v, _ := frozen(f, k)
	good := payload(f, testNow, nil)
	for _, seed := range []string{
		good, `{}`, `null`, `[]`, strings.Replace(good, `{`, `{"sub":"x",`, 1), strings.Replace(good, `"ada"`, `"\ud83d\ude00\u0000"`, 1),
		strings.Replace(good, `"aud":"`, `"aud":["`, 1), payload(f, testNow, map[string]any{"exp": 1e300}), payload(f, testNow, map[string]any{"exp": math.Copysign(0, -1)}),
	} {
		f.Add(`{"alg":"EdDSA","kid":"fuzz"}`, seed)
	}
	f.Add(`{"alg":"EdDSA","kid":"fuzz","crit":[]}`, good)
	f.Add(`{"alg":"EdDSA","kid":"fuzz","typ":"JWT"}`, good)
	f.Fuzz(func(t *testing.T, header, claims string) {
		p, err := v.Verify(t.Context(), k.sign(t, header, claims))
		if err != nil {
			if Reason(err) == OutcomeUnknown {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		switch {
		case !validSubject(p.Subject), p.Issuer != "app" && p.Issuer != "other",
			!p.ExpiresAt.After(testNow.Add(-DefaultLeeway)), p.IssuedAt.After(testNow.Add(DefaultLeeway)),
			len(p.Email) > 4*MaxEmail, len(p.Name) > 4*MaxName, strings.ContainsRune(p.Email+p.Name, 0):
			t.Fatalf("accepted %+v from %q", p, claims)
		}
	})
}

func FuzzBearerToken(f *testing.F) {
	for _, seed := range []string{"", "Bearer a.b.c", "bearer  a.b.c ", "Bearer", "Basic x", "Bearer a.b.c.d", "Bearer a.b.\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, err := BearerToken(header)
		if err != nil {
			if Reason(err) == OutcomeUnknown || token != "" {
				t.Fatalf("refused with %v and %q", err, token)
			}
			return
		}
		if strings.Count(token, ".") != 2 || len(token) > MaxTokenLength || strings.ContainsAny(token, " \t\r\n,=\x00") || !strings.Contains(header, token) {
			t.Fatalf("took %q out of %q", token, header)
		}
	})
}

// FuzzParseKeySet: whatever an issuer answers, a key that is taken can be used.
func FuzzParseKeySet(f *testing.F) {
	k := fuzzKey()
	f.Add(keySetJSON(f, k.jwk()))
	f.Add(keySetJSON(f, map[string]any{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "r"}, k.jwk()))
	f.Add(keySetJSON(f, map[string]any{"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB", "kid": "e"}))
	f.Add([]byte(`{"keys":[{"kty":"OKP","x5c":["AAAA"],"x5u":"https://192.0.2.1/"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		keys, err := parseKeySet(raw, 100)
		if (err == nil) == (len(keys) == 0) {
			t.Fatalf("%d keys with error %v", len(keys), err)
		}
		for id, key := range keys {
			forged := unverified{algorithm: key.algorithms[0], signed: "a.b", signature: make([]byte, 64)}
			if id == "" || key.verify(forged) == nil {
				t.Fatalf("key %q takes a signature of zeros", id)
			}
		}
	})
}
