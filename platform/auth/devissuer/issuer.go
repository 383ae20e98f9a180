// Package devissuer is the issuer of the local environment: it stands in for
// Better Auth while there is no frontend. Its tokens have the shape of Better
// Auth's, under one Ed25519 key that is kept in the data folder. It must never
// be trusted outside local: whoever reads that folder is anybody.
package devissuer

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
)

// What the development issuer's tokens say. The name is below .localhost, which
// never leads to another machine (RFC 6761), so no real issuer has it.
const (
	IssuerURL = "http://issuer.docket.localhost" // iss
	Audience  = "http://issuer.docket.localhost" // aud: Better Auth's default is its own origin, too
	Trust     = "development"                    // the name of the trust for the verifier's configuration
)

// Issuer signs tokens. It may be used by any number of goroutines.
type Issuer struct {
	key   ed25519.PrivateKey
	keyID string
	jwks  []byte
}

// Open returns the issuer whose key is in the folder dir, and makes folder and
// key where they are missing: the key file is KeyFile, readable by its owner
// alone. random is where a new key comes from: crypto/rand.Reader. Two
// processes that open one folder at once get the same key. The error names the
// file where it is damaged or cannot be read or written.
func Open(dir string, random io.Reader) (*Issuer, error) {
	key, err := loadOrMakeKey(dir, random)
	if err != nil {
		return nil, err
	}
	// An Ed25519 private key ends with its public key (RFC 8032, section 5.1.5).
	public := base64.RawURLEncoding.EncodeToString(key[len(key)-ed25519.PublicKeySize:])
	// The thumbprint of RFC 7638 (the form for OKP is in RFC 8037, appendix A.3).
	thumbprint := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + public + `"}`))
	i := &Issuer{key: key, keyID: base64.RawURLEncoding.EncodeToString(thumbprint[:])}
	i.jwks = fmt.Appendf(nil, `{"keys":[{"alg":"EdDSA","crv":"Ed25519","kty":"OKP","x":%q,"kid":%q}]}`, public, i.keyID)
	return i, nil
}

// JWKS returns the issuer's key set document (RFC 7517, section 5).
func (i *Issuer) JWKS() []byte { return slices.Clone(i.jwks) }

// KeySet is JWKS as the source of a verifier's key set. It never fails.
func (i *Issuer) KeySet(context.Context) ([]byte, error) { return i.JWKS(), nil }

// Claims are what a token says.
type Claims struct {
	Subject   string // required
	Email     string // null in the token when ""
	Name      string // null in the token when ""
	IssuedAt  time.Time
	ExpiresAt time.Time // may be past: the token is then an expired one
}

// Sign returns a token with c, shaped like those of Better Auth's jwt plugin
// with its defaults. Times are cut to seconds. Without a subject or a time it
// is an error.
func (i *Issuer) Sign(c Claims) (string, error) {
	if c.Subject == "" || c.IssuedAt.IsZero() || c.ExpiresAt.IsZero() {
		return "", errors.New("sign a development token: subject, time of issue and expiry are needed")
	}
	created := c.IssuedAt.UTC().Format("2006-01-02T15:04:05.000Z")
	payload, err := json.Marshal(payload{
		IssuedAt: c.IssuedAt.Unix(), Name: orNull(c.Name), Email: orNull(c.Email),
		CreatedAt: created, UpdatedAt: created, ID: c.Subject, Subject: c.Subject,
		ExpiresAt: c.ExpiresAt.Unix(), Issuer: IssuerURL, Audience: Audience,
	})
	if err != nil {
		return "", fmt.Errorf("sign a development token: %w", err)
	}
	header := fmt.Appendf(nil, `{"alg":"EdDSA","kid":%q}`, i.keyID)
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := jwt.SigningMethodEdDSA.Sign(signed, i.key)
	if err != nil {
		return "", fmt.Errorf("sign a development token: %w", err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// payload has the members and the order of a token of Better Auth 1.7.
type payload struct {
	IssuedAt      int64   `json:"iat"`
	Name          *string `json:"name"`
	Email         *string `json:"email"`
	EmailVerified bool    `json:"emailVerified"`
	Image         *string `json:"image"`
	CreatedAt     string  `json:"createdAt"`
	UpdatedAt     string  `json:"updatedAt"`
	ID            string  `json:"id"`
	Subject       string  `json:"sub"`
	ExpiresAt     int64   `json:"exp"`
	Issuer        string  `json:"iss"`
	Audience      string  `json:"aud"`
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// SubjectFor returns the subject that stands for an address: always the same
// one, in any case of the address, with the 32 characters of a Better Auth id.
func SubjectFor(email string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(email))))
	return hex.EncodeToString(sum[:16])
}
