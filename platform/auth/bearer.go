package auth

import "strings"

// MaxTokenLength is the longest token that is looked at, in bytes. A token of
// Better Auth's defaults has about 570.
const MaxTokenLength = 8 << 10

// BearerToken returns the token of an Authorization header (RFC 6750, section
// 2.1). The scheme may be in any case (RFC 9110, section 11.1); the token must
// be a compact JWS: three non-empty base64url parts, at most MaxTokenLength
// bytes. The error is an *errs.Error of kind Unauthenticated.
func BearerToken(header string) (string, error) {
	header = strings.Trim(header, " \t")
	if header == "" {
		return "", refuse(OutcomeTokenMissing, "no Authorization header")
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", refuse(OutcomeSchemeRefused, "the scheme is not Bearer")
	}
	token = strings.TrimLeft(token, " ")
	if _, err := splitToken(token); err != nil {
		return "", err
	}
	return token, nil
}

// segments are the three parts of a compact JWS, still encoded.
type segments struct {
	header, payload, signature string
	// signed is what the signature covers: header and payload with their dot.
	signed string
}

// splitToken cuts a token at its dots. It checks the alphabet itself, since
// encoding/base64 skips CR and LF.
func splitToken(token string) (segments, error) {
	if len(token) > MaxTokenLength {
		return segments{}, refuse(OutcomeTooLong, "the token has %d bytes, more than %d", len(token), MaxTokenLength)
	}
	var dots [2]int
	found := 0
	for i := range len(token) {
		switch c := token[i]; {
		case c == '.':
			if found == len(dots) {
				return segments{}, refuse(OutcomeMalformed, "the token has more than three parts")
			}
			dots[found] = i
			found++
		case !isBase64URL(c):
			return segments{}, refuse(OutcomeMalformed, "the token holds a byte that is not base64url, at %d", i)
		}
	}
	if found < len(dots) {
		return segments{}, refuse(OutcomeMalformed, "the token has %d parts, not three", found+1)
	}
	s := segments{
		header:    token[:dots[0]],
		payload:   token[dots[0]+1 : dots[1]],
		signature: token[dots[1]+1:],
		signed:    token[:dots[1]],
	}
	if s.header == "" || s.payload == "" || s.signature == "" {
		return segments{}, refuse(OutcomeMalformed, "a part of the token is empty")
	}
	return s, nil
}

func isBase64URL(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
