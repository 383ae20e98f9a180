package openapitest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"docket/platform/openapi"
	"docket/platform/openapi/openapitest"
)

// thing is a part of what its kind shows in a list.
var thing = openapi.Named("Thing", openapi.Object(
	openapi.Member("id", openapi.UUID()),
	openapi.Member("name", openapi.String(1, 5)),
	openapi.Maybe("state", openapi.OneOf("on", "off")),
))

func contract(t *testing.T) *openapitest.Contract {
	t.Helper()
	limit := openapi.Integer(1, 3)
	answer := func(data *openapi.Schema) map[string]*openapi.MediaType {
		return map[string]*openapi.MediaType{"application/json": {Schema: openapi.Object(openapi.Member("data", data))}}
	}
	refusal := &openapi.Response{
		Headers: map[string]*openapi.Header{"Allow": {Required: true, Schema: openapi.Pattern("^[A-Z, ]+$")}},
		Content: map[string]*openapi.MediaType{"application/json": {
			Schema: openapi.Object(openapi.Member("error", openapi.Object(openapi.Member("code", openapi.OneOf("METHOD_NOT_ALLOWED"))))),
		}},
	}
	failure := &openapi.Response{Content: map[string]*openapi.MediaType{"application/json": {
		Schema: openapi.Object(openapi.Member("error", openapi.Object(openapi.Member("code", openapi.OneOf("NOT_FOUND"))))),
	}}}
	listed := openapi.Extended(thing, openapi.Member("etag", openapi.String(1, 0)))
	d := openapi.Document{
		Paths: map[string]*openapi.PathItem{
			"/v/1/things": {
				Get: &openapi.Operation{
					ID: "listThings",
					Parameters: []*openapi.Parameter{
						{Ref: "#/components/parameters/Limit"},
						{Name: "state", In: "query", Schema: openapi.List(openapi.OneOf("on", "off"), 2)},
					},
					Responses: map[string]*openapi.Response{"200": {Content: answer(openapi.List(listed, 0))}},
				},
				Post: &openapi.Operation{
					ID: "createThing",
					RequestBody: &openapi.RequestBody{Content: map[string]*openapi.MediaType{
						"application/json": {Schema: openapi.Closed(openapi.Object(openapi.Member("name", openapi.String(1, 5))))},
					}},
					Responses: map[string]*openapi.Response{"201": {
						Headers: map[string]*openapi.Header{"Location": {Required: true, Schema: openapi.Format("uri-reference")}, "Ratelimit-Limit": {Schema: openapi.Integer(0, -1)}},
						Content: answer(thing),
					}},
				},
			},
			"/alive": {Get: &openapi.Operation{ID: "getAlive", Security: &[]map[string][]string{}, Responses: map[string]*openapi.Response{"204": {}}}},
			"/v/1/things/{id}": {Get: &openapi.Operation{ID: "getThing", Responses: map[string]*openapi.Response{
				"200": {Content: answer(thing)}, "204": {}, "404": {Ref: "#/components/responses/NotFound"},
			}}, Put: &openapi.Operation{ID: "putThing", Responses: map[string]*openapi.Response{"204": {}}}},
		},
		Components: openapi.Components{
			Parameters: map[string]*openapi.Parameter{"Limit": {Name: "limit", In: "query", Schema: limit}},
			Responses:  map[string]*openapi.Response{"NotFound": failure, "MethodNotAllowed": refusal},
		},
	}
	text, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	c, err := openapitest.New(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	one      = `{"id":"0198c0de-0000-7000-8000-000000000000","name":"one"}`
	listed   = `{"id":"0198c0de-0000-7000-8000-000000000000","name":"one","etag":"x"}`
	notFound = `{"error":{"code":"NOT_FOUND"}}`
)

func exchange(request string, status int, body string, header ...string) openapitest.Exchange {
	parts := strings.SplitN(request, " ", 3)
	e := openapitest.Exchange{Method: parts[0], Target: parts[1], Status: status, Body: []byte(body), Header: http.Header{}}
	if len(parts) > 2 {
		e.Content = []byte(parts[2])
	}
	if body != "" {
		e.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	for pair := range slices.Chunk(header, 2) {
		e.Header.Set(pair[0], pair[1])
	}
	return e
}

func TestWhatIsAsDocumentedPasses(t *testing.T) {
	t.Parallel()
	c := contract(t)
	for _, e := range []openapitest.Exchange{
		exchange("GET /v/1/things/x", 200, `{"data":`+one+`}`),
		exchange("HEAD /v/1/things/x", 200, ""),
		exchange("GET /v/1/things/x", 204, ""),
		exchange("GET /v/1/things/x", 404, notFound),
		exchange("GET /v/1/things?limit=3&state=on,off", 200, `{"data":[`+listed+`]}`),
		exchange("GET /v/1/things?limit=", 200, `{"data":[]}`),
		exchange("GET /v/1/things?&=&st%61te=o%6E&", 200, `{"data":[]}`),
		exchange(`POST /v/1/things {"name":" three "}`, 201, `{"data":`+one+`}`, "Location", "/v/1/things/x"),
		exchange(`POST /v/1/things {"name":"one"}`, 201, `{"data":`+one+`}`, "Location", "/v/1/things/x", "RateLimit-Limit", "7", "Date", "now"),
		exchange("PATCH /v/1/things", 405, `{"error":{"code":"METHOD_NOT_ALLOWED"}}`, "Allow", "GET"),
		exchange("GET /v/1/nothing", 404, notFound),
		exchange("PUT /v/1/things/", 404, notFound), // an id is never empty
		exchange("GET /alive?now=1", 204, ""),
		exchange("GET /elsewhere", 200, "anything"),
		exchange("OPTIONS /v/1/things", 204, ""),
	} {
		if err := c.Check(e); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatIsNotAsDocumentedIsFound(t *testing.T) {
	t.Parallel()
	c := contract(t)
	created := []string{"Location", "/v/1/things/x"}
	for why, e := range map[string]openapitest.Exchange{
		"status 201 is not documented":   exchange("GET /v/1/things/x", 201, `{"data":`+one+`}`),
		"the body is missing":            exchange("GET /v/1/things/x", 200, ""),
		"/data/extra":                    exchange("GET /v/1/things/x", 200, `{"data":{"id":"0198c0de-0000-7000-8000-000000000000","name":"one","extra":1}}`),
		"/more":                          exchange("GET /v/1/things/x", 200, `{"data":`+one+`,"more":1}`),
		"missing property 'etag'":        exchange("GET /v/1/things", 200, `{"data":[`+one+`]}`),
		"/data/0/odd":                    exchange("GET /v/1/things", 200, `{"data":[`+strings.Replace(listed, "{", `{"odd":1,`, 1)+`]}`),
		"missing property 'name'":        exchange("GET /v/1/things/x", 200, `{"data":{"id":"0198c0de-0000-7000-8000-000000000000"}}`),
		"maxLength":                      exchange("GET /v/1/things/x", 200, `{"data":`+strings.Replace(one, "one", "eleven", 1)+`}`),
		"is not valid uuid":              exchange("GET /v/1/things/x", 200, `{"data":{"id":"7","name":"one"}}`),
		"must be one of 'on', 'off'":     exchange("GET /v/1/things/x", 200, `{"data":`+strings.Replace(one, "{", `{"state":"broken",`, 1)+`}`),
		"not JSON":                       exchange("GET /v/1/things/x", 200, `{"data":`),
		`type "text/plain"`:              exchange("GET /v/1/things/x", 200, one, "Content-Type", "text/plain"),
		"must be 'NOT_FOUND'":            exchange("GET /v/1/things/x", 404, `{"error":{"code":"GONE"}}`),
		"header Location is missing":     exchange("POST /v/1/things", 201, `{"data":`+one+`}`),
		"header X-Odd is not documented": exchange("POST /v/1/things", 201, `{"data":`+one+`}`, append(created, "X-Odd", "1")...),
		"Ratelimit-Limit is":             exchange("POST /v/1/things", 201, `{"data":`+one+`}`, append(created, "RateLimit-Limit", "many")...),
		"a body was accepted":            exchange(`POST /v/1/things {"name":"one","odd":1}`, 201, `{"data":`+one+`}`, created...),
		"limit=4 was accepted":           exchange("GET /v/1/things?limit=4", 200, `{"data":[]}`),
		"state=on,broken was accepted":   exchange("GET /v/1/things?state=on,broken", 200, `{"data":[]}`),
		"state=o%6n was accepted":        exchange("GET /v/1/things?state=o%6n", 200, `{"data":[]}`),
		"maxLength: got 6":               exchange(`POST /v/1/things {"name":"eleven"}`, 201, `{"data":`+one+`}`, created...),
		"accepted that is not JSON":      exchange(`POST /v/1/things {"name":"one"`, 201, `{"data":`+one+`}`, created...),
		"odd was accepted":               exchange("GET /v/1/things?odd=1", 200, `{"data":[]}`),
		"status 404 is not documented":   exchange("PUT /v/1/things/x", 404, notFound),
		"no such operation":              exchange("PUT /v/1/things", 200, `{}`),
		"none of the documented":         exchange("GET /v/1/nothing", 404, `{"error":{"code":"GONE"}}`),
		"header Allow is missing":        exchange("PATCH /v/1/things", 405, `{"error":{"code":"METHOD_NOT_ALLOWED"}}`),
		"missing property 'error'":       exchange("PATCH /v/1/things", 405, `{}`, "Allow", "GET"),
		"header Allow is [\"get\"]":      exchange("PATCH /v/1/things", 405, `{"error":{"code":"METHOD_NOT_ALLOWED"}}`, "Allow", "get"),
	} {
		if err := c.Check(e); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s %s, answered %d %s: %v, want an error with %q", e.Method, e.Target, e.Status, e.Body, err, why)
		}
	}
}

// Two things that are called the same must be the same.
func TestNamesMeanOneThing(t *testing.T) {
	t.Parallel()
	d := openapi.Document{Components: openapi.Components{Headers: map[string]*openapi.Header{
		"A": {Schema: openapi.Named("Thing", openapi.String(1, 5))}, "B": {Schema: openapi.Named("Thing", openapi.String(1, 6))},
	}}}
	if _, err := d.Encode(); err == nil || !strings.Contains(err.Error(), "Thing") {
		t.Errorf("two schemas of one name: %v", err)
	}
}
