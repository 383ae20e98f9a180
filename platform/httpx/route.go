package httpx

import (
	"bytes"
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"docket/platform/errs"
	"docket/platform/idempotency"
	"docket/platform/openapi"
)

// Handler answers one request of an authenticated user.
type Handler func(*Request) (Response, error)

// Route is one operation of the API: how it is served, and what the document
// says of it.
type Route struct {
	// Method and Path, in Fiber's syntax and relative to [BasePath]. Every
	// parameter of a path is a UUID.
	Method, Path string
	// Operation names it for generated clients: createTag.
	Operation string
	// Group is what it is listed under.
	Group openapi.Group
	// Summary says in a few words what it does; Description, in Markdown, all
	// that a client should know besides.
	Summary, Description string
	// Sorts makes the route a paged list that takes limit, cursor and sort,
	// and says what it can be sorted by, the default first; "-" in front of
	// the default makes it descending.
	Sorts []string
	// Query are the other parameters the route takes.
	Query []Param
	// CheckQuery says what is wrong with the values of Query, where they are
	// more than text. It is asked where a request will be refused anyway, so that
	// all that is wrong with its query is named at once; the handler finds the
	// same where nothing else is wrong.
	CheckQuery func(*Request) errs.Faults
	// Body is what the route reads, nil where it takes no JSON object.
	Body *Body
	// Statuses are those of a success, 200 where there are none.
	Statuses []int
	// Shows is what a success shows: one, or a page of them where the route
	// has Sorts; nil for nothing.
	Shows *Resource
	// Streams says that what it shows is sent without the envelope, as a
	// download.
	Streams bool
	// Guards is the resource that If-Match is about, nil for none.
	Guards *Resource
	// Patience is the deadline of a request that may have to change very many
	// rows at once, where it is longer than that of others
	// ([Config].RequestTimeout). A minute is what proxies commonly allow.
	Patience time.Duration
	// patient is Patience by what the body asks for, nil where it is the same for
	// all.
	patient func(body []byte) time.Duration
	// Example is a request that works.
	Example Example
	Handle  Handler
	// Many, where a route has it, makes several things at once in a handful of
	// round trips: the same as Handle for one after the other. Its error says
	// with [errs.At] which could not be made. A batch calls it, and gives each
	// request its [Request.NewID]. What it makes of one route must not depend on
	// what another makes, unless a body names that: a batch may change their
	// order.
	Many func([]*Request) ([]Response, error)
	// results is what a batch answers, nil for any other route.
	results *results
}

// known lists the query parameters that the route takes.
func (r Route) known() []string {
	var names []string
	if r.Sorts != nil {
		names = append(names, "limit", "cursor", "sort")
	}
	for _, p := range r.Query {
		names = append(names, p.Name)
	}
	return names
}

// refusesEmpty reports whether a query parameter of the route, limit, cursor and
// sort apart, says nothing when it is empty: a filter that a client left unset
// by mistake would otherwise show everything.
func (r Route) refusesEmpty(name string) bool {
	i := slices.IndexFunc(r.Query, func(p Param) bool { return p.Name == name })
	return i >= 0 && !openapi.TakesEmpty(r.Query[i].Schema)
}

// serve answers requests of route, and lets no write with an Idempotency-Key
// happen twice.
func (a *App) serve(route Route) fiber.Handler {
	known := route.known()
	return func(c *fiber.Ctx) error {
		patience := route.Patience
		if route.patient != nil {
			patience = route.patient(c.Request().Body())
		}
		if patience > a.RequestTimeout {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), a.working(patience))
			defer cancel()
			c.SetUserContext(ctx)
		}
		r := &Request{c: c, ctx: c.UserContext(), route: &route, known: known, cursors: a.Cursors}
		key, err := r.idempotencyKey()
		if err != nil {
			return err
		}
		if key != "" {
			return a.serveOnce(r, key)
		}
		answer, err := a.answer(r)
		if err != nil {
			return err
		}
		if r.stream != nil {
			return a.sendStream(r, r.stream)
		}
		return send(c, answer)
	}
}

// answer keeps a write together with the condition that it carries.
func (a *App) answer(r *Request) (idempotency.Answer, error) {
	if r.conditional() {
		return a.serveConditional(r)
	}
	return r.serve()
}

// serve reads what every route reads the same way, calls its handler, and
// renders what that returns.
func (r *Request) serve() (idempotency.Answer, error) {
	if err := r.readPath(); err != nil {
		return idempotency.Answer{}, err
	}
	if err := r.readQuery(); err != nil {
		return idempotency.Answer{}, err
	}
	if err := r.readBody(); err != nil {
		return idempotency.Answer{}, err
	}
	response, err := r.route.Handle(r)
	if err != nil {
		return idempotency.Answer{}, err
	}
	return r.render(response), nil
}

// readQuery refuses what the route does not know, and reads paging.
func (r *Request) readQuery() error {
	var faults errs.Faults
	args := r.c.Context().QueryArgs()
	var seen map[string]bool
	if args.Len() > 0 {
		seen = make(map[string]bool, args.Len())
	}
	if args.Len() > maxMembers {
		faults.Add("", errs.Faultf(errs.FaultTooMany, "the query must hold at most %d parameters", maxMembers))
		return faults.Err()
	}
	for k, v := range args.All() {
		name := string(k)
		switch {
		case !slices.Contains(r.known, name):
			faults.Add(echo(name), unknown(errs.FaultUnknownParam, "parameter", name, r.known))
		case seen[name]:
			faults.Add(name, errs.Faultf(errs.FaultDuplicate, "is given more than once; lists are separated by commas"))
		case name != "cursor" && (!utf8.Valid(v) || bytes.IndexByte(v, 0) >= 0):
			faults.Add(name, errs.Faultf(errs.FaultInvalidFormat, "must be text in UTF-8 without the character U+0000"))
		case len(v) == 0 && r.route.refusesEmpty(name):
			faults.Add(name, errs.Faultf(errs.FaultInvalidValue, "must not be empty; leave it out instead"))
		}
		seen[name] = true
	}
	if r.route.Sorts != nil {
		r.readPaging(&faults)
	}
	if len(faults) > 0 || args.Has("cursor") {
		r.checkQuery(&faults)
	}
	if err := faults.Err(); err != nil {
		return err
	}
	return r.readCursor()
}

// checkQuery adds what the route finds wrong with its own parameters, each of
// which has at most one fault.
func (r *Request) checkQuery(faults *errs.Faults) {
	if r.route.CheckQuery == nil {
		return
	}
	for _, f := range r.route.CheckQuery(r) {
		if !faults.Has(f.Field) {
			*faults = append(*faults, f)
		}
	}
}
