package httpx

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"docket/platform/errs"
)

const (
	// lameDuck is how long a stopping server still takes connections at least,
	// to refuse what comes over them: closed at once, its port would reset
	// those that the system has already accepted on its behalf.
	lameDuck = 100 * time.Millisecond
	// quietGrace is what a connection gets after that to finish sending a
	// request.
	quietGrace = time.Second
	// quietStep is how often the quiet ones are looked for then.
	quietStep = 50 * time.Millisecond
)

var errStopping = &errs.Error{
	Kind: errs.Unavailable, Code: errs.CodeUnavailable, RetryAfter: time.Second,
	Message: "the server is stopping; another one takes its place",
}

// Stop refuses what comes in from now on, waits until what is under way is
// answered, and closes all connections. It returns ctx's error where that ends
// first; what is still under way then is cut off with the process.
//
// The server below closes idle connections by itself, but takes one over which
// nothing has come yet for busy until its read timeout: a browser's spare
// connection would hold up a stop for as long.
func (a *App) Stop(ctx context.Context) error {
	a.stopping.Store(true)
	pause(ctx, max(lameDuck, a.LameDuck))

	sweeping, done := context.WithCancel(ctx)
	var sweeper sync.WaitGroup
	sweeper.Go(func() {
		for pause(sweeping, quietGrace); sweeping.Err() == nil; pause(sweeping, quietStep) {
			a.open.closeQuiet()
		}
	})
	if deadline, ok := ctx.Deadline(); ok {
		// A download may take longer than a stop has: whoever closes what it
		// reads from needs some of the time too.
		defer time.AfterFunc(time.Until(deadline)/2, a.streams.cancelAll).Stop()
	}
	err := a.fiber.ShutdownWithContext(ctx)
	done()
	sweeper.Wait()
	if err != nil && len(a.inFlight) > 0 {
		return fmt.Errorf("wait for the requests in flight: %w", err)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// Stopping reports whether [App.Stop] was called.
func (a *App) Stopping() bool { return a.stopping.Load() }

func (a *App) refuseWhileStopping(c *fiber.Ctx) error {
	if a.stopping.Load() {
		return errStopping
	}
	return c.Next()
}

// hangUpWhileStopping tells the client that no other request will be read from
// this connection.
func (a *App) hangUpWhileStopping(c *fiber.Ctx) {
	if a.stopping.Load() {
		c.Context().SetConnectionClose()
	}
}

// connections are the open ones, and whether a request of each is being served:
// from the moment it was read until its answer is sent.
type connections struct {
	mu   sync.Mutex
	busy map[net.Conn]bool
}

func newConnections() *connections { return &connections{busy: map[net.Conn]bool{}} }

// changed is the server's ConnState hook.
func (s *connections) changed(c net.Conn, state fasthttp.ConnState) {
	switch state {
	case fasthttp.StateNew, fasthttp.StateIdle:
		s.set(c, false)
	case fasthttp.StateClosed, fasthttp.StateHijacked:
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.busy, c)
	case fasthttp.StateActive: // may have sent no more than half a request
	}
}

func (s *connections) serving(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(fctx *fasthttp.RequestCtx) {
		s.set(fctx.Conn(), true)
		next(fctx)
	}
}

func (s *connections) set(c net.Conn, busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy[c] = busy
}

// closeQuiet closes the connections that nothing is served on.
func (s *connections) closeQuiet() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, busy := range s.busy {
		if !busy {
			_ = c.Close() // the server, which owns it, meets the error too
		}
	}
}
