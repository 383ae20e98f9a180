package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"docket/platform/localpg"
	"docket/platform/pgbouncer"
	"docket/platform/rowsecurity"
	"docket/platform/running"
	"docket/platform/schema"
)

const (
	database    = "docket"
	stopTimeout = time.Minute
)

// stage is all that a rehearsal needs, in temporary folders and on this machine
// only: server, proxy, PgBouncer, PostgreSQL, Redis, issuer.
type stage struct {
	folder, pgFolder string
	repository       string // the folder of schema.hcl
	binary           string
	ownerURL         string // of the database, around proxy and pooler

	postgres *localpg.Server
	preload  *preload // nil where there can be none, for the reason noPreload
	pooler   *pgbouncer.Server
	proxy    *proxy
	redis    *redisServer
	issuer   *issuer
	server   *running.Server
	traffic  *traffic

	earlier *earlier // nil where there is none, for the reason noEarlier or since nothing was released

	noPreload, noEarlier error
	settings             []string // of the server, besides where its things are
}

// setUp starts everything but the server, with an empty database.
func setUp(ctx context.Context, pooled bool) (_ *stage, err error) {
	s := &stage{traffic: newTraffic(10 * time.Millisecond)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.tearDown(ctx))
		}
	}()
	here, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the working folder: %w", err)
	}
	file, err := schema.Find(here)
	if err != nil {
		return nil, fmt.Errorf("find the schema: %w", err)
	}
	s.repository = filepath.Dir(file)
	// In memory nothing is durable: the last of the folders is on a disk where
	// there is one.
	dirs := localpg.TempDirs()
	if s.folder, err = os.MkdirTemp(dirs[len(dirs)-1], "docket-rehearse-"); err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	if err := os.Chmod(s.folder, 0o755); err != nil { //nolint:gosec // PostgreSQL's account reads a library there
		return nil, fmt.Errorf("open the temporary folder: %w", err)
	}
	if s.pgFolder, err = os.MkdirTemp(dirs[len(dirs)-1], "docket-rehearse-pg-"); err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	if s.binary, err = running.Build(ctx, s.folder); err != nil {
		return nil, err
	}
	if s.preload, s.noPreload = newPreload(ctx, s.folder); s.noPreload != nil && !errors.Is(s.noPreload, errNoPreload) {
		return nil, s.noPreload
	}
	if err := s.startPostgreSQL(ctx); err != nil {
		return nil, err
	}
	if err := s.postgres.EnsureDatabase(ctx, database); err != nil {
		return nil, fmt.Errorf("make the database: %w", err)
	}
	return s, s.startRest(ctx, pooled)
}

// startRest starts what stands around PostgreSQL.
func (s *stage) startRest(ctx context.Context, pooled bool) (err error) {
	behind := s.ownerURL
	if pooled {
		if s.pooler, err = pgbouncer.Start(ctx, s.ownerURL, "docket-rehearse-", pgbouncer.Config{Prepared: 200}); err != nil {
			return fmt.Errorf("start PgBouncer: %w", err)
		}
		behind = s.pooler.URL(s.ownerURL)
		s.settings = append(s.settings, "DOCKET_DATABASE_POOLER=true")
	}
	socket, err := socketOf(behind)
	if err != nil {
		return err
	}
	if s.proxy, err = newProxy(ctx, socket); err != nil {
		return err
	}
	if s.redis, err = startRedis(ctx, s.folder); err != nil {
		return err
	}
	s.issuer, err = newIssuer(ctx, filepath.Join(s.folder, "key-1"), filepath.Join(s.folder, "key-2"))
	return err
}

// socketOf is the Unix socket that a database URL names.
func socketOf(databaseURL string) (string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return "", fmt.Errorf("read the database URL: %w", err)
	}
	folder := u.Query().Get("host")
	if folder == "" {
		return "", errors.New("needs a PostgreSQL on a Unix socket")
	}
	return filepath.Join(folder, ".s.PGSQL."+u.Query().Get("port")), nil
}

// startPostgreSQL starts it, durable, where it was before.
func (s *stage) startPostgreSQL(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err := s.preload.with(func() (err error) {
		s.postgres, err = localpg.Start(ctx, localpg.Options{Dir: s.pgFolder})
		return err
	})
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	address := s.postgres.URL(database)
	if s.ownerURL != "" && s.ownerURL != address {
		return errors.New("PostgreSQL came back at another address; put TMPDIR where paths are short")
	}
	s.ownerURL = address
	return nil
}

// serviceURL is how the server reaches its database: as the restricted role,
// through the proxy.
func (s *stage) serviceURL() string {
	return "postgres://" + rowsecurity.DefaultRole + "@" + s.proxy.address() + "/" + database + "?sslmode=disable"
}

// startServer starts it as in production, and leads the traffic there.
func (s *stage) startServer(ctx context.Context, more ...string) (err error) {
	settings := slices.Concat([]string{
		"DOCKET_ENVIRONMENT=production", "DATABASE_URL=" + s.serviceURL(), "DOCKET_DATA_DIR=" + s.folder,
		"DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0",
		"DOCKET_HTTP_REQUEST_TIMEOUT=" + requestTimeout.String(),
		"DOCKET_RATE_LIMIT_STORE=redis", "DOCKET_REDIS_URL=" + s.redis.url(), "DOCKET_RATE_LIMIT_REQUESTS=1000000",
	}, s.issuer.settings(), s.settings, more)
	if s.server, err = running.Launch(ctx, s.binary, filepath.Join(s.folder, "server.log"), settings); err != nil {
		return err
	}
	s.traffic.base.Store(&s.server.API)
	return nil
}

// stopServer stops it with SIGTERM.
func (s *stage) stopServer(ctx context.Context) error {
	err := s.server.Stop(ctx)
	nowhere := ""
	s.traffic.base.Store(&nowhere)
	return err
}

// docket runs a command of the program, as whoever brings a release out would.
func (s *stage) docket(ctx context.Context, settings []string, args ...string) error {
	return runDocket(ctx, s.binary, settings, args...)
}

// runDocket runs a command of one or the other release.
func runDocket(ctx context.Context, binary string, settings []string, args ...string) error {
	c := exec.CommandContext(ctx, binary, args...)
	c.Env = running.Environment(settings...)
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("docket %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// ready asks the server's /readyz.
func (s *stage) ready(ctx context.Context) (answer, error) {
	return ask(ctx, http.DefaultClient, http.MethodGet, s.server.Ready, http.Header{}, nil)
}

// unreadyFor waits until /readyz says what is missing.
func (s *stage) unreadyFor(ctx context.Context, reason string) error {
	for limit := time.Now().Add(progressPatience); ; {
		a, err := s.ready(ctx)
		if err == nil && a.status == http.StatusServiceUnavailable && strings.Contains(string(a.body), reason) {
			return nil
		}
		if time.Now().After(limit) {
			return fmt.Errorf("/readyz does not say %q: %d %s: %w", reason, a.status, a.body, err)
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// tearDown ends whatever runs and removes all that was written.
func (s *stage) tearDown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	var problems []error
	if s.server != nil {
		problems = append(problems, s.server.Kill())
	}
	if s.proxy != nil {
		s.proxy.close()
	}
	if s.redis != nil {
		s.redis.kill()
	}
	if s.issuer != nil {
		problems = append(problems, s.issuer.stop())
	}
	if s.pooler != nil {
		problems = append(problems, s.pooler.Stop())
	}
	if s.postgres != nil {
		problems = append(problems, s.postgres.Stop(ctx))
	}
	if s.pgFolder != "" {
		problems = append(problems, localpg.Remove(ctx, s.pgFolder))
	}
	if s.folder != "" {
		problems = append(problems, os.RemoveAll(s.folder))
	}
	return errors.Join(problems...)
}
