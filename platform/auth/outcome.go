package auth

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"docket/platform/errs"
)

// Outcome is what came of one authentication. The texts are stable: they label
// a metric and stand in the log. A client never sees them.
type Outcome string

// The outcomes.
const (
	OutcomeAccepted         Outcome = "accepted"
	OutcomeTokenMissing     Outcome = "token_missing"      // no Authorization header
	OutcomeSchemeRefused    Outcome = "scheme_refused"     // not Bearer
	OutcomeTooLong          Outcome = "too_long"           // over MaxTokenLength
	OutcomeMalformed        Outcome = "malformed"          // not a JWT in compact form
	OutcomeTypeRefused      Outcome = "type_refused"       // typ present and not JWT
	OutcomeCriticalHeader   Outcome = "critical_header"    // crit present
	OutcomeAlgorithmRefused Outcome = "algorithm_refused"  // not allowed, or not the key's
	OutcomeKeyIDMissing     Outcome = "key_id_missing"     // no kid
	OutcomeKeyUnknown       Outcome = "key_unknown"        // no such key in the set
	OutcomeSignatureInvalid Outcome = "signature_invalid"  // the key did not sign this
	OutcomeIssuerRefused    Outcome = "issuer_refused"     // iss is not configured
	OutcomeAudienceRefused  Outcome = "audience_refused"   // aud does not hold ours
	OutcomeSubjectInvalid   Outcome = "subject_invalid"    // sub absent, too long or with NUL
	OutcomeExpiryMissing    Outcome = "expiry_missing"     // no exp
	OutcomeNotYetValid      Outcome = "not_yet_valid"      // nbf or iat in the future
	OutcomeExpired          Outcome = "expired"            // genuine, but past exp
	OutcomeKeysUnavailable  Outcome = "keys_unavailable"   // no key set could be had at all
	OutcomeAbandoned        Outcome = "request_abandoned"  // the request ended while it waited for a key
	OutcomeUnknown          Outcome = "not_authentication" // an error that is not of this package
)

// Outcomes returns every outcome that a Verifier counts, in a fixed order.
func Outcomes() []Outcome {
	return []Outcome{
		OutcomeAccepted, OutcomeTokenMissing, OutcomeSchemeRefused, OutcomeTooLong, OutcomeMalformed,
		OutcomeTypeRefused, OutcomeCriticalHeader, OutcomeAlgorithmRefused, OutcomeKeyIDMissing,
		OutcomeKeyUnknown, OutcomeSignatureInvalid, OutcomeIssuerRefused, OutcomeAudienceRefused,
		OutcomeSubjectInvalid, OutcomeExpiryMissing, OutcomeNotYetValid, OutcomeExpired,
		OutcomeKeysUnavailable, OutcomeAbandoned,
	}
}

// Reason returns which check refused the token: OutcomeAccepted for nil,
// OutcomeUnknown for an error that is not of this package.
func Reason(err error) Outcome {
	if err == nil {
		return OutcomeAccepted
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.outcome
	}
	return OutcomeUnknown
}

// refusal is the cause inside the error that the client gets: for the log only.
type refusal struct {
	outcome Outcome
	cause   error
}

func (r *refusal) Error() string { return string(r.outcome) + ": " + r.cause.Error() }

func (r *refusal) Unwrap() error { return r.cause }

// retryAfter is what a client is told to wait when there is no key set: the
// next attempts to fetch one are at most a few seconds away.
const retryAfter = 5 * time.Second

// refuse makes the error of a token that fails a check. Its message is the
// same for every check, so that a forger learns nothing from it.
func refuse(outcome Outcome, format string, args ...any) error {
	return errs.New(errs.Unauthenticated, "a valid bearer token is required").
		Because(&refusal{outcome, fmt.Errorf(format, args...)})
}

func refuseExpired(exp time.Time) error {
	e := errs.New(errs.Unauthenticated, "the token has expired")
	e.Code = errs.CodeTokenExpired
	return e.Because(&refusal{OutcomeExpired, fmt.Errorf("exp was %s", exp.UTC().Format(time.RFC3339))})
}

func refuseUnavailable(cause error) error {
	e := errs.New(errs.Unavailable, "tokens cannot be checked at the moment, try again shortly")
	e.RetryAfter = retryAfter
	return e.Because(&refusal{OutcomeKeysUnavailable, cause})
}

func refuseAbandoned(cause error) error {
	return errs.New(errs.DeadlineExceeded, "the request ended before its token could be checked").
		Because(&refusal{OutcomeAbandoned, cause})
}

// clip bounds a text of a key set before it reaches the log.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// algorithmName is the name of an algorithm of RFC 7518, section 3.1, and [marked] for any
// other text.
func algorithmName(algorithm string) string {
	if jwt.GetSigningMethod(algorithm) != nil {
		return algorithm
	}
	return marked(algorithm)
}

// marked stands in the log for a text from an unverified token, which anybody may
// have written: its length in bytes, and the beginning of its SHA-256 in hex, by
// which an operator can tell whether it is the text that they expect.
func marked(s string) string {
	sum := sha256.Sum256([]byte(s))
	return fmt.Sprintf("(%d bytes, sha256 %x…)", len(s), sum[:4])
}

// differs says how an issuer that is not configured differs from the one of
// configured that it is likest to, in words that repeat none of its text.
func differs(issuer string, configured []string) string {
	is, err := url.Parse(issuer)
	for _, c := range configured {
		want, failed := url.Parse(c)
		switch {
		case strings.TrimRight(issuer, "/") == strings.TrimRight(c, "/"):
			return "differs from " + c + " by a slash at the end"
		case strings.EqualFold(issuer, c):
			return "differs from " + c + " by capital letters"
		case err != nil || failed != nil || is.Hostname() == "" || !strings.EqualFold(is.Hostname(), want.Hostname()):
		case is.Scheme != want.Scheme:
			return "differs from " + c + " by http or https"
		case is.Port() != want.Port():
			return "differs from " + c + " by its port"
		default:
			return "differs from " + c + " by what comes after the host"
		}
	}
	return "is not like any that is configured"
}
