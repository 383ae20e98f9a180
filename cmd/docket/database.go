package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"docket/platform/config"
	"docket/platform/localpg"
	"docket/platform/rowsecurity"
	"docket/platform/schema"
)

// privateDatabase is the database of the private PostgreSQL.
const privateDatabase = "docket"

// database is where the data is: somebody's server, or a private one that this
// process started.
type database struct {
	url     string          // for the role that serves
	owner   string          // the private one's, for the role that owns it
	server  *localpg.Server // nil where the server is somebody's
	options localpg.Options // of the private one
	took    time.Duration
	revived time.Time
}

// reviveAfter is how long a private PostgreSQL must have run to be started
// again when it ends: one that ends at once would end for ever.
const reviveAfter = 5 * time.Second

// openDatabase starts a private PostgreSQL and brings it to schema.hcl, where
// none was given.
func openDatabase(ctx context.Context, cfg config.Config, log *slog.Logger) (*database, error) {
	if !cfg.PrivateDatabase() {
		return &database{url: cfg.Database.URL}, nil
	}
	path, err := findSchema()
	if err != nil {
		return nil, fmt.Errorf("find the schema of the private database: %w", err)
	}
	began := time.Now()
	options := localpg.Options{
		Dir:      cfg.DataDir,
		Binaries: cfg.Database.Binaries,
		Progress: func(line string) { log.Info("private PostgreSQL", slog.String("progress", line)) },
	}
	server, err := localpg.Start(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("start a private PostgreSQL: %w", err)
	}
	d := &database{owner: server.URL(privateDatabase), server: server, options: options}
	if err := d.migrate(ctx, log, path); err != nil {
		return nil, errors.Join(err, d.stop(stopContext(ctx, stopGrace)))
	}
	d.url = d.owner
	if cfg.Database.RowSecurity {
		if d.url, err = rowsecurity.SecureOwn(ctx, d.owner); err != nil {
			return nil, errors.Join(err, d.stop(stopContext(ctx, stopGrace)))
		}
	}
	d.took = time.Since(began)
	return d, nil
}

// migrate brings the database to the schema at path, making it if absent.
func (d *database) migrate(ctx context.Context, log *slog.Logger, path string) error {
	if err := d.server.EnsureDatabase(ctx, privateDatabase); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	statements, err := schema.Plan(ctx, d.owner, path)
	if err != nil {
		return fmt.Errorf("compare the private database with %s: %w", path, err)
	}
	if len(statements) == 0 {
		return nil
	}
	if err := d.refuseLoss(ctx, statements, path); err != nil {
		return err
	}
	// A policy keeps the columns that it names from being changed. Without its
	// policies a table shows nobody anything until they are back.
	if err := rowsecurity.Lift(ctx, d.owner); err != nil {
		return fmt.Errorf("prepare the private database for %s: %w", path, err)
	}
	if statements, err = schema.Apply(ctx, d.owner, path); err != nil {
		return fmt.Errorf("bring the private database to %s: %w", path, err)
	}
	log.Info("schema applied", slog.Int("statements", len(statements)))
	return nil
}

// refuseLoss stops a start that would throw data away: another branch, or an
// older checkout, knows nothing of what a newer one has stored.
func (d *database) refuseLoss(ctx context.Context, statements []string, path string) error {
	lost, err := schema.Losses(ctx, d.owner, statements)
	if err != nil {
		return fmt.Errorf("look what a change of the schema would lose: %w", err)
	}
	if len(lost) == 0 {
		return nil
	}
	return fmt.Errorf("the data folder %s was last used with another schema: bringing it to %s would lose what is in %s; nothing was changed. "+
		"Use another folder with --data-dir, or, if it may go, drop that first: psql \"$(docket db url)\" while a docket that knows it runs",
		d.server.Dir(), path, strings.Join(lost, ", "))
}

// findSchema looks where the program was started and above, then where the
// program lies.
func findSchema() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the working folder: %w", err)
	}
	path, err := ourSchema(here)
	if err == nil {
		return path, nil
	}
	if program, programErr := os.Executable(); programErr == nil {
		if path, programErr := ourSchema(filepath.Dir(program)); programErr == nil {
			return path, nil
		}
	}
	return "", err
}

// schemaMark begins our schema.hcl, and tells it from that of another project:
// what a schema does not declare is dropped from the database.
const schemaMark = "// Docket's schema"

func ourSchema(dir string) (string, error) {
	path, err := schema.Find(dir)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the schema: %w", err)
	}
	if !strings.HasPrefix(string(text), schemaMark) {
		return "", fmt.Errorf("%s is another program's: it does not begin with %q; run docket inside its own repository", path, schemaMark)
	}
	return path, nil
}

func (d *database) stop(ctx context.Context) error {
	if d.server == nil {
		return nil
	}
	if err := d.server.Stop(ctx); err != nil {
		return fmt.Errorf("stop the private PostgreSQL: %w", err)
	}
	return nil
}

// exited is closed when the private server ends by itself; never for another.
func (d *database) exited() <-chan struct{} {
	if d.server == nil {
		return nil
	}
	return d.server.Exited()
}

// revive starts a private server again that ended by itself, or was killed: the
// pool finds it where it was.
func (d *database) revive(ctx context.Context, log *slog.Logger) error {
	why := d.err()
	if time.Since(d.revived) < reviveAfter {
		return why
	}
	log.Warn("the private PostgreSQL ended and is started again", slog.Any("error", why))
	if err := d.server.Stop(stopContext(ctx, stopGrace)); err != nil {
		return errors.Join(why, err)
	}
	server, err := localpg.Start(ctx, d.options)
	if err != nil {
		return errors.Join(why, fmt.Errorf("start it again: %w", err))
	}
	d.server, d.revived = server, time.Now()
	if server.URL(privateDatabase) != d.owner {
		return errors.Join(why, errors.New("started again, it listens elsewhere"))
	}
	return nil
}

func (d *database) err() error {
	if err := d.server.Err(); err != nil {
		return fmt.Errorf("the private PostgreSQL ended: %w", err)
	}
	return fmt.Errorf("the private PostgreSQL was stopped by somebody else")
}

func newDatabaseCommand(o *options) *cobra.Command {
	db := &cobra.Command{
		Use:   "db",
		Short: "Reach the database",
		Example: `  psql "$(docket db url)"
  docket db secure
  docket db check`,
	}
	var direct bool
	url := &cobra.Command{
		Use:   "url",
		Short: "Print the address of the database, password included",
		Long: `Print the address of the database, password included. That of the private
PostgreSQL is its owner's, who sees the rows of all users, and leads somewhere
only while "docket serve" runs.`,
		Example: `  psql "$(docket db url)"
  DATABASE_URL_DIRECT="$(docket db url --direct)" atlas schema apply --env local`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := o.load()
			if err != nil {
				return err
			}
			address, err := databaseURL(cfg, direct)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), address)
			return err
		},
	}
	url.Flags().BoolVar(&direct, "direct", false, "the address without the pooler, for schema and administration")
	db.AddCommand(url, newSecureCommand(o), newCheckCommand(o))
	return db
}

func databaseURL(cfg config.Config, direct bool) (string, error) {
	switch {
	case cfg.PrivateDatabase():
		return localpg.RunningURL(cfg.DataDir, privateDatabase)
	case !direct:
		return cfg.Database.URL, nil
	case cfg.Database.URLDirect == "":
		return "", fmt.Errorf("only the pooler's address is known; set DATABASE_URL_DIRECT")
	default:
		return cfg.Database.URLDirect, nil
	}
}
