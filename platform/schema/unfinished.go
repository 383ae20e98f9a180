package schema

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Invalid is an index or a constraint that is there by name, and does not work.
type Invalid struct {
	Kind, Name string // "index" or "constraint"
	// Mend is the statement that removes or completes it.
	Mend string
}

// Unfinished returns the indexes whose CREATE INDEX CONCURRENTLY failed and the
// constraints that were never validated: [Plan] compares declarations, and sees
// nothing wrong with them.
// https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
func Unfinished(ctx context.Context, databaseURL string) (all []Invalid, err error) {
	const sql = `SELECT 'index' AS kind, c.relname::text AS name, format('REINDEX INDEX CONCURRENTLY %I.%I', n.nspname, c.relname) AS mend
		FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1::text AND NOT (i.indisvalid AND i.indisready)
		UNION ALL
		SELECT 'constraint', conname::text, format('ALTER TABLE %s VALIDATE CONSTRAINT %I', conrelid::regclass, conname) 
		FROM pg_constraint WHERE connamespace = $1::text::regnamespace AND NOT convalidated
		ORDER BY 1, 2`
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return nil, fmt.Errorf("reach the database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	rows, err := conn.Query(ctx, sql, namespace)
	if err != nil {
		return nil, fmt.Errorf("look for what is not valid: %w", err)
	}
	all, err = pgx.CollectRows(rows, pgx.RowToStructByName[Invalid])
	if err != nil {
		return nil, fmt.Errorf("look for what is not valid: %w", err)
	}
	return all, nil
}
