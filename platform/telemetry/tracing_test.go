package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"docket/platform/telemetry"
)

type headers map[string]string

func (h headers) Peek(name string) []byte {
	if value, ok := h[name]; ok {
		return []byte(value)
	}
	return nil
}

const (
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceparent = "00-" + traceID + "-00f067aa0ba902b7-01"
)

func TestTracingWanted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		environ []string
		want    bool
	}{
		{nil, false},
		{[]string{"OTEL_SERVICE_NAME=docket", "OTEL_TRACES_SAMPLER=always_on"}, false},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318"}, true},
		{[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://collector:4318/v1/traces"}, true},
		{[]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://collector:4318"}, false},
		{[]string{"OTEL_TRACES_EXPORTER=otlp"}, true},
		{[]string{"OTEL_TRACES_EXPORTER=console"}, true},
		{[]string{"OTEL_TRACES_EXPORTER="}, false},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", "OTEL_TRACES_EXPORTER=None"}, false},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", "OTEL_SDK_DISABLED=TRUE"}, false},
	} {
		if got := telemetry.TracingWanted(tt.environ); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.environ, got, tt.want)
		}
	}
}

func off(t testing.TB) *telemetry.Tracing {
	t.Helper()
	tracing, err := telemetry.NewTracing(t.Context(), "v1", nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return tracing
}

// The log of a process that makes no traces still says whose trace a request
// was part of.
func TestTraceIDWithoutTracing(t *testing.T) {
	t.Parallel()
	tracing := off(t)
	logged := func(h headers) map[string]any {
		var out bytes.Buffer
		log, _ := telemetry.NewLogger(&out, telemetry.LogOptions{Format: telemetry.JSON})
		ctx, end := tracing.Serve(t.Context(), h)
		if end != nil {
			t.Error("tracing is off, and a span was made")
		}
		log.With("a", 1).InfoContext(ctx, "m")
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		return line
	}
	if line := logged(headers{"traceparent": traceparent}); line["trace_id"] != traceID || line["span_id"] != nil {
		t.Errorf("logged %v", line)
	}
	for _, bad := range []string{"", "nonsense", "00-" + traceID, "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "ff" + traceparent[2:]} {
		if line := logged(headers{"traceparent": bad}); line["trace_id"] != nil {
			t.Errorf("%q: logged %v", bad, line)
		}
	}
}

// Who does not ask for traces does not pay for them.
func TestTracingOffIsFree(t *testing.T) {
	t.Parallel()
	tracing := off(t)
	if tracing.On() || tracing.Traced(t.Context()) {
		t.Fatal("it is on")
	}
	transport := &http.Transport{}
	if got := tracing.Transport(transport); got != http.RoundTripper(transport) {
		t.Errorf("requests to others go through a %T", got)
	}
	if err := tracing.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	var h telemetry.Headers = headers{}
	ctx := t.Context()
	if n := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			serve(ctx, tracing, h)
		}
	}).AllocsPerOp(); n != 0 {
		t.Errorf("%d allocations a request", n)
	}
}

// serve does what a request does with tracing.
func serve(ctx context.Context, tracing *telemetry.Tracing, h telemetry.Headers) {
	ctx, end := tracing.Serve(ctx, h)
	if tracing.Traced(ctx) {
		tracing.Statement(ctx, telemetry.Statement{Name: "SELECT tasks", SQL: "SELECT 1", Began: time.Now(), Ended: time.Now()})
	}
	if end != nil {
		end(telemetry.Request{Method: "GET", Route: "/api/v1/tasks", Status: 200, ID: "1"})
	}
}

func TestUnknownExporterIsRefused(t *testing.T) {
	t.Setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
	if _, err := telemetry.NewTracing(t.Context(), "v1", []string{"OTEL_TRACES_EXPORTER=carrier-pigeon"}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("it is taken")
	}
}

func BenchmarkTracingOff(b *testing.B) {
	tracing := off(b)
	var h telemetry.Headers = headers{}
	b.ReportAllocs()
	for b.Loop() {
		serve(b.Context(), tracing, h)
	}
}

func BenchmarkTracingNotSampled(b *testing.B) { benchmarkOn(b, "always_off") }

func BenchmarkTracingSampled(b *testing.B) { benchmarkOn(b, "always_on") }

func benchmarkOn(b *testing.B, sampler string) {
	b.Helper()
	b.Setenv("OTEL_TRACES_SAMPLER", sampler)
	b.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	tracing, err := telemetry.NewTracing(b.Context(), "v1", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=x"}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	var h telemetry.Headers = headers{}
	b.ReportAllocs()
	for b.Loop() {
		serve(b.Context(), tracing, h)
	}
	ended, cancel := context.WithCancel(b.Context())
	cancel() // there is no collector to wait for
	_ = tracing.Stop(ended)
}
