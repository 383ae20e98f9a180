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
	for _, kind := range []errs.Kind{errs.Malformed, errs.TooLarge, errs.HeadersTooLarge, errs.Internal, errs.Unavailable, errs.DeadlineExceeded} {
		o.Responses[strconv.Itoa(statusOf[kind])] = &openapi.Response{Ref: "#/components/responses/" + responseName(kind)}
	}
	return o
}
