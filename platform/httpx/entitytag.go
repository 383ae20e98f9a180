package httpx

import (
	"encoding/base64"

	"github.com/zeebo/xxh3"
)

// etag is a strong entity tag (RFC 9110, section 8.8.3): a hash of the
// representation, hence it changes exactly when that does.
//
// The hash is XXH3 with 128 bits (https://xxhash.com): a page has fifty of them,
// and SHA-256 took a tenth of its time. That it can be inverted gives nothing
// away: who sees a tag may see what it is of, and who makes up two
// representations with one tag misleads no one but himself.
func etag(representation []byte) string {
	var text [tagLength]byte
	return string(append(appendHash(append(text[:0], '"'), hashOf(representation)), '"'))
}

// tagLength is that of an entity tag: 16 bytes in base64, and two quotes.
const tagLength = 22 + 2

func hashOf(representation []byte) [16]byte { return xxh3.Hash128(representation).Bytes() }

func appendHash(dst []byte, sum [16]byte) []byte {
	return base64.RawURLEncoding.AppendEncode(dst, sum[:])
}
