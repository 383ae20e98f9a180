package httpx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"docket/platform/errs"
)

// maxOperations is how many operations one batch may hold.
const maxOperations = 100

// Units makes one unit of work of many steps.
type Units interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	Attempt(ctx context.Context, fn func(ctx context.Context) error) error
	// Serialize keeps other units of work of this owner that call it waiting
	// until this one ends.
	Serialize(ctx context.Context, owner uuid.UUID) error
}

// verbs are what an operation of a batch can do, each with the route it stands
// for: its method, and what its path has behind the name of the resource.
var verbs = map[string]struct{ method, suffix string }{
	"create": {fiber.MethodPost, ""},
	"update": {fiber.MethodPatch, "/:id"},
	"delete": {fiber.MethodDelete, "/:id"},
	"move":   {fiber.MethodPost, "/:id/move"},
}

// operation is one step of a batch.
type operation struct {
	index   int
	route   Route
	id      uuid.UUID // of what is there already; not for a create
	newID   uuid.UUID // of what a create makes
	tempID  string
	ifMatch string
	data    *Object
}

// operationFailure is the failure of the first operation of a batch that
// fails.
type operationFailure struct {
	index int
	err   error
}

func (f *operationFailure) Error() string { return fmt.Sprintf("operations[%d]: %v", f.index, f.err) }

func (f *operationFailure) Unwrap() error { return f.err }

// appendIndex adds to a failure envelope which operation it is about.
func (f *operationFailure) appendIndex(envelope []byte) []byte {
	envelope = append(bytes.TrimSuffix(envelope, []byte("}}")), `,"index":`...)
	return append(strconv.AppendInt(envelope, int64(f.index), 10), "}}"...)
}

// errDryRun takes back what a dry run did. It does not leave this package.
var errDryRun = errors.New("a dry run changes nothing")

// AddBatch serves POST /batch over the routes that were added before it: each
// operation is what its own route would do, all of them in one unit of work.
func (a *App) AddBatch(units Units) {
	b := &batch{app: a, units: units, routes: map[string]Route{}}
	for _, r := range a.routes {
		b.routes[r.Method+" "+r.Path] = r
	}
	a.Add(Route{
		Method: fiber.MethodPost, Path: "/batch", Operation: "batch",
		Summary: "Do up to 100 operations, all or none", Body: true, Handle: b.handle,
	})
}

// batch answers POST /batch.
type batch struct {
	app    *App
	units  Units
	routes map[string]Route // by method and path
}

func (b *batch) handle(r *Request) (Response, error) {
	operations, dryRun, err := b.read(r.Body())
	if err != nil {
		return Response{}, err
	}
	var results []byte
	err = b.units.InTx(r.Context(), func(ctx context.Context) error {
		// Clients choose the order: two batches that want the same things would
		// sooner or later each wait for the other.
		if err := b.units.Serialize(ctx, r.Owner()); err != nil {
			return err
		}
		err := b.units.Attempt(ctx, func(ctx context.Context) (err error) {
			if results, err = b.run(ctx, r, operations); err == nil && dryRun {
				return errDryRun
			}
			return err
		})
		if errors.Is(err, errDryRun) {
			return nil
		}
		return err
	})
	if err != nil {
		return Response{}, err
	}
	return Response{status: http.StatusOK, results: results}, nil
}

// run does the operations in order, creates that follow each other at once, and
// returns their results, separated by commas.
func (b *batch) run(ctx context.Context, r *Request, operations []*operation) ([]byte, error) {
	var results []byte
	for len(operations) > 0 {
		n := together(operations)
		requests := make([]*Request, n)
		for i, o := range operations[:n] {
			requests[i] = &Request{
				c: r.c, ctx: ctx, route: o.route, cursors: r.cursors, body: o.data.again(), operation: o,
				ids: map[string]uuid.UUID{"id": o.id},
			}
		}
		responses, err := answer(requests)
		if err != nil {
			return nil, failureOf(operations, err)
		}
		for i, response := range responses {
			results = operations[i].appendResult(results, response)
		}
		operations = operations[n:]
	}
	return results, nil
}

// together returns how many of the operations can be done at once: those at
// the front that create the same sort of thing.
func together(operations []*operation) int {
	first := operations[0].route
	if first.Many == nil {
		return 1
	}
	n := 1
	for n < len(operations) && operations[n].route.Operation == first.Operation {
		n++
	}
	return n
}

func answer(requests []*Request) ([]Response, error) {
	route := requests[0].route
	if route.Many != nil {
		return route.Many(requests)
	}
	response, err := route.Handle(requests[0])
	return []Response{response}, err
}

// failureOf says which operation err is about, in the terms of the batch.
func failureOf(operations []*operation, err error) error {
	index := operations[0].index
	if at, ok := errors.AsType[*errs.At](err); ok {
		index, err = operations[at.Index].index, at.Err
	}
	if typed, ok := errors.AsType[*errs.Error](err); ok && typed.Kind == errs.Invalid {
		inside := *typed
		inside.Details = slices.Clone(typed.Details)
		for i := range inside.Details {
			inside.Details[i].Field = strings.TrimSuffix(fmt.Sprintf("operations[%d].data.%s", index, inside.Details[i].Field), ".")
		}
		err = &inside
	}
	return &operationFailure{index: index, err: err}
}

func (o *operation) appendResult(results []byte, response Response) []byte {
	if len(results) > 0 {
		results = append(results, ',')
	}
	j := NewJSON(results)
	j.name("index")
	j.buf = strconv.AppendInt(j.buf, int64(o.index), 10)
	if o.tempID != "" {
		j.String("temp_id", o.tempID)
	}
	if response.view == nil {
		j.null("data")
		return j.End()
	}
	j.name("data")
	j.buf = AppendTagged(j.buf, response.view)
	return j.End()
}
