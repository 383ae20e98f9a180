// Package page makes and reads the cursors of keyset pagination.
package page

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"github.com/google/uuid"
)

// After is what a cursor holds: the last row of the page before, by the value
// it was sorted on and by its id.
type After struct {
	Key string
	ID  uuid.UUID
}

// ErrBadCursor says that a cursor was damaged, forged, or made for another
// user or another query.
var ErrBadCursor = errors.New("the cursor is not one this query handed out")

// macSize is the length of a cursor's authentication tag in bytes: half of
// SHA-256, as RFC 2104 section 5 allows.
const macSize = sha256.Size / 2

// KeySize is the length of a [Codec]'s key in bytes.
const KeySize = 32

// Codec makes cursors that only it, or another with the same key, accepts.
type Codec struct{ key []byte }

// NewCodec returns a Codec for key, which all replicas of a service share.
func NewCodec(key []byte) *Codec { return &Codec{key: key} }

// Use sets the key of a Codec that was made before its key could be had. It
// must come before the first cursor.
func (c *Codec) Use(key []byte) { c.key = key }

// Encode returns the opaque cursor for a, good only together with scope: the
// user and the query that it belongs to.
func (c *Codec) Encode(scope string, a After) string {
	payload := append(a.ID[:], a.Key...)
	return base64.RawURLEncoding.EncodeToString(append(c.mac(scope, payload), payload...))
}

// Decode returns what cursor holds, or [ErrBadCursor].
func (c *Codec) Decode(scope, cursor string) (After, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) < macSize+len(uuid.UUID{}) {
		return After{}, ErrBadCursor
	}
	mac, payload := raw[:macSize], raw[macSize:]
	if !hmac.Equal(mac, c.mac(scope, payload)) {
		return After{}, ErrBadCursor
	}
	var a After
	a.Key = string(payload[copy(a.ID[:], payload):])
	return a, nil
}

// mac hashes the scope first, so that no scope and payload can be shifted into
// another pair of the same bytes.
func (c *Codec) mac(scope string, payload []byte) []byte {
	bound := sha256.Sum256([]byte(scope))
	h := hmac.New(sha256.New, c.key)
	h.Write(bound[:])
	h.Write(payload)
	return h.Sum(nil)[:macSize]
}
