package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"docket/platform/auth/devissuer"
	"docket/platform/localpg"
	"docket/platform/rowsecurity"
	"docket/platform/running"
	"docket/platform/schema"
)

const database = "docket"

// Bounds of single steps.
const (
	startPatience = time.Minute
	stopPatience  = 30 * time.Second
)

// bench is what a run works with: a private PostgreSQL and a server, both in
// temporary folders, both on this machine only.
type bench struct {
	folder   string // of the binary, the issuer's key and the server's log
	pgFolder string
	binary   string
	url      string // of the owner, who sees all rows
	service  string // the same database as the server has it
	postgres *localpg.Server
	server   *running.Server
	issuer   *devissuer.Issuer
	base     atomic.Pointer[string] // of the API; "" while the server is down
}

func setUp(ctx context.Context, say func(string, ...any)) (_ *bench, err error) {
	// In memory nothing is durable: the last of the folders is on a disk where
	// there is one.
	dirs := localpg.TempDirs()
	b := &bench{}
	if b.folder, err = os.MkdirTemp("", "docket-chaos-"); err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	if b.pgFolder, err = os.MkdirTemp(dirs[len(dirs)-1], "docket-chaos-pg-"); err != nil {
		return nil, errors.Join(fmt.Errorf("make a temporary folder: %w", err), os.RemoveAll(b.folder))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.tearDown(context.WithoutCancel(ctx)))
		}
	}()
	if b.binary, err = running.Build(ctx, b.folder); err != nil {
		return nil, err
	}
	if err := b.startPostgreSQL(ctx); err != nil {
		return nil, err
	}
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	say("PostgreSQL %s runs in %s", b.postgres.Version(), b.pgFolder)
	return b, b.startServer(ctx)
}

// prepare makes the database and the key that tokens are signed with.
func (b *bench) prepare(ctx context.Context) error {
	if err := b.postgres.EnsureDatabase(ctx, database); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	here, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the working folder: %w", err)
	}
	path, err := schema.Find(here)
	if err != nil {
		return fmt.Errorf("find the schema: %w", err)
	}
	if _, err := schema.Apply(ctx, b.url, path); err != nil {
		return fmt.Errorf("apply the schema: %w", err)
	}
	if b.service, err = rowsecurity.SecureOwn(ctx, b.url); err != nil {
		return err
	}
	if b.issuer, err = devissuer.Open(b.folder, rand.Reader); err != nil {
		return fmt.Errorf("make the issuer's key: %w", err)
	}
	return nil
}

// startPostgreSQL starts it, durable, where it was before.
func (b *bench) startPostgreSQL(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	s, err := localpg.Start(ctx, localpg.Options{Dir: b.pgFolder})
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	b.postgres = s
	url := s.URL(database)
	if b.url != "" && b.url != url {
		return errors.New("PostgreSQL came back at another address; put TMPDIR where paths are short")
	}
	b.url = url
	return nil
}

func (b *bench) startServer(ctx context.Context) error {
	s, err := running.Launch(ctx, b.binary, filepath.Join(b.folder, "server.log"), []string{
		"DATABASE_URL=" + b.service, "DOCKET_DATA_DIR=" + b.folder,
		"DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0",
		"DOCKET_LOG_FORMAT=json", "DOCKET_RATE_LIMIT_REQUESTS=1000000",
	})
	if err != nil {
		return err
	}
	b.server = s
	b.base.Store(&s.API)
	return nil
}

// tearDown ends whatever runs and removes all that was written.
func (b *bench) tearDown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	var problems []error
	if b.server != nil {
		problems = append(problems, b.server.Kill())
	}
	if b.postgres != nil {
		problems = append(problems, b.postgres.Stop(ctx))
	}
	return errors.Join(append(problems, localpg.Remove(ctx, b.pgFolder), os.RemoveAll(b.folder))...)
}
