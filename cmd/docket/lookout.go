package main

import (
	"context"
	"log/slog"
	"time"

	"go.uber.org/fx"

	"docket/modules/identity"
	"docket/platform/telemetry"
)

// lookEvery is how often the tombstones are looked at that other processes made.
// It leaves a slow database most of the second in which users are let in from
// memory.
const lookEvery = 300 * time.Millisecond

// lookTimeout bounds one such look.
const lookTimeout = 5 * time.Second

// lookOut keeps users out whom another process erased.
func lookOut(lc fx.Lifecycle, g graph, m *telemetry.Metrics, lookout *identity.Lookout) {
	job := m.Job("look_for_erased_users", nil) // too often to be worth a trace
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			go func() {
				defer close(done)
				lookUntil(ctx, lookout, job, g.log)
			}()
			return nil
		},
		OnStop: func(context.Context) error { stop(); <-done; return nil },
	})
}

func lookUntil(ctx context.Context, lookout *identity.Lookout, job *telemetry.Job, log *slog.Logger) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	blind := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		run, end := job.Begin(ctx)
		err := look(run, lookout)
		end(0, err)
		if err != nil && !blind && ctx.Err() == nil {
			log.Warn("users are looked up one by one", slog.Any("error", err))
		}
		blind = err != nil
	}
}

func look(ctx context.Context, lookout *identity.Lookout) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	return lookout.Look(ctx)
}
