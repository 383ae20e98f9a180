package rowsecurity

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Lift removes the policies that [Secure] made, so that the columns that they
// name can be changed. Row-level security stays on: until [Secure] makes them
// anew, whoever it holds for meets no row at all. databaseURL is that of the role
// that owns the tables.
func Lift(ctx context.Context, databaseURL string) error {
	const sql = `DO $$ DECLARE ours record; BEGIN
		FOR ours IN SELECT c.relname, p.polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
			WHERE c.relnamespace = 'public'::regnamespace AND obj_description(p.oid, 'pg_policy') LIKE 'docket %'
		LOOP EXECUTE format('DROP POLICY %I ON public.%I', ours.polname, ours.relname); END LOOP;
	END $$`
	return connected(ctx, databaseURL, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("lift the policies: %w", err)
		}
		return nil
	})
}
