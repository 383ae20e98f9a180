package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"
	"time"

	"github.com/google/uuid"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"docket/modules/identity"
	"docket/modules/project"
	"docket/modules/tag"
	"docket/modules/task"
	"docket/platform/auth"
	"docket/platform/auth/devissuer"
	"docket/platform/config"
	"docket/platform/httpx"
	"docket/platform/idempotency"
	"docket/platform/page"
	"docket/platform/postgres"
	"docket/platform/telemetry"
)

// graph is what the program is put together from.
type graph struct {
	cfg config.Config
	log *slog.Logger
	// level changes the level of log.
	level       *slog.LevelVar
	databaseURL string
	// issuer is the development issuer, nil where tokens come from a real one.
	issuer *devissuer.Issuer
}

// newApp puts the program together: platform, modules, and what joins them.
// Hooks run in the order in which things are made, see startInOrder: the pool
// connects early and the server listens last, so that a stop drains requests
// before the pool closes.
func newApp(g graph, more ...fx.Option) *fx.App {
	return fx.New(append([]fx.Option{wiring(g)}, more...)...)
}

func wiring(g graph) fx.Option {
	return fx.Options(
		fx.WithLogger(func() fxevent.Logger { return telemetry.FxLogger(g.log) }),
		fx.StartTimeout(startTimeout),
		fx.Supply(g),
		fx.Provide(
			func() func() time.Time { return time.Now },
			func() func() uuid.UUID { return newID },
			newDatabase,
			newCursors,
			newReplays,
			newKeys,
			newVerifier,
			newLimits,
			newHTTP,
			newListener,
			newMetrics,
			newTracing,
			newAdminListener,
		),
		fx.Invoke(startInOrder),
		// modules: one line each
		identity.Module,
		project.Module,
		tag.Module,
		task.Module,
		links,
		fx.Invoke(eraseInBackground, lookOut),
	)
}

// startInOrder asks for the parts that have something to start in the order in
// which they do; they stop in the other. Whoever watches sees all of a start and
// a stop, nothing asks the database before it answers, and what works in the
// background and then the API come up when the rest is there.
func startInOrder(*adminListener, *telemetry.Tracing, *postgres.DB, *page.Codec, *auth.KeySet, *idempotency.Store) {
}

// newID makes UUIDs of version 7, which sort by when they were made. It can
// fail only where the system has no randomness, and nothing is safe there.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func newDatabase(lc fx.Lifecycle, g graph, m *telemetry.Metrics, t *telemetry.Tracing) (*postgres.DB, error) {
	db, err := postgres.New(context.Background(), postgres.Config{
		URL: g.databaseURL, Pooler: g.cfg.Database.Pooled(), Prepared: preparedMode(g.cfg.Database.Prepared),
		RowSecurity: g.cfg.Database.RowSecurity, Grace: httpx.Reserve(g.cfg.HTTP.RequestTimeout), Tracer: traceStatements(t),
	})
	if err != nil {
		return nil, err
	}
	measurePool(m, db)
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) error {
			if err := db.Ping(ctx); err != nil {
				return err
			}
			return checkRowSecurity(ctx, g.cfg, g.databaseURL, g.log)
		},
		OnStop: func(context.Context) error { db.Close(); return nil },
	})
	return db, nil
}

func preparedMode(m config.PreparedMode) postgres.Prepared {
	switch m {
	case config.PreparedYes:
		return postgres.PreparedKept
	case config.PreparedNo:
		return postgres.PreparedLost
	default:
		return postgres.PreparedAuto
	}
}

// newCursors makes the codec of cursors, whose key all replicas share.
func newCursors(lc fx.Lifecycle, db *postgres.DB) *page.Codec {
	cursors := page.NewCodec(nil)
	lc.Append(fx.Hook{OnStart: func(ctx context.Context) error {
		fresh := make([]byte, page.KeySize)
		if _, err := rand.Read(fresh); err != nil {
			return fmt.Errorf("make a key for cursors: %w", err)
		}
		key, err := db.ServiceKey(ctx, "cursor", fresh)
		if errors.Is(err, postgres.ErrNoSchema) {
			return fmt.Errorf("%w; make them with: atlas schema apply --env production, or another environment of atlas.hcl", err)
		}
		if err != nil {
			return err
		}
		cursors.Use(key)
		return nil
	}})
	return cursors
}

// sweepEvery is how often expired idempotency keys are looked for.
const sweepEvery = time.Minute

// newReplays makes the store of answers, and sweeps it in the background.
func newReplays(lc fx.Lifecycle, g graph, db *postgres.DB, m *telemetry.Metrics, t *telemetry.Tracing, now func() time.Time) *idempotency.Store {
	store := idempotency.NewStore(db, now)
	job := m.Job("sweep_idempotency_keys", t)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			go func() {
				defer close(done)
				sweep(ctx, store, g.log, job)
			}()
			return nil
		},
		OnStop: func(context.Context) error { stop(); <-done; return nil },
	})
	return store
}

func sweep(ctx context.Context, store *idempotency.Store, log *slog.Logger, job *telemetry.Job) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			run, end := job.Begin(ctx)
			n, err := store.Sweep(run)
			end(n, err)
			if err != nil && ctx.Err() == nil {
				log.Warn("sweep expired idempotency keys", slog.Any("error", err))
			} else if n > 0 {
				log.Debug("swept expired idempotency keys", slog.Int64("removed", n))
			}
		}
	}
}

func newKeys(lc fx.Lifecycle, g graph, m *telemetry.Metrics, t *telemetry.Tracing, now func() time.Time) (*auth.KeySet, error) {
	var source auth.Source
	if g.issuer != nil {
		source = g.issuer.KeySet
	} else {
		var err error
		if source, err = auth.HTTPSource(g.cfg.Auth.JWKSURL, t.Transport); err != nil {
			return nil, fmt.Errorf("auth.jwks_url (DOCKET_AUTH_JWKS_URL): %w", err)
		}
	}
	keys := auth.NewKeySet(source, auth.KeySetConfig{RefreshInterval: g.cfg.Auth.JWKSRefresh, Now: now, Logger: g.log})
	measureKeys(m, keys, now)
	lc.Append(fx.Hook{
		OnStart: keys.Start,
		OnStop:  func(context.Context) error { keys.Close(); return nil },
	})
	return keys, nil
}

func newVerifier(g graph, keys *auth.KeySet, m *telemetry.Metrics, now func() time.Time) (*auth.Verifier, error) {
	c := auth.Config{Audiences: g.cfg.Auth.Audience, Now: now}
	for _, i := range g.cfg.Auth.Issuers {
		c.Issuers = append(c.Issuers, auth.IssuerTrust{Issuer: i.Issuer, Trust: i.Trust})
	}
	if g.issuer != nil {
		c.Issuers = []auth.IssuerTrust{{Issuer: devissuer.IssuerURL, Trust: devissuer.Trust}}
		c.Audiences = []string{devissuer.Audience}
	}
	verifier, err := auth.NewVerifier(keys, c)
	if err != nil {
		return nil, err
	}
	measureTokens(m, verifier)
	return verifier, nil
}

// lameDuck gives a balancer that asks every second or two the time to notice a
// stop. On a developer's machine nobody asks.
func lameDuck(cfg config.Config) time.Duration {
	if cfg.Environment.Deployed() {
		return min(3*time.Second, cfg.HTTP.DrainTimeout/3)
	}
	return 0
}

// surface is what the HTTP application is made of.
type surface struct {
	fx.In

	Graph   graph
	Metrics *telemetry.Metrics
	Tracing *telemetry.Tracing
	DB      *postgres.DB
	Keys    *auth.KeySet
	Cursors *page.Codec
	Users   *identity.Authenticator
	Admin   *adminListener
	Limits  limits
	Replays *idempotency.Store
	Now     func() time.Time
	Routes  []httpx.Route `group:"routes"`
}

func newHTTP(s surface) (*httpx.App, error) {
	cfg := s.Graph.cfg
	app := httpx.New(httpx.Config{
		RequestTimeout: cfg.HTTP.RequestTimeout,
		LameDuck:       lameDuck(cfg),
		MaxInFlight:    cfg.HTTP.MaxInFlight,
		TrustedProxies: cfg.HTTP.TrustedProxies,
		AllowOrigins:   cfg.CORS.AllowOrigins,
		Users:          s.Users,
		Limiter:        s.Limits.requests,
		Failures:       s.Limits.failures,
		Cursors:        s.Cursors,
		Replays:        countReplays(s.Metrics, s.Replays),
		Units:          s.DB,
		Candid:         cfg.Environment == config.Local,
		Log:            s.Graph.log,
		Now:            s.Now,
		NewID:          newID,
		Meters:         requestMeters(s.Metrics),
		Trace:          traceRequests(s.Tracing),
	})
	measureServing(s.Metrics, app)
	app.Add(s.Routes...)
	app.AddBatch(s.DB)
	if err := addProbes(app, s.DB, s.Keys, s.Limits.shared); err != nil {
		return nil, err
	}
	if s.Graph.issuer != nil {
		if err := app.AddDocument(jwksPath, "application/jwk-set+json", s.Graph.issuer.JWKS()); err != nil {
			return nil, err
		}
	}
	if err := addDocument(app); err != nil {
		return nil, err
	}
	return app, addPages(app, s.Graph, running{admin: s.Admin, db: s.DB})
}

// listener is the API's server.
type listener struct{ socket net.Listener }

func (l *listener) address() string { return l.socket.Addr().String() }

// newListener binds in OnStart, so that a port that is taken fails the start.
func newListener(lc fx.Lifecycle, g graph, app *httpx.App, shutdown fx.Shutdowner) *listener {
	l := &listener{}
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) (err error) {
			if l.socket, err = new(net.ListenConfig).Listen(ctx, "tcp", g.cfg.HTTP.Address); err != nil {
				return listenError(g.cfg.HTTP.Address, err)
			}
			go func() {
				if err := app.Serve(l.socket); err != nil {
					g.log.Error("serve", slog.Any("error", err))
					_ = shutdown.Shutdown(fx.ExitCode(exitFailure)) // fails only where a stop is under way
				}
			}()
			return nil
		},
		OnStop: app.Stop,
	})
	return l
}

func listenError(address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("http.address (DOCKET_HTTP_ADDRESS): %s is taken by another program; stop that, or choose another such as DOCKET_HTTP_ADDRESS=127.0.0.1:0 for any free port: %w", address, err)
	}
	return fmt.Errorf("http.address (DOCKET_HTTP_ADDRESS): cannot listen on %s: %w", address, err)
}
