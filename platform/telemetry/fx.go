package telemetry

import (
	"log/slog"

	"go.uber.org/fx/fxevent"
)

// FxLogger writes what Fx tells about wiring and lifecycle to log, at debug: its
// errors are returned to whoever starts the program, who says them once. Give
// it to fx.WithLogger.
func FxLogger(log *slog.Logger) fxevent.Logger {
	events := &fxevent.SlogLogger{Logger: log.With(slog.String("component", "fx"))}
	events.UseLogLevel(slog.LevelDebug)
	events.UseErrorLevel(slog.LevelDebug)
	return events
}
