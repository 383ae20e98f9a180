package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"

	"docket/platform/telemetry"
)

// slogLine is what a [slog.JSONHandler] makes of a record.
func slogLine(t *testing.T, r slog.Record) string {
	t.Helper()
	var out bytes.Buffer
	if err := slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: telemetry.Redact}).Handle(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func line(ctx context.Context, t *testing.T, r slog.Record) string {
	t.Helper()
	var out bytes.Buffer
	log, _ := telemetry.NewLogger(&out, telemetry.LogOptions{Format: telemetry.JSON})
	if err := log.Handler().Handle(ctx, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var lineTime = time.Date(2026, 11, 23, 9, 30, 0, 123_456_000, time.FixedZone("", 3600))

// What is written without slog's handler is what slog's handler writes.
func TestJSONLinesAreThoseOfSlog(t *testing.T) {
	t.Parallel()
	withPassword, err := url.Parse("postgres://u:s3cret@h/d")
	if err != nil {
		t.Fatal(err)
	}
	var attrs []slog.Attr
	for _, text := range []string{
		"", "GET", "/api/v1/tasks/:id", "0199f8a4-0000-7000-8000-000000000000", "~ !", "\x7f", "\x00", "\n", `"`, `\`, "é", "\u2028", "\xff", "<&>",
		"a=b", "password=s3cret", "postgres://u:s3cret@h/d", "eyJhbGciOiJ.e30.c2ln", "Bearer s3cret-s3cret-s3cret-s3cret", "BEARER s3cret-s3cret-s3cret-s3cret",
	} {
		attrs = append(attrs, slog.String("a", text), slog.String(text, "kept"))
	}
	for _, f := range []float64{0, math.Copysign(0, -1), 1, -1.5, 0.1, 2.813, 1e-6, 9e-7, 1e20, 1e21, -1e21, math.MaxFloat64, math.Inf(1), math.NaN()} {
		attrs = append(attrs, slog.Float64("f", f))
	}
	for _, key := range slices.Concat(secretNames, harmlessNames) {
		attrs = append(attrs, slog.String(key, "text"), slog.Int(key, 7))
	}
	attrs = append(attrs, slog.Attr{},
		slog.Int64("n", math.MinInt64), slog.Uint64("n", math.MaxUint64), slog.Bool("b", true), slog.Bool("b", false),
		slog.Duration("d", time.Minute), slog.Time("t", lineTime), slog.Any("x", nil), slog.Any("x", []int{1}), slog.Any("x", withPassword),
		slog.Any("x", errors.New("password=s3cret")), slog.Any("x", valuer{}), slog.Any("x", slog.LevelWarn),
		slog.Group("g", "a", 1), slog.Group("token", "a", "s3cret"), slog.Group(""), slog.Group("", "a", 1, "b", "two"), slog.Group("", "token", "s3cret"),
		slog.Group("", slog.Group("", "a", 1), slog.Group("g", "b", 2), slog.Int("c", 3)))
	records := []slog.Record{{Level: slog.LevelInfo, Message: "no time"}, slog.NewRecord(time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), 0, "late", 0)}
	for _, at := range []time.Time{lineTime, lineTime.UTC(), lineTime.Truncate(time.Second), time.Now()} {
		for _, level := range []slog.Level{slog.LevelInfo, slog.LevelError, 3, -7} {
			records = append(records, slog.NewRecord(at, level, "request", 0))
		}
	}
	for _, message := range []string{"", `"`, "é", "dial postgres://u:s3cret@h/d"} {
		records = append(records, slog.NewRecord(lineTime, slog.LevelInfo, message, 0))
	}
	for _, a := range attrs {
		r := slog.NewRecord(lineTime, slog.LevelInfo, "request", 0)
		r.AddAttrs(slog.Int("before", 1), a, slog.Int("after", 2))
		records = append(records, r)
	}
	for _, r := range records {
		want := slogLine(t, r)
		if got := line(t.Context(), t, r); got != want {
			t.Errorf("written as\n%sby slog as\n%s", got, want)
		}
	}
}

var (
	secretNames   = []string{"token", "access_token", "Set-Cookie", "API_KEY", "databaseURL", "pass.word", "-token-", "x-t_o.k-en__", "TOKEN", "to\u212Aen"}
	harmlessNames = []string{"tokens", "oken", "idempotency_key", "t", "_", "request_id", "method", "route", "status", "user_id", "took_ms", "bytes", "code", "cause"}
)

func TestNamesOfSecrets(t *testing.T) {
	t.Parallel()
	masked := func(name string) bool {
		return telemetry.Redact(nil, slog.String(name, "text")).Value.String() != "text"
	}
	for _, name := range secretNames {
		if !masked(name) {
			t.Errorf("%s is not taken for a secret", name)
		}
	}
	for _, name := range harmlessNames {
		if masked(name) {
			t.Errorf("%s is taken for a secret", name)
		}
	}
}

func FuzzJSONLines(f *testing.F) {
	f.Add("request_id", "0199f8a4-0000-7000-8000-000000000000", 2.813, int64(200))
	f.Add("tOKe_n", "\u2028", 1e-7, int64(-1))
	f.Add("dsn", "postgres://u:p@h/d", 0.0, int64(0))
	f.Fuzz(func(t *testing.T, key, text string, number float64, whole int64) {
		r := slog.NewRecord(lineTime, slog.LevelInfo, text, 0)
		r.AddAttrs(slog.String(key, text), slog.Float64(key, number), slog.Int64(text, whole))
		if want, got := slogLine(t, r), line(t.Context(), t, r); got != want {
			t.Errorf("written as\n%sby slog as\n%s", got, want)
		}
	})
}

// traceOf is the context of a request that is part of a trace.
func traceOf(t testing.TB, remote bool) context.Context {
	t.Helper()
	return trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0: 0x4b, 15: 0x36}, SpanID: trace.SpanID{0: 0x0f, 7: 0xb7}, Remote: remote,
	}))
}

func TestJSONLinesBearTheirTrace(t *testing.T) {
	t.Parallel()
	for _, remote := range []bool{false, true} {
		for _, text := range []string{"plain", `"`} {
			r := slog.NewRecord(lineTime, slog.LevelInfo, text, 0)
			bare := slogLine(t, r)
			want := strings.TrimSuffix(bare, "}\n") + `,"trace_id":"4b000000000000000000000000000036"`
			if !remote {
				want += `,"span_id":"0f000000000000b7"`
			}
			if diff := cmp.Diff(want+"}\n", line(traceOf(t, remote), t, r)); diff != "" {
				t.Errorf("remote %v, %s (-want +got):\n%s", remote, text, diff)
			}
		}
	}
}

// requestRecord is what is logged of a request.
func requestRecord(attrs []slog.Attr) slog.Record {
	r := slog.NewRecord(lineTime, slog.LevelInfo, "request", 0)
	r.AddAttrs(slog.Attr{Value: slog.GroupValue(attrs...)})
	return r
}

func requestAttrs() []slog.Attr {
	return []slog.Attr{
		slog.String("request_id", "0199f8a4-0000-7000-8000-000000000000"), slog.String("method", "GET"), slog.String("route", "/api/v1/tasks/:id"),
		slog.Int("status", 200), slog.String("user_id", "0199f8a4-0000-7000-8000-000000000001"), slog.Float64("took_ms", 2.813), slog.Int("bytes", 512),
	}
}

func TestCostOfALine(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	buffer := telemetry.NewLogBuffer(io.Discard)
	buffer.Hold()
	defer buffer.Stop()
	log, _ := telemetry.NewLogger(buffer, telemetry.LogOptions{Format: telemetry.JSON})
	handler, attrs := log.Handler(), requestAttrs()
	for name, ctx := range map[string]context.Context{"untraced": t.Context(), "traced": traceOf(t, false)} {
		n := testing.AllocsPerRun(2000, func() {
			if err := handler.Handle(ctx, requestRecord(attrs)); err != nil {
				t.Fatal(err)
			}
		})
		if n > forgotten {
			t.Errorf("to log a request, %s, takes %v allocations, more than %v", name, n, forgotten)
		}
	}
}

func BenchmarkRequestLine(b *testing.B) {
	buffer := telemetry.NewLogBuffer(io.Discard)
	buffer.Hold()
	defer buffer.Stop()
	log, _ := telemetry.NewLogger(buffer, telemetry.LogOptions{Format: telemetry.JSON})
	handler, attrs, ctx := log.Handler(), requestAttrs(), b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if err := handler.Handle(ctx, requestRecord(attrs)); err != nil {
			b.Fatal(err)
		}
	}
}
