package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/dig"
	"go.uber.org/fx"

	"docket/platform/auth/devissuer"
	"docket/platform/config"
	"docket/platform/telemetry"
)

// startTimeout bounds a start: an idle Neon computer takes seconds to wake.
const startTimeout = 45 * time.Second

// stopGrace is what a stop gets on top of the drain time, to close the pool and
// to stop a private PostgreSQL.
const stopGrace = 10 * time.Second

func newServeCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the API",
		Long: `Serve the API until a first Ctrl-C or SIGTERM, which lets requests in flight
finish; a second stops at once.

In the environment local, without DATABASE_URL, it starts a private PostgreSQL
in the data folder and brings it to schema.hcl; without DOCKET_AUTH_JWKS_URL it
accepts tokens of a development issuer, see "docket token".`,
		Example: `  docket serve
  docket serve --data-dir /tmp/docket --log-format json
  DOCKET_HTTP_ADDRESS=127.0.0.1:9090 docket serve`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := o.load()
			if err != nil {
				return err
			}
			spareCollector()
			return serve(c.Context(), cfg, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
}

// serve runs from the first line of output to the last. What was started in
// one order is stopped in the other.
func serve(ctx context.Context, cfg config.Config, stdout, stderr io.Writer) (err error) {
	lines := telemetry.NewLogBuffer(stderr)
	defer lines.Stop()
	log, level := telemetry.NewLogger(lines, telemetry.LogOptions{
		Format:  telemetry.Format(cfg.Log.Format),
		Level:   cfg.Log.Level,
		NoColor: telemetry.NoColor(os.Environ()),
	})
	defer toggleDebugOnSignal(ctx, log, level, cfg.Log.Level)()
	database, err := openDatabase(ctx, cfg, log)
	if err != nil {
		return orInterrupted(ctx, err)
	}
	defer func() { err = errors.Join(err, database.stop(stopContext(ctx, stopGrace))) }()

	var issuer *devissuer.Issuer
	if cfg.DevelopmentIssuer() {
		if issuer, err = openIssuer(cfg); err != nil {
			return err
		}
	}
	var listening *listener
	var admin *adminListener
	app := newApp(graph{cfg: cfg, log: log, level: level, databaseURL: database.url, issuer: issuer}, fx.Populate(&listening, &admin))
	if err := app.Err(); err != nil {
		// Fx adds where in the graph it was, which helps nobody who runs it.
		return fmt.Errorf("put the program together: %w", dig.RootCause(err))
	}
	if err := start(ctx, app); err != nil {
		return orInterrupted(ctx, err)
	}
	if err := greet(stdout, cfg, addresses{listening.address(), admin.address()}, issuer, database); err != nil {
		log.Warn("greet", slog.Any("error", err))
	}
	// A start and a stop are told as they happen, even by one that ends in a crash.
	lines.Hold()
	if _, err := forgetStart(); err != nil {
		log.Debug("more memory than needed is resident", slog.Any("error", err))
	}
	why := wait(ctx, app, database, log)
	lines.Stop()
	log.Info("stopping", slog.String("because", why.reason), slog.String("drain_timeout", cfg.HTTP.DrainTimeout.String()))
	if err := app.Stop(stopContext(ctx, cfg.HTTP.DrainTimeout)); err != nil {
		why.err = errors.Join(why.err, cutOff(err, cfg.HTTP.DrainTimeout))
	}
	return why.err
}

func start(ctx context.Context, app *fx.App) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return app.Start(ctx)
}

// errInterrupted is how a start ends that somebody called off.
var errInterrupted = errors.New("interrupted before it was up")

// orInterrupted keeps to itself what fails only because of a Ctrl-C.
func orInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	return err
}

// ending is why a server stops; err is nil where somebody asked it to.
type ending struct {
	reason string
	err    error
}

func wait(ctx context.Context, app *fx.App, d *database, log *slog.Logger) ending {
	ended := app.Wait()
	for {
		select {
		case <-ctx.Done():
			return ending{reason: "a signal asked for it"}
		case s := <-ended:
			// Fx listens for signals too, and may be the first to hear of one.
			if s.ExitCode == 0 {
				return ending{reason: "a signal asked for it"}
			}
			return ending{reason: "the server failed", err: errors.New("the server failed; the log says why")}
		case <-d.exited():
			if err := d.revive(ctx, log); err != nil {
				return ending{reason: "the private PostgreSQL ended", err: err}
			}
		}
	}
}

// cutOff says of a stop that failed what became of the requests in flight: Fx
// says no more than that its time was over.
func cutOff(err error, drain time.Duration) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("stop: requests in flight were cut off after http.drain_timeout (DOCKET_HTTP_DRAIN_TIMEOUT), %s: %w", drain, err)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("stop: requests in flight were cut off by a second signal: %w", err)
	default:
		return fmt.Errorf("stop: %w", err)
	}
}

// stopContext gives a stop its time. It outlives ctx, whose end is what began
// the stop, and ends at a second signal.
func stopContext(ctx context.Context, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, func() { cancel(); stop() })
	return ctx
}
