package httpx

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"docket/platform/errs"
	"docket/platform/httpx/framing"
	"docket/platform/idempotency"
	"docket/platform/openapi"
)

// statusOf is the one place where a kind of failure becomes a status.
var statusOf = map[errs.Kind]int{
	errs.Internal:           http.StatusInternalServerError,
	errs.Malformed:          http.StatusBadRequest,
	errs.Unauthenticated:    http.StatusUnauthorized,
	errs.NotFound:           http.StatusNotFound,
	errs.MethodNotAllowed:   http.StatusMethodNotAllowed,
	errs.Conflict:           http.StatusConflict,
	errs.PreconditionFailed: http.StatusPreconditionFailed,
	errs.TooLarge:           http.StatusRequestEntityTooLarge,
	errs.UnsupportedMedia:   http.StatusUnsupportedMediaType,
	errs.Invalid:            http.StatusUnprocessableEntity,
	errs.RateLimited:        http.StatusTooManyRequests,
	errs.HeadersTooLarge:    http.StatusRequestHeaderFieldsTooLarge,
	errs.Unavailable:        http.StatusServiceUnavailable,
	errs.DeadlineExceeded:   http.StatusGatewayTimeout,
}

// challenge is how a request that proves nothing is answered (RFC 6750, section
// 3).
const challenge = `Bearer error="invalid_token"`

// writeError answers with the failure envelope: for errors of handlers, of
// Fiber and of the server below it, and for recovered panics.
func (a *App) writeError(c *fiber.Ctx, err error) error {
	c.Locals(localFailure, err)
	a.tellFailure(err)
	answer := renderFailure(a.candid(err), a.requestID(c))
	if answer.Status == http.StatusUnauthorized {
		c.Set(fiber.HeaderWWWAuthenticate, challenge)
	}
	return send(c, answer)
}

// renderFailure writes the failure envelope, in the only place that does.
func renderFailure(err error, requestID string) idempotency.Answer {
	failure := explain(err)
	answer := idempotency.Answer{Status: statusOf[failure.Kind]}
	if failure.RetryAfter > 0 {
		answer.RetryAfter = strconv.Itoa(seconds(failure.RetryAfter))
	}
	var current []byte
	if s, ok := errors.AsType[*stale](err); ok {
		current, answer.ETag = s.current, s.tag
	}
	answer.Body = appendFailure(nil, failure, requestID, current)
	if at, ok := errors.AsType[*operationFailure](err); ok {
		answer.Body = at.appendIndex(answer.Body)
	}
	return answer
}

func appendFailure(dst []byte, failure *errs.Error, requestID string, current []byte) []byte {
	dst = append(dst, `{"success":false,"error":`...)
	j := NewJSON(dst)
	j.String("code", string(failure.Code))
	j.String("message", failure.Message)
	if failure.Kind == errs.Invalid || len(failure.Details) > 0 {
		j.name("details")
		j.buf = append(j.buf, '[')
		for i, d := range failure.Details {
			if i > 0 {
				j.buf = append(j.buf, ',')
			}
			detail := NewJSON(j.buf)
			detail.String("field", d.Field)
			detail.String("code", string(d.Code))
			detail.String("message", d.Message)
			if d.ID != "" {
				detail.String("id", d.ID)
			}
			j.buf = detail.End()
		}
		j.buf = append(j.buf, ']')
	}
	j.String("request_id", requestID)
	if current != nil {
		j.name("current")
		j.buf = append(j.buf, current...)
	}
	return append(j.End(), '}')
}

// explain finds what a client may be told about err. Whatever is not a typed
// error is a fault of ours, and its text stays in the log.
func explain(err error) *errs.Error {
	if typed, ok := errors.AsType[*errs.Error](err); ok {
		return typed
	}
	if refusal, ok := errors.AsType[*framing.Refusal](err); ok {
		return explainRefusal(refusal).Because(refusal)
	}
	if framework, ok := errors.AsType[*fiber.Error](err); ok {
		return explainFramework(framework)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errs.New(errs.DeadlineExceeded, "the request took longer than its deadline and was given up")
	}
	return errs.New(errs.Internal, "something went wrong on our side; the log has it under this request id")
}

func explainFramework(e *fiber.Error) *errs.Error {
	switch e.Code {
	case http.StatusNotFound:
		return errs.New(errs.NotFound, "there is nothing at this path")
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return errs.New(errs.MethodNotAllowed, "this path does not take this method; see the Allow header")
	case http.StatusRequestEntityTooLarge:
		return errs.New(errs.TooLarge, "the body is larger than 1 MiB")
	case http.StatusRequestHeaderFieldsTooLarge:
		return errs.New(errs.HeadersTooLarge, "the headers are larger than 16 KiB")
	case http.StatusRequestTimeout:
		return errs.New(errs.Malformed, "the request did not arrive in time")
	default:
		return errs.New(errs.Malformed, "the request is not sound HTTP")
	}
}

func explainRefusal(r *framing.Refusal) *errs.Error {
	switch r.Reason {
	case framing.HeadTooLarge:
		return errs.New(errs.HeadersTooLarge, "the headers are larger than 16 KiB")
	case framing.TargetTooLong:
		return errs.New(errs.HeadersTooLarge, "the URL is longer than 8 KiB")
	case framing.TooManyFields:
		return errs.New(errs.HeadersTooLarge, "there are more than 100 headers")
	case framing.SlowHead:
		return errs.New(errs.Malformed, "the request did not arrive in time")
	default:
		return errs.New(errs.Malformed, "the request is not sound HTTP: "+strings.ReplaceAll(string(r.Reason), "_", " "))
	}
}

// seconds rounds up: a client that waits as long as told must not be early.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// enveloped describes a body in the envelope.
func enveloped(success bool, properties ...openapi.Property) *openapi.Schema {
	return openapi.Object(append([]openapi.Property{openapi.Member("success", openapi.Constant(success))}, properties...)...)
}
