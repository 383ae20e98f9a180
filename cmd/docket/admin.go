package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"go.uber.org/fx"

	"docket/platform/telemetry"
)

const (
	// adminHeaderTimeout bounds what a slow client can hold. Answers have no
	// bound: a profile takes as long as it was asked to.
	adminHeaderTimeout = 5 * time.Second
	// adminStopTimeout is what a collection under way gets to end. A profile is
	// broken off.
	adminStopTimeout = time.Second
)

// adminListener serves operators, apart from the API.
type adminListener struct{ socket net.Listener }

func (l *adminListener) address() string { return l.socket.Addr().String() }

// newAdminListener binds in OnStart, so that a port that is taken fails the
// start.
func newAdminListener(lc fx.Lifecycle, g graph, m *telemetry.Metrics) *adminListener {
	l := &adminListener{}
	server := &http.Server{
		Handler:           telemetry.AdminHandler(m, g.log, g.level),
		ReadHeaderTimeout: adminHeaderTimeout,
		ErrorLog:          slog.NewLogLogger(g.log.Handler(), slog.LevelWarn),
	}
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) (err error) {
			if l.socket, err = new(net.ListenConfig).Listen(ctx, "tcp", g.cfg.Admin.Address); err != nil {
				return adminError(g.cfg.Admin.Address, err)
			}
			go func() {
				// The API goes on without it.
				if err := server.Serve(l.socket); !errors.Is(err, http.ErrServerClosed) {
					g.log.Error("serve the admin listener", slog.Any("error", err))
				}
			}()
			return nil
		},
		OnStop: func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, adminStopTimeout)
			defer cancel()
			if err := server.Shutdown(ctx); err != nil {
				_ = server.Close() // what it has to say was said by Shutdown
			}
			return nil
		},
	})
	return l
}

func adminError(address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("admin.address (DOCKET_ADMIN_ADDRESS): %s is taken by another program, perhaps another docket; stop that, or choose another such as DOCKET_ADMIN_ADDRESS=127.0.0.1:0 for any free port: %w", address, err)
	}
	return fmt.Errorf("admin.address (DOCKET_ADMIN_ADDRESS): cannot listen on %s: %w", address, err)
}
