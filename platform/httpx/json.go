package httpx

import (
	"bytes"
	"encoding/hex"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// View is a resource as clients see it.
type View interface {
	// AppendJSON appends the resource as one JSON object.
	AppendJSON(dst []byte) []byte
}

// Extended is a View that shows more than the resource itself, such as counts.
type Extended interface {
	View
	// Resource is the resource as it is shown without that.
	Resource() View
}

// JSON writes one JSON object member by member, straight into the response.
// The zero value is not ready; [NewJSON] is.
type JSON struct{ buf []byte }

// NewJSON opens an object behind what is in dst.
func NewJSON(dst []byte) JSON { return JSON{buf: append(dst, '{')} }

// End closes the object and returns all that was written.
func (j *JSON) End() []byte { return append(j.buf, '}') }

// String adds a string.
func (j *JSON) String(name, value string) {
	j.name(name)
	j.buf = appendString(j.buf, value)
}

// StringOrNull adds a string, or null for nil.
func (j *JSON) StringOrNull(name string, value *string) {
	if value == nil {
		j.null(name)
		return
	}
	j.String(name, *value)
}

// ID adds a UUID.
func (j *JSON) ID(name string, value uuid.UUID) {
	j.name(name)
	j.buf = appendID(j.buf, value)
}

// IDOrNull adds a UUID, or null for nil.
func (j *JSON) IDOrNull(name string, value *uuid.UUID) {
	if value == nil {
		j.null(name)
		return
	}
	j.ID(name, *value)
}

// IDs adds an array of UUIDs.
func (j *JSON) IDs(name string, values []uuid.UUID) {
	j.name(name)
	j.buf = append(j.buf, '[')
	for i, v := range values {
		if i > 0 {
			j.buf = append(j.buf, ',')
		}
		j.buf = appendID(j.buf, v)
	}
	j.buf = append(j.buf, ']')
}

// Instant adds a point in time: RFC 3339 in UTC, to the microsecond.
func (j *JSON) Instant(name string, value time.Time) {
	j.name(name)
	j.buf = append(j.buf, '"')
	j.buf = appendInstant(j.buf, value.UTC())
	j.buf = append(j.buf, '"')
}

// InstantOrNull adds a point in time, or null for nil.
func (j *JSON) InstantOrNull(name string, value *time.Time) {
	if value == nil {
		j.null(name)
		return
	}
	j.Instant(name, *value)
}

func (j *JSON) null(name string) {
	j.name(name)
	j.buf = append(j.buf, "null"...)
}

func (j *JSON) name(name string) {
	if j.buf[len(j.buf)-1] != '{' {
		j.buf = append(j.buf, ',')
	}
	j.buf = append(j.buf, '"')
	j.buf = append(j.buf, name...)
	j.buf = append(j.buf, '"', ':')
}

func appendID(dst []byte, id uuid.UUID) []byte {
	const groups = "00000000-0000-0000-0000-000000000000" // RFC 9562, section 4
	dst = append(dst, '"')
	start := len(dst)
	dst = append(dst, groups...)
	text := dst[start:]
	hex.Encode(text, id[:4])
	hex.Encode(text[9:], id[4:6])
	hex.Encode(text[14:], id[6:8])
	hex.Encode(text[19:], id[8:10])
	hex.Encode(text[24:], id[10:])
	return append(dst, '"')
}

// appendInstant writes an instant in UTC as "2006-01-02T15:04:05.999999Z" would,
// without reading that layout each time: a page of tasks has some two hundred.
func appendInstant(dst []byte, t time.Time) []byte {
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(dst, "2006-01-02T15:04:05.999999Z")
	}
	hour, minute, second := t.Clock()
	dst = appendDigits(dst, year, 4)
	dst = appendDigits(append(dst, '-'), int(month), 2)
	dst = appendDigits(append(dst, '-'), day, 2)
	dst = appendDigits(append(dst, 'T'), hour, 2)
	dst = appendDigits(append(dst, ':'), minute, 2)
	dst = appendDigits(append(dst, ':'), second, 2)
	if micros := t.Nanosecond() / 1000; micros > 0 {
		dst = bytes.TrimRight(appendDigits(append(dst, '.'), micros, 6), "0")
	}
	return append(dst, 'Z')
}

// appendDigits writes n, which is not negative, with leading zeros.
func appendDigits(dst []byte, n, width int) []byte {
	dst = append(dst, "000000"[:width]...)
	for i := len(dst) - 1; n > 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

// appendString writes what is not UTF-8 with replacement characters: only
// text that was checked on its way in is stored, so there is none.
func appendString(dst []byte, s string) []byte {
	if isPlain(s) {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}

// isPlain reports whether s stands for itself in JSON (RFC 8259, section 7), as
// nearly all text does.
func isPlain(s string) bool {
	var all byte
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
		all |= c
	}
	return all < utf8.RuneSelf || utf8.ValidString(s)
}
