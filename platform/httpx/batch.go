package httpx

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/openapi"
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

// What an operation can do beyond changing something.
const (
	verbCreate = "create"
	verbDelete = "delete"
)

// defaultResource is what an operation is about that does not say so.
const defaultResource = "task"

// verbs are what an operation of a batch can do, each with the route it stands
// for: its method, and what its path has behind the name of the resource.
var verbs = map[string]struct{ method, suffix string }{
	verbCreate: {fiber.MethodPost, ""},
	"update":   {fiber.MethodPatch, "/:id"},
	verbDelete: {fiber.MethodDelete, "/:id"},
	"move":     {fiber.MethodPost, "/:id/move"},
}

// routeOf is the key, among the routes of a batch, of the one that a verb stands
// for.
func routeOf(verb, resource string) string {
	return verbs[verb].method + " /" + resource + "s" + verbs[verb].suffix
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
	uses    []uuid.UUID // what operations before make and data refers to
	// query are the parameters of a route without a body, which come as its data.
	query map[string]string
}

// operationFailure is the failure of the first operation of a batch that
// fails.
type operationFailure struct {
	index int
	err   error
	// overtook says that an operation before it was not tried yet, so that it
	// may not be the first after all.
	overtook bool
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
		Group:   openapi.Group{Name: "Batch", Description: "Many changes in one request."},
		Summary: "Do up to 100 operations, all or none", Description: batchDescription,
		Body: &Body{name: "Batch", read: b.describe}, Handle: b.handle, patient: b.patience, results: b.results(), Example: b.example(),
	})
}

// patience is that of the most patient operation that may be in a body. It goes
// by the words in there: the deadline holds from before the body is read, and one
// that spells them otherwise has the time of any other request.
func (b *batch) patience(body []byte) (longest time.Duration) {
	says := func(word string) bool { return bytes.Contains(body, strconv.AppendQuote(nil, word)) }
	for verb := range verbs {
		if !says(verb) {
			continue
		}
		for _, name := range b.known() {
			if p := b.routes[routeOf(verb, name)].Patience; p > longest && (name == defaultResource || says(name)) {
				longest = p
			}
		}
	}
	return longest
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
		return b.first(ctx, r, operations, err)
	})
	if err != nil {
		return Response{}, err
	}
	return Response{status: http.StatusOK, results: results}, nil
}

// first returns the failure of the first operation that fails, where err is
// that of one which overtook others: these were not tried yet.
func (b *batch) first(ctx context.Context, r *Request, operations []*operation, err error) error {
	for {
		failed, ok := errors.AsType[*operationFailure](err)
		if !ok || !failed.overtook || !refused(err) {
			return err
		}
		operations = operations[:failed.index]
		earlier := b.units.Attempt(ctx, func(ctx context.Context) error {
			if _, err := b.run(ctx, r, operations); err != nil {
				return err
			}
			return errDryRun
		})
		if errors.Is(earlier, errDryRun) {
			return err
		}
		err = earlier
	}
}

// refused reports whether err is about what was asked for, rather than about us
// or about the moment.
func refused(err error) bool {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.NotFound, errs.PreconditionFailed:
		return true
	default:
		return false
	}
}

// run does the operations step by step, and returns their results in order,
// separated by commas.
func (b *batch) run(ctx context.Context, r *Request, operations []*operation) ([]byte, error) {
	responses, tried := make([]Response, len(operations)), make([]bool, len(operations))
	for _, step := range steps(operations) {
		requests := make([]*Request, len(step))
		for i, o := range step {
			tried[o.index] = true
			requests[i] = &Request{
				c: r.c, ctx: ctx, route: &o.route, cursors: r.cursors, body: o.data.again(), operation: o, id: o.id,
			}
		}
		answers, err := answer(requests)
		if err != nil {
			failed := failureOf(operations, step, err)
			failed.overtook = slices.Contains(tried[:failed.index], false)
			return nil, failed
		}
		for i, o := range step {
			responses[o.index] = answers[i]
		}
	}
	var results []byte
	for i, response := range responses {
		results = operations[i].appendResult(results, response)
	}
	return results, nil
}

func answer(requests []*Request) ([]Response, error) {
	route := requests[0].route
	if route.Many != nil {
		return route.Many(requests)
	}
	response, err := route.Handle(requests[0])
	return []Response{response}, err
}

// failureOf says which operation of a step err is about, in the terms of the
// batch of operations.
func failureOf(operations, step []*operation, err error) *operationFailure {
	at, ok := errors.AsType[*errs.At](err)
	if !ok {
		at = &errs.At{Err: err}
	}
	failed := &operationFailure{index: step[at.Index].index, err: at.Err}
	if typed, ok := errors.AsType[*errs.Error](at.Err); ok && typed.Kind != errs.PreconditionFailed { // which carries what is there now
		failed.err = failed.retold(typed, operations)
	}
	return failed
}

// retold returns e in the terms of the client, who knows fields by the operation
// that they are in, and what operations would have made by a temporary id at
// best.
func (f *operationFailure) retold(e *errs.Error, operations []*operation) *errs.Error {
	var names []string
	for _, o := range operations {
		if o.newID != uuid.Nil {
			names = append(names, o.newID.String(), cmp.Or(o.tempID, fmt.Sprintf("operations[%d]", o.index)))
		}
	}
	name := strings.NewReplacer(names...).Replace
	inside := *e
	inside.Message, inside.Details = name(e.Message), slices.Clone(e.Details)
	for i, d := range inside.Details {
		inside.Details[i] = errs.Fault{
			Field: strings.TrimSuffix(fmt.Sprintf("operations[%d].data.%s", f.index, d.Field), "."),
			Code:  d.Code, Message: name(d.Message), ID: name(d.ID),
		}
	}
	return &inside
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
