package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	noop "go.opentelemetry.io/otel/trace/noop"
)

// Tracing makes spans of what the program does and sends them to a collector.
// The standard environment variables of OpenTelemetry say whether and where,
// see [TracingWanted]; without them it is off, and costs nothing.
//
// Trace context comes in and goes out as W3C has it
// (https://www.w3.org/TR/trace-context/). It comes in also while tracing is off,
// so that a line of the log bears the trace id of whoever asked.
type Tracing struct {
	provider *sdktrace.TracerProvider // nil while tracing is off
	tracer   trace.Tracer
	w3c      propagation.TraceContext
}

// scope is what the spans of this program are filed under.
const scope = "docket"

// TracingWanted reports whether the variables of environ ask for traces: an
// exporter other than none (OTEL_TRACES_EXPORTER), or an address to send them to
// (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT), unless
// OTEL_SDK_DISABLED is true. See
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
func TracingWanted(environ []string) bool {
	set := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		set[name] = strings.ToLower(strings.TrimSpace(value))
	}
	switch {
	case set["OTEL_SDK_DISABLED"] == "true", set["OTEL_TRACES_EXPORTER"] == "none":
		return false
	default:
		return set["OTEL_TRACES_EXPORTER"] != "" || set["OTEL_EXPORTER_OTLP_ENDPOINT"] != "" || set["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] != ""
	}
}

// NewTracing returns a Tracing that is on where the process environment asks
// for it, see [TracingWanted]; environ is that environment. What to send, where,
// how and how much of it are read from there too: the error names a variable
// that cannot be meant. What the exporter has to complain of goes to log.
func NewTracing(ctx context.Context, version string, environ []string, log *slog.Logger) (*Tracing, error) {
	if !TracingWanted(environ) {
		return &Tracing{tracer: noop.NewTracerProvider().Tracer(scope)}, nil
	}
	exporter, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("make the exporter of traces that OTEL_TRACES_EXPORTER %q and OTEL_EXPORTER_OTLP_PROTOCOL %q ask for: %w",
			os.Getenv("OTEL_TRACES_EXPORTER"), cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")), err)
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName("docket"), semconv.ServiceVersion(version)),
		resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithFromEnv(), // the last wins: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
	)
	if err != nil {
		return nil, fmt.Errorf("describe this process to the collector of traces: %w", err)
	}
	// A library's only way to say what it fails at in the background.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces", slog.Any("error", err)) }))
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	return &Tracing{provider: provider, tracer: provider.Tracer(scope, trace.WithInstrumentationVersion(version))}, nil
}

// On reports whether spans are made.
func (t *Tracing) On() bool { return t.provider != nil }

// Stop sends what was not sent yet, for as long as ctx lasts. There are no
// spans afterwards.
func (t *Tracing) Stop(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("send the last traces: %w", err)
	}
	return nil
}

// Headers are those of a request.
type Headers interface {
	// Peek returns the value of a header; nil where there is none.
	Peek(name string) []byte
}

// carrier lets OpenTelemetry read Headers.
type carrier struct{ Headers }

func (c carrier) Get(name string) string { return string(c.Peek(name)) }
func (carrier) Set(string, string)       {} // a request is only read
func (carrier) Keys() []string           { return nil }

// Request is what a span says of a request, once that was answered.
type Request struct {
	Method, Route string // Route is a template; "" where none fits
	Status        int
	ID            string // the request id, which the log has too
	User          string // "" where nobody was signed in
	Failure       string // the code of the failure that was answered, if any
}

// Serve begins the span of a request, as part of the trace that its headers
// name, if they do. What it returns beside the context is called once the
// request is answered; it is nil while tracing is off.
func (t *Tracing) Serve(ctx context.Context, h Headers) (context.Context, func(Request)) {
	if len(h.Peek("traceparent")) > 0 {
		ctx = t.w3c.Extract(ctx, carrier{h})
	}
	if t.provider == nil {
		return ctx, nil
	}
	ctx, span := t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
	return ctx, func(r Request) { endRequest(span, r) }
}

func endRequest(span trace.Span, r Request) {
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetName(strings.TrimSpace(r.Method + " " + r.Route))
	span.SetAttributes(semconv.HTTPRequestMethodKey.String(r.Method), semconv.HTTPResponseStatusCode(r.Status), requestID.String(r.ID))
	if r.Route != "" {
		span.SetAttributes(semconv.HTTPRoute(r.Route))
	}
	if r.User != "" {
		span.SetAttributes(semconv.UserID(r.User))
	}
	if r.Failure != "" {
		span.SetAttributes(semconv.ErrorTypeKey.String(r.Failure))
	}
	if r.Status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, r.Failure)
	}
}

// Work begins the span of work that nobody's request asked for. What it returns
// beside the context is called when it ends.
func (t *Tracing) Work(ctx context.Context, name string) (context.Context, func(err error)) {
	if t == nil || t.provider == nil {
		return ctx, func(error) {}
	}
	ctx, span := t.tracer.Start(ctx, name)
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "failed; the log says why")
		}
		span.End()
	}
}

// Statement is an SQL statement that has ended, or the wait for a connection
// before it.
type Statement struct {
	Name         string // few words, such as SELECT tasks
	SQL          string // with $1 for its values; "" for what is no statement
	Began, Ended time.Time
	Rows         int64  // that it returned or touched
	State        string // PostgreSQL's code of what went wrong
	Failed       bool
}

// Traced reports whether the request or work of ctx is in a trace that is kept.
func (t *Tracing) Traced(ctx context.Context) bool {
	return t.provider != nil && trace.SpanFromContext(ctx).IsRecording()
}

// Statement makes the span of a statement, without any of its values: neither
// its arguments nor what PostgreSQL said of them.
func (t *Tracing) Statement(ctx context.Context, s Statement) {
	_, span := t.tracer.Start(ctx, s.Name, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(s.Began),
		trace.WithAttributes(semconv.DBSystemNamePostgreSQL))
	if s.SQL != "" {
		span.SetAttributes(semconv.DBQuerySummary(s.Name), semconv.DBQueryText(s.SQL), semconv.DBResponseReturnedRows(int(s.Rows)))
	}
	if s.State != "" {
		span.SetAttributes(semconv.DBResponseStatusCode(s.State))
	}
	if s.Failed {
		span.SetStatus(codes.Error, s.State)
	}
	span.End(trace.WithTimestamp(s.Ended))
}

// Transport lets requests to others carry the trace that they are part of, and
// makes a span of each.
func (t *Tracing) Transport(next http.RoundTripper) http.RoundTripper {
	if t.provider == nil {
		return next
	}
	return otelhttp.NewTransport(next, otelhttp.WithTracerProvider(t.provider), otelhttp.WithPropagators(t.w3c),
		otelhttp.WithMeterProvider(noopmetric.NewMeterProvider()))
}
