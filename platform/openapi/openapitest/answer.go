package openapitest

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"docket/platform/openapi"
)

// transport are headers that belong to HTTP and to browsers, not to the
// operation.
var transport = []string{
	"Content-Type", "Content-Length", "Date", "Connection", "Transfer-Encoding", "Accept-Encoding", "Server",
	"X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "Content-Security-Policy", "Strict-Transport-Security",
	"Cross-Origin-Resource-Policy", "Traceparent", "Tracestate",
}

// checkAnswer holds an answer to the response that the operation has for its
// status.
func (c *Contract) checkAnswer(e Exchange, at string, o *openapi.Operation) error {
	status := strconv.Itoa(e.Status)
	response, ok := o.Responses[status]
	if !ok {
		return fmt.Errorf("the status %s is not documented; the body is %s", status, e.Body)
	}
	at += pointer("responses", status)
	if name, ok := strings.CutPrefix(response.Ref, "#/components/responses/"); ok {
		response, at = c.document.Components.Responses[name], pointer("components", "responses", name)
	}
	if response == nil {
		return fmt.Errorf("the response for %s refers to nothing", status)
	}
	return errors.Join(c.checkHeaders(e, at, response), c.checkBody(e, at, response))
}

func (c *Contract) checkHeaders(e Exchange, at string, response *openapi.Response) error {
	var faults []error
	known := slices.Clone(transport)
	for name, header := range response.Headers {
		known = append(known, http.CanonicalHeaderKey(name))
		place := at + pointer("headers", name)
		if ref, ok := strings.CutPrefix(header.Ref, "#/components/headers/"); ok {
			header, place = c.document.Components.Headers[ref], pointer("components", "headers", ref)
		}
		values := e.Header.Values(name)
		switch {
		case header == nil:
			faults = append(faults, fmt.Errorf("the header %s refers to nothing", name))
		case len(values) == 0 && header.Required:
			faults = append(faults, fmt.Errorf("the header %s is missing", name))
		case len(values) > 0:
			if err := c.validate(place+"/schema", typed(header.Schema, strings.Join(values, ", "))); err != nil {
				faults = append(faults, fmt.Errorf("the header %s is %q: %w", name, values, err))
			}
		}
	}
	for name := range e.Header {
		if !slices.Contains(known, name) && !strings.HasPrefix(name, "Access-Control-") {
			faults = append(faults, fmt.Errorf("the header %s is not documented", name))
		}
	}
	return errors.Join(faults...)
}

func (c *Contract) checkBody(e Exchange, at string, response *openapi.Response) error {
	if e.Method == http.MethodHead || len(e.Body) == 0 {
		if len(response.Content) > 0 && e.Method != http.MethodHead {
			return errors.New("the body is missing")
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(e.Header.Get("Content-Type"))
	if err != nil || response.Content[kind] == nil {
		return fmt.Errorf("a body of the type %q is not documented", e.Header.Get("Content-Type"))
	}
	return c.validateJSON(at+pointer("content", kind)+"/schema", e.Body)
}

// checkStray holds an answer to a request for what the document does not have:
// it must be a failure that any operation has. Of 405, which belongs to no
// operation alone, the headers are checked too.
func (c *Contract) checkStray(e Exchange, path string) error {
	stray := func(err error) error { return fmt.Errorf("%s %s, answered %d: %w", e.Method, e.Target, e.Status, err) }
	if e.Method == http.MethodOptions && e.Status == http.StatusNoContent {
		return nil
	}
	if e.Status < http.StatusBadRequest {
		if c.described(path) {
			return stray(errors.New("no such operation is documented"))
		}
		return nil
	}
	for name, response := range c.document.Components.Responses {
		at := pointer("components", "responses", name)
		if e.Status == http.StatusMethodNotAllowed && response.Headers["Allow"] != nil { // which HEAD has no body to tell by
			if err := errors.Join(c.checkHeaders(e, at, response), c.checkBody(e, at, response)); err != nil {
				return stray(err)
			}
			return nil
		}
		if c.checkBody(e, at, response) == nil {
			return nil
		}
	}
	return stray(fmt.Errorf("none of the documented failures is like this: %s", e.Body))
}

// described reports whether a path lies where everything is documented: below
// the folder of the documented paths.
func (c *Contract) described(path string) bool {
	for template := range c.document.Paths {
		parts := strings.SplitN(template, "/", 4)
		if len(parts) == 4 && strings.HasPrefix(path, strings.Join(parts[:3], "/")+"/") {
			return true
		}
	}
	return false
}

// typed reads a value in a header or a query as its schema says.
func typed(schema *openapi.Schema, text string) any {
	if schema != nil && schema.Type == "integer" {
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
	}
	return text
}
