package httpx

import (
	"fmt"
	"net/http"
	"slices"

	"docket/platform/openapi"
)

// success describes an answer of the route with this status.
func (r Route) success(status int) *openapi.Response {
	answer := &openapi.Response{Description: http.StatusText(status), Headers: answerHeaders()}
	if r.writes() {
		with(answer.Headers, "Idempotent-Replayed")
	}
	if status == http.StatusCreated {
		with(answer.Headers, "Location")
	}
	switch {
	case r.Streams:
		with(answer.Headers, "Content-Disposition")
		answer.Content = map[string]*openapi.MediaType{contentJSON: {Schema: r.Shows.Schema, Example: r.Shows.Example.AppendJSON(nil)}}
	case r.results != nil:
		answer.Content = success(openapi.Member("data", openapi.List(r.results.Schema, maxOperations)), r.results.example)
	case r.Shows == nil || status == http.StatusNoContent:
		return answer
	case r.Sorts != nil:
		example := AppendTagged([]byte(listHead), r.Shows.Example)
		answer.Content = success(openapi.Member("data", openapi.List(r.listed(), maxLimit)), appendMeta(example, exampleCursor, 1), openapi.Member("meta", pageMeta))
	default:
		with(answer.Headers, "ETag")
		answer.Content = success(openapi.Member("data", r.shown()), renderView(status, r.Shows.Example).Body)
	}
	return answer
}

// success describes a body in the envelope.
func success(data openapi.Property, example []byte, more ...openapi.Property) map[string]*openapi.MediaType {
	schema := enveloped(true, append([]openapi.Property{data}, more...)...)
	return map[string]*openapi.MediaType{contentJSON: {Schema: schema, Example: example}}
}

// shown is what a route shows of one resource.
func (r Route) shown() *openapi.Schema {
	if !r.includes() {
		return r.Shows.Schema
	}
	more := []openapi.Property{openapi.Maybe("etag", entityTagMember)}
	for _, p := range r.Shows.Included {
		more = append(more, openapi.Maybe(p.Name, p.Schema))
	}
	return openapi.Named(r.Shows.Schema.Title+"Details", openapi.Extended(r.Shows.Schema, more...))
}

// listed is what a route shows of each resource in a list.
func (r Route) listed() *openapi.Schema {
	name := "Listed" + r.Shows.Schema.Title
	listed := openapi.Named(name, openapi.Extended(r.Shows.Schema, openapi.Member("etag", entityTagMember)))
	if r.Sorts == nil || !r.includes() {
		return listed
	}
	var more []openapi.Property
	for _, p := range r.Shows.Included {
		more = append(more, openapi.Maybe(p.Name, p.Schema))
	}
	return openapi.Named(name+"Details", openapi.Extended(listed, more...))
}

func (r Route) includes() bool {
	return slices.ContainsFunc(r.Query, func(p Param) bool { return p.Name == "include" })
}

// What answers have in common.
var (
	// EntityTag is what [AppendTagged] adds.
	EntityTag       = openapi.Pattern(fmt.Sprintf(`^"[A-Za-z0-9_-]{%d}"$`, tagLength-2))
	entityTagMember = openapi.Described(EntityTag, "The entity tag that the resource has on its own, quotes included: what `If-Match` takes.")
	pageMeta        = openapi.Named("Page", openapi.Object(
		openapi.Member("next_cursor", openapi.Described(openapi.OrNull(cursorText), "What to send as `cursor` for the next page; null on the last.")),
		openapi.Member("limit", openapi.Described(openapi.Integer(1, maxLimit), "How many elements this page has at most.")),
	))
)

// cursorText is a cursor, in base64 for URLs: one that is longer than a URL may
// be is of no use.
var cursorText = openapi.Matching(openapi.String(1, MaxTargetBytes), "^[A-Za-z0-9_-]+$")

// What examples show.
const (
	exampleTag    = `"2hZ0tPpgVVqSxYkzMvDr4A"`
	exampleCursor = "AZjA3gAAcACAAAAAAAAAAA"
)
