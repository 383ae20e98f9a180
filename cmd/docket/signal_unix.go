//go:build unix

package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"docket/platform/telemetry"
)

// toggleDebugOnSignal has SIGUSR1 change the level of the log to debug, and back
// to configured the next time, until what it returns is called.
func toggleDebugOnSignal(ctx context.Context, log *slog.Logger, level *slog.LevelVar, configured slog.Level) (stop func()) {
	asked, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		defer close(done)
		for range asked {
			telemetry.ToggleDebug(ctx, log, level, configured)
		}
	}()
	return func() {
		signal.Stop(asked)
		close(asked)
		<-done
	}
}
