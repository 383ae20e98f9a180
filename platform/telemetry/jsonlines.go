package telemetry

import (
	"context"
	"encoding/hex"
	"log/slog"
	"math"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"docket/platform/telemetry/redact"
)

// jsonLines writes records as a [slog.JSONHandler] with [Redact] does, byte for
// byte. Lines of plain attributes, which those of requests are, it writes by
// itself, in a fraction of the time and without allocating; all others it leaves
// to that handler.
type jsonLines struct {
	general slog.Handler // for any record
	preset  bool         // general has attributes or groups of its own
	out     *LogBuffer
	lines   *sync.Pool // of *plainLine
}

func newJSONLines(out *LogBuffer, level slog.Leveler) jsonLines {
	return jsonLines{
		general: traced{slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: Redact})},
		out:     out,
		lines:   &sync.Pool{New: func() any { return &plainLine{text: make([]byte, 0, 1<<10)} }},
	}
}

// Enabled implements [slog.Handler].
func (h jsonLines) Enabled(ctx context.Context, level slog.Level) bool {
	return h.general.Enabled(ctx, level)
}

// WithAttrs implements [slog.Handler].
func (h jsonLines) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.general, h.preset = h.general.WithAttrs(attrs), true
	return h
}

// WithGroup implements [slog.Handler].
func (h jsonLines) WithGroup(name string) slog.Handler {
	h.general, h.preset = h.general.WithGroup(name), true
	return h
}

// Handle implements [slog.Handler]. A warning, or worse, is written at once, and
// with it what was held back before.
func (h jsonLines) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		defer h.out.Flush()
	}
	if !h.preset {
		line, _ := h.lines.Get().(*plainLine)
		defer h.putBack(line)
		if line.write(ctx, &r) {
			_, err := h.out.Write(line.text)
			return err //nolint:wrapcheck // as a slog.JSONHandler does
		}
	}
	return h.general.Handle(ctx, r) //nolint:wrapcheck // it is the handler's own
}

// keptLine is how long a line may be, in bytes, whose room is used again.
const keptLine = 16 << 10

func (h jsonLines) putBack(line *plainLine) {
	if cap(line.text) <= keptLine {
		h.lines.Put(line)
	}
}

// plainLine is a line whose text needs neither to be escaped nor to be masked,
// in room that is used again.
type plainLine struct{ text []byte }

// write makes the line of a record, and reports whether it is a plain one.
func (l *plainLine) write(ctx context.Context, r *slog.Record) bool {
	year := r.Time.Year()
	if r.Time.IsZero() || year < 0 || year > 9999 || !isPlain(r.Message) {
		return false
	}
	l.text = append(l.text[:0], `{"time":"`...)
	l.text = r.Time.AppendFormat(l.text, time.RFC3339Nano)
	l.text = append(l.text, `","level":"`...)
	l.text = append(l.text, r.Level.String()...)
	l.text = append(l.text, `","msg":"`...)
	l.text = append(l.text, r.Message...)
	l.text = append(l.text, '"')
	all := true
	r.Attrs(func(a slog.Attr) bool {
		all = l.attr(a)
		return all
	})
	if !all {
		return false
	}
	l.trace(trace.SpanContextFromContext(ctx))
	l.text = append(l.text, '}', '\n')
	return true
}

// attr writes an attribute, or each of a group without a name, and reports
// whether it is a plain one.
func (l *plainLine) attr(a slog.Attr) bool {
	if a.Key == "" && a.Value.Kind() == slog.KindGroup {
		for _, member := range a.Value.Group() {
			if !l.attr(member) {
				return false
			}
		}
		return true
	}
	if a.Key == "" || !isPlain(a.Key) || isSecret(a.Key) {
		return false
	}
	l.key(a.Key)
	return l.value(a.Value)
}

func (l *plainLine) value(v slog.Value) bool {
	switch v.Kind() {
	case slog.KindString:
		return l.string(v.String())
	case slog.KindInt64:
		l.text = strconv.AppendInt(l.text, v.Int64(), 10)
	case slog.KindUint64:
		l.text = strconv.AppendUint(l.text, v.Uint64(), 10)
	case slog.KindDuration:
		l.text = strconv.AppendInt(l.text, int64(v.Duration()), 10)
	case slog.KindBool:
		l.text = strconv.AppendBool(l.text, v.Bool())
	case slog.KindFloat64:
		if size := math.Abs(v.Float64()); size != 0 && !(size >= 1e-6 && size < 1e21) {
			return false // encoding/json writes it with an exponent, or not at all
		}
		l.text = strconv.AppendFloat(l.text, v.Float64(), 'f', -1, 64)
	default:
		return false
	}
	return true
}

func (l *plainLine) key(key string) {
	l.text = append(l.text, ',', '"')
	l.text = append(l.text, key...)
	l.text = append(l.text, '"', ':')
}

func (l *plainLine) string(text string) bool {
	l.text = append(l.text, '"')
	l.text = append(l.text, text...)
	l.text = append(l.text, '"')
	return isPlain(text)
}

// trace writes what [traced] adds.
func (l *plainLine) trace(at trace.SpanContext) {
	if !at.IsValid() {
		return
	}
	id := at.TraceID()
	l.key("trace_id")
	l.hex(id[:])
	if !at.IsRemote() {
		id := at.SpanID()
		l.key("span_id")
		l.hex(id[:])
	}
}

func (l *plainLine) hex(bytes []byte) {
	l.text = append(l.text, '"')
	l.text = hex.AppendEncode(l.text, bytes)
	l.text = append(l.text, '"')
}

// isPlain reports whether text stands in JSON as it is, and [redact.Text] leaves
// it alone.
func isPlain(text string) bool {
	for i := range len(text) {
		if b := text[i]; b < ' ' || b > '~' || b == '"' || b == '\\' {
			return false
		}
	}
	return redact.Clean(text)
}
