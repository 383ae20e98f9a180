package auth

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
)

// forged is one token that must not get in, with the check that stops it.
type forged struct {
	token string
	want  Outcome
}

func TestVerifyRefusesForgedHeaders(t *testing.T) {
	t.Parallel()
	ed, ec, rs := newKey(t, "ed", "EdDSA"), newKey(t, "ec", "ES256"), newKey(t, "rs", "RS256")
	attacker := newKey(t, "ed", "EdDSA")
	v, _ := frozen(t, ed, ec, rs)
	good := payload(t, testNow, nil)
	hs256 := func(header string, secret []byte) string {
		signed := b64([]byte(header)) + "." + b64([]byte(good))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(signed))
		return signed + "." + b64(mac.Sum(nil))
	}
	der, err := x509.MarshalPKIXPublicKey(rs.private.Public())
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	unsigned := func(header string) string { return b64([]byte(header)) + "." + b64([]byte(good)) + "." }
	pss := rs
	pss.alg = "PS256"
	header := func(format string, args ...any) string { return ed.sign(t, fmt.Sprintf(format, args...), good) }
	for name, f := range map[string]forged{
		"alg none, no signature":        {unsigned(`{"alg":"none","kid":"ed"}`), OutcomeMalformed},
		"alg none, some signature":      {unsigned(`{"alg":"none","kid":"ed"}`) + "AA", OutcomeAlgorithmRefused},
		"alg NoNe":                      {unsigned(`{"alg":"NoNe","kid":"ed"}`) + "AA", OutcomeAlgorithmRefused},
		"no alg":                        {header(`{"kid":"ed"}`), OutcomeAlgorithmRefused},
		"alg null":                      {header(`{"alg":null,"kid":"ed"}`), OutcomeAlgorithmRefused},
		"alg a number":                  {header(`{"alg":1,"kid":"ed"}`), OutcomeMalformed},
		"alg in lower case":             {header(`{"alg":"eddsa","kid":"ed"}`), OutcomeAlgorithmRefused},
		"ALG beside no alg":             {header(`{"ALG":"EdDSA","kid":"ed"}`), OutcomeAlgorithmRefused},
		"HS256 with the public PEM":     {hs256(`{"alg":"HS256","kid":"rs"}`, publicPEM), OutcomeAlgorithmRefused},
		"HS256 with the public DER":     {hs256(`{"alg":"HS256","kid":"rs"}`, der), OutcomeAlgorithmRefused},
		"HS256 with the Ed25519 key":    {hs256(`{"alg":"HS256","kid":"ed"}`, ed.private.Public().(ed25519.PublicKey)), OutcomeAlgorithmRefused},
		"ES256 named, signed by EdDSA":  {header(`{"alg":"ES256","kid":"ed"}`), OutcomeAlgorithmRefused},
		"PS256 under a key for RS256":   {pss.sign(t, `{"alg":"PS256","kid":"rs"}`, good), OutcomeAlgorithmRefused},
		"RS384":                         {header(`{"alg":"RS384","kid":"rs"}`), OutcomeAlgorithmRefused},
		"ES384":                         {header(`{"alg":"ES384","kid":"ec"}`), OutcomeAlgorithmRefused},
		"another key's kid":             {ed.sign(t, `{"alg":"ES256","kid":"ec"}`, good), OutcomeSignatureInvalid},
		"signed by a stranger":          {attacker.mint(t, testNow), OutcomeSignatureInvalid},
		"embedded jwk":                  {attacker.sign(t, fmt.Sprintf(`{"alg":"EdDSA","kid":"ed","jwk":{"kty":"OKP","crv":"Ed25519","x":%q}}`, b64(attacker.private.Public().(ed25519.PublicKey))), good), OutcomeSignatureInvalid},
		"embedded jwk, no kid":          {attacker.sign(t, fmt.Sprintf(`{"alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":%q}}`, b64(attacker.private.Public().(ed25519.PublicKey))), good), OutcomeKeyIDMissing},
		"jku and x5u":                   {attacker.sign(t, `{"alg":"EdDSA","kid":"new","jku":"http://192.0.2.1/","x5u":"http://192.0.2.1/"}`, good), OutcomeKeyUnknown},
		"no kid":                        {header(`{"alg":"EdDSA"}`), OutcomeKeyIDMissing},
		"empty kid":                     {header(`{"alg":"EdDSA","kid":""}`), OutcomeKeyIDMissing},
		"kid null":                      {header(`{"alg":"EdDSA","kid":null}`), OutcomeKeyIDMissing},
		"kid a number":                  {header(`{"alg":"EdDSA","kid":7}`), OutcomeMalformed},
		"kid unknown":                   {header(`{"alg":"EdDSA","kid":"ED"}`), OutcomeKeyUnknown},
		"kid a path":                    {header(`{"alg":"EdDSA","kid":"../../ed"}`), OutcomeKeyUnknown},
		"kid twice":                     {header(`{"alg":"EdDSA","kid":"x","kid":"ed"}`), OutcomeMalformed},
		"alg twice":                     {header(`{"alg":"none","alg":"EdDSA","kid":"ed"}`), OutcomeMalformed},
		"kid twice through an escape":   {header(`{"alg":"EdDSA","kid":"x","k\u0069d":"ed"}`), OutcomeMalformed},
		"typ of the session cache":      {header(`{"alg":"EdDSA","kid":"ed","typ":"better-auth.session-cache+jwt"}`), OutcomeTypeRefused},
		"typ logout+jwt":                {header(`{"alg":"EdDSA","kid":"ed","typ":"logout+jwt"}`), OutcomeTypeRefused},
		"typ at+jwt":                    {header(`{"alg":"EdDSA","kid":"ed","typ":"at+jwt"}`), OutcomeTypeRefused},
		"typ empty":                     {header(`{"alg":"EdDSA","kid":"ed","typ":""}`), OutcomeTypeRefused},
		"typ null":                      {header(`{"alg":"EdDSA","kid":"ed","typ":null}`), OutcomeTypeRefused},
		"typ a list":                    {header(`{"alg":"EdDSA","kid":"ed","typ":["JWT"]}`), OutcomeTypeRefused},
		"crit":                          {header(`{"alg":"EdDSA","kid":"ed","crit":["b64"],"b64":false}`), OutcomeCriticalHeader},
		"crit of a known member":        {header(`{"alg":"EdDSA","kid":"ed","crit":["exp"],"exp":1}`), OutcomeCriticalHeader},
		"crit empty":                    {header(`{"alg":"EdDSA","kid":"ed","crit":[]}`), OutcomeCriticalHeader},
		"crit null":                     {header(`{"alg":"EdDSA","kid":"ed","crit":null}`), OutcomeCriticalHeader},
		"header a list":                 {header(`[{"alg":"EdDSA","kid":"ed"}]`), OutcomeMalformed},
		"header null":                   {header(`null`), OutcomeMalformed},
		"header with something after":   {header(`{"alg":"EdDSA","kid":"ed"}{}`), OutcomeMalformed},
		"header not UTF-8":              {header("{\"alg\":\"EdDSA\",\"kid\":\"ed\",\"x\":\"\xff\"}"), OutcomeMalformed},
		"header cut off":                {header(`{"alg":"EdDSA","kid":"ed"`), OutcomeMalformed},
		"header with a byte order mark": {header("\uFEFF" + `{"alg":"EdDSA","kid":"ed"}`), OutcomeMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := v.Verify(t.Context(), f.token)
			refused(t, err, f.want)
		})
	}
}

func TestVerifyRefusesForgedClaims(t *testing.T) {
	t.Parallel()
	k := newKey(t, "k1", "EdDSA")
	v, _ := frozen(t, k)
	changed := func(claims map[string]any) string { return k.sign(t, k.header(), payload(t, testNow, claims)) }
	raw := func(payload string) string { return k.sign(t, k.header(), payload) }
	good := payload(t, testNow, nil)
	for name, f := range map[string]forged{
		"another issuer":              {changed(map[string]any{"iss": "https://evil.example"}), OutcomeIssuerRefused},
		"issuer with a slash more":    {changed(map[string]any{"iss": testIssuer + "/"}), OutcomeIssuerRefused},
		"issuer in upper case":        {changed(map[string]any{"iss": strings.ToUpper(testIssuer)}), OutcomeIssuerRefused},
		"the trust's name as issuer":  {changed(map[string]any{"iss": "app"}), OutcomeIssuerRefused},
		"no issuer":                   {changed(map[string]any{"iss": nil}), OutcomeIssuerRefused},
		"empty issuer":                {changed(map[string]any{"iss": ""}), OutcomeIssuerRefused},
		"issuer a list":               {changed(map[string]any{"iss": []string{testIssuer}}), OutcomeMalformed},
		"another audience":            {changed(map[string]any{"aud": "https://evil.example"}), OutcomeAudienceRefused},
		"audience of the cache":       {changed(map[string]any{"aud": "better-auth:session-cache"}), OutcomeAudienceRefused},
		"audience a prefix":           {changed(map[string]any{"aud": testAudience + ".evil.example"}), OutcomeAudienceRefused},
		"no audience":                 {changed(map[string]any{"aud": nil}), OutcomeAudienceRefused},
		"audience null":               {changed(map[string]any{"aud": (*string)(nil)}), OutcomeAudienceRefused},
		"audience empty":              {changed(map[string]any{"aud": ""}), OutcomeAudienceRefused},
		"audiences none":              {changed(map[string]any{"aud": []string{}}), OutcomeAudienceRefused},
		"audiences all foreign":       {changed(map[string]any{"aud": []string{"a", "b"}}), OutcomeAudienceRefused},
		"audiences with a number":     {changed(map[string]any{"aud": []any{testAudience, 1}}), OutcomeMalformed},
		"audiences in a list":         {changed(map[string]any{"aud": []any{[]string{testAudience}}}), OutcomeMalformed},
		"audience an object":          {changed(map[string]any{"aud": map[string]any{testAudience: 1}}), OutcomeMalformed},
		"no subject":                  {changed(map[string]any{"sub": nil}), OutcomeSubjectInvalid},
		"null subject":                {changed(map[string]any{"sub": (*string)(nil)}), OutcomeSubjectInvalid},
		"empty subject":               {changed(map[string]any{"sub": ""}), OutcomeSubjectInvalid},
		"subject of 256":              {changed(map[string]any{"sub": strings.Repeat("é", 256)}), OutcomeSubjectInvalid},
		"subject with NUL":            {changed(map[string]any{"sub": "ada\x00"}), OutcomeSubjectInvalid},
		"subject a number":            {changed(map[string]any{"sub": 12}), OutcomeMalformed},
		"subject half a surrogate":    {raw(strings.Replace(good, `"sub":"o`, `"sub":"\ud800o`, 1)), OutcomeMalformed},
		"subject not UTF-8":           {raw(strings.Replace(good, `"sub":"o`, "\"sub\":\"\xc3\x28o", 1)), OutcomeMalformed},
		"subject twice":               {raw(strings.Replace(good, `{`, `{"sub":"root",`, 1)), OutcomeMalformed},
		"audience twice":              {raw(strings.Replace(good, `{`, `{"aud":"x",`, 1)), OutcomeMalformed},
		"exp twice":                   {raw(strings.Replace(good, `{`, `{"exp":9999999999,`, 1)), OutcomeMalformed},
		"any member twice, deep":      {raw(strings.Replace(good, `{`, `{"x":{"a":1,"a":2},`, 1)), OutcomeMalformed},
		"SUB in place of sub":         {raw(strings.Replace(good, `"sub"`, `"SUB"`, 1)), OutcomeSubjectInvalid},
		"exp beyond a float":          {raw(strings.Replace(good, `{`, `{"nbf":1e999,`, 1)), OutcomeMalformed},
		"payload a list":              {raw("[" + good + "]"), OutcomeMalformed},
		"payload a text":              {raw(`"` + testSubject + `"`), OutcomeMalformed},
		"payload null":                {raw(`null`), OutcomeMalformed},
		"payload cut off":             {raw(good[:len(good)-1]), OutcomeMalformed},
		"payload with something more": {raw(good + "{}"), OutcomeMalformed},
		"payload very deep":           {raw(strings.Replace(good, `{`, `{"x":`+strings.Repeat("[", 2000)+strings.Repeat("]", 2000)+`,`, 1)), OutcomeAccepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := v.Verify(t.Context(), f.token)
			if f.want == OutcomeAccepted {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			refused(t, err, f.want)
		})
	}
}

func TestVerifyRefusesDamagedEncodings(t *testing.T) {
	t.Parallel()
	k, ec := newKey(t, "k1", "EdDSA"), newKey(t, "ec", "ES256")
	v, _ := frozen(t, k, ec)
	token, ecToken := k.mint(t, testNow), ec.mint(t, testNow)
	parts := strings.Split(token, ".")
	for name, f := range map[string]forged{
		"empty":                     {"", OutcomeMalformed},
		"one part":                  {parts[0], OutcomeMalformed},
		"two parts":                 {parts[0] + "." + parts[1], OutcomeMalformed},
		"two dots, no signature":    {parts[0] + "." + parts[1] + ".", OutcomeMalformed},
		"four parts":                {token + ".AAAA", OutcomeMalformed},
		"trailing dot":              {token + ".", OutcomeMalformed},
		"header tampered":           {b64([]byte(`{"alg":"EdDSA","kid":"k1","x":1}`)) + "." + parts[1] + "." + parts[2], OutcomeSignatureInvalid},
		"claims tampered":           {parts[0] + "." + b64([]byte(payload(t, testNow, map[string]any{"sub": "root"}))) + "." + parts[2], OutcomeSignatureInvalid},
		"signature tampered":        {tamper(token, 2), OutcomeSignatureInvalid},
		"signature cut":             {cutSignature(t, token), OutcomeSignatureInvalid},
		"signature cut to nothing":  {parts[0] + "." + parts[1] + ".AA", OutcomeSignatureInvalid},
		"signature too long":        {token + "AA", OutcomeSignatureInvalid},
		"signature with more":       {parts[0] + "." + parts[1] + "." + parts[2][:84] + "AAAA", OutcomeSignatureInvalid},
		"another token's signature": {parts[0] + "." + parts[1] + "." + strings.Split(k.sign(t, k.header(), payload(t, testNow, map[string]any{"sub": "x"})), ".")[2], OutcomeSignatureInvalid},
		"ECDSA signature of zeros":  {ecToken[:strings.LastIndex(ecToken, ".")+1] + b64(make([]byte, 64)), OutcomeSignatureInvalid},
		"ECDSA signature cut":       {cutSignature(t, ecToken), OutcomeSignatureInvalid},
		"last bits not zero":        {lastBitsSet(token), OutcomeMalformed},
		"padded":                    {token + "==", OutcomeMalformed},
		"newline inside":            {token[:20] + "\n" + token[20:], OutcomeMalformed},
		"newline at the end":        {token + "\n", OutcomeMalformed},
		"space in front":            {" " + token, OutcomeMalformed},
		"plus for minus":            {"+" + token[1:], OutcomeMalformed},
		"too long":                  {token + strings.Repeat("A", MaxTokenLength), OutcomeTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := v.Verify(t.Context(), f.token)
			refused(t, err, f.want)
		})
	}
}

// cutSignature takes the last byte off a token's signature.
func cutSignature(t *testing.T, token string) string {
	t.Helper()
	start := strings.LastIndexByte(token, '.') + 1
	raw, err := base64.RawURLEncoding.DecodeString(token[start:])
	if err != nil {
		t.Fatal(err)
	}
	return token[:start] + b64(raw[:len(raw)-1])
}

// lastBitsSet sets the bits of a 64-byte signature's last character that
// decode to nothing: a lenient decoder reads the same signature.
func lastBitsSet(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[last|1])
}

// TestRefusalsKeepSecrets looks at what would be logged.
func TestRefusalsKeepSecrets(t *testing.T) {
	t.Parallel()
	k := newKey(t, "k1", "EdDSA")
	v, _ := frozen(t, k)
	for _, claims := range []map[string]any{
		{"email": "ada@example.com", "iss": "https://evil.example"},
		{"email": "ada@example.com", "exp": 3600},
		{"email": "ada@example.com", "sub": 12},
	} {
		token := k.sign(t, k.header(), payload(t, testNow, claims))
		_, err := v.Verify(t.Context(), token)
		if err == nil {
			t.Fatal("accepted")
		}
		for _, secret := range append(strings.Split(token, "."), "ada", testSubject) {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%q holds %q", err, secret)
			}
		}
	}
}
