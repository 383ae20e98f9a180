package httpx

import (
	"maps"
	"slices"
	"strings"

	"docket/platform/openapi"
)

const batchDescription = "Operations are done in order, in one transaction: either all of them or none. " +
	"Each is what its own request would be. A create may have a `temp_id`, by which later operations can name what it makes: " +
	"as their `id`, and in `data` wherever the id of another thing stands. " +
	"What is wrong with the form of operations is named of all of them, with the place of the first in `error.index`; else a failure is that of the first operation that fails, with its place in `error.index`, and those after it are not tried. " +
	"Fields are named like `operations[5].data.title`."

// What the document says of the members of an operation.
var (
	anyID = ReadAs(anyText, openapi.Described(nameOrID,
		"What to change: a UUID, or the `temp_id` of a create before."))
	temporaryID = ReadAs(parseTempID, openapi.Described(visibleText(maxTempID),
		"A name for what is created, for later operations to refer to: visible ASCII characters, and no UUID."))
	ifMatch = ReadAs(parseIfMatch, openapi.Described(openapi.String(1, MaxHeaderBytes),
		"As the header If-Match: the entity tag of the resource as you know it."))
	dryRunFlag = openapi.Described(openapi.Boolean(), "Answers the same and changes nothing.")
	// nameOrID is a real id, or a temporary one in place of it.
	nameOrID = visibleText(maxTempID)
)

// describe reads a batch as [batch.read] does, to take note of what that asks
// for.
func (b *batch) describe(o *Object) { _, _, _ = b.read(o) } // what is read of nothing does not count

// operationSchema describes an operation by what it does to what, so that the
// types of a client know its data: one of those that there are routes for. Each
// fits one alone; it is an anyOf all the same since linters cannot tell, for an
// operation on a task need not say that it is one.
func (b *batch) operationSchema() *openapi.Schema {
	all := &openapi.Schema{Description: "One operation. What its `data` is goes by `op` and `resource`; without `resource` it is one of a task, but the types of a client tell members of the wrong resource only where it is named."}
	resources := b.known()
	slices.SortStableFunc(resources, func(a, _ string) int { return map[bool]int{true: -1}[a == defaultResource] })
	for _, resource := range resources {
		for _, verb := range slices.Sorted(maps.Keys(verbs)) {
			if route, ok := b.routes[routeOf(verb, resource)]; ok {
				all.AnyOf = append(all.AnyOf, describeOperation(verb, resource, route))
			}
		}
	}
	return openapi.Named("BatchOperation", all)
}

// describeOperation describes what [batch.readOperation] takes of an operation
// that stands for a request to route.
func describeOperation(verb, resource string, route Route) *openapi.Schema {
	target := openapi.Member("resource", openapi.OneOf(resource))
	if resource == defaultResource {
		target.Optional = true
	}
	o := openapi.Object(openapi.Member("op", openapi.OneOf(verb)), target)
	o.Description = route.Summary + "."
	if verb == verbCreate {
		openapi.Add(o, openapi.Maybe("temp_id", temporaryID.schema))
	} else {
		openapi.Add(o, openapi.Member("id", anyID.schema))
		openapi.Add(o, openapi.Maybe("if_match", ifMatch.schema))
	}
	switch {
	case verb == verbDelete && len(route.Query) > 0:
		openapi.Add(o, openapi.Maybe("data", queryData(route)))
	case verb != verbDelete:
		openapi.Add(o, openapi.Member("data", referring(route.Body.schema())))
	}
	return openapi.Named("Batch"+capitalized(verb)+capitalized(resource), openapi.Closed(o))
}

// queryData describes the parameters of a request without a body, as an object.
func queryData(route Route) *openapi.Schema {
	data := openapi.Object()
	data.Description = "The parameters of the operation's own request."
	for _, p := range route.Query {
		openapi.Add(data, openapi.Maybe(p.Name, openapi.Described(p.Schema, p.Description)))
	}
	return openapi.Closed(data)
}

// referring returns the schema of a body with temporary ids allowed where
// [references] stand; the same where none does.
func referring(body *openapi.Schema) *openapi.Schema {
	own := *body
	own.Properties = maps.Clone(body.Properties)
	refers := false
	for _, name := range references {
		if p, ok := body.Properties[name]; ok {
			own.Properties[name], refers = relaxed(p), true
		}
	}
	if !refers {
		return body
	}
	own.Title = "Batch" + body.Title
	return &own
}

// relaxed takes a temporary id too where schema takes a UUID, or UUIDs.
func relaxed(schema *openapi.Schema) *openapi.Schema {
	own := *schema
	if own.Items != nil {
		own.Items = relaxed(own.Items)
		return &own
	}
	if own.Description != "" {
		own.Description += " Here also the `temp_id` of a create before."
	}
	own.Format, own.Pattern, own.MinLength, own.MaxLength = "", nameOrID.Pattern, nameOrID.MinLength, nameOrID.MaxLength
	return &own
}

func capitalized(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// listOf is an array of at least one and at most limit objects, whose schema is
// still being made.
func listOf(element *openapi.Schema, limit int) *openapi.Schema {
	one := 1
	list := openapi.List(element, limit)
	list.MinItems = &one
	return list
}

// results are what a batch answers, with an example.
type results struct {
	*openapi.Schema

	example []byte
	// current is what an operation whose condition does not hold shows.
	current *openapi.Schema
}

// results describes what the routes of the batch show.
func (b *batch) results() *results {
	shown, current := map[string]*openapi.Schema{}, &openapi.Schema{Description: "The resource as it now is, where there is one."}
	var example []byte
	for _, r := range b.app.routes {
		if r.Shows == nil || r.Many == nil {
			continue
		}
		listed := r.listed()
		shown[listed.Title] = listed
		current.AnyOf = append(current.AnyOf, r.Shows.Schema)
		if example == nil {
			o := &operation{tempID: "new"}
			example = slices.Concat([]byte(listHead), o.appendResult(nil, Response{view: r.Shows.Example}), []byte("]}"))
		}
	}
	data := &openapi.Schema{Description: "The resource as it is after its operation; null where that was a delete."}
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		data.AnyOf = append(data.AnyOf, shown[name])
	}
	data.AnyOf = append(data.AnyOf, &openapi.Schema{Type: "null"})
	return &results{example: example, current: current, Schema: openapi.Named("BatchResult", openapi.Object(
		openapi.Member("index", openapi.Described(openapi.Integer(0, maxOperations-1), "Which operation, the first being 0.")),
		openapi.Maybe("temp_id", openapi.Described(openapi.String(1, maxTempID), "As it was given.")),
		openapi.Member("data", data),
	))}
}

// example is a batch of all that can be created, as their own routes would.
func (b *batch) example() Example {
	return Example{Body: `{"operations":[{"op":"create","resource":"task","temp_id":"new","data":{"title":"Buy paint"}},{"op":"create","resource":"task","data":{"title":"Choose a colour","parent_id":"new"}}]}`}
}
