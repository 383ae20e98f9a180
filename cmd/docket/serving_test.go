package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"docket/configs"
	"docket/platform/auth/devissuer"
	"docket/platform/config"
	"docket/platform/httpx/httpxtest"
	"docket/platform/openapi/openapitest"
	"docket/platform/pgtest"
)

// output collects what a server prints and tells when the first line is whole.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	first chan string
}

func newOutput() *output { return &output{first: make(chan string, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	whole := bytes.IndexByte(o.text.Bytes(), '\n') >= 0
	n, err := o.text.Write(p)
	if whole {
		return n, err
	}
	if line, _, ok := strings.Cut(o.text.String(), "\n"); ok {
		o.first <- line
	}
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// instance is a server of the test's own.
type instance struct {
	settings []string
	greeting greeting
	issuer   *devissuer.Issuer
	stdout   *output
	stderr   *output
	// stop asks it to end, and returns what it ended with.
	stop func() error
}

// serving runs serve, in this process, on a free loopback port, as the
// environment local with a database of the test's own and the development
// issuer. It is stopped when the test ends.
func serving(t *testing.T) *instance {
	t.Helper()
	return servingOn(t, "DATABASE_URL="+pgtest.URL(t), "DOCKET_DATA_DIR="+t.TempDir())
}

// servingOn is serving with a database and a data folder of the caller's.
func servingOn(t *testing.T, settings ...string) *instance {
	t.Helper()
	settings = throughPooler(t, settings)
	environ := append([]string{"DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0"}, settings...)
	cfg, err := config.Load(config.Sources{Files: configs.Files, Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := devissuer.Open(cfg.DataDir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &instance{settings: settings, issuer: issuer, stdout: newOutput(), stderr: newOutput()}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, cfg, s.stdout, s.stderr) }()
	s.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("the server ended with: %v\n%s", err, s.stderr)
		}
	})
	select {
	case line := <-s.stdout.first:
		if err := json.Unmarshal([]byte(line), &s.greeting); err != nil {
			t.Fatalf("the greeting is not a line of JSON: %v\n%s", err, line)
		}
	case err := <-ended:
		ended <- nil
		t.Fatalf("serve: %v\n%s", err, s.stderr)
	case <-time.After(patience):
		t.Fatalf("the server is not ready after %v\n%s", patience, s.stderr)
	}
	return s
}

// as returns a client that is signed in under an address.
func (s *instance) as(t *testing.T, email string) client {
	t.Helper()
	now := time.Now()
	return s.bearing(t, devissuer.Claims{
		Subject: devissuer.SubjectFor(email), Email: email, Name: strings.Split(email, "@")[0],
		IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	})
}

func (s *instance) bearing(t *testing.T, claims devissuer.Claims) client {
	t.Helper()
	token, err := s.issuer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	return client{base: s.greeting.API, authorization: "Bearer " + token}
}

// client sends requests over the network.
type client struct {
	base          string
	authorization string
}

// requestID makes the bodies of two failures comparable.
const requestID = "e2e"

// do sends one request to a path below /api/v1 and returns the answer.
// Headers come in pairs of name and value.
func (c client) do(t *testing.T, method, path, body string, headers ...string) httpxtest.Response {
	t.Helper()
	answer, err := c.try(t.Context(), method, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return httpxtest.Read(t, &http.Response{
		StatusCode: answer.Status, Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.Body)),
	})
}

// try is do for goroutines, which may not end the test, and for requests that
// should fail.
func (c client) try(ctx context.Context, method, path, body string, headers ...string) (httpxtest.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		return httpxtest.Response{}, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("X-Request-Id", requestID)
	if c.authorization != "" {
		r.Header.Set("Authorization", c.authorization)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	// A connection of its own, so that none that is idle holds up a stop.
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return httpxtest.Response{}, err
	}
	content, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return httpxtest.Response{Status: answer.StatusCode, Header: answer.Header, Body: content}, err
	}
	return asDocumented(httpxtest.Response{Status: answer.StatusCode, Header: answer.Header, Body: content}, r, body)
}

// contract is what the repository has of the API: every answer of these tests
// is held to it.
var contract = sync.OnceValues(func() (*openapitest.Contract, error) {
	text, err := os.ReadFile(filepath.Join("testdata", "openapi.json"))
	if err != nil {
		return nil, err
	}
	return openapitest.New(text)
})

// asDocumented returns the answer, and all in which it is not as the document
// says.
func asDocumented(answer httpxtest.Response, request *http.Request, body string) (httpxtest.Response, error) {
	document, err := contract()
	if err != nil {
		return answer, err
	}
	return answer, answer.Against(document, request, body)
}

// resource holds the members that journeys look at.
type resource struct {
	ID        string   `json:"id"`
	ETag      string   `json:"etag"`
	Name      string   `json:"name"`
	Title     string   `json:"title"`
	Status    string   `json:"status"`
	ProjectID *string  `json:"project_id"`
	TagIDs    []string `json:"tag_ids"`
	Email     string   `json:"email"`
	Subject   string   `json:"subject"`
	Issuer    string   `json:"issuer"`
	TimeZone  string   `json:"time_zone"`
	Completed *string  `json:"completed_at"`
}

// one reads the resource that a success answers.
func one(t *testing.T, r httpxtest.Response, status int) resource {
	t.Helper()
	var envelope struct {
		Data resource `json:"data"`
	}
	if err := json.Unmarshal(r.Want(t, status).Body, &envelope); err != nil {
		t.Fatalf("%v\n%s", err, r.Body)
	}
	return envelope.Data
}

// many reads the page that a success answers, and the cursor of the next.
func many(t *testing.T, r httpxtest.Response) ([]resource, string) {
	t.Helper()
	var envelope struct {
		Data []resource     `json:"data"`
		Meta httpxtest.Page `json:"meta"`
	}
	if err := json.Unmarshal(r.Want(t, http.StatusOK).Body, &envelope); err != nil {
		t.Fatalf("%v\n%s", err, r.Body)
	}
	if envelope.Meta.NextCursor == nil {
		return envelope.Data, ""
	}
	return envelope.Data, *envelope.Meta.NextCursor
}
