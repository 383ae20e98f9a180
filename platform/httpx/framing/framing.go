// Package framing makes sure that what the server reads as one request is one
// request to everybody on the way to it.
//
// A proxy and a server that disagree about where a request ends let a client
// hide a second request inside the first (request smuggling; RFC 9112, section
// 11.2). The server below is lenient about such shapes, so that a [Conn] stands
// between it and the network: the server is given the head of a request, or the
// frame of a chunk, only once it is whole and has been found to leave no doubt.
// What comes after anything else is never read.
package framing

import "fmt"

// Reason says what is wrong with a request. It is a word for counters and logs.
type Reason string

// The reasons. Section numbers are those of RFC 9112.
const (
	// BadRequestLine is anything but method, target and version with one space
	// between them (section 3).
	BadRequestLine Reason = "request_line"
	// BadVersion is any but HTTP/1.0 and HTTP/1.1 (section 2.3).
	BadVersion Reason = "version"
	// BadField is a field line without a sound name and colon (section 5.1).
	BadField Reason = "field"
	// BadCharacter is a CR, NUL or other control character in a line (section
	// 2.2 and RFC 9110, section 5.5).
	BadCharacter Reason = "control_character"
	// BareLineFeed is a line that does not end in CR LF (section 2.2).
	BareLineFeed Reason = "bare_line_feed"
	// FoldedField is a field line that goes on in the next one (section 5.2).
	FoldedField Reason = "folded_field"
	// BadHost is no Host, more than one, or one that is a list (section 3.2).
	BadHost Reason = "host"
	// BadLength is a Content-Length that is repeated or not a number (section
	// 6.3).
	BadLength Reason = "content_length"
	// BadEncoding is a Transfer-Encoding that is repeated, other than chunked,
	// or of HTTP/1.0 (section 6.1).
	BadEncoding Reason = "transfer_encoding"
	// LengthAndEncoding is a Content-Length together with a Transfer-Encoding
	// (section 6.1).
	LengthAndEncoding Reason = "content_length_and_transfer_encoding"
	// BadChunk is a chunk without a sound size or end, or a trailer that would
	// change the framing (section 7.1).
	BadChunk Reason = "chunk"
	// HeadTooLarge is a head beyond [Limits].Head.
	HeadTooLarge Reason = "head_too_large"
	// TargetTooLong is a request target beyond [Limits].Target.
	TargetTooLong Reason = "target_too_long"
	// TooManyFields are more field lines than [Limits].Fields.
	TooManyFields Reason = "too_many_fields"
	// SlowHead is a head that did not arrive in time.
	SlowHead Reason = "slow_head"
	// HalfHead is a head that ends with the connection.
	HalfHead Reason = "half_head"
)

// Reasons returns all there are.
func Reasons() []Reason {
	return []Reason{
		BadRequestLine, BadVersion, BadField, BadCharacter, BareLineFeed, FoldedField, BadHost, BadLength, BadEncoding,
		LengthAndEncoding, BadChunk, HeadTooLarge, TargetTooLong, TooManyFields, SlowHead, HalfHead,
	}
}

// Refusal is the error of a request that is not passed on.
type Refusal struct{ Reason Reason }

// Error implements error.
func (r *Refusal) Error() string {
	return fmt.Sprintf("refuse a request for its framing: %s", r.Reason)
}
