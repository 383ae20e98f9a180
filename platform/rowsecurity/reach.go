package rowsecurity

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// inspectReach lists the ways around the policies that are no tables: what runs
// with the rights of somebody for whom no policy holds. What belongs to an
// extension is the extension's affair, and views that show no table with policies
// are none of ours.
func inspectReach(ctx context.Context, q querier, role string) ([]Problem, error) {
	var problems []Problem
	grantee := pgx.Identifier{role}.Sanitize()
	for _, way := range []struct{ sql, problem, revoke string }{
		{viewsAround, "is not security_invoker, and shows rows of all users to the role " + role, "REVOKE ALL ON %s FROM %s, PUBLIC"},
		{copiesAround, "holds rows of all users, and can be read by the role " + role, "REVOKE ALL ON %s FROM %s, PUBLIC"},
		{functionsAround, "is SECURITY DEFINER, of an owner for whom no policy holds, and can be called by the role " + role, "REVOKE EXECUTE ON ROUTINE %s FROM %s, PUBLIC"},
	} {
		rows, err := q.Query(ctx, way.sql, role) //nolint:rowserrcheck // ForEachRow checks it
		if err != nil {
			return nil, err
		}
		var object, name string
		_, err = pgx.ForEachRow(rows, []any{&object, &name}, func() error {
			problems = append(problems, Problem{Object: object + " " + name, Problem: way.problem, mend: []string{fmt.Sprintf(way.revoke, name, grantee)}})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return problems, nil
}

// shown are the views, and the tables with policies that they show, directly or
// by way of other views. It goes by what PostgreSQL notes of a view's rule.
// https://www.postgresql.org/docs/current/catalog-pg-depend.html
const shown = `WITH RECURSIVE reads AS (
		SELECT w.ev_class, d.refobjid FROM pg_rewrite w JOIN pg_depend d
		ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
	), shows AS (
		SELECT ev_class, refobjid FROM reads UNION SELECT s.ev_class, r.refobjid FROM shows s JOIN reads r ON r.ev_class = s.refobjid
	) `

// readable says of the relation c whether the role $1 can read or write any of
// it.
const readable = `NOT (SELECT rolsuper FROM pg_roles WHERE rolname = $1)
	AND has_schema_privilege($1::name, c.relnamespace, 'USAGE')
	AND (has_any_column_privilege($1::name, c.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege($1::name, c.oid, 'DELETE'))
	AND EXISTS (SELECT FROM shows s JOIN pg_class t ON t.oid = s.refobjid WHERE s.ev_class = c.oid AND t.relrowsecurity)`

const (
	// A view without security_invoker asks with the rights of its owner, whom
	// the policies do not hold back if it bypasses them.
	viewsAround = shown + `SELECT 'view', c.oid::regclass::text FROM pg_class c JOIN pg_roles o ON o.oid = c.relowner
		WHERE c.relkind = 'v' AND (o.rolsuper OR o.rolbypassrls) AND ` + readable + `
			AND NOT EXISTS (SELECT FROM pg_options_to_table(c.reloptions) WHERE option_name = 'security_invoker' AND option_value::boolean)
		ORDER BY 2`
	// A materialized view has no policies; what it shows was read by its owner.
	copiesAround = shown + `SELECT 'materialized view', c.oid::regclass::text FROM pg_class c
		WHERE c.relkind = 'm' AND ` + readable + ` ORDER BY 2`
	// What a function does is not known; a trigger's can be called by nobody.
	functionsAround = `SELECT 'function', p.oid::regprocedure::text FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE p.prosecdef AND (o.rolsuper OR o.rolbypassrls) AND n.nspname NOT IN ('pg_catalog', 'information_schema')
			AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
			AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = $1)
			AND has_schema_privilege($1::name, n.oid, 'USAGE') AND has_function_privilege($1::name, p.oid, 'EXECUTE')
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
		ORDER BY 2`
)
