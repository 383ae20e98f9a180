package httpx

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"docket/platform/idempotency"
	"docket/platform/page"
)

// Response is what a handler answers.
type Response struct {
	status   int
	location string
	view     View
	list     elements
	next     *page.After
	isList   bool
	stream   *Stream
	results  []byte // of a batch: JSON objects separated by commas
}

const listHead = `{"success":true,"data":[`

// OK answers 200 with a resource.
func OK(v View) Response { return Response{status: http.StatusOK, view: v} }

// Created answers 201 with a new resource that lives at path, relative to
// [BasePath].
func Created(path string, v View) Response {
	return Response{status: http.StatusCreated, location: BasePath + path, view: v}
}

// NoContent answers 204.
func NoContent() Response { return Response{status: http.StatusNoContent} }

// List answers 200 with one page of resources; next is where it ended if more
// follow, nil on the last page.
func List[E any, V View](entities []E, view func(E) V, next *page.After) Response {
	return Response{status: http.StatusOK, list: elements{len(entities), func(dst []byte) []byte {
		one := new(V)
		shown, _ := any(one).(View) // what V implements, *V does
		for i, e := range entities {
			if i > 0 {
				dst = append(dst, ',')
			}
			*one = view(e)
			dst = AppendTagged(dst, shown)
		}
		return dst
	}}, next: next, isList: true}
}

// elements are those of a list, one written after the other by way of a single
// View, so that a page is not copied only to be shown.
type elements struct {
	n      int
	append func(dst []byte) []byte
}

// render writes what a handler returned in the success envelope.
func (r *Request) render(response Response) idempotency.Answer {
	switch {
	case response.stream != nil:
		r.stream = response.stream
		return idempotency.Answer{Status: response.status}
	case response.isList:
		return idempotency.Answer{Status: response.status, Body: r.renderList(response)}
	case response.results != nil:
		return idempotency.Answer{
			Status: response.status,
			Body:   slices.Concat([]byte(listHead), response.results, []byte("]}")),
		}
	case response.view == nil:
		return idempotency.Answer{Status: response.status}
	}
	if r.isRead() {
		return r.renderRead(response)
	}
	answer := renderView(response.status, response.view)
	answer.Location = response.location
	return answer
}

// renderRead writes a resource into the memory of an answer that was sent
// before, unless the client has it as it is.
func (r *Request) renderRead(response Response) idempotency.Answer {
	sent := &r.c.Context().Response
	answer := appendView(sent.SwapBody(nil)[:0], response.status, response.view)
	if unchanged(headerList(r.c, fiber.HeaderIfNoneMatch), answer.ETag) {
		sent.SwapBody(answer.Body[:0])
		answer.Status, answer.Body = http.StatusNotModified, nil
		return answer
	}
	sent.SwapBody(answer.Body)
	return answer
}

func renderView(status int, v View) idempotency.Answer {
	return appendView(make([]byte, 0, 1024), status, v)
}

// appendView writes a resource in the success envelope into body, which is
// empty.
func appendView(body []byte, status int, v View) idempotency.Answer {
	body = append(body, `{"success":true,"data":`...)
	start := len(body)
	if _, more := v.(Extended); more {
		body = AppendTagged(body, v) // the tag of the answer is none of the resource
	} else {
		body = v.AppendJSON(body)
	}
	return idempotency.Answer{Status: status, ETag: etag(body[start:]), Body: append(body, '}')}
}

// renderList adds to each element the entity tag that it has on its own, so
// that it can be changed without being fetched again.
//
// It writes into the memory of an answer that was sent before: a page has tens
// of kilobytes, which would otherwise be most of a request's garbage.
func (r *Request) renderList(response Response) []byte {
	answer := &r.c.Context().Response
	body := append(answer.SwapBody(nil)[:0], listHead...)
	body = slices.Grow(body, 512*response.list.n)
	body = response.list.append(body)
	cursor := ""
	if response.next != nil {
		cursor = r.cursors.Encode(r.scope(), *response.next)
	}
	body = appendMeta(body, cursor, r.page.Limit)
	answer.SwapBody(body)
	return body
}

// appendMeta ends a list: with how it goes on, "" for not at all.
func appendMeta(body []byte, cursor string, limit int) []byte {
	body = append(body, `],"meta":{"next_cursor":`...)
	if cursor == "" {
		body = append(body, "null"...)
	} else {
		body = appendString(body, cursor)
	}
	body = append(body, `,"limit":`...)
	body = strconv.AppendInt(body, int64(limit), 10)
	return append(body, "}}"...)
}

// AppendTagged appends a resource with its entity tag as one more member: the
// tag that If-Match takes, whatever else is shown.
func AppendTagged(dst []byte, v View) []byte {
	start := len(dst)
	dst = v.AppendJSON(dst)
	resource := dst[start:]
	if more, ok := v.(Extended); ok {
		resource = more.Resource().AppendJSON(nil)
	}
	sum := hashOf(resource)                          // before dst is written over
	dst = append(dst[:len(dst)-1], `,"etag":"\"`...) // the quotes of etag, escaped
	dst = appendHash(dst, sum)
	return append(dst, `\""}`...)
}

func (r *Request) isRead() bool {
	return r.c.Method() == fiber.MethodGet || r.c.Method() == fiber.MethodHead
}

// put makes body that of an answer, unless it was written there in the first
// place.
func put(answer *fasthttp.Response, body []byte) {
	if there := answer.Body(); len(there) == 0 || &there[0] != &body[0] {
		answer.SetBodyRaw(body)
	}
}

// send writes an answer out.
func send(c *fiber.Ctx, a idempotency.Answer) error {
	for _, header := range [...]struct{ name, value string }{
		{fiber.HeaderETag, a.ETag}, {fiber.HeaderLocation, a.Location}, {fiber.HeaderRetryAfter, a.RetryAfter},
	} {
		if header.value != "" {
			c.Set(header.name, header.value)
		}
	}
	c.Status(a.Status)
	if len(a.Body) > 0 {
		c.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
		put(&c.Context().Response, a.Body)
	}
	return nil
}
