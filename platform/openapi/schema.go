package openapi

import (
	"encoding/json"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema is a JSON Schema (2020-12). Those that the functions of this package
// return are never changed afterwards: each function that adds something
// returns a copy.
type Schema = jsonschema.Schema

// Named gives a schema the name under which it stands among the components.
func Named(name string, s *Schema) *Schema {
	own := *s
	own.Title = name
	return &own
}

// Ref refers to the schema of this name.
func Ref(name string) *Schema { return &Schema{Ref: "#/components/schemas/" + name} }

// Described says of a schema what is meant by it. One that has a name keeps
// that, and what is said is about this use of it.
func Described(s *Schema, text string) *Schema {
	if s.Title != "" {
		return &Schema{AllOf: []*Schema{s}, Description: text}
	}
	own := *s
	own.Description = text
	return &own
}

// Like adds an example.
func Like(s *Schema, example any) *Schema {
	own := *s
	own.Examples = append(slices.Clone(s.Examples), example)
	return &own
}

// String is text of at least shortest and at most longest characters; 0 sets
// no limit.
func String(shortest, longest int) *Schema {
	s := &Schema{Type: "string"}
	if shortest > 0 {
		s.MinLength = &shortest
	}
	if longest > 0 {
		s.MaxLength = &longest
	}
	return s
}

// TakesEmpty reports whether text may be empty that s describes: text of any
// form, and of no least length. A nil Schema takes anything.
func TakesEmpty(s *Schema) bool {
	if s == nil {
		return true
	}
	return s.Type == "string" && s.Enum == nil && s.Format == "" && s.Pattern == "" && s.MinLength == nil
}

// Pattern is text that a regular expression matches, in the syntax that Go and
// ECMAScript share.
func Pattern(expression string) *Schema { return &Schema{Type: "string", Pattern: expression} }

// Matching says of a text that a regular expression matches it too.
func Matching(text *Schema, expression string) *Schema {
	own := *text
	own.Pattern = expression
	return &own
}

// Format is text in a format of JSON Schema, such as uuid or date-time.
func Format(name string) *Schema { return &Schema{Type: "string", Format: name} }

// UUID is a UUID in its canonical form (RFC 9562).
func UUID() *Schema { return Format("uuid") }

// Instant is a point in time (RFC 3339).
func Instant() *Schema { return Format("date-time") }

// OneOf is one of a few words.
func OneOf[T ~string](words ...T) *Schema {
	s := &Schema{Type: "string"}
	for _, w := range words {
		s.Enum = append(s.Enum, string(w))
	}
	return s
}

// Constant is one value and nothing else.
func Constant(value bool) *Schema { return &Schema{Type: "boolean", Enum: []any{value}} }

// Boolean is true or false.
func Boolean() *Schema { return &Schema{Type: "boolean"} }

// Integer is a whole number of at least least; most below least sets no upper
// limit.
func Integer(least, most int) *Schema {
	low, high := float64(least), float64(most)
	s := &Schema{Type: "integer", Minimum: &low}
	if most >= least {
		s.Maximum = &high
	}
	return s
}

// Number is a number of at least least, whole or not.
func Number(least float64) *Schema { return &Schema{Type: "number", Minimum: &least} }

// List is an array of at most longest elements; 0 sets no limit.
func List(of *Schema, longest int) *Schema {
	s := &Schema{Type: "array", Items: of}
	if longest > 0 {
		s.MaxItems = &longest
	}
	return s
}

// Any is a value of any kind, nothing said of it.
func Any() *Schema { return &Schema{Type: "object", AdditionalProperties: &Schema{}} }

// OrNull also takes null.
func OrNull(s *Schema) *Schema {
	if s.Title != "" || s.Type == "" {
		return &Schema{AnyOf: []*Schema{s, {Type: "null"}}}
	}
	own := *s
	own.Types = []string{s.Type, "null"}
	own.Type = ""
	if s.Enum != nil {
		own.Enum = append(slices.Clone(s.Enum), nil)
	}
	return &own
}

// Property is a member of an object.
type Property struct {
	Name     string
	Schema   *Schema
	Optional bool
}

// Member is a property that is always there.
func Member(name string, s *Schema) Property { return Property{Name: name, Schema: s} }

// Maybe is a property that may be absent.
func Maybe(name string, s *Schema) Property { return Property{Name: name, Schema: s, Optional: true} }

// Object has these properties. It says nothing of others.
func Object(properties ...Property) *Schema {
	s := &Schema{Type: "object", Properties: map[string]*Schema{}}
	for _, p := range properties {
		Add(s, p)
	}
	return s
}

// Add adds a property to an object that is being made.
func Add(object *Schema, p Property) {
	if _, ok := object.Properties[p.Name]; !ok {
		object.PropertyOrder = append(object.PropertyOrder, p.Name)
	}
	object.Properties[p.Name] = p.Schema
	if !p.Optional && !slices.Contains(object.Required, p.Name) {
		object.Required = append(object.Required, p.Name)
	}
}

// Extended is an object that has more properties than s.
func Extended(s *Schema, properties ...Property) *Schema {
	return &Schema{AllOf: []*Schema{s, Object(properties...)}}
}

// Closed is an object that takes no other properties than its own.
func Closed(s *Schema) *Schema {
	own := *s
	own.AdditionalProperties = &Schema{Not: &Schema{}}
	return &own
}

// NotEmpty says of an object that is being made that it takes no {}.
func NotEmpty(object *Schema) {
	one := 1
	object.MinProperties = &one
}

// Unique says of a list that nothing is in it twice.
func Unique(list *Schema) *Schema {
	own := *list
	own.UniqueItems = true
	return &own
}

// Example writes an example. It panics where value cannot be written as JSON,
// which only a fault of the program can be.
func Example(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}
