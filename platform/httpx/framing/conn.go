package framing

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"time"
)

// notHTTP is what the server reads in place of a head that is refused. Only a
// request that it cannot read makes it answer, after whatever came before, and
// close; an error of the connection may close it without a word.
const notHTTP = "@\r\n\r\n"

// minRead is how much room there is at least to read what follows a part of a
// head.
const minRead = 512

// Conn is a connection from which only sound requests can be read. Like the
// server's own reader, Read and SetReadDeadline are for one goroutine at a
// time.
type Conn struct {
	net.Conn
	stream stream
	wait   time.Duration
	// held were read and not handed out: sound of them are sound, those behind
	// are incomplete.
	held  []byte
	sound int
	// refused is set once something was found that is not sound, told once the
	// server was given the news.
	refused *Refusal
	told    bool
	// ended is what the connection ended with.
	ended error
	// deadline is the server's own, hurried whether a sooner one is in force.
	deadline time.Time
	hurried  bool
}

// NewConn inspects what is read from c. A head has to be whole within wait of
// its first part; 0 leaves it to the server's own deadlines.
func NewConn(c net.Conn, limits Limits, wait time.Duration) *Conn {
	return &Conn{Conn: c, stream: stream{limits: limits}, wait: wait}
}

// Refusal is why the server was given something that it cannot read; nil where
// that was no doing of c.
func (c *Conn) Refusal() *Refusal {
	if !c.told {
		return nil
	}
	return c.refused
}

// SetReadDeadline implements [net.Conn].
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.deadline, c.hurried = t, false
	return c.Conn.SetReadDeadline(t)
}

// SetDeadline implements [net.Conn].
func (c *Conn) SetDeadline(t time.Time) error {
	c.deadline, c.hurried = t, false
	return c.Conn.SetDeadline(t)
}

// Read reads what is sound. Its error is a [*Refusal] where a body goes wrong;
// in place of a head that does, it reads something that is none.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		switch {
		case c.sound > 0:
			n := copy(p, c.held[:c.sound])
			c.drop(n)
			return n, nil
		case c.refused != nil:
			return c.tell(p)
		case c.ended != nil:
			err := c.ended
			c.ended = nil // a deadline can be moved
			return 0, err
		case len(c.held) > 0:
			c.readMore()
		default:
			if n := c.readInto(p); n > 0 {
				return n, nil
			}
		}
	}
}

// drop forgets the first n of what is held.
func (c *Conn) drop(n int) {
	c.sound -= n
	if n == len(c.held) {
		c.held = nil // a connection may be idle for long
		return
	}
	c.held = c.held[n:]
}

// readInto reads without a copy what is sound as it comes, and holds the rest.
func (c *Conn) readInto(p []byte) int {
	n, err := c.Conn.Read(p)
	c.ended = err
	sound, reason := c.stream.pass(p[:n])
	if reason != "" {
		c.refused = &Refusal{Reason: reason}
	} else if sound < n {
		c.held = append(make([]byte, 0, n-sound+minRead), p[sound:n]...)
	}
	return sound
}

// readMore reads on from an incomplete head or chunk.
func (c *Conn) readMore() {
	inHead := c.stream.between()
	if inHead && !c.hurried {
		c.hurry()
	}
	c.held = slices.Grow(c.held, minRead)
	n, err := c.Conn.Read(c.held[len(c.held):cap(c.held)])
	c.held = c.held[:len(c.held)+n]
	c.ended = err
	if n > 0 {
		var reason Reason
		if c.sound, reason = c.stream.pass(c.held); reason != "" {
			c.refused = &Refusal{Reason: reason}
		}
	}
	if c.sound > 0 && c.hurried {
		c.hurried = false
		c.ended = errors.Join(c.ended, c.Conn.SetReadDeadline(c.deadline))
	}
	if inHead && c.sound == 0 && c.refused == nil {
		c.refuseHalf()
	}
}

// refuseHalf refuses a head of which no more will come.
func (c *Conn) refuseHalf() {
	switch {
	case errors.Is(c.ended, os.ErrDeadlineExceeded):
		c.refused = &Refusal{Reason: SlowHead}
	case errors.Is(c.ended, io.EOF):
		c.refused = &Refusal{Reason: HalfHead}
	}
}

// hurry gives the rest of a head its time.
func (c *Conn) hurry() {
	c.hurried = true
	soon := time.Now().Add(c.wait)
	if c.wait > 0 && (c.deadline.IsZero() || soon.Before(c.deadline)) {
		c.ended = c.Conn.SetReadDeadline(soon)
	}
}

// tell lets the server answer the refusal and close.
func (c *Conn) tell(p []byte) (int, error) {
	c.held = nil
	inBody, first := !c.stream.between(), !c.told
	c.told = true
	if inBody || !first {
		return 0, c.refused
	}
	return copy(p, notHTTP), nil
}
