package httpx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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
	took := a.Now().Sub(start)
	a.told(c)(c.Response().StatusCode(), took)
	a.logRequest(c, c.Route().Path, took)
	return nil
}

// logStream returns what logs the request once its stream has ended. By then
// what c holds is another request's.
func (a *App) logStream(c *fiber.Ctx, start time.Time, endTrace func(Traced)) func(sent int64, err error) {
	traced := a.traced(c)
	ctx, attrs := context.WithoutCancel(c.UserContext()), a.attrs(c, c.Route().Path)
	tell, status := a.told(c), c.Response().StatusCode()
	return func(sent int64, err error) {
		level := slog.LevelInfo
		took := a.Now().Sub(start)
		attrs = append(attrs, slog.Duration("took", took), slog.Int64("bytes", sent))
		switch {
		case errors.Is(err, errClientGone):
			attrs = append(attrs, slog.Bool("broken_off", true), slog.String("cause", err.Error()))
		case err != nil:
			level = slog.LevelError
			status = http.StatusInternalServerError // whatever its head promised
			attrs = append(attrs, slog.Bool("broken_off", true), slog.String("error", err.Error()))
		}
		tell(status, took)
		if endTrace != nil {
			traced.Status = status
			endTrace(traced)
		}
		a.Log.LogAttrs(ctx, level, "request", attrs...)
	}
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
	a.logRequest(c, "", 0)
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

func (a *App) logRequest(c *fiber.Ctx, route string, took time.Duration) {
	status := c.Response().StatusCode()
	attrs := append(a.attrs(c, route), slog.Float64("took_ms", float64(took.Microseconds())/1000), slog.Int("bytes", len(c.Response().Body())))
	level := levelOf(c)
	if err, ok := c.Locals(localFailure).(error); ok {
		attrs = append(attrs, slog.String("code", string(explain(err).Code)))
		if status >= http.StatusInternalServerError && !errors.Is(err, errStopping) {
			level = slog.LevelError
			attrs = append(attrs, slog.String("error", err.Error()))
		} else if cause := errors.Unwrap(explain(err)); cause != nil {
			// The message of a client's own mistake may repeat what the
			// client wrote, which is nobody else's to read.
			attrs = append(attrs, slog.String("cause", cause.Error()))
		}
	}
	a.Log.LogAttrs(c.UserContext(), level, "request", attrs...)
}

// attrs are what is logged of every request, whatever came of it.
func (a *App) attrs(c *fiber.Ctx, route string) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("request_id", a.requestID(c)),
		slog.String("method", methodOf(c)),
		slog.String("route", route),
		slog.Int("status", c.Response().StatusCode()),
	}
	if owner := ownerOf(c); owner != [16]byte{} {
		attrs = append(attrs, slog.String("user_id", owner.String()))
	}
	return attrs
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
