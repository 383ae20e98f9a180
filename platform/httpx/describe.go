package httpx

import (
	"slices"

	"docket/platform/errs"
	"docket/platform/openapi"
)

// Textual is a kind of string in a body or a query: how it is read, and what
// the document says of it.
type Textual[T any] struct {
	parse  func(string) (T, error)
	schema *openapi.Schema
}

// ReadAs returns the Textual that parse reads and schema describes.
func ReadAs[T any](parse func(string) (T, error), schema *openapi.Schema) Textual[T] {
	return Textual[T]{parse: parse, schema: schema}
}

// Parse reads text.
func (t Textual[T]) Parse(text string) (T, error) { return t.parse(text) }

// Schema describes it.
func (t Textual[T]) Schema() *openapi.Schema { return t.schema }

// Param is one query parameter of a route.
type Param struct {
	Name        string
	Description string
	// Schema describes the value; a list is written with commas.
	Schema *openapi.Schema
	// Example is a value that works, nil for none.
	Example any
}

// Body is what a route reads from the JSON object that it is sent.
type Body struct {
	name string
	read func(*Object)
}

// Reads makes the Body called name of a function that reads it onto a draft:
// the document describes what that function asks for.
func Reads[D any, F ~func(*D) errs.Faults](name string, read func(*Object) F) *Body {
	return &Body{name: name, read: func(o *Object) { read(o)(new(D)) }}
}

// schema runs the reader on an object that takes note of what it asks for.
func (b *Body) schema() *openapi.Schema {
	o := &Object{described: openapi.Object()}
	b.read(o)
	return openapi.Named(b.name, openapi.Closed(o.described))
}

// describe takes note of a member that a reader asks for, where that is what o
// is for.
func (o *Object) describe(name string, schema *openapi.Schema) {
	if o.described == nil {
		return
	}
	openapi.Add(o.described, openapi.Property{Name: name, Schema: schema, Optional: !slices.Contains(o.described.Required, name)})
}

// Describe lets a reader say of its body as a whole what no member says.
func (o *Object) Describe(say func(*openapi.Schema)) {
	if o.described != nil {
		say(o.described)
	}
}

// Resource is what the document says of something that answers show.
type Resource struct {
	// Schema is that of the [View], with a name.
	Schema *openapi.Schema
	// Example is a View to show.
	Example View
	// Included is what the query parameter include adds, if the route has one.
	Included []openapi.Property
}

// Example is one request that works, as a person would try it out. Those of
// all operations, in the order of [App.Routes], can be sent one after the
// other: a PUT makes what the others are about.
type Example struct {
	// Query is what stands behind the question mark.
	Query string
	// ID takes the place of :id in the path.
	ID string
	// Body is JSON.
	Body string
	// First are requests that make what this one needs and no other has made.
	First []Call
}

// Call is one request to a path below [BasePath].
type Call struct{ Method, Path, Body string }
