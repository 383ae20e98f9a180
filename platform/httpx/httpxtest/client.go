package httpxtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"docket/platform/openapi/openapitest"
)

// requestID is what a [Client] sends unless told otherwise, so that golden
// files do not depend on how many requests came before.
const requestID = "request-of-a-test"

// Client sends requests to an [App], in process. It is safe for concurrent
// use.
type Client struct {
	app           *App
	authorization string
}

// Do sends one request and returns the answer. Headers come in pairs of name
// and value; an empty value keeps a header from being sent that otherwise
// would: Authorization, X-Request-Id, and with a body Content-Type.
func (c Client) Do(t testing.TB, method, path, body string, headers ...string) Response {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, content)
	r.Header.Set("X-Request-Id", requestID)
	if c.authorization != "" {
		r.Header.Set("Authorization", c.authorization)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Del(pair[0])
	}
	for pair := range slices.Chunk(headers, 2) {
		if pair[1] != "" {
			r.Header.Add(pair[0], pair[1])
		}
	}
	const noTimeout = -1
	answer, err := c.app.Fiber().Test(r, noTimeout)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	response := Read(t, answer)
	if contract := c.app.Contract(t); contract != nil {
		if err := response.Against(contract, r, body); err != nil {
			t.Error(err)
		}
	}
	return response
}

// Against returns all in which the answer to request, which had this body, is
// not as contract says.
func (r Response) Against(contract *openapitest.Contract, request *http.Request, body string) error {
	return contract.Check(openapitest.Exchange{
		Method: request.Method, Target: request.URL.RequestURI(), Content: []byte(body),
		Status: r.Status, Header: r.Header, Body: r.Body,
	})
}

// Response is an answer, read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Read reads answer to its end, closes it, and holds it to what is true of
// every answer: it has a request id, and a body of JSON is in the envelope
// that goes with its status.
func Read(t testing.TB, answer *http.Response) Response {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Errorf("close the answer: %v", err)
	}
	r := Response{Status: answer.StatusCode, Header: answer.Header, Body: body}
	if r.Header.Get("X-Request-Id") == "" {
		t.Errorf("status %d came without X-Request-Id", r.Status)
	}
	if len(body) > 0 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var envelope struct {
			Success *bool `json:"success"`
		}
		if err := json.Unmarshal(body, &envelope); err != nil {
			t.Errorf("status %d, a body that is not JSON: %v\n%s", r.Status, err, body)
		}
		if ok := envelope.Success; ok != nil && *ok != (r.Status < 400) {
			t.Errorf("status %d says success %t", r.Status, *ok)
		}
	}
	return r
}

// Want fails the test unless the answer has this status.
func (r Response) Want(t testing.TB, status int) Response {
	t.Helper()
	if r.Status != status {
		t.Fatalf("status is %d, want %d\n%s", r.Status, status, r.Body)
	}
	return r
}

// ETag is the entity tag of the answer.
func (r Response) ETag() string { return r.Header.Get("ETag") }

// Data reads what a success answers into dst, refusing members that dst does
// not have.
func (r Response) Data(t testing.TB, dst any) {
	t.Helper()
	strictly(t, r.Body, &struct {
		Success bool `json:"success"`
		Data    any  `json:"data"`
	}{Data: dst})
}

// Page is how a list goes on.
type Page struct {
	NextCursor *string `json:"next_cursor"`
	Limit      int     `json:"limit"`
}

// List reads one page of a list into dst, a pointer to a slice.
func (r Response) List(t testing.TB, dst any) Page {
	t.Helper()
	page := struct {
		Success bool `json:"success"`
		Data    any  `json:"data"`
		Meta    Page `json:"meta"`
	}{Data: dst}
	strictly(t, r.Body, &page)
	return page.Meta
}

// Failure is the error that an answer reports.
type Failure struct {
	Code      string          `json:"code"`
	Message   string          `json:"message"`
	Details   []Detail        `json:"details"`
	RequestID string          `json:"request_id"`
	Current   json.RawMessage `json:"current"`
	Index     *int            `json:"index"` // of a batch
}

// Detail is one fault among the details of a [Failure].
type Detail struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
	ID      string `json:"id"` // of what is in the way, on a 409
}

// Failure reads the error that the answer reports, after checking that it is
// in the failure envelope to the letter.
func (r Response) Failure(t testing.TB) Failure {
	t.Helper()
	envelope := struct {
		Success *bool    `json:"success"`
		Error   *Failure `json:"error"`
	}{}
	strictly(t, r.Body, &envelope)
	if envelope.Success == nil || *envelope.Success || envelope.Error == nil {
		t.Fatalf("this is no failure envelope: %s", r.Body)
	}
	failure := *envelope.Error
	if got, want := failure.RequestID, r.Header.Get("X-Request-Id"); got != want {
		t.Errorf("error.request_id is %q, X-Request-Id is %q", got, want)
	}
	if failure.Message == "" {
		t.Error("error.message is empty")
	}
	invalid := r.Status == http.StatusUnprocessableEntity
	if detailed := len(failure.Details) > 0; detailed != invalid && r.Status != http.StatusConflict {
		t.Errorf("status %d comes with %d details", r.Status, len(failure.Details))
	}
	if got, want := r.Header.Get("Content-Type"), "application/json; charset=utf-8"; got != want {
		t.Errorf("Content-Type is %q, want %q", got, want)
	}
	return failure
}

// WantFailure fails the test unless the answer is a failure with this status
// and code, which it returns.
func (r Response) WantFailure(t testing.TB, status int, code string) Failure {
	t.Helper()
	failure := r.Want(t, status).Failure(t)
	if failure.Code != code {
		t.Errorf("error.code is %s, want %s", failure.Code, code)
	}
	return failure
}

// WantInvalid fails the test unless the answer is a 422 that names exactly
// these faults, each "field code", in this order.
func (r Response) WantInvalid(t testing.TB, faults ...string) {
	t.Helper()
	failure := r.WantFailure(t, http.StatusUnprocessableEntity, "VALIDATION_FAILED")
	got := make([]string, len(failure.Details))
	for i, d := range failure.Details {
		got[i] = d.Field + " " + d.Code
		if d.Message == "" {
			t.Errorf("the fault of %s has no message", d.Field)
		}
	}
	if !slices.Equal(got, faults) {
		t.Errorf("faults are %q, want %q", got, faults)
	}
}

func strictly(t testing.TB, body []byte, dst any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(dst); err != nil {
		t.Fatalf("read the answer: %v\n%s", err, body)
	}
}
