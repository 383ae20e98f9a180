package telemetry

import (
	"log/slog"

	"go.uber.org/fx/fxevent"
)

// FxLogger writes what Fx tells about wiring and lifecycle to log: errors as
// errors, all else at debug. Give it to fx.WithLogger.
func FxLogger(log *slog.Logger) fxevent.Logger {
	events := &fxevent.SlogLogger{Logger: log.With(slog.String("component", "fx"))}
	events.UseLogLevel(slog.LevelDebug)
	events.UseErrorLevel(slog.LevelError)
	return events
}
