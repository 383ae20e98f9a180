package httpx

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"docket/platform/errs"
)

// What a request carries along between its middlewares.
const (
	localRequestID = "docket.request_id"
	localFailure   = "docket.failure"
	localOwner     = "docket.owner"
	localMethod    = "docket.unknown_method"
	localStream    = "docket.stream"
)

// maxRequestID bounds a request id that a client chose.
const maxRequestID = 128

// busyRetryAfter is what a client is asked to wait where too many requests are
// in flight: they are short.
const busyRetryAfter = time.Second

// observe is the outermost middleware: it names the request, turns a panic
// into an error, writes the error, and logs one line.
func (a *App) observe(c *fiber.Ctx) error {
	start := a.Now()
	if strings.HasPrefix(c.Path(), BasePath) {
		a.served.Add(1)
	}
	a.requestID(c)
	a.secure(c)
	endTrace := a.trace(c)
	if err := a.recoverNext(c); err != nil {
		err = refuseUnserved(c, err)
		if err := a.writeError(c, err); err != nil {
			return err
		}
	}
	a.hangUpWhileStopping(c)
	if stream := streamOf(c); stream != nil {
		stream.done = a.logStream(c, start, endTrace)
		return nil
	}
	if endTrace != nil {
		endTrace(a.traced(c))
	}
	end := a.Now()
	took := end.Sub(start)
	a.told(c)(c.Response().StatusCode(), took)
	a.logRequest(c, c.Route().Path, end, took)
	return nil
}

// refuseUnreadable answers what never becomes a request: the server below
// could not read its head, or its body is too large.
func (a *App) refuseUnreadable(c *fiber.Ctx, err error) error {
	linger(c)
	a.secure(c)
	a.shareRefusal(c)
	if refusal := refusalOf(c); refusal != nil {
		err = refusal
		a.tellRefused(refusal)
	}
	if a.stopping.Load() {
		// Most likely cut off by the stop, and not by any fault of its own:
		// nothing for the log.
		return a.writeError(c, errStopping)
	}
	if err := a.writeError(c, err); err != nil {
		return err
	}
	a.logRequest(c, "", a.Now(), 0)
	return nil
}

func (a *App) recoverNext(c *fiber.Ctx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return c.Next()
}

// requestID returns the request's id: the client's if it is sane, else ours.
func (a *App) requestID(c *fiber.Ctx) string {
	if id, ok := c.Locals(localRequestID).(string); ok {
		return id
	}
	id := c.Get(fiber.HeaderXRequestID)
	if !visible(id, maxRequestID) {
		id = a.NewID().String()
	}
	c.Locals(localRequestID, id)
	c.Set(fiber.HeaderXRequestID, id)
	return id
}

// visible reports whether text is 1 to limit visible ASCII characters.
func visible(text string, limit int) bool {
	if text == "" || len(text) > limit {
		return false
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// boundInFlight refuses at once what would otherwise queue up behind requests
// that are being served.
func (a *App) boundInFlight(c *fiber.Ctx) error {
	// A probe must be answered all the same, or a busy server is taken for a
	// dead one.
	if !strings.HasPrefix(c.Path(), BasePath) {
		return c.Next()
	}
	select {
	case a.inFlight <- struct{}{}:
		defer func() { <-a.inFlight }()
		return c.Next()
	default:
		e := errs.New(errs.Unavailable, "too many requests are being served at the moment")
		e.RetryAfter = busyRetryAfter
		return e
	}
}

// Bounds of what is kept back of a request's time, a fifth of it otherwise.
const (
	minReserve = time.Second
	maxReserve = 2 * time.Second
)

// Reserve is the part of a request's time that is kept back from its work, 1 to 2
// seconds: to cancel what is under way, to hear what came of it, and to answer in
// time all the same. Of less than 2 seconds it takes half, which is then exceeded
// where a database is silent.
func Reserve(requestTimeout time.Duration) time.Duration {
	return min(max(requestTimeout/5, minReserve), maxReserve)
}

// working is how much of a request's time is for its work.
func (a *App) working(all time.Duration) time.Duration {
	return max(all-Reserve(a.RequestTimeout), all/2)
}

// boundTime gives the request its deadline: Fiber cancels nothing by itself,
// not even when the client is gone.
func (a *App) boundTime(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), a.working(a.RequestTimeout))
	defer cancel()
	c.SetUserContext(ctx)
	return c.Next()
}

// refuseUnknownMethods lets Fiber refuse what it would otherwise answer in
// plain text, before any handler runs: it is shown a method that it knows and
// that no route has, hence answers 405 or 404 as for any wrong method.
func (a *App) refuseUnknownMethods(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(fctx *fasthttp.RequestCtx) {
		if !slices.Contains(fiber.DefaultMethods, string(fctx.Method())) {
			fctx.SetUserValue(localMethod, true)
			fctx.Request.Header.SetMethod(fiber.MethodTrace)
		}
		next(fctx)
	}
}

// servedMethods are those that some route has.
const servedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"

// refuseUnserved answers 405 rather than 404 where no path would take the method,
// and for the path * (RFC 9110, section 9.3.7).
func refuseUnserved(c *fiber.Ctx, err error) error {
	framework, ok := errors.AsType[*fiber.Error](err)
	if !ok || framework.Code != fiber.StatusNotFound {
		return err
	}
	method := c.Method()
	if method != fiber.MethodTrace && method != fiber.MethodConnect && string(c.Request().Header.RequestURI()) != "*" {
		return err
	}
	c.Set(fiber.HeaderAllow, servedMethods)
	return errs.New(errs.MethodNotAllowed, "no path takes this method; see the Allow header")
}

// methodOf is the request's method for the log.
func methodOf(c *fiber.Ctx) string {
	if c.Locals(localMethod) != nil {
		return "unknown"
	}
	return c.Method()
}
