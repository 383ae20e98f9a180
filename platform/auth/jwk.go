package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
)

// RSA moduli outside these bounds, in bits, are skipped: below, they can be
// broken (RFC 7518, section 3.3); above, one check costs milliseconds.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// signingMethod returns the method of an allowed algorithm: those that Better
// Auth can sign with, never a symmetric one and never none.
func signingMethod(algorithm string) (jwt.SigningMethod, bool) {
	switch algorithm {
	case "EdDSA":
		return jwt.SigningMethodEdDSA, true
	case "ES256":
		return jwt.SigningMethodES256, true
	case "ES512":
		return jwt.SigningMethodES512, true
	case "RS256":
		return jwt.SigningMethodRS256, true
	case "PS256":
		return jwt.SigningMethodPS256, true
	default:
		return nil, false
	}
}

// verificationKey is one usable key of a set.
type verificationKey struct {
	id string
	// algorithms are those that the key may verify: the JWK's alg, or what its
	// kty and crv imply.
	algorithms []string
	public     crypto.PublicKey
}

// sameAs reports whether both verify exactly the same tokens.
func (k *verificationKey) sameAs(other *verificationKey) bool {
	equal, ok := k.public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.id == other.id && slices.Equal(k.algorithms, other.algorithms) && equal.Equal(other.public)
}

// verify checks the signature of t under k.
func (k *verificationKey) verify(t unverified) error {
	method, allowed := signingMethod(t.algorithm)
	if !allowed || !slices.Contains(k.algorithms, t.algorithm) {
		return refuse(OutcomeAlgorithmRefused, "key %q does not sign with %s", clip(k.id), t.algorithm)
	}
	if err := method.Verify(t.signed, t.signature, k.public); err != nil {
		return refuse(OutcomeSignatureInvalid, "check the signature under key %q: %w", clip(k.id), err)
	}
	return nil
}

var (
	errNoUsableKey = errors.New("the key set holds no usable key")
	errTooManyKeys = errors.New("the key set holds too many keys")
)

// parseKeySet reads a JWK Set (RFC 7517, section 5) into keys by kid. A key
// that cannot be used here (another kind, no kid, for encryption, too weak) is
// skipped, since a set may serve others too; of two keys with one kid the
// first counts. A set without any usable key is an error, so that an issuer's
// hiccup does not sign everybody out.
func parseKeySet(raw []byte, most int) (map[string]*verificationKey, error) {
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("read the JWK Set: %w", err)
	}
	if len(set.Keys) > most {
		return nil, fmt.Errorf("%w: %d, at most %d", errTooManyKeys, len(set.Keys), most)
	}
	keys := make(map[string]*verificationKey, len(set.Keys))
	var skipped error
	for _, rawKey := range set.Keys {
		key, err := parseKey(rawKey)
		if err != nil {
			skipped = err
			continue
		}
		if _, taken := keys[key.id]; !taken {
			keys[key.id] = key
		}
	}
	if len(keys) == 0 && skipped != nil {
		return nil, fmt.Errorf("%w: %d skipped, the last because: %w", errNoUsableKey, len(set.Keys), skipped)
	}
	if len(keys) == 0 {
		return nil, errNoUsableKey
	}
	return keys, nil
}

func parseKey(raw jsontext.Value) (*verificationKey, error) {
	var all jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("read a JWK: %w", err)
	}
	// Only the public members go on: jwkset would fetch an x5u over the network.
	meta := jwkset.JWKMarshal{
		KTY: all.KTY, USE: all.USE, KEYOPS: all.KEYOPS, ALG: all.ALG, KID: all.KID,
		CRV: all.CRV, X: all.X, Y: all.Y, N: all.N, E: all.E,
	}
	jwk, err := jwkset.NewJWKFromMarshal(meta, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return nil, fmt.Errorf("read a JWK: %w", err)
	}
	if meta.KID == "" {
		return nil, errors.New("a key has no kid")
	}
	if meta.USE != "" && meta.USE != jwkset.UseSig {
		return nil, fmt.Errorf("key %q is not for signatures: use is %q", clip(meta.KID), clip(meta.USE.String()))
	}
	if len(meta.KEYOPS) > 0 && !slices.Contains(meta.KEYOPS, jwkset.KeyOpsVerify) {
		return nil, fmt.Errorf("key %q is not for verifying: see its key_ops", clip(meta.KID))
	}
	possible, err := algorithmsOf(jwk.Key())
	if err != nil {
		return nil, fmt.Errorf("key %q: %w", clip(meta.KID), err)
	}
	if alg := meta.ALG.String(); alg != "" {
		if !slices.Contains(possible, alg) {
			return nil, fmt.Errorf("key %q: its alg %q is not allowed or not of its kind", clip(meta.KID), clip(alg))
		}
		possible = []string{alg}
	}
	return &verificationKey{id: meta.KID, algorithms: possible, public: jwk.Key()}, nil
}

// algorithmsOf returns the allowed algorithms that a key of this kind can
// verify (RFC 7518, section 3.1; RFC 8037, section 3.1).
func algorithmsOf(public any) ([]string, error) {
	switch key := public.(type) {
	case ed25519.PublicKey:
		return []string{"EdDSA"}, nil
	case *ecdsa.PublicKey:
		switch bits := key.Curve.Params().BitSize; bits {
		case 256:
			return []string{"ES256"}, nil
		case 521:
			return []string{"ES512"}, nil
		default:
			return nil, fmt.Errorf("a curve of %d bits is not allowed", bits)
		}
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return nil, fmt.Errorf("a modulus of %d bits is not within %d and %d", bits, minRSABits, maxRSABits)
		}
		return []string{"RS256", "PS256"}, nil
	default:
		return nil, fmt.Errorf("a key of kind %T is not allowed", public)
	}
}
