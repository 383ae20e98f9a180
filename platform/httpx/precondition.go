package httpx

import (
	"context"
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"

	"docket/platform/errs"
	"docket/platform/idempotency"
)

// stale is the failure of a write whose If-Match names another representation
// than the present one, which it carries for the client to merge with.
type stale struct {
	failure *errs.Error
	current []byte
	tag     string
}

func (s *stale) Error() string { return s.failure.Error() }

func (s *stale) Unwrap() error { return s.failure }

// Guard returns what must hold of an entity for this request to change it, or
// nil where the client set no condition: If-Match (RFC 9110, section 13.1.1),
// and on a PUT also If-None-Match (section 13.1.2): * creates only. The
// use case calls it on the entity as it is at the moment of the write, with
// nil where there is none.
func Guard[E any, V View](r *Request, view func(E) V) func(current *E) error {
	r.guarded = true
	wanted, unwanted := r.conditions()
	if wanted == "" && unwanted == "" {
		return nil
	}
	return func(current *E) error {
		if current == nil {
			if wanted == "" {
				return nil
			}
			return errs.New(errs.PreconditionFailed, "there is no such resource, and If-Match asks for one")
		}
		representation := view(*current).AppendJSON(nil)
		tag := etag(representation)
		switch {
		case unwanted != "" && unchanged(unwanted, tag):
			return &stale{errs.New(errs.PreconditionFailed, "the resource exists already; error.current has it"), representation, tag}
		case wanted != "" && !matches(wanted, tag):
			return &stale{errs.New(errs.PreconditionFailed, "the resource was changed since you read it; error.current has it as it is now"), representation, tag}
		default:
			return nil
		}
	}
}

// errUnconditional answers a condition on what takes none: to ignore it would be
// to overwrite what the client wanted kept.
var errUnconditional = errs.New(errs.PreconditionFailed, "there is nothing here that If-Match or If-None-Match could be about; send the request without it")

// conditional reports whether a write carries a condition.
func (r *Request) conditional() bool {
	h := &r.c.Request().Header
	return !r.isRead() && (len(h.PeekAll(fiber.HeaderIfMatch)) > 0 || len(h.PeekAll(fiber.HeaderIfNoneMatch)) > 0)
}

// serveConditional is serve for a write with a condition. Should a use case
// not ask for it, nothing that it did is kept: no route can forget.
func (a *App) serveConditional(r *Request) (answer idempotency.Answer, err error) {
	if a.Units == nil {
		return answer, errNoUnits
	}
	err = a.Units.InTx(r.ctx, func(ctx context.Context) error {
		r.ctx, r.guarded = ctx, false
		if answer, err = r.serve(); err == nil && !r.guarded {
			return errUnconditional
		}
		return err
	})
	return answer, err
}

var errNoUnits = errors.New("a request carries a condition, and there are no units of work to hold it in")

// conditions returns the If-Match and the If-None-Match of this request, "" for
// none; the latter counts on a PUT alone. Inside a batch each operation has an
// If-Match of its own.
func (r *Request) conditions() (ifMatch, ifNoneMatch string) {
	if r.operation != nil {
		return r.operation.ifMatch, ""
	}
	if r.c.Method() == fiber.MethodPut {
		ifNoneMatch = headerList(r.c, fiber.HeaderIfNoneMatch)
	}
	ifMatch = headerList(r.c, fiber.HeaderIfMatch)
	if strings.TrimSpace(ifMatch) == "" && len(r.c.Request().Header.PeekAll(fiber.HeaderIfMatch)) > 0 {
		ifMatch = "," // a condition that names nothing holds of nothing
	}
	return ifMatch, ifNoneMatch
}

// unchanged reports whether a list of entity tags that a client holds has ours
// in it. The comparison is weak (RFC 9110, section 13.1.2): a proxy that
// compresses an answer also weakens its tag.
func unchanged(header, tag string) bool {
	return listed(header, func(candidate string) bool { return strings.TrimPrefix(candidate, "W/") == tag })
}

// matches compares a list of entity tags with one of ours, strongly: a weak
// tag is never equal.
func matches(header, tag string) bool {
	return listed(header, func(candidate string) bool { return candidate == tag })
}

// listed reports whether a list has *, or a tag that is ours.
func listed(header string, isOurs func(candidate string) bool) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		if candidate = strings.TrimSpace(candidate); candidate == "*" || isOurs(candidate) {
			return true
		}
	}
	return false
}
