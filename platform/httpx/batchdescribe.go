package httpx

import (
	"maps"
	"slices"

	"docket/platform/openapi"
)

const batchDescription = "Operations are done in order, in one transaction: either all of them or none. " +
	"Each is what its own request would be. A create may have a `temp_id`, by which later operations can name what it makes: " +
	"as their `id`, and in `data` as `project_id`, `parent_id` or among `tag_ids`. " +
	"What is wrong with the form of operations is named of all of them; else a failure is that of the first operation that fails, with its place in `error.index`, and those after it are not tried. " +
	"Fields are named like `operations[5].data.title`."

// What the document says of the members of an operation.
var (
	anyID = ReadAs(anyText, openapi.Described(openapi.String(1, 0),
		"What to change: a UUID, or the `temp_id` of a create before. Not for a create."))
	temporaryID = ReadAs(parseTempID, openapi.Described(openapi.String(1, maxTempID),
		"A name for what is created, for later operations to refer to: visible ASCII characters, and no UUID."))
	ifMatch = ReadAs(parseIfMatch, openapi.Described(openapi.String(1, 0),
		"As the header If-Match: the entity tag of the resource as you know it. Not for a create."))
	operationData = openapi.Described(openapi.Any(), "What the body of the operation's own request would be. For a delete the parameters of its request: `{\"tasks\":\"delete\"}` deletes the tasks of a project too; a delete that takes no parameters has no data.")
	dryRunFlag    = openapi.Described(openapi.Boolean(), "Answers the same and changes nothing.")
)

func (b *batch) verb() Textual[string] {
	return ReadAs(b.parseVerb, openapi.OneOf(slices.Sorted(maps.Keys(verbs))...))
}

func (b *batch) resource() Textual[string] {
	return ReadAs(b.parseResource, openapi.Described(openapi.OneOf(b.known()...), "What it is done to; `task` if absent."))
}

// describe reads a batch as [batch.read] does, to take note of what that asks
// for.
func (b *batch) describe(o *Object) { _, _, _ = b.read(o) } // what is read of nothing does not count

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
