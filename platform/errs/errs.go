// Package errs holds the one error type that crosses layers in Docket.
//
// A domain core declares its failures with it, an adapter translates what a
// database or a network said into it, and the HTTP edge turns it into the
// error envelope. Everything else is an ordinary error, wrapped with %w, and
// reaches a client only as INTERNAL.
package errs

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of failure an [Error] is; the edge maps it to a status.
type Kind uint8

// The kinds, each with the HTTP status that the edge answers.
const (
	Internal           Kind = iota // 500: a fault of ours
	Malformed                      // 400: cannot be read at all
	Unauthenticated                // 401: no proof of who is asking
	NotFound                       // 404: does not exist for this user
	MethodNotAllowed               // 405: the path exists, the method does not
	Conflict                       // 409: clashes with the present state
	PreconditionFailed             // 412: the caller's copy is stale
	TooLarge                       // 413: the body is over its limit
	UnsupportedMedia               // 415: the body is not JSON
	Invalid                        // 422: well-formed but wrong, see Details
	RateLimited                    // 429: too many requests
	HeadersTooLarge                // 431: the headers are over their limit
	Unavailable                    // 503: something we need cannot be reached
	DeadlineExceeded               // 504: the request's own deadline passed
)

// Code is the machine-readable name of a failure. Codes are part of the API:
// a client switches on them, so none is ever renamed.
type Code string

// The codes that the platform itself answers. Modules add none of their own:
// the set is pinned by the contract.
const (
	CodeInternal             Code = "INTERNAL"
	CodeMalformed            Code = "MALFORMED_REQUEST"
	CodeUnauthenticated      Code = "UNAUTHENTICATED"
	CodeTokenExpired         Code = "TOKEN_EXPIRED"
	CodeNotFound             Code = "RESOURCE_NOT_FOUND"
	CodeMethodNotAllowed     Code = "METHOD_NOT_ALLOWED"
	CodeConflict             Code = "CONFLICT"
	CodeIdempotencyKeyReused Code = "IDEMPOTENCY_KEY_REUSED"
	CodeIdempotencyKeyInUse  Code = "IDEMPOTENCY_KEY_IN_USE"
	CodePreconditionFailed   Code = "PRECONDITION_FAILED"
	CodeTooLarge             Code = "PAYLOAD_TOO_LARGE"
	CodeUnsupportedMedia     Code = "UNSUPPORTED_MEDIA_TYPE"
	CodeInvalid              Code = "VALIDATION_FAILED"
	CodeRateLimited          Code = "RATE_LIMITED"
	CodeHeadersTooLarge      Code = "HEADERS_TOO_LARGE"
	CodeUnavailable          Code = "SERVICE_UNAVAILABLE"
	CodeDeadlineExceeded     Code = "DEADLINE_EXCEEDED"
)

// Error is a failure that a client may be told about. Message is written for
// that client and holds nothing private; the cause stays in the log.
type Error struct {
	Kind    Kind
	Code    Code
	Message string
	// Details names each faulty field of an Invalid request, or the field over
	// which there is a Conflict.
	Details []Fault
	// RetryAfter, when positive, tells the client how long to wait.
	RetryAfter time.Duration

	cause error
}

// New makes an Error of kind with the code that belongs to it.
func New(kind Kind, message string) *Error {
	return &Error{Kind: kind, Code: codeOf(kind), Message: message}
}

// Taken makes the Conflict over a field whose value the thing with this id has,
// and no two may have.
func Taken(field, id, message string) *Error {
	e := New(Conflict, message)
	e.Details = []Fault{{Field: field, Code: FaultTaken, Message: message, ID: id}}
	return e
}

// Archived makes the Conflict over a field that names the thing with this id, or
// something in it, which is put away and takes nothing new.
func Archived(field, id, message string) *Error {
	e := New(Conflict, message)
	e.Details = []Fault{{Field: field, Code: FaultArchived, Message: message, ID: id}}
	return e
}

// contendedRetryAfter is what a client is asked to wait that lost to others
// again and again.
const contendedRetryAfter = time.Second

// Contended makes the Conflict of a write that others kept coming in before. It
// is about this moment, so that the same request may succeed later.
func Contended(message string) *Error {
	e := New(Conflict, message)
	e.RetryAfter = contendedRetryAfter
	return e
}

// Error returns the message and, for the log, the cause behind it.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.cause.Error()
}

// Unwrap returns what caused the failure, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy of e that carries cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Is reports whether target is an Error of the same kind and code, so that
// errors.Is works against the declared failures of a module.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code && t.Message == e.Message
}

// At is a failure of one of several things that were to be done together, and
// says which: the first is 0.
type At struct {
	Index int
	Err   error
}

// Error names the place and the failure.
func (a *At) Error() string { return fmt.Sprintf("[%d]: %v", a.Index, a.Err) }

// Unwrap returns the failure itself.
func (a *At) Unwrap() error { return a.Err }

// KindOf returns the kind of the first Error in err's chain, or Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

func codeOf(kind Kind) Code {
	switch kind {
	case Malformed:
		return CodeMalformed
	case Unauthenticated:
		return CodeUnauthenticated
	case NotFound:
		return CodeNotFound
	case MethodNotAllowed:
		return CodeMethodNotAllowed
	case Conflict:
		return CodeConflict
	case PreconditionFailed:
		return CodePreconditionFailed
	case TooLarge:
		return CodeTooLarge
	case UnsupportedMedia:
		return CodeUnsupportedMedia
	case Invalid:
		return CodeInvalid
	case RateLimited:
		return CodeRateLimited
	case HeadersTooLarge:
		return CodeHeadersTooLarge
	case Unavailable:
		return CodeUnavailable
	case DeadlineExceeded:
		return CodeDeadlineExceeded
	default:
		return CodeInternal
	}
}

// Codes returns every code, in the order in which they are declared.
func Codes() []Code {
	return []Code{
		CodeInternal, CodeMalformed, CodeUnauthenticated, CodeTokenExpired, CodeNotFound, CodeMethodNotAllowed,
		CodeConflict, CodeIdempotencyKeyReused, CodeIdempotencyKeyInUse, CodePreconditionFailed, CodeTooLarge,
		CodeUnsupportedMedia, CodeInvalid, CodeRateLimited, CodeHeadersTooLarge, CodeUnavailable, CodeDeadlineExceeded,
	}
}
