package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"
)

// buildKey is the advisory lock of those who build indexes: it is held
// meanwhile, outside of any transaction.
const buildKey = lockKey + 1

// shortly begins what gives up after a moment rather than keep others waiting.
// It is one transaction with what follows.
const shortly = "SET LOCAL lock_timeout = '3s'; "

// BuildIndexes builds the indexes that the file declares and that tables of the
// database lack, without locking anybody out (CREATE INDEX CONCURRENTLY), and
// drops those first whose build was broken off. Where an index is on a column that
// is new as well, and nullable, the column is added first. It returns the
// statements that it took; say, which may be nil, hears of each before it is
// run. It goes before the schema is applied, which then finds the indexes there.
//
// A build waits for the transactions that are under way, and takes as long as
// reading the table twice. One that fails or is interrupted leaves a broken
// index, which the next call mends. The URL must not lead through a pooler.
// https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
func BuildIndexes(ctx context.Context, databaseURL, hclPath string, say func(statement string)) ([]string, error) {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return nil, fmt.Errorf("build the indexes of %s: reach the database: %w", hclPath, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // the lock goes with it
	done, err := buildOn(ctx, conn, databaseURL, hclPath, say)
	if err != nil {
		return done, fmt.Errorf("build the indexes of %s: %w", hclPath, err)
	}
	return done, nil
}

func buildOn(ctx context.Context, conn *pgx.Conn, databaseURL, hclPath string, say func(string)) (done []string, err error) {
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", buildKey); err != nil {
		return nil, fmt.Errorf("wait for others who build: %w", err)
	}
	run := func(statement string) error {
		if say != nil {
			say(statement)
		}
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("run %q: %w", statement, err)
		}
		done = append(done, statement)
		return nil
	}
	// First what is broken: it has the name that a new one is to get.
	var broken []indexName
	err = within(ctx, databaseURL, hclPath, false, func(tx *sql.Tx, _ comparison) (err error) {
		broken, err = brokenIndexes(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, i := range broken {
		if err := run("DROP INDEX CONCURRENTLY " + pgx.Identifier{namespace, i.name}.Sanitize()); err != nil {
			return done, err
		}
	}
	var columns, indexes []string
	err = within(ctx, databaseURL, hclPath, false, func(_ *sql.Tx, c comparison) (err error) {
		columns, indexes, err = c.builds(ctx)
		return err
	})
	if err != nil {
		return done, err
	}
	// A column takes the table for an instant: everybody else waits behind
	// whoever waits for that. A build locks nobody out, and waits for ever.
	for _, statement := range columns {
		if err := run(shortly + statement); err != nil {
			return done, err
		}
	}
	for _, statement := range indexes {
		if err := run(statement); err != nil {
			return done, err
		}
	}
	return done, nil
}

// builds returns the statements that make what tables lack in indexes, and the
// columns that these are on where adding them changes no row. Other columns
// that are new wait, and their indexes with them.
func (c comparison) builds(ctx context.Context) (columns, indexes []string, err error) {
	for _, change := range c.changes {
		table, ok := change.(*schema.ModifyTable)
		if !ok {
			continue
		}
		fresh := map[*schema.Column]*schema.AddColumn{}
		for _, part := range table.Changes {
			if add, ok := part.(*schema.AddColumn); ok {
				fresh[add.C] = add
			}
		}
		for _, part := range table.Changes {
			add, ok := part.(*schema.AddIndex)
			if !ok {
				continue
			}
			needs, ok := columnsFor(add.I, fresh)
			if !ok {
				continue
			}
			for _, column := range needs {
				delete(fresh, column.C)
				if columns, err = c.planAlone(ctx, columns, table.T, column); err != nil {
					return nil, nil, err
				}
			}
			concurrently := &schema.AddIndex{I: add.I, Extra: append(add.Extra, &postgres.Concurrently{})}
			if indexes, err = c.planAlone(ctx, indexes, table.T, concurrently); err != nil {
				return nil, nil, err
			}
		}
	}
	return columns, indexes, nil
}

// planAlone appends the statements of one change of a table.
func (c comparison) planAlone(ctx context.Context, statements []string, t *schema.Table, part schema.Change) ([]string, error) {
	plan, err := c.driver.PlanChanges(ctx, "docket", []schema.Change{&schema.ModifyTable{T: t, Changes: []schema.Change{part}}})
	if err != nil {
		return nil, fmt.Errorf("plan a change of %s: %w", t.Name, err)
	}
	return append(statements, texts(plan.Changes)...), nil
}

// columnsFor returns those of the columns that an index is on which are fresh,
// and whether each of them can be added without writing a row.
func columnsFor(i *schema.Index, fresh map[*schema.Column]*schema.AddColumn) (needs []*schema.AddColumn, harmless bool) {
	for _, p := range i.Parts {
		add := fresh[p.C]
		if p.C == nil || add == nil {
			continue
		}
		if !p.C.Type.Null || made(p.C) || volatile(p.C.Default) {
			return nil, false
		}
		needs = append(needs, add)
	}
	return needs, true
}

type indexName struct{ table, name string }

// brokenIndexes returns those whose concurrent build was broken off. To Atlas
// they look like any other. One that is being built at this moment looks the
// same; those who build take turns.
func brokenIndexes(ctx context.Context, tx *sql.Tx) (names []indexName, err error) {
	rows, err := tx.QueryContext(ctx, `
		SELECT t.relname, i.relname FROM pg_index x
		JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
		WHERE NOT x.indisvalid AND i.relnamespace = $1::regnamespace ORDER BY 1, 2`, namespace)
	if err != nil {
		return nil, fmt.Errorf("look for broken indexes: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var i indexName
		if err := rows.Scan(&i.table, &i.name); err != nil {
			return nil, fmt.Errorf("look for broken indexes: %w", err)
		}
		names = append(names, i)
	}
	return names, rows.Err()
}
