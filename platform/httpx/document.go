package httpx

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"docket/platform/errs"
	"docket/platform/openapi"
	"docket/platform/ratelimit"
)

// Content types of bodies.
const (
	contentJSON  = "application/json"
	contentPatch = "application/merge-patch+json"
)

// Document describes the routes that were added so far, as they are served.
func (a *App) Document(info openapi.Info) (*openapi.Document, error) {
	d := &openapi.Document{
		OpenAPI:  openapi.Version,
		Info:     info,
		Servers:  []openapi.Server{{URL: "/", Description: "The server that this document comes from"}},
		Security: []map[string][]string{{"bearer": {}}},
		Paths:    map[string]*openapi.PathItem{},
		Components: openapi.Components{
			Responses: map[string]*openapi.Response{}, Parameters: parameters(), Headers: headers(),
			SecuritySchemes: map[string]*openapi.SecurityScheme{"bearer": {
				Type: "http", Scheme: "bearer", BearerFormat: "JWT",
				Description: "A JWT of the issuer that users sign in with. In `local`, `docket token` prints one.",
			}},
		},
	}
	for _, kind := range errs.Kinds() {
		d.Components.Responses[responseName(kind)] = describeFailure(kind, nil)
	}
	for _, r := range a.routes {
		if err := addTo(d, r); err != nil {
			return nil, err
		}
	}
	for _, p := range a.probes {
		if p.Operation == "" {
			continue
		}
		d.Paths[p.Path] = &openapi.PathItem{Get: p.describe()}
		if !slices.Contains(d.Tags, p.Group) {
			d.Tags = append(d.Tags, p.Group)
		}
	}
	return d, nil
}

func addTo(d *openapi.Document, r Route) error {
	if r.Operation == "" {
		return fmt.Errorf("describe %s %s: it has no name", r.Method, r.Path)
	}
	path := BasePath + documentPath(r.Path)
	if d.Paths[path] == nil {
		d.Paths[path] = &openapi.PathItem{}
	}
	o := &openapi.Operation{
		ID: r.Operation, Summary: r.Summary, Description: r.Description,
		Parameters: r.parameters(), RequestBody: r.requestBody(), Responses: r.responses(), Requests: r.requests(),
	}
	if r.Group.Name != "" {
		o.Tags = []string{r.Group.Name}
		if !slices.Contains(d.Tags, r.Group) {
			d.Tags = append(d.Tags, r.Group)
		}
	}
	return d.Paths[path].Set(r.Method, o)
}

// documentPath writes a path as OpenAPI does: /tags/{id} for /tags/:id.
func documentPath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

func (r Route) writes() bool { return r.Method != http.MethodGet }

// parameters describes what the route reads besides its body.
func (r Route) parameters() []*openapi.Parameter {
	var all []*openapi.Parameter
	for part := range strings.SplitSeq(r.Path, "/") {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			all = append(all, &openapi.Parameter{Name: name, In: "path", Required: true, Schema: openapi.UUID(), Example: r.Example.id()})
		}
	}
	if r.Sorts != nil {
		all = append(all, parameter("Limit"), parameter("Cursor"), r.sortParameter())
	}
	for _, p := range r.Query {
		all = append(all, p.describe())
	}
	switch {
	case !r.writes():
		if r.Shows != nil && r.Sorts == nil && !r.Streams {
			all = append(all, parameter("IfNoneMatch"))
		}
	case r.Guards != nil && r.Method == http.MethodPut:
		all = append(all, parameter("IfMatch"), parameter("IfNoneMatchCreate"), parameter("IdempotencyKey"))
	case r.Guards != nil:
		all = append(all, parameter("IfMatch"), parameter("IdempotencyKey"))
	default:
		all = append(all, parameter("IdempotencyKey"))
	}
	return append(all, parameter("RequestId"))
}

func (e Example) id() []byte {
	if e.ID == "" {
		return nil
	}
	return openapi.Example(e.ID)
}

// requests are the example of the route, ready to be sent.
func (r Route) requests() []openapi.Request {
	var all []openapi.Request
	for _, c := range append(slices.Clone(r.Example.First), Call{Method: r.Method, Path: r.Example.path(r.Path), Body: r.Example.Body}) {
		all = append(all, openapi.Request{Method: c.Method, Path: BasePath + c.Path, Body: []byte(c.Body)})
	}
	return all
}

// path fills in the route's path.
func (e Example) path(route string) string {
	path := strings.ReplaceAll(route, ":id", e.ID)
	if e.Query != "" {
		path += "?" + e.Query
	}
	return path
}

func (r Route) sortParameter() *openapi.Parameter {
	var words []string
	for _, s := range r.Sorts {
		name := strings.TrimPrefix(s, "-")
		words = append(words, name, "-"+name)
	}
	schema := openapi.OneOf(words...)
	schema.Default = openapi.Example(r.Sorts[0])
	return &openapi.Parameter{
		Name: "sort", In: "query", Schema: schema, Examples: openapi.Shown(r.Sorts[0]),
		Description: "What to sort by, with `-` in front for descending. Ties are broken by id. " +
			"Names and titles go by the code points of their letters without regard to case, not by a language's alphabet: `Ä` comes behind `z`. That order is the same on every server and stays, so that a cursor finds its place.",
	}
}

// describe writes a list with commas, which is how it is read.
func (p Param) describe() *openapi.Parameter {
	described := &openapi.Parameter{Name: p.Name, In: "query", Description: p.Description, Schema: p.Schema}
	if p.Schema != nil && p.Schema.Type == "array" {
		explode := false
		described.Style, described.Explode = "form", &explode
	}
	if p.Example != nil {
		described.Examples = openapi.Shown(p.Example)
	}
	return described
}

func (r Route) requestBody() *openapi.RequestBody {
	if r.Body == nil {
		return nil
	}
	media := &openapi.MediaType{Schema: r.Body.schema()}
	if r.Example.Body != "" {
		media.Example = []byte(r.Example.Body)
	}
	body := &openapi.RequestBody{Required: true, Content: map[string]*openapi.MediaType{contentJSON: media}}
	if r.Method == http.MethodPatch {
		body.Content[contentPatch] = media
		body.Description = "A JSON Merge Patch (RFC 7396): a member that is absent is left alone, `null` clears one."
	}
	return body
}

// responses describes all that the route can answer.
func (r Route) responses() map[string]*openapi.Response {
	all := map[string]*openapi.Response{}
	statuses := r.Statuses
	if statuses == nil {
		statuses = []int{http.StatusOK}
	}
	for _, status := range statuses {
		all[strconv.Itoa(status)] = r.success(status)
	}
	if !r.writes() && r.Shows != nil && r.Sorts == nil && !r.Streams {
		all[strconv.Itoa(http.StatusNotModified)] = &openapi.Response{
			Description: "If-None-Match names what would be sent: nothing has changed.",
			Headers:     with(answerHeaders(), "ETag"),
		}
	}
	for _, kind := range r.kinds() {
		status := strconv.Itoa(statusOf[kind])
		if kind == errs.PreconditionFailed && r.Guards != nil || r.results != nil && ofOperation(kind) {
			all[status] = describeFailure(kind, &r)
			continue
		}
		all[status] = &openapi.Response{Ref: "#/components/responses/" + responseName(kind)}
	}
	return all
}

// kinds are the failures that the route can answer, and the one that its path
// answers to methods that none has: a client that switches on the code should
// know of it, and OpenAPI has no place for what is of no operation.
func (r Route) kinds() []errs.Kind {
	kinds := []errs.Kind{
		errs.Malformed, errs.Unauthenticated, errs.Invalid, errs.RateLimited, errs.TooLarge, errs.HeadersTooLarge,
		errs.Internal, errs.Unavailable, errs.DeadlineExceeded, errs.MethodNotAllowed,
	}
	if strings.Contains(r.Path, ":") && r.Method != http.MethodPut || r.results != nil {
		kinds = append(kinds, errs.NotFound)
	}
	if r.writes() {
		kinds = append(kinds, errs.Conflict, errs.PreconditionFailed)
	}
	if r.Body != nil {
		kinds = append(kinds, errs.UnsupportedMedia)
	}
	return kinds
}

// responseName is the name of a failure among the components, that of its code:
// ResourceNotFound.
func responseName(kind errs.Kind) string {
	var name strings.Builder
	for word := range strings.SplitSeq(string(errs.CodesOf(kind)[0]), "_") {
		name.WriteString(word[:1] + strings.ToLower(word[1:]))
	}
	return name.String()
}

// visibleText is what [visible] takes.
func visibleText(limit int) *openapi.Schema {
	return openapi.Matching(openapi.String(1, limit), "^[!-~]+$")
}

func parameter(name string) *openapi.Parameter {
	return &openapi.Parameter{Ref: "#/components/parameters/" + name}
}

// parameters are those that many operations take.
func parameters() map[string]*openapi.Parameter {
	limit := openapi.Integer(1, maxLimit)
	limit.Default = openapi.Example(defaultLimit)
	return map[string]*openapi.Parameter{
		"Limit":  {Name: "limit", In: "query", Schema: limit, Examples: openapi.Shown(defaultLimit), Description: "How many elements a page has at most."},
		"Cursor": {Name: "cursor", In: "query", Schema: cursorText, Examples: openapi.Shown(exampleCursor), Description: "`meta.next_cursor` of the page before, as it is. It is good for the same user and the same query, with any `limit`."},
		"IfMatch": {Name: "If-Match", In: "header", Schema: openapi.String(1, MaxHeaderBytes), Examples: openapi.Shown(exampleTag),
			Description: "The entity tag of the resource as you know it: its `ETag`, or `etag` where it was listed. Where it has changed since, nothing is written and the answer is a 412 with the resource as it now is."},
		"IfNoneMatch": {Name: "If-None-Match", In: "header", Schema: openapi.String(1, MaxHeaderBytes), Examples: openapi.Shown(exampleTag), Description: "The entity tag of what you have: the answer is an empty 304 if that is still it."},
		"IfNoneMatchCreate": {Name: "If-None-Match", In: "header", Schema: openapi.String(1, MaxHeaderBytes), Examples: openapi.Shown("*"),
			Description: "`*` creates only: where the resource exists, the answer is a 412 that shows it."},
		"IdempotencyKey": {Name: "Idempotency-Key", In: "header", Schema: visibleText(maxIdempotencyKey), Examples: openapi.Shown(exampleRequestID),
			Description: fmt.Sprintf("Makes it safe to send the request again: one that was answered is not done twice, its answer is replayed with `Idempotent-Replayed: true`. 1 to %d visible ASCII characters, new for each request; kept for 24 hours.", maxIdempotencyKey)},
		"RequestId": {Name: "X-Request-Id", In: "header", Schema: openapi.String(1, maxRequestID), Examples: openapi.Shown(exampleRequestID),
			Description: fmt.Sprintf("A name for the request, for you to find it by: it is logged and comes back. At most %d visible ASCII characters; otherwise one is made.", maxRequestID)},
	}
}

// anyMethod is a regular expression for one of the methods that are served.
var anyMethod = strings.ReplaceAll(servedMethods, ", ", "|")

// headers are those that many answers have.
func headers() map[string]*openapi.Header {
	text := func(schema *openapi.Schema, description, example string) *openapi.Header {
		return &openapi.Header{Required: true, Schema: schema, Description: description, Example: openapi.Example(example)}
	}
	number := func(description string, most, example int) *openapi.Header {
		return &openapi.Header{Schema: openapi.Integer(0, most), Description: description, Example: openapi.Example(example)}
	}
	all := map[string]*openapi.Header{
		"X-Request-Id":        text(visibleText(maxRequestID), "The name of the request, as you sent it or as it was made.", exampleRequestID),
		"ETag":                text(EntityTag, "The strong entity tag of what is shown. It changes exactly when that does.", exampleTag),
		"Location":            text(openapi.Format("uri-reference"), "Where the new resource is.", BasePath+"/tags/0198c0de-0000-7000-8000-000000000000"),
		"Cache-Control":       text(openapi.OneOf(cachePrivate, cacheNothing), "The answer is for this user alone, and to be asked for again; or not to be kept at all.", cachePrivate),
		"Vary":                text(openapi.Matching(openapi.String(1, 0), "^[A-Za-z-]+(, [A-Za-z-]+)*$"), "What the answer depends on besides the address.", "Authorization, Origin"),
		"WWW-Authenticate":    text(openapi.OneOf(challenge), "How to prove who asks (RFC 6750).", challenge),
		"Allow":               text(openapi.Pattern("^("+anyMethod+")(, ("+anyMethod+"))*$"), "The methods that the path takes.", "GET, HEAD, POST"),
		"Content-Disposition": text(openapi.Matching(openapi.String(1, 0), `^attachment; filename="[^"]+"$`), "What to save the document as.", `attachment; filename="docket-export-2026-11-23.json"`),
		"Idempotent-Replayed": text(openapi.OneOf("true"), "The request was done before, and this is what it was answered then.", "true"),
		"Retry-After":         number("How many seconds to wait before the next try.", seconds(ratelimit.MaxWindow), 1),
		"RateLimit-Limit":     number("How many requests there may be in the window.", ratelimit.MaxRequests, 100),
		"RateLimit-Remaining": number("How many of them are left.", ratelimit.MaxRequests, 99),
		"RateLimit-Reset":     number("In how many seconds all of them are there again.", seconds(ratelimit.MaxWindow), 60),
	}
	// What is answered before it is known who asks has less.
	for _, name := range []string{"Idempotent-Replayed", "Cache-Control", "Vary"} {
		all[name].Required = false
	}
	all["Retry-After"].Required = true
	return all
}

// with adds headers to those of an answer.
func with(all map[string]*openapi.Header, names ...string) map[string]*openapi.Header {
	for _, name := range names {
		all[name] = &openapi.Header{Ref: "#/components/headers/" + name}
	}
	return all
}

// answerHeaders are those of every answer of a route.
func answerHeaders() map[string]*openapi.Header {
	return with(map[string]*openapi.Header{}, "X-Request-Id", "Cache-Control", "Vary", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
}
