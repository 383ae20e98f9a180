package httpx

import (
	"context"
	"net/http"
	"strconv"

	"docket/platform/errs"
	"docket/platform/openapi"
)

const cacheNothing = "no-store"

// Probe is a question about the server itself, which anyone may ask.
type Probe struct {
	Path string
	// Operation, Summary, Description and Group are what the document says of
	// it; one without an Operation is not in there.
	Operation, Summary, Description string
	Group                           openapi.Group
	// Shows is what a success shows.
	Shows *Resource
	// Needs are the names of what may fail: the fields of the details of an
	// [errs.Unavailable].
	Needs []string
	Check func(ctx context.Context) (View, error)
}

// describe says how the probe is answered. It goes neither by a token nor by
// the limits of the API.
func (p Probe) describe() *openapi.Operation {
	o := &openapi.Operation{
		ID: p.Operation, Summary: p.Summary, Description: p.Description, Tags: []string{p.Group.Name},
		Parameters: []*openapi.Parameter{parameter("RequestId")}, Security: &[]map[string][]string{},
		Requests: []openapi.Request{{Method: http.MethodGet, Path: p.Path}},
		Responses: map[string]*openapi.Response{strconv.Itoa(http.StatusOK): {
			Description: http.StatusText(http.StatusOK), Headers: with(map[string]*openapi.Header{}, "X-Request-Id", "Cache-Control", "Vary"),
			Content: success(openapi.Member("data", p.Shows.Schema), renderView(http.StatusOK, p.Shows.Example).Body),
		}},
	}
	for _, kind := range []errs.Kind{errs.Malformed, errs.MethodNotAllowed, errs.TooLarge, errs.HeadersTooLarge, errs.Internal, errs.Unavailable, errs.DeadlineExceeded} {
		o.Responses[strconv.Itoa(statusOf[kind])] = &openapi.Response{Ref: "#/components/responses/" + responseName(kind)}
	}
	if len(p.Needs) > 0 {
		o.Responses[strconv.Itoa(http.StatusServiceUnavailable)] = p.describeUnready()
	}
	return o
}

// describeUnready is what is answered while something fails that is needed.
func (p Probe) describeUnready() *openapi.Response {
	example := errs.New(errs.Unavailable, "not ready: "+p.Needs[0]+" cannot be reached")
	example.Details = []errs.Fault{{Field: p.Needs[0], Code: errs.FaultUnavailable, Message: "cannot be reached"}}
	lack := openapi.Object(
		openapi.Member("field", openapi.Described(openapi.OneOf(p.Needs...), "What fails.")),
		openapi.Member("code", openapi.OneOf(errs.CheckCodes()...)),
		openapi.Member("message", openapi.Described(openapi.String(1, 0), "Why, for people.")),
	)
	failure := openapi.Object(
		openapi.Member("code", openapi.OneOf(errs.CodesOf(errs.Unavailable)...)),
		openapi.Member("message", openapi.Described(openapi.String(1, 0), "All that fails, for people.")),
		openapi.Member("details", openapi.Described(openapi.List(lack, 0), "All that fails, each by its name.")),
		openapi.Member("request_id", openapi.Described(openapi.String(1, maxRequestID), "The name of the request: what to tell whoever runs the server.")),
	)
	return &openapi.Response{
		Description: "Something fails that the server needs, or it is stopping.",
		Headers:     with(map[string]*openapi.Header{}, "X-Request-Id", "Cache-Control", "Vary", "Retry-After"),
		Content: map[string]*openapi.MediaType{contentJSON: {
			Schema: openapi.Named("NotReadyError", enveloped(false, openapi.Member("error", failure))), Example: renderFailure(example, exampleRequestID).Body,
		}},
	}
}
