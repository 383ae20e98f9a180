package main

import (
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fasthttp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"docket/platform/pgtest"
	"docket/platform/telemetry"
)

// receiver is a collector of traces, as OTLP over HTTP has it
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp).
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	service string
	spans   []*otlp.Span
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	sent, err := decodeExport(request)
	if err != nil || request.URL.Path != "/v1/traces" {
		http.Error(w, "not traces", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, about := range sent.GetResourceSpans() {
		for _, a := range about.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				r.service = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range about.GetScopeSpans() {
			r.spans = append(r.spans, scope.GetSpans()...)
		}
	}
}

func decodeExport(request *http.Request) (*collector.ExportTraceServiceRequest, error) {
	body := io.Reader(request.Body)
	if request.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = unzipped
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var sent collector.ExportTraceServiceRequest
	return &sent, proto.Unmarshal(content, &sent)
}

// trace returns the spans of a trace, without those of SQL that says nothing of
// a table: the brackets of a transaction and the settings in it.
func (r *receiver) trace(id string) []*otlp.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []*otlp.Span
	for _, s := range r.spans {
		if hex.EncodeToString(s.GetTraceId()) == id {
			found = append(found, s)
		}
	}
	return found
}

func (r *receiver) named(name string) []*otlp.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []*otlp.Span
	for _, s := range r.spans {
		if s.GetName() == name {
			found = append(found, s)
		}
	}
	return found
}

func attributes(s *otlp.Span) map[string]string {
	all := map[string]string{}
	for _, a := range s.GetAttributes() {
		all[a.GetKey()] = a.GetValue().GetStringValue()
	}
	return all
}

// traced launches a server that sends its traces to r.
func (r *receiver) traced(t *testing.T, settings ...string) *process {
	t.Helper()
	return launch(t, append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + r.URL, "OTEL_BSP_SCHEDULE_DELAY=20"}, settings...)...)
}

const (
	sentTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	sentParent = "00f067aa0ba902b7"
	secretText = "sesame-open-yourself"
)

// One request, from its header to its statements and its line in the log.
func TestTraceOfARequest(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	r, dir := newReceiver(t), t.TempDir()
	p := r.traced(t, "DATABASE_URL="+pgtest.URL(t), "DOCKET_DATA_DIR="+dir, "OTEL_SERVICE_NAME=docket-under-test")
	ada := client{base: p.greeting.API, authorization: "Bearer " + execute(t, []string{"DOCKET_DATA_DIR=" + dir}, "token").ok(t)}
	one(t, ada.do(t, "GET", "/auth/me", ""), 200)
	task := one(t, ada.do(t, "POST", "/tasks", body(`{"title":%q}`, secretText), "traceparent", "00-"+sentTrace+"-"+sentParent+"-01", "Idempotency-Key", secretText), 201)
	ada.do(t, "GET", "/nowhere/"+secretText, "").WantFailure(t, 404, "RESOURCE_NOT_FOUND")
	p.signal(t, syscall.SIGTERM)
	p.ends(t, 0) // which sends what was not sent yet

	spans := r.trace(sentTrace)
	var server *otlp.Span
	tables := map[string]bool{}
	for _, s := range spans {
		if s.GetKind() == otlp.Span_SPAN_KIND_SERVER {
			server = s
			continue
		}
		tables[s.GetName()] = true
	}
	if server == nil {
		t.Fatalf("there is no span of the request among %v", spans)
	}
	if got := hex.EncodeToString(server.GetParentSpanId()); got != sentParent || server.GetName() != "POST /api/v1/tasks" {
		t.Errorf("the span %s is a child of %s", server.GetName(), got)
	}
	for _, s := range spans {
		if s != server && string(s.GetParentSpanId()) != string(server.GetSpanId()) {
			t.Errorf("%s is not a child of the request", s.GetName())
		}
		if s.GetStartTimeUnixNano() < server.GetStartTimeUnixNano() || s.GetEndTimeUnixNano() > server.GetEndTimeUnixNano() || s.GetEndTimeUnixNano() < s.GetStartTimeUnixNano() {
			t.Errorf("%s does not lie within the request", s.GetName())
		}
	}
	for _, want := range []string{"BEGIN", "INSERT idempotency_keys", "INSERT tasks", "COMMIT"} {
		if !tables[want] {
			t.Errorf("there is no span %s, but %v", want, tables)
		}
	}
	about := attributes(server)
	if diff := cmp.Diff([]string{"/api/v1/tasks", "POST", requestID}, []string{about["http.route"], about["http.request.method"], about["docket.request_id"]}); diff != "" {
		t.Errorf("the request's span (-want +got):\n%s", diff)
	}
	if r.service != "docket-under-test" {
		t.Errorf("the service is called %q", r.service)
	}

	lost := r.named("GET")
	if len(lost) != 1 || attributes(lost[0])["error.type"] != "RESOURCE_NOT_FOUND" {
		t.Errorf("a request that no route fits has the spans %v", lost)
	}
	for _, s := range r.spans {
		if text := s.String(); strings.Contains(text, secretText) || strings.Contains(text, task.ID) {
			t.Errorf("a value is in a span: %s", text)
		}
	}
	found := false
	for _, line := range requestLines(p.stderr.String()) {
		var logged struct {
			Route   string
			TraceID string `json:"trace_id"`
			SpanID  string `json:"span_id"`
		}
		if err := json.Unmarshal([]byte(line), &logged); err != nil {
			t.Error(err)
		}
		found = found || logged.Route == "/api/v1/tasks" && logged.TraceID == sentTrace && logged.SpanID == hex.EncodeToString(server.GetSpanId())
	}
	if !found {
		t.Errorf("no line of the log names the trace and the span:\n%s", p.stderr)
	}
}

// What PostgreSQL says of a statement that fails may repeat what a user wrote.
func TestTraceOfAFailure(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	url, r, dir := pgtest.URL(t), newReceiver(t), t.TempDir()
	p := r.traced(t, "DATABASE_URL="+url, "DOCKET_DATA_DIR="+dir)
	ada := client{base: p.greeting.API, authorization: "Bearer " + execute(t, []string{"DOCKET_DATA_DIR=" + dir}, "token").ok(t)}
	execSQL(t, url, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not %'', NEW.name USING ERRCODE = ''P0042''; END'`,
		"CREATE TRIGGER refuse BEFORE INSERT ON tags FOR EACH ROW EXECUTE FUNCTION refuse()")
	ada.do(t, "POST", "/tags", body(`{"name":%q}`, secretText), "traceparent", "00-"+sentTrace+"-"+sentParent+"-01").WantFailure(t, 500, "INTERNAL")
	p.signal(t, syscall.SIGTERM)
	p.ends(t, 0)
	failed := map[string]string{}
	for _, s := range r.trace(sentTrace) {
		if s.GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR {
			failed[s.GetName()] = attributes(s)["db.response.status_code"] + s.GetStatus().GetMessage()
		}
		if strings.Contains(s.String(), secretText) {
			t.Errorf("a value is in a span: %s", s)
		}
	}
	if diff := cmp.Diff(map[string]string{"INSERT tags": "P0042P0042", "POST /api/v1/tags": "INTERNAL"}, failed); diff != "" {
		t.Errorf("the spans that failed (-want +got):\n%s", diff)
	}
}

// A fetch of the key set tells the issuer which trace it is part of.
func TestTraceGoesOut(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	parents := make(chan string, 100)
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		parents <- request.Header.Get("traceparent")
		http.NotFound(w, request)
	}))
	t.Cleanup(issuer.Close)
	r.traced(t, "DATABASE_URL="+pgtest.URL(t), "DOCKET_DATA_DIR="+t.TempDir(),
		"DOCKET_AUTH_JWKS_URL="+issuer.URL, "DOCKET_AUTH_ISSUER=x", "DOCKET_AUTH_AUDIENCE=x")
	parent := strings.Split(<-parents, "-")
	if len(parent) != 4 {
		t.Fatalf("traceparent is %v", parent)
	}
	eventually(t, "the fetch is a span of that trace", func() bool {
		for _, s := range r.trace(parent[1]) {
			if hex.EncodeToString(s.GetSpanId()) == parent[2] && s.GetKind() == otlp.Span_SPAN_KIND_CLIENT {
				return true
			}
		}
		return false
	})
	eventually(t, "so is the work of the background", func() bool { return len(r.named("erase_users")) > 0 })
}

// A collector that is not there holds up neither requests nor a stop.
func TestCollectorIsGone(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	r, dir := newReceiver(t), t.TempDir()
	p := r.traced(t, "DATABASE_URL="+pgtest.URL(t), "DOCKET_DATA_DIR="+dir)
	r.Close()
	ada := client{base: p.greeting.API, authorization: "Bearer " + execute(t, []string{"DOCKET_DATA_DIR=" + dir}, "token").ok(t)}
	one(t, ada.do(t, "POST", "/tasks", `{"title":"a"}`), 201)
	p.signal(t, syscall.SIGTERM)
	p.ends(t, 0)
}

func TestWrongExporterStopsTheStart(t *testing.T) {
	t.Parallel()
	execute(t, []string{"DATABASE_URL=" + pgtest.URL(t), "DOCKET_DATA_DIR=" + t.TempDir(), "DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0",
		"OTEL_TRACES_EXPORTER=carrier-pigeon"}, "serve").refused(t, exitFailure, "OTEL_", "carrier-pigeon")
}

// Joining the edge to tracing that is off allocates nothing.
func TestUntracedRequestsAllocateNothing(t *testing.T) {
	tracing, err := telemetry.NewTracing(t.Context(), "v1", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	trace := traceRequests(tracing)
	var header fasthttp.RequestHeader
	header.Set("Authorization", "Bearer x")
	if n := testing.AllocsPerRun(100, func() { trace(t.Context(), &header) }); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
	if traceStatements(tracing) != nil {
		t.Error("statements are told to nobody")
	}
}
