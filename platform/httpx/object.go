package httpx

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/nearest"
	"docket/platform/openapi"
)

// What a body may be like. Nothing in the API needs more than four levels or
// twenty members.
const (
	maxDepth   = 32
	maxMembers = 100
)

// Object is a JSON object being read: each member that is asked for goes where
// it belongs or becomes a fault, and [Object.Faults] names all of them, the
// members nobody asked for included.
//
// A member that is absent leaves its destination alone, null clears one that
// may be null: reading onto a copy of what is stored is RFC 7396's merge patch,
// reading onto a new value is a create or a replacement.
type Object struct {
	members []member
	known   []string
	faults  errs.Faults
	// described is set on an object that is not read: it takes note of what a
	// reader asks for, as the schema of what there should be.
	described *openapi.Schema
}

type member struct {
	name string
	raw  jsontext.Value
}

// ParseObject reads body as one JSON object. What is not JSON by RFC 8259, not
// UTF-8, holds a name twice or nests too deeply is Malformed; another kind of
// value is Invalid.
func ParseObject(body []byte) (*Object, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, errs.New(errs.Malformed, "the body is empty; a JSON object is expected")
	}
	if nestsDeeper(body, maxDepth) {
		return nil, errs.New(errs.Malformed, fmt.Sprintf("the body nests deeper than %d levels", maxDepth))
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	if kind := dec.PeekKind(); kind != '{' && kind != 0 {
		if err := readToEnd(dec); err != nil {
			return nil, err
		}
		return nil, invalidBody(errs.FaultInvalidType, "must be an object, not "+kindName(kind))
	}
	o, err := readMembers(dec)
	if err != nil {
		return nil, err
	}
	return o, readToEnd(dec)
}

// readMembers reads an object up to, and without, its closing bracket.
func readMembers(dec *jsontext.Decoder) (*Object, error) {
	o := &Object{}
	if _, err := dec.ReadToken(); err != nil {
		return nil, malformed(err)
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, malformed(err)
		}
		m := member{name: name.String()}
		raw, err := dec.ReadValue()
		if err != nil {
			return nil, malformed(err)
		}
		m.raw = raw.Clone()
		if o.members = append(o.members, m); len(o.members) > maxMembers {
			return nil, invalidBody(errs.FaultTooMany, fmt.Sprintf("must hold at most %d members", maxMembers))
		}
	}
	return o, nil
}

// invalidBody is a fault of the body as a whole, which has no field.
func invalidBody(code errs.FaultCode, message string) error {
	e := errs.New(errs.Invalid, "the body "+message)
	e.Details = []errs.Fault{{Code: code, Message: message}}
	return e
}

// readToEnd makes sure that what is left of the body is sound and that nothing
// stands behind the one value.
func readToEnd(dec *jsontext.Decoder) error {
	for {
		_, err := dec.ReadToken()
		switch {
		case err == nil && dec.StackDepth() == 0:
			if len(bytes.TrimSpace(dec.UnreadBuffer())) > 0 {
				return errs.New(errs.Malformed, "the body goes on after the end of its JSON value")
			}
			return nil
		case err != nil:
			return malformed(err)
		}
	}
}

// malformed says where a body stops being JSON. It repeats none of it
// but the name of a member that stands twice, not even as a cause: the library's
// own errors quote what they stumble on, and causes are logged.
func malformed(err error) error {
	message := "the body is not JSON; it ends too early"
	var syntax *jsontext.SyntacticError
	switch {
	case !errors.As(err, &syntax):
	case errors.Is(err, jsontext.ErrDuplicateName):
		message = "the body names a member twice: " + echo(syntax.JSONPointer.LastToken()) + place(syntax.JSONPointer.Parent())
	default:
		message = fmt.Sprintf("the body is not JSON in UTF-8: it goes wrong at byte %d", syntax.ByteOffset)
	}
	return errs.New(errs.Malformed, message)
}

// place says where a member stands that is not one of the body itself, as a JSON
// Pointer (RFC 6901).
func place(parent jsontext.Pointer) string {
	if parent == "" {
		return ""
	}
	return " in " + echo(string(parent))
}

// nestsDeeper counts brackets outside strings, before a parser recurses.
func nestsDeeper(body []byte, limit int) bool {
	depth, inString, escaped := 0, false, false
	for _, b := range body {
		switch {
		case escaped:
			escaped = false
		case inString && b == '\\':
			escaped = true
		case b == '"':
			inString = !inString
		case inString:
		case b == '{' || b == '[':
			if depth++; depth > limit {
				return true
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	return false
}

// find returns the raw value of a member, and takes note that it is known.
func (o *Object) find(name string) (jsontext.Value, bool) {
	if !slices.Contains(o.known, name) {
		o.known = append(o.known, name)
	}
	for _, m := range o.members {
		if m.name == name {
			return m.raw, true
		}
	}
	return nil, false
}

// Require makes the absence of any of names a fault.
func (o *Object) Require(names ...string) {
	if o.described != nil {
		o.described.Required = append(o.described.Required, names...)
		return
	}
	for _, name := range names {
		if _, ok := o.find(name); !ok {
			o.faults.Add(name, errs.Faultf(errs.FaultRequired, "is required"))
		}
	}
}

// ReadOnly makes the presence of any of names a fault: the server sets them.
func (o *Object) ReadOnly(names ...string) {
	for _, name := range names {
		if slices.ContainsFunc(o.members, func(m member) bool { return m.name == name }) {
			o.find(name)
			o.faults.Add(name, errs.Faultf(errs.FaultReadOnly, "is set by the server and cannot be sent"))
		}
	}
}

// Has reports whether the member is there, null included.
func (o *Object) Has(name string) bool {
	_, ok := o.find(name)
	return ok
}

// Faults returns everything found wrong so far, members that nobody asked for
// included. It is called once, after the last member was asked for.
func (o *Object) Faults() errs.Faults {
	for _, m := range o.members {
		if !slices.Contains(o.known, m.name) {
			o.faults.Add(echo(m.name), unknown(errs.FaultUnknownField, "field", m.name, o.known))
		}
	}
	return o.faults
}

// Text reads a string that must not be null.
func Text[T any](o *Object, name string, dst *T, kind Textual[T]) {
	o.describe(name, kind.schema)
	raw, ok := o.find(name)
	if !ok {
		return
	}
	if raw.Kind() == 'n' {
		o.faults.Add(name, errs.Faultf(errs.FaultNullNotAllowed, "must not be null"))
		return
	}
	readText(o, name, raw, dst, kind.parse)
}

// TextOrNull reads a string; null sets *dst to nil.
func TextOrNull[T any](o *Object, name string, dst **T, kind Textual[T]) {
	if o.described != nil { // the schema costs more than the reading
		o.describe(name, openapi.OrNull(kind.schema))
	}
	raw, ok := o.find(name)
	if !ok {
		return
	}
	if raw.Kind() == 'n' {
		*dst = nil
		return
	}
	var v T
	if readText(o, name, raw, &v, kind.parse) {
		*dst = &v
	}
}

// IDOrNull reads a UUID; null sets *dst to nil.
func IDOrNull(o *Object, name string, dst **uuid.UUID, schema *openapi.Schema) {
	TextOrNull(o, name, dst, ReadAs(parseUUID, schema))
}

// ID reads a UUID that must not be null; *dst stays nil where there is none.
func ID(o *Object, name string, dst **uuid.UUID, schema *openapi.Schema) {
	Text(o, name, dst, ReadAs(func(text string) (*uuid.UUID, error) {
		id, err := parseUUID(text)
		return &id, err
	}, schema))
}

// IDs reads an array of UUIDs, none twice and no more than schema says. It must
// not be null.
func IDs(o *Object, name string, dst *[]uuid.UUID, schema *openapi.Schema) {
	o.describe(name, schema)
	limit := *schema.MaxItems
	raw, ok := o.find(name)
	if !ok {
		return
	}
	switch raw.Kind() {
	case '[':
	case 'n':
		o.faults.Add(name, errs.Faultf(errs.FaultNullNotAllowed, "must not be null; [] clears it"))
		return
	default:
		o.faults.Add(name, errs.Faultf(errs.FaultInvalidType, "must be an array, not %s", kindName(raw.Kind())))
		return
	}
	elements := elementsOf(raw)
	if len(elements) > limit {
		o.faults.Add(name, errs.Faultf(errs.FaultTooMany, "must hold at most %d elements", limit))
		return
	}
	ids := make([]uuid.UUID, 0, len(elements))
	for i, e := range elements {
		var id uuid.UUID
		field := fmt.Sprintf("%s[%d]", name, i)
		if !readText(o, field, e, &id, parseUUID) {
			continue
		}
		if slices.Contains(ids, id) {
			o.faults.Add(field, errs.Faultf(errs.FaultDuplicate, "stands in the list already"))
		}
		ids = append(ids, id)
	}
	*dst = ids
}

// elementsOf splits an array that is known to be sound.
func elementsOf(array jsontext.Value) []jsontext.Value {
	dec := jsontext.NewDecoder(bytes.NewBuffer(array))
	_, err := dec.ReadToken()
	var all []jsontext.Value
	for err == nil && dec.PeekKind() != ']' {
		var v jsontext.Value
		if v, err = dec.ReadValue(); err == nil {
			all = append(all, v.Clone())
		}
	}
	return all
}

func readText[T any](o *Object, field string, raw jsontext.Value, dst *T, parse func(string) (T, error)) bool {
	if raw.Kind() != '"' {
		o.faults.Add(field, errs.Faultf(errs.FaultInvalidType, "must be a string, not %s", kindName(raw.Kind())))
		return false
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		o.faults.Add(field, errs.Faultf(errs.FaultInvalidFormat, "must be a string in UTF-8"))
		return false
	}
	// PostgreSQL cannot store it, and no text of a person holds it.
	if bytes.IndexByte(text, 0) >= 0 {
		o.faults.Add(field, errs.Faultf(errs.FaultInvalidFormat, "must not hold the character U+0000"))
		return false
	}
	v, err := parse(string(text))
	if err != nil {
		o.faults.Add(field, err)
		return false
	}
	*dst = v
	return true
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '{':
		return "an object"
	default:
		return "an array"
	}
}

// maxEcho bounds how many bytes of a name nobody knows are repeated to its
// sender.
const maxEcho = 64

func echo(name string) string {
	if len(name) <= maxEcho {
		return name
	}
	return strings.ToValidUTF8(name[:maxEcho], "") + "…"
}

// unknown is the fault of a name that is not among known.
func unknown(code errs.FaultCode, what, name string, known []string) errs.Fault {
	if meant := nearest.Name(echo(name), known); meant != "" {
		return errs.Faultf(code, "is not a %s of this request; did you mean %s?", what, meant)
	}
	if len(known) == 0 {
		return errs.Faultf(code, "is not a %s of this request, which takes none", what)
	}
	return errs.Faultf(code, "is not a %s of this request; known are %s", what, strings.Join(known, ", "))
}
