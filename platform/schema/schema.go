// Package schema brings a PostgreSQL database to the state that schema.hcl
// declares, with the Atlas library in process.
//
// It is for the local and test environments. Elsewhere the schema changes in
// the pipeline, with the Atlas command line and somebody watching.
package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// File is the name of the file that declares the schema.
	File = "schema.hcl"
	// namespace is the one PostgreSQL schema that is managed.
	namespace = "public"
	// lockKey is the advisory lock that two starts on one database compete
	// for: the bytes of "docket" and a number.
	lockKey int64 = 0x646f636b65740001
)

// blocks are the top-level blocks that the library acts upon. It passes over
// any other without a word, a misspelt one included, so that they are refused.
var blocks = []string{"schema", "table", "enum"}

// Find returns the path of schema.hcl in dir or in the nearest folder above.
// The error satisfies errors.Is(err, fs.ErrNotExist) when there is none.
func Find(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("look for %s in %s: %w", File, dir, err)
	}
	for at := start; ; at = filepath.Dir(at) {
		path := filepath.Join(at, File)
		info, err := os.Stat(path)
		switch {
		case err == nil && info.Mode().IsRegular():
			return path, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("look for %s: %w", File, err)
		case filepath.Dir(at) == at:
			return "", fmt.Errorf("no %s in %s nor in any folder above: run docket inside its repository: %w", File, start, fs.ErrNotExist)
		}
	}
}

// Apply brings the schema public of a database to what the file declares and
// returns the statements that it took, none when the two agree. What the file
// does not declare is dropped: tables, columns, indexes, checks and enum types
// (but no functions, triggers, policies, views or extensions).
//
// All of it is one transaction: after an error the database is as it was. Two
// calls at once run one after the other. The URL must not lead through a
// pooler, or the role must have the right to change the schema.
func Apply(ctx context.Context, databaseURL, hclPath string) ([]string, error) {
	statements, err := bring(ctx, databaseURL, hclPath, true)
	if err != nil {
		return nil, fmt.Errorf("apply %s: %w", hclPath, err)
	}
	return statements, nil
}

// Plan returns the statements that Apply would run, and runs none.
func Plan(ctx context.Context, databaseURL, hclPath string) ([]string, error) {
	statements, err := bring(ctx, databaseURL, hclPath, false)
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", hclPath, err)
	}
	return statements, nil
}

func bring(ctx context.Context, databaseURL, hclPath string, apply bool) ([]string, error) {
	var plan []*migrate.Change
	err := within(ctx, databaseURL, hclPath, apply, func(tx *sql.Tx, c comparison) (err error) {
		if plan, err = c.plan(ctx); err != nil || !apply {
			return err
		}
		for _, change := range plan {
			if _, err := tx.ExecContext(ctx, change.Cmd, change.Args...); err != nil {
				return fmt.Errorf("run %q: %w", change.Cmd, err)
			}
		}
		return nil
	})
	return texts(plan), err
}

// within compares the database with the file, in a transaction that do may use
// and that is committed if it succeeds and commit is true.
func within(ctx context.Context, databaseURL, hclPath string, commit bool, do func(*sql.Tx, comparison) error) error {
	desired, err := read(hclPath)
	if err != nil {
		return err
	}
	return against(ctx, databaseURL, desired, commit, do)
}

// against is within for a schema that has been read.
func against(ctx context.Context, databaseURL string, desired *schema.Schema, commit bool, do func(*sql.Tx, comparison) error) (err error) {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return fmt.Errorf("read the database URL: %w", err)
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	c, err := compare(ctx, tx, desired)
	if err == nil {
		err = do(tx, c)
	}
	if err != nil || !commit {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// read evaluates the file.
func read(path string) (*schema.Schema, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parse(text, path)
}

// parse is read for the text of a file, which name stands for in errors.
func parse(text []byte, name string) (*schema.Schema, error) {
	if err := refuseUnknownBlocks(text, name); err != nil {
		return nil, err
	}
	var realm schema.Realm
	if err := postgres.EvalHCLBytes(text, &realm, nil); err != nil {
		return nil, err
	}
	if len(realm.Schemas) != 1 || realm.Schemas[0].Name != namespace {
		return nil, fmt.Errorf("the file must declare the schema %q and no other", namespace)
	}
	return realm.Schemas[0], nil
}

func refuseUnknownBlocks(text []byte, path string) error {
	file, diags := hclsyntax.ParseConfig(text, filepath.Base(path), hcl.InitialPos)
	if diags.HasErrors() {
		return diags
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return fmt.Errorf("read the file's blocks: unexpected %T", file.Body)
	}
	for _, b := range body.Blocks {
		if !slices.Contains(blocks, b.Type) {
			return fmt.Errorf("%s: a block %q, which would be ignored; allowed are %s", b.DefRange(), b.Type, strings.Join(blocks, ", "))
		}
	}
	for name, a := range body.Attributes {
		return fmt.Errorf("%s: an attribute %q, which would be ignored", a.SrcRange, name)
	}
	return nil
}

// comparison is how a database differs from what is desired.
type comparison struct {
	driver  migrate.Driver
	current *schema.Schema
	changes []schema.Change
}

// compare compares the database with what is desired, under the lock. The
// search path makes PostgreSQL print the expressions of the schema's objects
// as the file has them, whatever the role's own path is.
func compare(ctx context.Context, tx *sql.Tx, desired *schema.Schema) (comparison, error) {
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", lockKey); err != nil {
		return comparison{}, fmt.Errorf("wait for the schema lock: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "SET LOCAL search_path = "+namespace); err != nil {
		return comparison{}, fmt.Errorf("set the search path: %w", err)
	}
	driver, err := postgres.Open(tx)
	if err != nil {
		return comparison{}, err
	}
	current, err := driver.InspectSchema(ctx, namespace, nil)
	if err != nil {
		return comparison{}, fmt.Errorf("inspect the database: %w", err)
	}
	// The file has its expressions as PostgreSQL prints them, so that they can be
	// compared; else a check that is changed under its name would be passed over.
	changes, err := driver.SchemaDiff(current, desired, schema.DiffNormalized())
	if err != nil {
		return comparison{}, fmt.Errorf("compare the database with the file: %w", err)
	}
	return comparison{driver: driver, current: current, changes: changes}, nil
}

// plan returns the statements that make the changes.
func (c comparison) plan(ctx context.Context) ([]*migrate.Change, error) {
	if len(c.changes) == 0 {
		return nil, nil
	}
	plan, err := c.driver.PlanChanges(ctx, "docket", c.changes)
	if err != nil {
		return nil, fmt.Errorf("plan the changes: %w", err)
	}
	if !plan.Transactional {
		return nil, errors.New("the changes cannot be made in one transaction")
	}
	return plan.Changes, nil
}

func texts(plan []*migrate.Change) []string {
	var all []string
	for _, c := range plan {
		all = append(all, c.Cmd)
	}
	return all
}
