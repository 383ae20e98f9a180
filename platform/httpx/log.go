package httpx

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/utils"
	"github.com/google/uuid"
)

// requestLine is the line of the log about a request. It is room that is used
// again, since nearly every request has one: to write it allocates nothing.
type requestLine struct {
	attrs []slog.Attr
	user  []byte // what user_id points to
}

// logged attributes of a request, at most; more only cost an allocation.
const requestAttrs = 12

func newRequestLine() *requestLine {
	return &requestLine{attrs: make([]slog.Attr, 0, requestAttrs), user: make([]byte, 0, len(`""`)+36)}
}

// begin begins the line with what is said of every request, whatever came of it.
func (l *requestLine) begin(a *App, c *fiber.Ctx, route string) {
	l.attrs = append(l.attrs[:0],
		slog.String("request_id", a.requestID(c)),
		slog.String("method", methodOf(c)),
		slog.String("route", route),
		slog.Int("status", c.Response().StatusCode()),
	)
	if owner := ownerOf(c); owner != uuid.Nil {
		l.user = appendID(l.user[:0], owner)
		// Good until the line is used again, when it has long been written.
		l.add(slog.String("user_id", utils.UnsafeString(l.user[1:len(l.user)-1])))
	}
}

func (l *requestLine) add(attrs ...slog.Attr) { l.attrs = append(l.attrs, attrs...) }

// write hands the line to the log. It does without [slog.Logger.LogAttrs], which
// finds out where it was called from, and copies more than five attributes into
// room of their own: those of a group without a name are written as if they were
// the record's, as [slog.Handler] has it.
func (l *requestLine) write(ctx context.Context, log *slog.Logger, level slog.Level, at time.Time) {
	r := slog.NewRecord(at, level, "request", 0)
	r.AddAttrs(slog.Attr{Value: slog.GroupValue(l.attrs...)})
	_ = log.Handler().Handle(ctx, r) // a log that fails has nobody to tell, and a logger would not either
}

// logRequest logs a request that was answered at a point in time, and took so long.
func (a *App) logRequest(c *fiber.Ctx, route string, at time.Time, took time.Duration) {
	level := levelOf(c)
	failure, _ := c.Locals(localFailure).(error)
	if failure == nil && !a.Log.Enabled(c.UserContext(), level) {
		return
	}
	line, _ := a.lines.Get().(*requestLine)
	defer a.lines.Put(line)
	line.begin(a, c, route)
	line.add(slog.Float64("took_ms", float64(took.Microseconds())/1000), slog.Int("bytes", len(c.Response().Body())))
	if failure != nil {
		level = line.addFailure(failure, c.Response().StatusCode(), level)
		if !a.Log.Enabled(c.UserContext(), level) {
			return
		}
	}
	line.write(c.UserContext(), a.Log, level, at)
}

// addFailure adds why a request failed, and returns the level to log it at.
func (l *requestLine) addFailure(err error, status int, level slog.Level) slog.Level {
	failure := explain(err)
	l.add(slog.String("code", string(failure.Code)))
	if status >= http.StatusInternalServerError && !errors.Is(err, errStopping) {
		l.add(slog.String("error", err.Error()))
		return slog.LevelError
	}
	if cause := errors.Unwrap(failure); cause != nil {
		// The message of a client's own mistake may repeat what the
		// client wrote, which is nobody else's to read.
		l.add(slog.String("cause", cause.Error()))
	}
	return level
}

// logStream returns what logs the request once its stream has ended. By then
// what c holds is another request's.
func (a *App) logStream(c *fiber.Ctx, start time.Time, endTrace func(Traced)) func(sent int64, err error) {
	traced := a.traced(c)
	ctx, line := context.WithoutCancel(c.UserContext()), newRequestLine()
	line.begin(a, c, c.Route().Path)
	tell, status := a.told(c), c.Response().StatusCode()
	return func(sent int64, err error) {
		level := slog.LevelInfo
		end := a.Now()
		took := end.Sub(start)
		line.add(slog.Duration("took", took), slog.Int64("bytes", sent))
		switch {
		case errors.Is(err, errClientGone):
			line.add(slog.Bool("broken_off", true), slog.String("cause", err.Error()))
		case err != nil:
			level = slog.LevelError
			status = http.StatusInternalServerError // whatever its head promised
			line.add(slog.Bool("broken_off", true), slog.String("error", err.Error()))
		}
		tell(status, took)
		if endTrace != nil {
			traced.Status = status
			endTrace(traced)
		}
		if a.Log.Enabled(ctx, level) {
			line.write(ctx, a.Log, level, end)
		}
	}
}
