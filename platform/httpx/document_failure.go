package httpx

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"docket/platform/errs"
	"docket/platform/openapi"
)

const (
	exampleRequestID = "0198c0de-4f0c-7a51-9a3e-6f6b8c1d2e3f"
	exampleHolder    = "0198c0de-0000-7000-8000-000000000000"
)

// failures are an example of each kind of failure.
var failures = map[errs.Kind]*errs.Error{
	errs.Malformed:          errs.New(errs.Malformed, "the path's id is not a UUID"),
	errs.Unauthenticated:    errs.New(errs.Unauthenticated, "a valid bearer token is required"),
	errs.NotFound:           errs.New(errs.NotFound, "Task with ID 0198c0de-0000-7000-8000-000000000000 not found"),
	errs.MethodNotAllowed:   explainFramework(fiber.ErrMethodNotAllowed),
	errs.Conflict:           errs.Taken("name", exampleHolder, "There is a tag named \"home\" already, with ID "+exampleHolder),
	errs.PreconditionFailed: errs.New(errs.PreconditionFailed, "the resource was changed since you read it; error.current has it as it is now"),
	errs.TooLarge:           explainFramework(fiber.ErrRequestEntityTooLarge),
	errs.UnsupportedMedia:   errs.New(errs.UnsupportedMedia, "the body must be application/json or application/merge-patch+json, in UTF-8"),
	errs.Invalid:            exampleInvalid(),
	errs.RateLimited:        errs.New(errs.RateLimited, "too many requests; wait as long as Retry-After says"),
	errs.HeadersTooLarge:    explainFramework(fiber.ErrRequestHeaderFieldsTooLarge),
	errs.Internal:           explain(nil),
	errs.Unavailable:        errs.New(errs.Unavailable, "too many requests are being served at the moment"),
	errs.DeadlineExceeded:   explain(context.DeadlineExceeded),
}

func exampleInvalid() *errs.Error {
	e := errs.New(errs.Invalid, "the request is well-formed but some of it is wrong; see details")
	e.Details = []errs.Fault{{Field: "due_at", Code: errs.FaultInvalidFormat, Message: "must be an instant such as 2026-11-23T09:30:00Z"}}
	return e
}

var fault = openapi.Named("Fault", openapi.Object(
	openapi.Member("field", openapi.Described(openapi.String(0, 0), "What is wrong, as you called it: `tag_ids[3]`, `operations[5].data.title`, the name of a query parameter; empty for the body as a whole.")),
	openapi.Member("code", openapi.Named("FaultCode", openapi.OneOf(errs.FaultCodes()...))),
	openapi.Member("message", openapi.Described(openapi.String(1, 0), "What is wrong with it, for people.")),
	openapi.Maybe("id", openapi.Described(nameOrID, "With the code `taken`, who has it: the id of that resource. In a batch that would make it only now, its temp_id or the name of the operation, `operations[5]`.")),
))

// ofOperation reports whether the failure of an operation in a batch can be of
// this kind, and then says which operation it was.
func ofOperation(kind errs.Kind) bool {
	switch kind {
	case errs.NotFound, errs.Conflict, errs.PreconditionFailed, errs.Invalid,
		// The user may be erased, and the database fail, in the middle of it.
		errs.Unauthenticated, errs.Internal, errs.Unavailable, errs.DeadlineExceeded:
		return true
	default:
		return false
	}
}

// describeFailure describes what is answered to a failure of this kind: by
// route, or by any where that is nil.
func describeFailure(kind errs.Kind, route *Route) *openapi.Response {
	example := failures[kind]
	name, failed, more := failureName(kind), error(example), []openapi.Property{}
	if route != nil {
		name, more, failed = route.ownFailure(kind, example)
	}
	properties := []openapi.Property{
		openapi.Member("code", openapi.Described(openapi.OneOf(errs.CodesOf(kind)...), "What to switch on. `"+ErrorsPath+"/` has a page for each.")),
		openapi.Member("message", openapi.Described(openapi.String(1, 0), "What went wrong, for people.")),
	}
	switch kind { //nolint:exhaustive // the others have no details
	case errs.Invalid:
		properties = append(properties, openapi.Member("details", openapi.List(fault, 0)))
	case errs.Conflict:
		properties = append(properties, openapi.Maybe("details", openapi.List(fault, 0)))
	}
	properties = append(properties, openapi.Member("request_id", openapi.Described(openapi.String(1, maxRequestID), "The name of the request: what to tell whoever runs the server.")))
	schema := enveloped(false, openapi.Member("error", openapi.Object(append(properties, more...)...)))
	return &openapi.Response{
		Description: describeKind(kind), Headers: failureHeaders(kind, route),
		Content: map[string]*openapi.MediaType{contentJSON: {
			Schema: openapi.Named(name, schema), Example: renderFailure(failed, exampleRequestID).Body,
		}},
	}
}

// failureName is the name of the body of a failure among the components:
// ResourceNotFoundError.
func failureName(kind errs.Kind) string { return responseName(kind) + "Error" }

// ownFailure describes what a failure of this kind has beyond those of other
// routes: the resource as it is where a condition does not hold, and the
// operation of a batch that failed.
func (r Route) ownFailure(kind errs.Kind, example *errs.Error) (name string, more []openapi.Property, failed error) {
	name, failed = failureName(kind), example
	if r.results != nil {
		name, failed = "Batch"+name, &operationFailure{index: 0, err: failed}
		more = append(more, openapi.Maybe("index", openapi.Described(openapi.Integer(0, maxOperations-1), "Which operation failed, the first being 0; absent where it was the batch itself.")))
	}
	if kind != errs.PreconditionFailed {
		return name, more, failed
	}
	var current *openapi.Schema
	if r.results != nil {
		current = r.results.current
	}
	if r.Guards != nil {
		current = r.Guards.Schema
		name = current.Title + name
		representation := r.Guards.Example.AppendJSON(nil)
		failed = &stale{failure: example, current: representation, tag: etag(representation)}
	}
	return name, append(more, openapi.Maybe("current", current)), failed
}

func failureHeaders(kind errs.Kind, route *Route) map[string]*openapi.Header {
	all := answerHeaders()
	switch kind { //nolint:exhaustive // the others have no more
	case errs.Unauthenticated:
		with(all, "WWW-Authenticate")
	case errs.MethodNotAllowed:
		with(all, "Allow")
	case errs.RateLimited, errs.Unavailable:
		with(all, "Retry-After")
	case errs.Conflict:
		retry := *headers()["Retry-After"]
		retry.Required = false
		all["Retry-After"] = &retry
		with(all, "Idempotent-Replayed")
	case errs.Malformed, errs.NotFound, errs.TooLarge, errs.UnsupportedMedia, errs.Invalid:
		with(all, "Idempotent-Replayed")
	case errs.PreconditionFailed:
		with(all, "Idempotent-Replayed")
		if route != nil {
			tag := *headers()["ETag"]
			tag.Required = false
			all["ETag"] = &tag
		}
	}
	return all
}
