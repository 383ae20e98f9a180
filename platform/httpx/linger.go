package httpx

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"docket/platform/httpx/framing"
)

// How long, and for how many bytes, a client may go on sending what was
// already refused.
const (
	lingerTimeout = 5 * time.Second
	lingerBytes   = 64 << 20
)

// Serve answers what comes in over l until [App.Stop].
func (a *App) Serve(l net.Listener) error {
	if err := a.fiber.Listener(guardedListener{l, cmp.Or(a.HeadTimeout, headTimeout)}); err != nil {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	return nil
}

// headLimits bound the head of a request. The server below cannot read more of
// one than its buffer holds, which is as much.
var headLimits = framing.Limits{Head: MaxHeaderBytes, Target: MaxTargetBytes, Fields: maxFields}

// guardedListener accepts connections that let only sound requests through.
type guardedListener struct {
	net.Listener
	headTimeout time.Duration
}

// Accept implements [net.Listener].
func (l guardedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &lingeringConn{Conn: framing.NewConn(c, headLimits, l.headTimeout)}, nil
}

// lingeringConn is a connection that, where its request was refused half read,
// hears the client out before it closes (RFC 9112, section 9.6). Closed at
// once, it would be reset by what is still coming in, and a client that sends
// all before it listens would never learn why.
type lingeringConn struct {
	*framing.Conn
	lingers atomic.Bool
}

// Close closes the connection.
func (c *lingeringConn) Close() error {
	if tcp, ok := c.Conn.Conn.(*net.TCPConn); ok && c.lingers.Swap(false) {
		c.hearOut(tcp)
	}
	return c.Conn.Close()
}

// hearOut reads on until the client has nothing more to say. Its errors say
// that the client is gone, which is as good.
func (c *lingeringConn) hearOut(tcp *net.TCPConn) {
	if tcp.CloseWrite() != nil || tcp.SetReadDeadline(time.Now().Add(lingerTimeout)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, tcp, lingerBytes)
}

// linger lets the connection of c hear the client out when it closes.
func linger(c *fiber.Ctx) {
	if conn, ok := c.Context().Conn().(*lingeringConn); ok {
		conn.lingers.Store(true)
	}
}

// refusalOf is why the connection of c was given up, nil where it was not.
func refusalOf(c *fiber.Ctx) *framing.Refusal {
	if conn, ok := c.Context().Conn().(*lingeringConn); ok {
		return conn.Refusal()
	}
	return nil
}
