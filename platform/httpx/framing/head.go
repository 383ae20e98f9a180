package framing

import "bytes"

// body says how the body behind a head is framed.
type body struct {
	length  uint64
	chunked bool
}

// maxLengthDigits keeps a Content-Length within 63 bits.
const maxLengthDigits = 18

var (
	fieldHost     = []byte("host")
	fieldLength   = []byte("content-length")
	fieldEncoding = []byte("transfer-encoding")
	chunked       = []byte("chunked")
	http10        = []byte("HTTP/1.0")
	http11        = []byte("HTTP/1.1")
)

// fields are those of a head that decide about its framing.
type fields struct {
	hosts, lengths, encodings int
	body                      body
}

// inspectHead reads a whole head, from its request line to its empty line, all
// lines of which end in CR LF.
func inspectHead(head []byte, limits Limits) (body, Reason) {
	line, rest := cutLine(head)
	version, reason := inspectRequestLine(line, limits)
	if reason != "" {
		return body{}, reason
	}
	var f fields
	for n := 0; ; n++ {
		line, rest = cutLine(rest)
		if len(line) == 0 {
			break
		}
		if n == limits.Fields {
			return body{}, TooManyFields
		}
		name, value, reason := inspectField(line)
		if reason == "" {
			reason = f.add(name, value)
		}
		if reason != "" {
			return body{}, reason
		}
	}
	switch {
	case f.hosts != 1:
		return body{}, BadHost
	case f.lengths > 0 && f.encodings > 0:
		return body{}, LengthAndEncoding
	case f.encodings > 0 && bytes.Equal(version, http10):
		return body{}, BadEncoding
	}
	return f.body, ""
}

// cutLine splits off the first line, without its CR LF.
func cutLine(text []byte) (line, rest []byte) {
	end := bytes.IndexByte(text, '\n')
	return text[:end-1], text[end+1:]
}

func inspectRequestLine(line []byte, limits Limits) (version []byte, _ Reason) {
	method, rest, found := bytes.Cut(line, []byte{' '})
	target, version, foundToo := bytes.Cut(rest, []byte{' '})
	if !found || !foundToo || !all(method, isToken) || len(target) == 0 {
		return nil, BadRequestLine
	}
	for _, c := range target {
		if c <= ' ' || c == 0x7f {
			return nil, BadCharacter
		}
	}
	if len(target) > limits.Target {
		return nil, TargetTooLong
	}
	if !bytes.Equal(version, http11) && !bytes.Equal(version, http10) {
		return nil, BadVersion
	}
	return version, ""
}

// inspectField splits a field line into its name and its value, without the
// white space around that.
func inspectField(line []byte) (name, value []byte, _ Reason) {
	if line[0] == ' ' || line[0] == '\t' {
		return nil, nil, FoldedField
	}
	colon := bytes.IndexByte(line, ':')
	if colon < 0 || !all(line[:colon], isToken) {
		return nil, nil, BadField
	}
	value = line[colon+1:]
	for _, c := range value {
		if classes[c]&isText == 0 {
			return nil, nil, BadCharacter
		}
	}
	return line[:colon], bytes.Trim(value, " \t"), ""
}

func (f *fields) add(name, value []byte) Reason {
	switch {
	case bytes.EqualFold(name, fieldHost):
		if f.hosts++; f.hosts > 1 || bytes.ContainsAny(value, ", \t/@") {
			return BadHost
		}
	case bytes.EqualFold(name, fieldLength):
		if f.lengths++; f.lengths > 1 || len(value) == 0 || len(value) > maxLengthDigits {
			return BadLength
		}
		for _, c := range value {
			if c < '0' || c > '9' {
				return BadLength
			}
			f.body.length = f.body.length*10 + uint64(c-'0')
		}
	case bytes.EqualFold(name, fieldEncoding):
		if f.encodings++; f.encodings > 1 || !bytes.EqualFold(value, chunked) {
			return BadEncoding
		}
		f.body.chunked = true
	}
	return ""
}

// decides reports whether a field takes part in the framing.
func decides(name []byte) bool {
	return bytes.EqualFold(name, fieldHost) || bytes.EqualFold(name, fieldLength) || bytes.EqualFold(name, fieldEncoding)
}

// Classes of bytes.
const (
	isToken = 1 << iota // tchar of RFC 9110, section 5.6.2
	isText              // field-vchar, space and tab of section 5.5
	isHex               // HEXDIG
)

const (
	letters   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits    = "0123456789"
	marks     = "!#$%&'*+-.^_`|~"
	hexDigits = digits + "abcdefABCDEF"
)

var classes = classify()

func classify() (classes [256]byte) {
	for _, c := range []byte(letters + digits + marks) {
		classes[c] |= isToken
	}
	for _, c := range []byte(hexDigits) {
		classes[c] |= isHex
	}
	for c := range 256 {
		if c >= ' ' && c != 0x7f || c == '\t' {
			classes[c] |= isText
		}
	}
	return classes
}

// all reports whether text is one or more bytes of class.
func all(text []byte, class byte) bool {
	for _, c := range text {
		if classes[c]&class == 0 {
			return false
		}
	}
	return len(text) > 0
}
