// Package openapi is the model of an OpenAPI 3.1 document, as far as Docket
// says something in one: https://spec.openapis.org/oas/v3.1.1.
//
// Schemas are those of JSON Schema 2020-12. One that has a name ([Named]) is
// written once, among the components, and referred to wherever it is used.
package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Version is the version of the specification that documents are written in.
const Version = "3.1.1"

// Document is a whole description of an API.
type Document struct {
	OpenAPI    string                `json:"openapi"`
	Info       Info                  `json:"info"`
	Servers    []Server              `json:"servers,omitempty"`
	Security   []map[string][]string `json:"security,omitempty"`
	Tags       []Group               `json:"tags,omitempty"`
	Paths      map[string]*PathItem  `json:"paths"`
	Components Components            `json:"components"`
	// ExternalDocs are for people.
	ExternalDocs *ExternalDocs `json:"externalDocs,omitempty"`
}

// ExternalDocs is where there is more to read; the URL may be relative to the
// document's.
type ExternalDocs struct {
	Description string `json:"description,omitempty"`
	URL         string `json:"url"`
}

// Info says what the API is.
type Info struct {
	Title       string   `json:"title"`
	Summary     string   `json:"summary,omitempty"`
	Description string   `json:"description,omitempty"`
	Version     string   `json:"version"`
	License     *License `json:"license,omitempty"`
}

// License is what the API may be used under.
type License struct {
	Name       string `json:"name"`
	Identifier string `json:"identifier,omitempty"` // SPDX
}

// Server is where the API is served; its URL may be relative to the document's.
type Server struct {
	URL         string `json:"url"`
	Description string `json:"description,omitempty"`
}

// Group is a group of operations: what OpenAPI calls a tag.
type Group struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// PathItem has the operations of one path.
type PathItem struct {
	Get    *Operation `json:"get,omitempty"`
	Put    *Operation `json:"put,omitempty"`
	Post   *Operation `json:"post,omitempty"`
	Delete *Operation `json:"delete,omitempty"`
	Patch  *Operation `json:"patch,omitempty"`
}

// Set adds the operation of a method. It returns an error for a method that no
// route has.
func (p *PathItem) Set(method string, o *Operation) error {
	place, ok := map[string]**Operation{
		"GET": &p.Get, "PUT": &p.Put, "POST": &p.Post, "DELETE": &p.Delete, "PATCH": &p.Patch,
	}[method]
	if !ok {
		return fmt.Errorf("describe %s: the method %s has no place in the document", o.ID, method)
	}
	*place = o
	return nil
}

// Operation is one method of one path.
type Operation struct {
	Tags        []string               `json:"tags,omitempty"`
	Summary     string                 `json:"summary,omitempty"`
	Description string                 `json:"description,omitempty"`
	ID          string                 `json:"operationId"`
	Parameters  []*Parameter           `json:"parameters,omitempty"`
	RequestBody *RequestBody           `json:"requestBody,omitempty"`
	Responses   map[string]*Response   `json:"responses"`
	Security    *[]map[string][]string `json:"security,omitempty"`
	// Requests are an example to try out: the last is one of this operation,
	// those before make what it needs. Tools that do not know the extension pass
	// over it.
	Requests []Request `json:"x-requests,omitempty"`
}

// Request is one request that works.
type Request struct {
	Method string `json:"method"`
	// Path has the query too.
	Path string          `json:"path"`
	Body json.RawMessage `json:"body,omitempty"`
}

// Parameter is one parameter in a path, a query or a header, or a reference to
// one among the components.
type Parameter struct {
	Ref         string  `json:"$ref,omitempty"`
	Name        string  `json:"name,omitempty"`
	In          string  `json:"in,omitempty"`
	Description string  `json:"description,omitempty"`
	Required    bool    `json:"required,omitempty"`
	Style       string  `json:"style,omitempty"`
	Explode     *bool   `json:"explode,omitempty"`
	Schema      *Schema `json:"schema,omitempty"`
	// Example is of a parameter that must be there, Examples are of any other.
	Example  json.RawMessage    `json:"example,omitempty"`
	Examples map[string]*Sample `json:"examples,omitempty"`
}

// Sample is a value that works.
type Sample struct {
	Value json.RawMessage `json:"value"`
	// Unsent says that whoever tries the operation out does not mean to send it:
	// Scalar takes an example for what is to be sent
	// (https://github.com/scalar/scalar, x-disabled). Tools that do not know the
	// extension pass over it.
	Unsent bool `json:"x-disabled,omitempty"`
}

// Shown is the example of a parameter that need not be sent.
func Shown(value any) map[string]*Sample {
	return map[string]*Sample{"default": {Value: Example(value), Unsent: true}}
}

// RequestBody is what an operation is sent.
type RequestBody struct {
	Description string                `json:"description,omitempty"`
	Required    bool                  `json:"required,omitempty"`
	Content     map[string]*MediaType `json:"content"`
}

// MediaType is a body of one content type.
type MediaType struct {
	Schema  *Schema         `json:"schema,omitempty"`
	Example json.RawMessage `json:"example,omitempty"`
}

// Response is what an operation answers with one status, or a reference to one
// among the components.
type Response struct {
	Ref         string                `json:"$ref,omitempty"`
	Description string                `json:"description,omitempty"`
	Headers     map[string]*Header    `json:"headers,omitempty"`
	Content     map[string]*MediaType `json:"content,omitempty"`
}

// Header is one header of a response, or a reference to one among the
// components.
type Header struct {
	Ref         string          `json:"$ref,omitempty"`
	Description string          `json:"description,omitempty"`
	Required    bool            `json:"required,omitempty"`
	Schema      *Schema         `json:"schema,omitempty"`
	Example     json.RawMessage `json:"example,omitempty"`
}

// Components are what the rest of a document refers to.
type Components struct {
	Schemas         map[string]*Schema         `json:"schemas,omitempty"`
	Responses       map[string]*Response       `json:"responses,omitempty"`
	Parameters      map[string]*Parameter      `json:"parameters,omitempty"`
	Headers         map[string]*Header         `json:"headers,omitempty"`
	SecuritySchemes map[string]*SecurityScheme `json:"securitySchemes,omitempty"`
}

// SecurityScheme is a way to prove who asks.
type SecurityScheme struct {
	Type         string `json:"type"`
	Scheme       string `json:"scheme,omitempty"`
	BearerFormat string `json:"bearerFormat,omitempty"`
	Description  string `json:"description,omitempty"`
}

// Encode writes the document as JSON, with each schema that has a name among
// the components. It returns an error where two differ that have the same
// name.
func (d *Document) Encode() ([]byte, error) {
	h := hoist{named: map[string]*Schema{}, written: map[string][]byte{}}
	whole, err := h.document(*d)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(whole); err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return bytes.TrimSpace(out.Bytes()), nil
}
