package main

import (
	"context"
	"log/slog"
)

// toggleDebugOnSignal does nothing: Windows has no signal to spare. The admin
// listener changes the level there.
func toggleDebugOnSignal(context.Context, *slog.Logger, *slog.LevelVar, slog.Level) (stop func()) {
	return func() {}
}
