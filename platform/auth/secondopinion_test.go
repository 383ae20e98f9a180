package auth

import (
	"fmt"
	"testing"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// What this package accepts, the two libraries accept that others would use in
// its place, over the same key set; what they refuse, it refuses. It may be
// stricter, never laxer.
func TestKeyfuncIsOfTheSameOpinion(t *testing.T) {
	t.Parallel()
	keys := []signingKey{
		newKey(t, "ed", "EdDSA"), newKey(t, "e2", "ES256"), newKey(t, "e5", "ES512"),
		newKey(t, "rs", "RS256"), newKey(t, "ps", "PS256"),
	}
	v, _ := frozen(t, keys...)
	jwks := make([]map[string]any, 0, len(keys))
	for _, k := range keys {
		jwks = append(jwks, k.jwk())
	}
	others, err := keyfunc.NewJWKSetJSON(keySetJSON(t, jwks...))
	if err != nil {
		t.Fatal(err)
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{"EdDSA", "ES256", "ES512", "RS256", "PS256"}),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(DefaultLeeway),
		jwt.WithTimeFunc(func() time.Time { return testNow }),
	)
	both := func(name, token string, want bool) {
		_, ours := v.Verify(t.Context(), token)
		_, theirs := parser.Parse(token, others.Keyfunc)
		if (ours == nil) != want || (theirs == nil) != want {
			t.Errorf("%s: accepted is to be %t; ours says %v, theirs %v", name, want, ours, theirs)
		}
	}
	stranger := newKey(t, "ed", "EdDSA")
	both("signed by a stranger", stranger.mint(t, testNow), false)
	for i, k := range keys {
		both(k.alg, k.mint(t, testNow), true)
		both(k.alg+", expired", k.mint(t, testNow.Add(-time.Hour)), false)
		for part := range 3 {
			both(fmt.Sprintf("%s, part %d tampered with", k.alg, part), tamper(k.mint(t, testNow), part), false)
		}
		other := k
		other.kid = keys[(i+1)%len(keys)].kid
		both(k.alg+" under another key's name", other.mint(t, testNow), false)
	}
}
