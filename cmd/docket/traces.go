package main

import (
	"context"
	"os"
	"time"

	"go.uber.org/fx"

	"docket/platform/httpx"
	"docket/platform/postgres"
	"docket/platform/telemetry"
)

// traceStopTimeout bounds what a stop waits for a collector that does not
// answer.
const traceStopTimeout = 2 * time.Second

// newTracing makes what traces are made with. It stops after all that has spans.
func newTracing(lc fx.Lifecycle, g graph) (*telemetry.Tracing, error) {
	t, err := telemetry.NewTracing(context.Background(), version(), os.Environ(), g.log)
	if err != nil || !t.On() {
		return t, err
	}
	lc.Append(fx.StopHook(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, traceStopTimeout)
		defer cancel()
		if err := t.Stop(ctx); err != nil {
			g.log.Warn("stop tracing", "error", err)
		}
	}))
	return t, nil
}

// traceRequests joins the HTTP edge to tracing.
func traceRequests(t *telemetry.Tracing) httpx.Trace {
	return func(ctx context.Context, h httpx.Headers) (context.Context, func(httpx.Traced)) {
		ctx, end := t.Serve(ctx, h)
		if end == nil {
			return ctx, nil
		}
		return ctx, func(r httpx.Traced) { end(telemetry.Request(r)) }
	}
}

// tracedStatements joins the database to tracing.
type tracedStatements struct{ *telemetry.Tracing }

// Statement implements [postgres.Tracer].
func (t tracedStatements) Statement(ctx context.Context, s postgres.Statement) {
	t.Tracing.Statement(ctx, telemetry.Statement(s))
}

// traceStatements returns nil while tracing is off: statements then cost
// nothing.
func traceStatements(t *telemetry.Tracing) postgres.Tracer {
	if !t.On() {
		return nil
	}
	return tracedStatements{t}
}
