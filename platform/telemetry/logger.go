// Package telemetry is how the program tells what it does: logs, metrics and
// traces, and the handler of the admin listener. It is the only one that knows
// Prometheus and OpenTelemetry; the others hand it plain functions and numbers.
package telemetry

import (
	"io"
	"log/slog"
	"strings"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"
)

// Format is the shape of log lines.
type Format string

// The formats.
const (
	Auto Format = "auto" // text on a terminal, else JSON
	Text Format = "text" // for people
	JSON Format = "json" // one object a line
)

// LogOptions says how a logger writes.
type LogOptions struct {
	// Format is Auto where it is empty or unknown.
	Format Format
	// Level is the least level that is written.
	Level slog.Level
	// NoColor keeps colour from a terminal, see [NoColor]. Where the output is
	// not a terminal there is none anyway.
	NoColor bool
}

// NewLogger makes a logger that writes to w, and the variable that changes its
// level while the program runs. Where w is a [LogBuffer] it is that which may
// hold back lines of JSON; text, and what goes to a terminal, is never held back.
// Passwords and tokens in what it is given are
// masked, see [Redact]. What is logged with the context of a request bears its
// trace_id, if there is one.
func NewLogger(w io.Writer, o LogOptions) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	level.Set(o.Level)
	buffer, ok := w.(*LogBuffer)
	if !ok {
		buffer = NewLogBuffer(w)
	}
	terminal := isTerminal(buffer.below)
	if o.Format == Text || o.Format != JSON && terminal {
		return slog.New(traced{tint.NewTextHandler(buffer.below, &tint.Options{
			Level:       level,
			ReplaceAttr: Redact,
			TimeFormat:  "15:04:05.000",
			NoColor:     o.NoColor || !terminal,
		})}), level
	}
	if terminal {
		buffer = NewLogBuffer(buffer.below)
	}
	return slog.New(newJSONLines(buffer, level)), level
}

// NoColor reports whether environ asks for no colour: NO_COLOR set to anything
// (https://no-color.org), or a terminal that calls itself dumb.
func NoColor(environ []string) bool {
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if name == "NO_COLOR" && value != "" || name == "TERM" && value == "dumb" {
			return true
		}
	}
	return false
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}
