package main

import (
	"context"
	"log/slog"
	"time"

	"go.uber.org/fx"

	"docket/modules/identity"
)

// eraseEvery is how often users are looked for that another process did not
// come to the end of erasing, because it was stopped.
const eraseEvery = time.Minute

// eraseInBackground removes what is left of erased users: at once where this
// process erased them, now and then where another one did.
func eraseInBackground(lc fx.Lifecycle, g graph, erasure *identity.Erasure) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			go func() {
				defer close(done)
				eraseUntil(ctx, erasure, g.log)
			}()
			return nil
		},
		OnStop: func(context.Context) error { stop(); <-done; return nil },
	})
}

func eraseUntil(ctx context.Context, erasure *identity.Erasure, log *slog.Logger) {
	tick := time.NewTicker(eraseEvery)
	defer tick.Stop()
	for {
		if err := erasure.Run(ctx); err != nil && ctx.Err() == nil {
			log.Error("erase users", slog.Any("error", err))
		}
		if n, err := erasure.Sweep(ctx); err != nil && ctx.Err() == nil {
			log.Warn("sweep tombstones", slog.Any("error", err))
		} else if n > 0 {
			log.Debug("swept tombstones", slog.Int("removed", n))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-erasure.Woken():
		}
	}
}
