package auth

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxSubject is how many characters a subject may have.
const MaxSubject = 255

// Bounds of the other claims, in characters; of an issuer, whose name is compared
// byte for byte, in bytes.
const (
	MaxIssuer = 255
	MaxEmail  = 320 // RFC 3696 erratum 1690: 64 + "@" + 255
	MaxName   = 200
)

// joseHeader holds the members of a JWS header (RFC 7515, section 4.1) that
// matter here. jwk, jku, x5u and x5c are left out on purpose: a key never
// comes from the token.
type joseHeader struct {
	Algorithm string         `json:"alg"`
	KeyID     string         `json:"kid"`
	Type      jsontext.Value `json:"typ"`
	Critical  jsontext.Value `json:"crit"`
}

// claimSet holds the members of the payload that matter (RFC 7519, section
// 4.1, and Better Auth's user record). What may be of any type stays raw.
type claimSet struct {
	Issuer    string         `json:"iss"`
	Subject   string         `json:"sub"`
	Audience  jsontext.Value `json:"aud"`
	ExpiresAt jsontext.Value `json:"exp"`
	NotBefore jsontext.Value `json:"nbf"`
	IssuedAt  jsontext.Value `json:"iat"`
	Email     jsontext.Value `json:"email"`
	Name      jsontext.Value `json:"name"`
}

// unverified is a token taken apart and checked in form. Nothing in it is
// to be believed until its signature has been checked.
type unverified struct {
	algorithm string
	keyID     string
	signed    string
	signature []byte
	claims    claims
}

// claims are the claims in Go's types; absent times are zero.
type claims struct {
	issuer    string
	subject   string
	audience  []string
	email     string
	name      string
	issuedAt  time.Time
	notBefore time.Time
	expiresAt time.Time
}

func parseToken(token string) (unverified, error) {
	parts, err := splitToken(token)
	if err != nil {
		return unverified{}, err
	}
	header, err := parseHeader(parts.header)
	if err != nil {
		return unverified{}, err
	}
	parsed, err := parseClaims(parts.payload)
	if err != nil {
		return unverified{}, err
	}
	signature, err := decodeSegment(parts.signature)
	if err != nil {
		return unverified{}, err
	}
	return unverified{
		algorithm: header.Algorithm,
		keyID:     header.KeyID,
		signed:    parts.signed,
		signature: signature,
		claims:    parsed,
	}, nil
}

// decodeSegment is strict: one value has one encoding (RFC 7515, section 2).
func decodeSegment(segment string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return nil, refuse(OutcomeMalformed, "a part of the token is not canonical base64url: %w", err)
	}
	return raw, nil
}

// decodeObject reads one JSON object. Duplicate members and invalid UTF-8 are
// refused (the defaults of this decoder, unlike encoding/json), names match
// exactly. The decoder's error is left out, since it may quote the token.
func decodeObject(segment, what string, into any) error {
	raw, err := decodeSegment(segment)
	if err != nil {
		return err
	}
	if jsontext.Value(raw).Kind() != '{' {
		return refuse(OutcomeMalformed, "the token's %s is not a JSON object", what)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return refuse(OutcomeMalformed, "the token's %s is damaged JSON, repeats a member or has one of a wrong type", what)
	}
	return nil
}

func parseHeader(segment string) (joseHeader, error) {
	var h joseHeader
	if err := decodeObject(segment, "header", &h); err != nil {
		return h, err
	}
	if h.Critical != nil {
		return h, refuse(OutcomeCriticalHeader, "the header has crit, and no extension is understood (RFC 7515, section 4.1.11)")
	}
	if typ, ok := text(h.Type); h.Type != nil && (!ok || !strings.EqualFold(typ, "JWT")) {
		return h, refuse(OutcomeTypeRefused, "typ is %s, not JWT", marked(typ))
	}
	if _, ok := signingMethod(h.Algorithm); !ok {
		return h, refuse(OutcomeAlgorithmRefused, "algorithm %s is not allowed", algorithmName(h.Algorithm))
	}
	if h.KeyID == "" {
		return h, refuse(OutcomeKeyIDMissing, "the header has no kid")
	}
	return h, nil
}

func parseClaims(segment string) (claims, error) {
	var set claimSet
	if err := decodeObject(segment, "payload", &set); err != nil {
		return claims{}, err
	}
	c := claims{
		issuer:  set.Issuer,
		subject: set.Subject,
		email:   emailOf(set.Email),
		name:    nameOf(set.Name),
	}
	var ok bool
	if c.audience, ok = audienceOf(set.Audience); !ok {
		return claims{}, refuse(OutcomeMalformed, "aud is neither a text nor a list of texts")
	}
	times := []struct {
		name string
		raw  jsontext.Value
		into *time.Time
	}{{"exp", set.ExpiresAt, &c.expiresAt}, {"nbf", set.NotBefore, &c.notBefore}, {"iat", set.IssuedAt, &c.issuedAt}}
	for _, t := range times {
		if *t.into, ok = numericDate(t.raw); !ok {
			return claims{}, refuse(OutcomeMalformed, "%s is not a number of seconds within the years 1 to 9999", t.name)
		}
	}
	if isNull(set.ExpiresAt) {
		return claims{}, refuse(OutcomeExpiryMissing, "the token has no exp")
	}
	if !validSubject(c.subject) {
		return claims{}, refuse(OutcomeSubjectInvalid, "sub is absent, longer than %d characters or holds a NUL", MaxSubject)
	}
	return c, nil
}

func isNull(v jsontext.Value) bool { return v == nil || v.Kind() == 'n' }

// text returns the string that v is, if it is one.
func text(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	raw, err := jsontext.AppendUnquote(nil, v)
	return string(raw), err == nil
}

// audienceOf reads aud: a text or a list of texts (RFC 7519, section 4.1.3).
// An absent or null aud is an empty list, which holds no audience.
func audienceOf(v jsontext.Value) ([]string, bool) {
	if isNull(v) {
		return nil, true
	}
	if one, ok := text(v); ok {
		return []string{one}, true
	}
	var raw []jsontext.Value
	if err := json.Unmarshal(v, &raw); err != nil {
		return nil, false
	}
	list := make([]string, 0, len(raw))
	for _, r := range raw {
		one, ok := text(r)
		if !ok {
			return nil, false
		}
		list = append(list, one)
	}
	return list, true
}

// numericDate reads seconds since 1970, fractions allowed (RFC 7519, section
// 2). Absent and null give the zero time. Years outside 1 to 9999 are refused:
// they overflow Go's and PostgreSQL's types, and no issuer means them.
func numericDate(v jsontext.Value) (time.Time, bool) {
	const firstSecond, lastSecond = -62135596800, 253402300799
	if isNull(v) {
		return time.Time{}, true
	}
	if v.Kind() != '0' {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(string(v), 64)
	if err != nil || seconds <= firstSecond || seconds > lastSecond {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC(), true
}

func validSubject(s string) bool {
	return s != "" && utf8.RuneCountInString(s) <= MaxSubject && !strings.ContainsRune(s, 0)
}

// emailOf ignores an address that cannot be kept: half an address is none.
func emailOf(v jsontext.Value) string {
	s, ok := text(v)
	if !ok || utf8.RuneCountInString(s) > MaxEmail || strings.ContainsRune(s, 0) {
		return ""
	}
	return s
}

// nameOf keeps what it can of a name: it is for display only. PostgreSQL
// cannot store a NUL.
func nameOf(v jsontext.Value) string {
	s, ok := text(v)
	if !ok {
		return ""
	}
	s = strings.ReplaceAll(s, "\x00", "")
	if utf8.RuneCountInString(s) <= MaxName {
		return s
	}
	return string([]rune(s)[:MaxName])
}
