package httpx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/page"
)

// How many elements one page of a list may hold.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// Request is what a handler is asked, already read and authenticated.
type Request struct {
	c       *fiber.Ctx
	ctx     context.Context //nolint:containedctx // it lives as long as the request, which handlers are given in place of it
	route   *Route
	known   []string // query parameters, those of paging included
	cursors *page.Codec
	id      uuid.UUID // the path's, or that of a batch's operation
	body    *Object
	stream  *Stream // what the handler answered, where that is one
	page    Page
	// guarded says that the use case was given the request's conditions.
	guarded bool
	// operation is the part of a batch that this request stands for, or nil.
	operation *operation
}

// Page says which part of a list is asked for, in which order.
type Page struct {
	Limit int
	// Sort is one of the route's Sorts, without its sign.
	Sort string
	Desc bool
	// After is where the page before ended; nil asks for the first.
	After *page.After
}

// Context carries the request's deadline, and the unit of work that the
// request is part of, if it is.
func (r *Request) Context() context.Context { return r.ctx }

// Owner is the id of the user who asks.
func (r *Request) Owner() uuid.UUID { return ownerOf(r.c) }

// ID is the path's parameter :id.
func (r *Request) ID() uuid.UUID { return r.id }

// NewID is the id that something made by this request gets. A batch knows it
// beforehand, since later operations may refer to it.
func (r *Request) NewID() uuid.UUID { return r.operation.newID }

// Body is the JSON object that came with the request.
func (r *Request) Body() *Object { return r.body }

// Page is which part of a list is asked for.
func (r *Request) Page() Page { return r.page }

// Query is the value of a query parameter that the route lists, or "".
func (r *Request) Query(name string) string {
	if r.operation != nil {
		return r.operation.query[name]
	}
	return r.c.Query(name)
}

func (r *Request) readPath() error {
	for _, name := range r.c.Route().Params {
		text := r.c.Params(name)
		id, err := parseUUID(text)
		if err != nil {
			return errs.New(errs.Malformed, fmt.Sprintf("the path's %s is not a UUID", name)).Because(err)
		}
		if name == "id" {
			r.id = id
		}
	}
	return nil
}

// parseUUID takes only the canonical form of RFC 9562: uuid.Parse alone would
// also take braces, a urn: prefix and no dashes, four names for one resource.
func parseUUID(text string) (uuid.UUID, error) {
	if len(text) != 36 {
		return uuid.Nil, errs.Faultf(errs.FaultInvalidFormat, "must be a UUID such as 0198c0de-0000-7000-8000-000000000000")
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, errs.Faultf(errs.FaultInvalidFormat, "must be a UUID such as 0198c0de-0000-7000-8000-000000000000")
	}
	return id, nil
}

// readBody reads the JSON object of a route that takes one. Any other takes
// none, or an empty one: what a client sent on purpose is not dropped silently.
func (r *Request) readBody() error {
	if r.route.Body == nil {
		return r.refuseBody()
	}
	if !isJSON(r.c.Get(fiber.HeaderContentType)) {
		return errs.New(errs.UnsupportedMedia, "the body must be application/json or application/merge-patch+json, in UTF-8")
	}
	// Fiber's Body would unpack it, to any size.
	if coding := r.c.Get(fiber.HeaderContentEncoding); coding != "" && !strings.EqualFold(coding, "identity") {
		r.c.Set(fiber.HeaderAcceptEncoding, "identity")
		return errs.New(errs.UnsupportedMedia, "the body must not be compressed")
	}
	body, err := ParseObject(r.c.BodyRaw())
	r.body = body
	return err
}

func isJSON(contentType string) bool {
	if contentType == fiber.MIMEApplicationJSON { // as nearly all clients write it
		return true
	}
	kind, params, err := mime.ParseMediaType(contentType)
	charset, hasCharset := params["charset"]
	known := kind == "application/json" || kind == "application/merge-patch+json"
	return err == nil && known && (!hasCharset || strings.EqualFold(charset, "utf-8"))
}

func (r *Request) refuseBody() error {
	// The body of a GET means nothing (RFC 9110, section 9.3.1), and null is
	// how some clients write that they send none.
	sent := bytes.TrimSpace(r.c.BodyRaw())
	if r.isRead() || len(sent) == 0 || string(sent) == "null" {
		return nil
	}
	body, err := ParseObject(r.c.BodyRaw())
	if err != nil {
		return err
	}
	return body.Faults().Err()
}

func (r *Request) readPaging(faults *errs.Faults) {
	r.page.Limit = defaultLimit
	args := r.c.Context().QueryArgs()
	if args.Has("limit") {
		text := r.c.Query("limit")
		n, err := strconv.Atoi(text)
		switch {
		case err != nil && !errors.Is(err, strconv.ErrRange), err == nil && strconv.Itoa(n) != text:
			faults.Add("limit", errs.Faultf(errs.FaultInvalidType, "must be a whole number"))
		case err != nil || n < 1 || n > maxLimit:
			faults.Add("limit", errs.Faultf(errs.FaultOutOfRange, "must be between 1 and %d", maxLimit))
		}
		r.page.Limit = n
	}
	r.readSort(faults, args.Has("sort"))
}

func (r *Request) readSort(faults *errs.Faults, given bool) {
	sort := r.route.Sorts[0]
	if given {
		sort = r.c.Query("sort")
	}
	r.page.Sort, r.page.Desc = strings.CutPrefix(sort, "-")
	var names []string
	for _, known := range r.route.Sorts {
		name := strings.TrimPrefix(known, "-")
		if name == r.page.Sort {
			return
		}
		names = append(names, name)
	}
	faults.Add("sort", errs.Faultf(errs.FaultInvalidValue, "must be one of %s, with - in front for descending", strings.Join(names, ", ")))
}

// readCursor comes after everything else was found right: a cursor is bound to
// all of it.
func (r *Request) readCursor() error {
	if !r.c.Context().QueryArgs().Has("cursor") {
		return nil
	}
	after, err := r.cursors.Decode(r.scope(), r.c.Query("cursor"))
	if err != nil {
		return errs.New(errs.Malformed, "the cursor is damaged, or belongs to another user or query; start again without it").Because(err)
	}
	r.page.After = &after
	return nil
}

// scope is what a cursor is good for: this user's same query, with any limit.
func (r *Request) scope() string {
	owner := r.Owner()
	b := append(make([]byte, 0, 512), owner[:]...)
	b = append(b, r.route.Operation...)
	b = append(append(append(b, 0), r.page.Sort...), 0)
	b = strconv.AppendBool(b, r.page.Desc)
	for _, p := range r.route.Query {
		b = append(append(append(b, 0), p.Name...), '=')
		b = strconv.AppendQuote(b, r.c.Query(p.Name))
	}
	return string(b)
}
