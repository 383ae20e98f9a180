package main

import (
	"context"
	"log/slog"
	"time"

	"go.uber.org/fx"

	"docket/modules/identity"
	"docket/platform/telemetry"
)

// eraseEvery is how often users are looked for that another process did not
// come to the end of erasing, because it was stopped.
const eraseEvery = time.Minute

// eraser removes what is left of erased users.
type eraser struct {
	*identity.Erasure
	log               *slog.Logger
	erasing, sweeping *telemetry.Job
}

// eraseInBackground removes what is left of erased users: at once where this
// process erased them, now and then where another one did.
func eraseInBackground(lc fx.Lifecycle, g graph, m *telemetry.Metrics, t *telemetry.Tracing, erasure *identity.Erasure) {
	e := eraser{Erasure: erasure, log: g.log, erasing: m.Job("erase_users", t), sweeping: m.Job("sweep_tombstones", t)}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			go func() {
				defer close(done)
				e.until(ctx)
			}()
			return nil
		},
		OnStop: func(context.Context) error { stop(); <-done; return nil },
	})
}

func (e eraser) until(ctx context.Context) {
	tick := time.NewTicker(eraseEvery)
	defer tick.Stop()
	for {
		e.once(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-e.Woken():
		}
	}
}

func (e eraser) once(ctx context.Context) {
	run, end := e.erasing.Begin(ctx)
	err := e.Run(run)
	end(0, err)
	if err != nil && ctx.Err() == nil {
		e.log.Error("erase users", slog.Any("error", err))
	}
	run, end = e.sweeping.Begin(ctx)
	n, err := e.Sweep(run)
	end(int64(n), err)
	if err != nil && ctx.Err() == nil {
		e.log.Warn("sweep tombstones", slog.Any("error", err))
	} else if n > 0 {
		e.log.Debug("swept tombstones", slog.Int("removed", n))
	}
}
