// Package auth turns a bearer token into a principal.
//
// A token is a JWT (RFC 7519) signed by an issuer that is configured, under a
// key of that issuer's published key set (RFC 7517). Nothing in the token is
// believed before its signature holds, the algorithm is bound to the key, and
// no key or address is ever taken from the token itself (RFC 8725).
package auth

import "time"

// Principal is who a verified token speaks for.
type Principal struct {
	// Issuer is the name of the trust, not the token's iss: several iss values
	// may map to one trust, so that a frontend that moves keeps its users.
	Issuer string
	// Subject is the token's sub: 1 to 255 characters of opaque, case-sensitive
	// text without NUL.
	Subject string
	// Email has at most 320 characters; "" when the token has none that is usable.
	Email string
	// Name has at most 200 characters; "" when the token has none that is usable.
	Name string
	// IssuedAt is the token's iat, or the zero time when it has none.
	IssuedAt time.Time
	// ExpiresAt is the token's exp; the leeway is not included.
	ExpiresAt time.Time
}
