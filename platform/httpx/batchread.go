package httpx

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/openapi"
)

// maxTempID bounds a temporary id, in characters.
const maxTempID = 64

// references are the members by which one thing names another: there, and as
// the id of an operation, a temporary id may stand in place of a real one.
var references = []string{"project_id", "parent_id", "before_id", "after_id", "into_id", "tag_ids"}

// read reads a batch, and returns all that is wrong with its form: what is
// wrong with the data of an operation shows when that operation is done. Where it
// is operations alone that are wrong, the failure is that of the first of them.
func (b *batch) read(body *Object) (operations []*operation, dryRun bool, err error) {
	body.Require("operations")
	raws := readObjects(body, "operations", maxOperations, b.operationSchema)
	readFlag(body, "dry_run", &dryRun, dryRunFlag)
	faults := body.Faults()
	ofBatch, first := len(faults), -1
	temps := map[string]uuid.UUID{}
	for i, raw := range raws {
		if raw == nil {
			ofBatch-- // that it is no object is a fault of the operation
			first = firstOf(first, i)
			continue
		}
		o, wrong := b.readOperation(i, raw, temps)
		for _, f := range wrong {
			f.Field = strings.TrimSuffix(fmt.Sprintf("operations[%d].%s", i, f.Field), ".")
			faults = append(faults, f)
			first = firstOf(first, i)
		}
		operations = append(operations, o)
	}
	err = faults.Err()
	if first >= 0 && ofBatch == 0 {
		err = &operationFailure{index: first, err: err}
	}
	return operations, dryRun, err
}

func firstOf(first, index int) int {
	if first < 0 {
		return index
	}
	return first
}

func (b *batch) readOperation(index int, raw *Object, temps map[string]uuid.UUID) (*operation, errs.Faults) {
	o := &operation{index: index, data: &Object{}}
	var verb, resource, id string
	resource = defaultResource
	raw.Require("op")
	Text(raw, "op", &verb, ReadAs(b.parseVerb, nil))
	Text(raw, "resource", &resource, ReadAs(b.parseResource, nil))
	Text(raw, "id", &id, anyID)
	Text(raw, "temp_id", &o.tempID, temporaryID)
	Text(raw, "if_match", &o.ifMatch, ifMatch)
	if data := readObject(raw, "data"); data != nil {
		o.data = data
	}
	if verb == "" || resource == "" {
		return o, raw.Faults()
	}
	route, known := b.routes[routeOf(verb, resource)]
	if !known {
		raw.faults.Add("op", errs.Faultf(errs.FaultInvalidValue, "a %s cannot be changed by %s", resource, verb))
	}
	o.route = route
	b.readIDs(o, raw, verb, id, temps)
	o.uses = o.data.substitute(temps)
	if o.tempID != "" && verb == verbCreate {
		if _, taken := temps[o.tempID]; taken {
			raw.faults.Add("temp_id", errs.Faultf(errs.FaultDuplicate, "was given to an operation before"))
		}
		temps[o.tempID] = o.newID
	}
	return o, raw.Faults()
}

// readIDs finds what the operation is about: a create makes an id, all else
// names one.
func (b *batch) readIDs(o *operation, raw *Object, verb, id string, temps map[string]uuid.UUID) {
	switch {
	case verb == verbCreate:
		o.newID = b.app.NewID()
		if put, ok := b.routes[fiber.MethodPut+" "+o.route.Path+"/:id"]; ok && o.route.Many == nil {
			o.route, o.id = put, o.newID // the way to create with an id that is known
		}
		if raw.Has("id") {
			raw.faults.Add("id", errs.Faultf(errs.FaultReadOnly, "is made by the server; temp_id names what a create makes"))
		}
		if o.ifMatch != "" {
			raw.faults.Add("if_match", errs.Faultf(errs.FaultConflict, "cannot go with a create: there is nothing to match"))
		}
		return
	case o.tempID != "":
		raw.faults.Add("temp_id", errs.Faultf(errs.FaultConflict, "can be given to a create alone"))
	}
	if verb != verbDelete {
		raw.Require("data")
	} else {
		raw.faults = append(raw.faults, o.readQuery(raw)...)
	}
	raw.Require("id")
	if raw.faults.Has("id") {
		return
	}
	made, ok := temps[id]
	if ok {
		o.id = made
		return
	}
	parsed, err := parseUUID(id)
	if err != nil {
		raw.faults.Add("id", errs.Faultf(errs.FaultInvalidFormat, "must be a UUID, or the temp_id of an operation before"))
	}
	o.id = parsed
}

// readQuery takes the data of a delete for the parameters that its own request
// would have.
func (o *operation) readQuery(raw *Object) (faults errs.Faults) {
	if !raw.Has("data") || raw.faults.Has("data") {
		return nil
	}
	if len(o.route.Query) == 0 {
		faults.Add("data", errs.Faultf(errs.FaultConflict, "cannot go with this delete"))
		return faults
	}
	o.query = map[string]string{}
	for _, p := range o.route.Query {
		var value string
		Text(o.data, p.Name, &value, ReadAs(anyText, p.Schema))
		if o.data.Has(p.Name) && !o.data.faults.Has(p.Name) && value == "" && !openapi.TakesEmpty(p.Schema) {
			o.data.faults.Add(p.Name, errs.Faultf(errs.FaultInvalidValue, "must not be empty; leave it out instead"))
		}
		o.query[p.Name] = value
	}
	for _, f := range o.data.Faults() {
		f.Field = strings.TrimSuffix("data."+f.Field, ".")
		faults = append(faults, f)
	}
	return faults
}

func (b *batch) parseVerb(text string) (string, error) {
	if _, ok := verbs[text]; !ok {
		return "", errs.Faultf(errs.FaultInvalidValue, "must be one of create, update, delete, move")
	}
	return text, nil
}

// parseResource takes what has a route that creates it.
func (b *batch) parseResource(text string) (string, error) {
	if _, ok := b.routes[routeOf(verbCreate, text)]; ok {
		return text, nil
	}
	return "", errs.Faultf(errs.FaultInvalidValue, "must be one of %s", strings.Join(b.known(), ", "))
}

// known lists what a batch can create.
func (b *batch) known() []string {
	var known []string
	for _, r := range b.app.routes {
		if name, ok := strings.CutSuffix(r.Path, "s"); ok && r.Method == verbs[verbCreate].method {
			known = append(known, strings.TrimPrefix(name, "/"))
		}
	}
	return known
}

// parseTempID refuses what could be taken for a real id.
func parseTempID(text string) (string, error) {
	if !visible(text, maxTempID) {
		return "", errs.Faultf(errs.FaultInvalidFormat, "must be 1 to %d visible ASCII characters", maxTempID)
	}
	if _, err := uuid.Parse(text); err == nil {
		return "", errs.Faultf(errs.FaultInvalidFormat, "must not look like a UUID")
	}
	return text, nil
}

// parseIfMatch refuses a condition that names nothing: it could hold of
// nothing, and must not be taken for none. A longer one than the header can be is
// refused too.
func parseIfMatch(text string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", errs.Faultf(errs.FaultTooShort, "must be an entity tag, such as the etag of a resource")
	}
	if len(text) > MaxHeaderBytes {
		return "", errs.Faultf(errs.FaultTooLong, "must have at most %d bytes, as the header If-Match", MaxHeaderBytes)
	}
	return text, nil
}

func anyText(text string) (string, error) { return text, nil }

// substitute puts real ids in place of temporary ones, and returns them.
func (o *Object) substitute(temps map[string]uuid.UUID) (used []uuid.UUID) {
	substituted := func(raw jsontext.Value) jsontext.Value {
		id, ok := temporary(raw, temps)
		if !ok {
			return raw
		}
		used = append(used, id)
		return appendID(nil, id)
	}
	for i, m := range o.members {
		if !slices.Contains(references, m.name) {
			continue
		}
		if m.raw.Kind() != '[' {
			o.members[i].raw = substituted(m.raw)
			continue
		}
		list := []byte{'['}
		for n, e := range elementsOf(m.raw) {
			if n > 0 {
				list = append(list, ',')
			}
			list = append(list, substituted(e)...)
		}
		o.members[i].raw = append(list, ']')
	}
	return used
}

// temporary returns the real id that the temporary one stands for which raw is.
func temporary(raw jsontext.Value, temps map[string]uuid.UUID) (uuid.UUID, bool) {
	if raw.Kind() != '"' {
		return uuid.Nil, false
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return uuid.Nil, false
	}
	id, ok := temps[string(text)]
	return id, ok
}

// again returns o as it was before anything was read: an operation may run
// more than once.
func (o *Object) again() *Object { return &Object{members: o.members} }

// readObject reads a member that is an object, or returns nil.
func readObject(o *Object, name string) *Object {
	raw, ok := o.find(name)
	if !ok {
		return nil
	}
	inner, err := objectOf(raw)
	o.faults.Add(name, err)
	return inner
}

// readObjects reads an array of at least one and at most limit objects; nil
// stands for an element that is none. The document describes an element by
// schema, which is made only for it.
func readObjects(o *Object, name string, limit int, schema func() *openapi.Schema) []*Object {
	if o.described != nil {
		o.describe(name, listOf(schema(), limit))
		return nil
	}
	raw, ok := o.find(name)
	if !ok {
		return nil
	}
	if raw.Kind() != '[' {
		o.faults.Add(name, wrongKind("an array", raw.Kind()))
		return nil
	}
	elements := elementsOf(raw)
	switch {
	case len(elements) == 0:
		o.faults.Add(name, errs.Faultf(errs.FaultTooShort, "must hold at least one element"))
	case len(elements) > limit:
		o.faults.Add(name, errs.Faultf(errs.FaultTooMany, "must hold at most %d elements", limit))
		return nil
	}
	all := make([]*Object, len(elements))
	for i, e := range elements {
		inner, err := objectOf(e)
		o.faults.Add(fmt.Sprintf("%s[%d]", name, i), err)
		all[i] = inner
	}
	return all
}

// objectOf reads a value that is known to be sound.
func objectOf(raw jsontext.Value) (*Object, error) {
	if raw.Kind() != '{' {
		return nil, wrongKind("an object", raw.Kind())
	}
	inner, err := readMembers(jsontext.NewDecoder(bytes.NewBuffer(raw)))
	if err != nil {
		return nil, errs.Faultf(errs.FaultTooMany, "must hold at most %d members", maxMembers)
	}
	return inner, nil
}

// readFlag reads a boolean that must not be null.
func readFlag(o *Object, name string, dst *bool, schema *openapi.Schema) {
	o.describe(name, schema)
	raw, ok := o.find(name)
	if !ok {
		return
	}
	switch raw.Kind() {
	case 't', 'f':
		*dst = raw.Kind() == 't'
	default:
		o.faults.Add(name, wrongKind("true or false", raw.Kind()))
	}
}

// wrongKind is the fault of a value that is not what it must be.
func wrongKind(must string, is jsontext.Kind) error {
	if is == 'n' {
		return errs.Faultf(errs.FaultNullNotAllowed, "must be %s, not null", must)
	}
	return errs.Faultf(errs.FaultInvalidType, "must be %s, not %s", must, kindName(is))
}
