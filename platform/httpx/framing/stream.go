package framing

import "bytes"

// Limits bound what a head may be.
type Limits struct {
	// Head is the number of bytes from the request line to the empty line,
	// both included.
	Head int
	// Target is the number of bytes of the request target.
	Target int
	// Fields is the number of field lines.
	Fields int
}

// What a chunk may have besides its data, in bytes.
const (
	maxChunkLine   = 256
	maxTrailers    = 4096
	maxChunkDigits = 15
)

// stream follows the requests of one connection.
type stream struct {
	limits Limits
	// left is how much of a body, or of a chunk's data, is still to come.
	left uint64
	// chunks says that a chunked body is under way, data that the data of one
	// of its chunks came before.
	chunks, data bool
	// blank says that an empty line came in place of a head.
	blank bool
	// seen is how much of an incomplete head was searched for its end.
	seen int
}

// pass returns how many bytes of p are sound. Those behind them are the
// beginning of a head or of a chunk's frame, to be passed again with what
// follows; with a reason, no more is to be read.
func (s *stream) pass(p []byte) (int, Reason) {
	n := 0
	for n < len(p) {
		if s.left > 0 {
			through := min(s.left, uint64(len(p)-n))
			s.left -= through
			n += int(through) //nolint:gosec // at most len(p)
			continue
		}
		whole, reason := s.frame(p[n:])
		if whole == 0 || reason != "" {
			return n, reason
		}
		n += whole
	}
	return n, ""
}

// between reports whether nothing of a request, or only a part of its head, has
// come.
func (s *stream) between() bool { return s.left == 0 && !s.chunks }

// frame returns the length of the head, or of what stands between the data of
// two chunks, at the beginning of p; 0 where it is not whole.
func (s *stream) frame(p []byte) (int, Reason) {
	if s.chunks {
		return s.chunk(p)
	}
	return s.head(p)
}

func (s *stream) head(p []byte) (int, Reason) {
	// An empty line in front of a request is left over from one before
	// (section 2.2).
	if p[0] == '\r' && !s.blank {
		if len(p) == 1 {
			return 0, ""
		}
		if p[1] == '\n' {
			s.blank = true
			return 2, ""
		}
	}
	if classes[p[0]]&isToken == 0 {
		return 0, BadRequestLine // a greeting of TLS, say, has no end to wait for
	}
	end, reason := s.headEnd(p)
	if end == 0 || reason != "" {
		return 0, reason
	}
	body, reason := inspectHead(p[:end], s.limits)
	s.left, s.chunks, s.data, s.blank, s.seen = body.length, body.chunked, false, false, 0
	return end, reason
}

// headEnd looks for an empty line in what it has not seen yet.
func (s *stream) headEnd(p []byte) (int, Reason) {
	for {
		i := bytes.IndexByte(p[s.seen:], '\n')
		if i < 0 {
			s.seen = len(p)
			if len(p) > s.limits.Head {
				return 0, HeadTooLarge
			}
			return 0, ""
		}
		i += s.seen
		if i > s.limits.Head-1 {
			return 0, HeadTooLarge
		}
		if i == 0 || p[i-1] != '\r' {
			return 0, BareLineFeed
		}
		s.seen = i + 1
		if i >= 2 && p[i-2] == '\n' {
			return i + 1, ""
		}
	}
}

// chunk reads the end of a chunk, where one came before, and the size of the
// next; with the last one, whose size is 0, also the trailers.
func (s *stream) chunk(p []byte) (int, Reason) {
	n := 0
	if s.data {
		if p[0] != '\r' || len(p) > 1 && p[1] != '\n' {
			return 0, BadChunk
		}
		n = 2
	}
	if len(p) <= n {
		return 0, ""
	}
	end := bytes.IndexByte(p[n:], '\n')
	if end < 0 {
		if len(p)-n > maxChunkLine || classes[p[n]]&isHex == 0 {
			return 0, BadChunk
		}
		return 0, ""
	}
	size, ok := chunkSize(p[n : n+end])
	if !ok {
		return 0, BadChunk
	}
	n += end + 1
	if size > 0 {
		s.left, s.data = size, true
		return n, ""
	}
	end, reason := trailersEnd(p[n:])
	if end == 0 || reason != "" {
		return 0, reason
	}
	s.chunks = false
	return n + end, ""
}

// chunkSize reads a line with its CR: a hexadecimal number, and extensions that
// mean nothing here (section 7.1.1).
func chunkSize(line []byte) (size uint64, ok bool) {
	line, ok = bytes.CutSuffix(line, []byte{'\r'})
	if !ok || len(line) > maxChunkLine {
		return 0, false
	}
	n := 0
	for n < len(line) && classes[line[n]]&isHex != 0 {
		c := line[n]
		if size <<= 4; c <= '9' {
			size += uint64(c - '0')
		} else {
			size += uint64(c|0x20-'a') + 10
		}
		n++
	}
	extension := bytes.TrimLeft(line[n:], " \t")
	sound := len(line) == n || len(extension) > 0 && extension[0] == ';' && all(extension, isText)
	return size, sound && n > 0 && n <= maxChunkDigits
}

// trailersEnd returns the length of the trailers, their empty line included; 0
// where they are not whole.
func trailersEnd(p []byte) (int, Reason) {
	n := 0
	for {
		end := bytes.IndexByte(p[n:], '\n')
		switch {
		case end < 0 && len(p) > maxTrailers, end >= 0 && n+end >= maxTrailers:
			return 0, HeadTooLarge
		case end < 0:
			return 0, ""
		case end == 0 || p[n+end-1] != '\r':
			return 0, BareLineFeed
		case end == 1:
			return n + 2, ""
		}
		name, _, reason := inspectField(p[n : n+end-1])
		if reason != "" {
			return 0, reason
		}
		if decides(name) {
			return 0, BadChunk
		}
		n += end + 1
	}
}
