package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestVerifyAcceptsEveryAlgorithmOfOneSet(t *testing.T) {
	t.Parallel()
	algorithms := []string{"EdDSA", "ES256", "ES512", "RS256", "PS256"}
	keys := make([]signingKey, 0, len(algorithms))
	for _, alg := range algorithms {
		keys = append(keys, newKey(t, "kid-"+alg, alg))
	}
	v, _ := frozen(t, keys...)
	want := Principal{
		Issuer: "app", Subject: testSubject, Email: "ada@example.com", Name: "ada",
		IssuedAt: testNow, ExpiresAt: testNow.Add(15 * time.Minute),
	}
	for _, k := range keys {
		for _, attempt := range []string{"checked", "cached"} {
			got, err := v.Authenticate(t.Context(), "Bearer "+k.mint(t, testNow))
			if err != nil {
				t.Fatalf("%s, %s: %v", k.alg, attempt, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", k.alg, attempt, diff)
			}
		}
	}
	// The ECDSA and PSS signatures differ at each mint, the other two repeat.
	if s := v.Stats(); s.Outcomes[OutcomeAccepted] != 10 || s.CacheHits != 2 {
		t.Errorf("stats are %+v, want 10 accepted and 2 cache hits", s)
	}
}

// TestVerifyAcceptsKeysWithoutAlg covers sets whose alg is implied by kty and crv.
func TestVerifyAcceptsKeysWithoutAlg(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"EdDSA", "ES256", "ES512", "RS256", "PS256"} {
		k := newKey(t, "k", alg)
		issuer := &stubIssuer{answer: keySetJSON(t, k.with(map[string]any{"alg": nil}))}
		clock := func() time.Time { return testNow }
		v, set := startVerifier(t, issuer.fetch, KeySetConfig{Now: clock}, testConfig(clock))
		waitFor(t, "the key set", set.Ready)
		if _, err := v.Verify(t.Context(), k.mint(t, testNow)); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
}

func TestVerifyAcceptsOptionalForms(t *testing.T) {
	t.Parallel()
	k := newKey(t, "k1", "EdDSA")
	v, _ := frozen(t, k)
	base := Principal{
		Issuer: "app", Subject: testSubject, Email: "ada@example.com", Name: "ada",
		IssuedAt: testNow, ExpiresAt: testNow.Add(15 * time.Minute),
	}
	changed := func(change func(*Principal)) Principal {
		p := base
		change(&p)
		return p
	}
	noEmail := changed(func(p *Principal) { p.Email = "" })
	noName := changed(func(p *Principal) { p.Name = "" })
	longName := strings.Repeat("ü", 250)
	for name, c := range map[string]struct {
		header string
		claims map[string]any
		want   Principal
	}{
		"typ JWT":               {`{"alg":"EdDSA","kid":"k1","typ":"JWT"}`, nil, base},
		"typ jwt":               {`{"alg":"EdDSA","kid":"k1","typ":"jwt"}`, nil, base},
		"keys in the header":    {`{"alg":"EdDSA","kid":"k1","jwk":{"kty":"oct"},"jku":"http://192.0.2.1/","x5u":"http://192.0.2.1/"}`, nil, base},
		"a list of audiences":   {"", map[string]any{"aud": []string{"https://elsewhere.example", testAudience}}, base},
		"the second audience":   {"", map[string]any{"aud": "docket"}, base},
		"an alias of the trust": {"", map[string]any{"iss": "https://old.example.com"}, base},
		"another trust":         {"", map[string]any{"iss": "https://other.example.com"}, changed(func(p *Principal) { p.Issuer = "other" })},
		"no email":              {"", map[string]any{"email": nil}, noEmail},
		"null email":            {"", map[string]any{"email": (*string)(nil)}, noEmail},
		"email of a wrong type": {"", map[string]any{"email": []int{1}}, noEmail},
		"email too long":        {"", map[string]any{"email": strings.Repeat("a", 321)}, noEmail},
		"email with NUL":        {"", map[string]any{"email": "ada\x00@example.com"}, noEmail},
		"no name":               {"", map[string]any{"name": nil}, noName},
		"null name":             {"", map[string]any{"name": (*string)(nil)}, noName},
		"name of a wrong type":  {"", map[string]any{"name": map[string]any{"a": 1}}, noName},
		"name too long":         {"", map[string]any{"name": longName}, changed(func(p *Principal) { p.Name = strings.Repeat("ü", 200) })},
		"name with NUL":         {"", map[string]any{"name": "a\x00da"}, base},
		"no iat":                {"", map[string]any{"iat": nil}, changed(func(p *Principal) { p.IssuedAt = time.Time{} })},
		"null iat and nbf":      {"", map[string]any{"iat": (*int)(nil), "nbf": (*int)(nil)}, changed(func(p *Principal) { p.IssuedAt = time.Time{} })},
		"fraction in exp":       {"", map[string]any{"exp": float64(testNow.Unix()) + 0.5}, changed(func(p *Principal) { p.ExpiresAt = testNow.Add(500 * time.Millisecond) })},
		"subject of 255":        {"", map[string]any{"sub": strings.Repeat("é", 255)}, changed(func(p *Principal) { p.Subject = strings.Repeat("é", 255) })},
		"subject as an address": {"", map[string]any{"sub": " Ada@Example.com "}, changed(func(p *Principal) { p.Subject = " Ada@Example.com " })},
		"admin plugin":          {"", map[string]any{"role": "admin,user", "banned": false, "banReason": nil}, base},
		"jti and sid":           {"", map[string]any{"jti": "x", "sid": 4}, base},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := c.header
			if header == "" {
				header = k.header()
			}
			got, err := v.Verify(t.Context(), k.sign(t, header, payload(t, testNow, c.claims)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifyChecksTimesWithLeeway(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) int64 { return testNow.Add(d).Unix() }
	for name, c := range map[string]struct {
		claims map[string]any
		want   Outcome
	}{
		"just inside exp's leeway":     {map[string]any{"exp": at(-29 * time.Second)}, OutcomeAccepted},
		"at the end of exp's leeway":   {map[string]any{"exp": at(-30 * time.Second)}, OutcomeExpired},
		"long past exp":                {map[string]any{"exp": at(-time.Hour)}, OutcomeExpired},
		"exp of 1970":                  {map[string]any{"exp": 3600}, OutcomeExpired},
		"exp 0":                        {map[string]any{"exp": 0}, OutcomeExpired},
		"negative exp":                 {map[string]any{"exp": -5}, OutcomeExpired},
		"exp at the end of year 9999":  {map[string]any{"exp": 253402300799}, OutcomeAccepted},
		"exp in year 10000":            {map[string]any{"exp": 253402300800}, OutcomeMalformed},
		"exp in milliseconds":          {map[string]any{"exp": testNow.Add(time.Hour).UnixMilli()}, OutcomeMalformed},
		"nbf within leeway":            {map[string]any{"nbf": at(30 * time.Second)}, OutcomeAccepted},
		"nbf beyond leeway":            {map[string]any{"nbf": at(31 * time.Second)}, OutcomeNotYetValid},
		"iat within leeway":            {map[string]any{"iat": at(30 * time.Second)}, OutcomeAccepted},
		"iat beyond leeway":            {map[string]any{"iat": at(31 * time.Second)}, OutcomeNotYetValid},
		"expired and not yet valid":    {map[string]any{"exp": at(-time.Hour), "nbf": at(time.Hour)}, OutcomeNotYetValid},
		"expired and of another iss":   {map[string]any{"exp": at(-time.Hour), "iss": "https://evil.example"}, OutcomeIssuerRefused},
		"expired and of another aud":   {map[string]any{"exp": at(-time.Hour), "aud": "https://evil.example"}, OutcomeAudienceRefused},
		"expired and without subject":  {map[string]any{"exp": at(-time.Hour), "sub": nil}, OutcomeSubjectInvalid},
		"exp as text":                  {map[string]any{"exp": "1795376014"}, OutcomeMalformed},
		"exp as a list":                {map[string]any{"exp": []int{1795376014}}, OutcomeMalformed},
		"exp true":                     {map[string]any{"exp": true}, OutcomeMalformed},
		"exp null":                     {map[string]any{"exp": (*int)(nil)}, OutcomeExpiryMissing},
		"no exp":                       {map[string]any{"exp": nil}, OutcomeExpiryMissing},
		"exp 1e18":                     {map[string]any{"exp": 1e18}, OutcomeMalformed},
		"exp 1e300":                    {map[string]any{"exp": 1e300}, OutcomeMalformed},
		"exp -1e300":                   {map[string]any{"exp": -1e300}, OutcomeMalformed},
		"iat 1e300":                    {map[string]any{"iat": 1e300}, OutcomeMalformed},
		"iat -1e300":                   {map[string]any{"iat": -1e300}, OutcomeMalformed},
		"nbf 1e300":                    {map[string]any{"nbf": 1e300}, OutcomeMalformed},
		"nbf as text":                  {map[string]any{"nbf": "0"}, OutcomeMalformed},
		"iat as text":                  {map[string]any{"iat": "0"}, OutcomeMalformed},
		"exp of a fraction just alive": {map[string]any{"exp": float64(testNow.Unix()) - 29.5}, OutcomeAccepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKey(t, "k1", "EdDSA")
			v, _ := frozen(t, k)
			token := k.sign(t, k.header(), payload(t, testNow, c.claims))
			for range 2 { // the second time from the cache, where it got in
				_, err := v.Verify(t.Context(), token)
				if c.want == OutcomeAccepted {
					if err != nil {
						t.Fatal(err)
					}
					continue
				}
				refused(t, err, c.want)
			}
		})
	}
}

func TestVerifyCallsOnlyGenuineTokensExpired(t *testing.T) {
	t.Parallel()
	k, stranger := newKey(t, "k1", "EdDSA"), newKey(t, "k1", "EdDSA")
	v, _ := frozen(t, k)
	old := payload(t, testNow.Add(-time.Hour), nil)
	_, err := v.Verify(t.Context(), k.sign(t, k.header(), old))
	refused(t, err, OutcomeExpired)
	_, err = v.Verify(t.Context(), stranger.sign(t, stranger.header(), old))
	refused(t, err, OutcomeSignatureInvalid)
	_, err = v.Verify(t.Context(), tamper(k.sign(t, k.header(), old), 2))
	refused(t, err, OutcomeSignatureInvalid)
	stranger.kid = "k2"
	_, err = v.Verify(t.Context(), stranger.sign(t, stranger.header(), old))
	refused(t, err, OutcomeKeyUnknown)
}

func TestNewVerifierRefusesBadConfiguration(t *testing.T) {
	t.Parallel()
	good := func() Config { return testConfig(nil) }
	for name, change := range map[string]func(*Config){
		"no issuer":       func(c *Config) { c.Issuers = nil },
		"empty issuer":    func(c *Config) { c.Issuers = []IssuerTrust{{"", "app"}} },
		"no trust":        func(c *Config) { c.Issuers = []IssuerTrust{{testIssuer, ""}} },
		"issuer twice":    func(c *Config) { c.Issuers = []IssuerTrust{{testIssuer, "a"}, {testIssuer, "b"}} },
		"no audience":     func(c *Config) { c.Audiences = nil },
		"empty audience":  func(c *Config) { c.Audiences = []string{"a", ""} },
		"negative leeway": func(c *Config) { c.Leeway = -1 },
		"great leeway":    func(c *Config) { c.Leeway = 61 * time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := good()
			change(&cfg)
			if _, err := NewVerifier(NewKeySet((&stubIssuer{}).fetch, KeySetConfig{}), cfg); err == nil {
				t.Error("accepted")
			}
		})
	}
	if _, err := NewVerifier(NewKeySet((&stubIssuer{}).fetch, KeySetConfig{}), good()); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestStatsCountEachOutcome(t *testing.T) {
	t.Parallel()
	k := newKey(t, "k1", "EdDSA")
	v, _ := frozen(t, k)
	good := k.mint(t, testNow)
	for _, header := range []string{"Bearer " + good, "Bearer " + good, "", "Bearer " + tamper(good, 2)} {
		_, err := v.Authenticate(t.Context(), header)
		if accepted := strings.HasSuffix(header, good); accepted != (err == nil) {
			t.Fatalf("%.20q: %v", header, err)
		}
	}
	want := make(map[Outcome]uint64)
	for _, o := range Outcomes() {
		want[o] = 0
	}
	want[OutcomeAccepted], want[OutcomeTokenMissing], want[OutcomeSignatureInvalid] = 2, 1, 1
	if diff := cmp.Diff(Stats{Outcomes: want, CacheHits: 1, Cached: 1}, v.Stats()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReasonOfOtherErrors(t *testing.T) {
	t.Parallel()
	if got := Reason(errors.New("disk full")); got != OutcomeUnknown {
		t.Errorf("of a foreign error: %q", got)
	}
	if got := Reason(nil); got != OutcomeAccepted {
		t.Errorf("of none: %q", got)
	}
	if got := Reason(refuseAbandoned(context.Canceled)); got != OutcomeAbandoned {
		t.Errorf("of a lost client: %q", got)
	}
}
