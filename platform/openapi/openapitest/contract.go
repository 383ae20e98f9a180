// Package openapitest holds requests and answers to an OpenAPI document, in
// tests: what is answered must be in it, to the last header and member, and so
// must what is accepted.
package openapitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"docket/platform/openapi"
)

// Exchange is a request and its answer.
type Exchange struct {
	Method string
	// Target is the path with its query.
	Target string
	// Content is the body that was sent.
	Content []byte
	Status  int
	Header  http.Header
	Body    []byte
}

// Contract is a document to hold exchanges to. It is safe for concurrent use.
type Contract struct {
	document openapi.Document
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

// documentURL is the name of the document among the schemas.
const documentURL = "https://docket.invalid/openapi.json"

// New returns the Contract that a document is, as it is served.
func New(text []byte) (*Contract, error) {
	c := &Contract{compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	if err := json.Unmarshal(text, &c.document); err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	closeSchemas(whole)
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource(documentURL, whole); err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	return c, nil
}

// Check returns all in which an exchange is not as the document says, nil where
// it is. What is not accepted need not have been sent as the document says.
func (c *Contract) Check(e Exchange) error {
	path, query, _ := strings.Cut(e.Target, "?")
	template, operation := c.find(e.Method, path)
	if operation == nil {
		return c.checkStray(e, path)
	}
	at := pointer("paths", template, strings.ToLower(readAs(e.Method)))
	faults := []error{c.checkAnswer(e, at, operation)}
	// Whoever asks anonymously asks a probe, which reads nothing of a request.
	if e.Status < http.StatusMultipleChoices && operation.Security == nil {
		faults = append(faults, c.checkQuery(operation, at, query), c.checkContent(e, at, operation))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("%s %s, answered %d, is not as the document says of %s:\n%w", e.Method, e.Target, e.Status, operation.ID, err)
	}
	return nil
}

// readAs is the method that describes this one: HEAD is GET without a body (RFC
// 9110, section 9.3.2).
func readAs(method string) string {
	if method == http.MethodHead {
		return http.MethodGet
	}
	return method
}

// find returns the operation that a path belongs to: one that is written out
// rather than one with a parameter.
func (c *Contract) find(method, path string) (template string, found *openapi.Operation) {
	for candidate, item := range c.document.Paths {
		o := item.Get
		switch readAs(method) {
		case http.MethodPut:
			o = item.Put
		case http.MethodPost:
			o = item.Post
		case http.MethodDelete:
			o = item.Delete
		case http.MethodPatch:
			o = item.Patch
		case http.MethodGet:
		default:
			return "", nil
		}
		if o != nil && fits(candidate, path) && (found == nil || !strings.Contains(candidate, "{")) {
			template, found = candidate, o
		}
	}
	return template, found
}

func fits(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i, part := range want {
		if part != got[i] && (!strings.HasPrefix(part, "{") || got[i] == "") {
			return false
		}
	}
	return true
}

// validate holds value to the schema at a place in the document.
func (c *Contract) validate(at string, value any) error {
	schema, err := c.schema(at)
	if err != nil {
		return err
	}
	return schema.Validate(value) //nolint:wrapcheck // it says where and what
}

func (c *Contract) schema(at string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if schema, ok := c.compiled[at]; ok {
		return schema, nil
	}
	schema, err := c.compiler.Compile(documentURL + "#" + at)
	if err != nil {
		return nil, fmt.Errorf("the document's schema at %s: %w", at, err)
	}
	c.compiled[at] = schema
	return schema, nil
}

// validateJSON holds a body to the schema at a place in the document.
func (c *Contract) validateJSON(at string, body []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	return c.validate(at, value)
}

// pointer writes a JSON pointer (RFC 6901) for the fragment of a URL.
func pointer(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(p))
	}
	return b.String()
}
