package rowsecurity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Problem is something by which a user could reach another's rows, or by which
// the service could not reach what it must.
type Problem struct {
	// Object is what it is about: "role docket_app", "table tasks".
	Object string
	// Problem goes on from there: "has no policy own_rows".
	Problem string
	// Missing says that the table itself is.
	Missing bool
	// mend are the statements that [Secure] runs about it.
	mend []string
}

func (p Problem) String() string { return p.Object + " " + p.Problem }

// Inspect returns all that is wrong with the second wall in front of the role of
// databaseURL, which may lead through a pooler. It reads the catalog, which every
// role may, and changes nothing.
func Inspect(ctx context.Context, databaseURL string) (problems []Problem, err error) {
	err = connected(ctx, databaseURL, func(conn *pgx.Conn) error {
		var role string
		if err := conn.QueryRow(ctx, `SELECT current_user::text`).Scan(&role); err != nil {
			return fmt.Errorf("ask for the role: %w", err)
		}
		problems, err = inspect(ctx, conn, role)
		return err
	})
	return problems, err
}

// Held reports whether policies hold for the role of databaseURL: without
// being told of an owner, such a role meets no row.
func Held(ctx context.Context, databaseURL string) (held bool, err error) {
	const sql = `SELECT count(*) > 0 FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND row_security_active(oid)`
	err = connected(ctx, databaseURL, func(conn *pgx.Conn) error {
		if err := conn.QueryRow(ctx, sql).Scan(&held); err != nil {
			return fmt.Errorf("ask whether row-level security holds: %w", err)
		}
		return nil
	})
	return held, err
}

// connected calls fn with a connection of its own, on which nothing is prepared:
// a pooler may be in between.
func connected(ctx context.Context, databaseURL string, fn func(*pgx.Conn) error) error {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return fmt.Errorf("read the database URL: %w", err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return fn(conn)
}

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// inspect is [Inspect] for any role.
func inspect(ctx context.Context, q querier, role string) ([]Problem, error) {
	problems, err := inspectRole(ctx, q, role)
	if err != nil {
		return nil, fmt.Errorf("inspect the role %s: %w", role, err)
	}
	if slices.ContainsFunc(problems, func(p Problem) bool { return p.Missing }) {
		return problems, nil
	}
	there, err := tables(ctx, q, role)
	if err != nil {
		return nil, fmt.Errorf("inspect the tables: %w", err)
	}
	for _, want := range wanted(there) {
		i := slices.IndexFunc(there, func(f found) bool { return f.name == want.name })
		if i < 0 {
			problems = append(problems, Problem{Object: "table " + want.name, Problem: "is missing", Missing: true})
			continue
		}
		problems = append(problems, there[i].compare(want, role)...)
	}
	for _, f := range there {
		if f.owned && !f.super && !f.ofUsers && !Knows(f.name) {
			problems = append(problems, Problem{Object: "table " + f.name, Problem: "belongs to the role " + role + ", which should own nothing"})
		}
	}
	around, err := inspectReach(ctx, q, role)
	if err != nil {
		return nil, fmt.Errorf("inspect views and functions: %w", err)
	}
	return append(problems, around...), nil
}

// roleFacts is what is known of a role.
type roleFacts struct {
	super, bypass, createRole, replication, login bool
	usage, create, owner                          bool     // of the schema public
	through, around                               []string // roles that it is a member of
}

// aroundRoles are roles of PostgreSQL's own that reach the files of tables.
// https://www.postgresql.org/docs/current/predefined-roles.html
const aroundRoles = `'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'`

func readRole(ctx context.Context, q querier, role string) (r roleFacts, err error) {
	const sql = `SELECT r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication, r.rolcanlogin,
			has_schema_privilege(r.oid, n.oid, 'USAGE'), has_schema_privilege(r.oid, n.oid, 'CREATE'), pg_has_role(r.oid, n.nspowner, 'MEMBER'),
			ARRAY(SELECT o.rolname::text FROM pg_roles o WHERE o.oid <> r.oid AND pg_has_role(r.oid, o.oid, 'MEMBER')
				AND (o.rolsuper OR o.rolbypassrls) ORDER BY 1),
			ARRAY(SELECT o.rolname::text FROM pg_roles o WHERE o.oid <> r.oid AND pg_has_role(r.oid, o.oid, 'MEMBER')
				AND NOT (o.rolsuper OR o.rolbypassrls) AND (o.rolcreaterole OR o.rolreplication OR o.rolname IN (` + aroundRoles + `)) ORDER BY 1)
		FROM pg_roles r, pg_namespace n WHERE r.rolname = $1 AND n.nspname = 'public'`
	err = q.QueryRow(ctx, sql, role).Scan(&r.super, &r.bypass, &r.createRole, &r.replication, &r.login, &r.usage, &r.create, &r.owner, &r.through, &r.around)
	return r, err
}

func inspectRole(ctx context.Context, q querier, role string) ([]Problem, error) {
	object, quoted := "role "+role, pgx.Identifier{role}.Sanitize()
	r, err := readRole(ctx, q, role)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return []Problem{{Object: object, Problem: "is missing", Missing: true, mend: []string{"CREATE ROLE " + quoted + " LOGIN"}}}, nil
	case err != nil:
		return nil, err
	}
	var problems []Problem
	add := func(wrong bool, problem string, mend ...string) {
		if wrong {
			problems = append(problems, Problem{Object: object, Problem: problem, mend: mend})
		}
	}
	add(!r.login, "cannot log in", "ALTER ROLE "+quoted+" LOGIN")
	if r.super { // and with it everything else
		add(true, "is a superuser, for whom no policy holds", "ALTER ROLE "+quoted+" NOSUPERUSER")
		return problems, nil
	}
	add(r.bypass, "has BYPASSRLS: no policy holds for it", "ALTER ROLE "+quoted+" NOBYPASSRLS")
	add(r.createRole, "has CREATEROLE, and could give itself other rights", "ALTER ROLE "+quoted+" NOCREATEROLE")
	add(r.replication, "has REPLICATION, and could read all tables as they are stored", "ALTER ROLE "+quoted+" NOREPLICATION")
	for _, o := range r.through {
		add(true, "is a member of "+o+", for whom no policy holds", "REVOKE "+pgx.Identifier{o}.Sanitize()+" FROM "+quoted)
	}
	for _, o := range r.around {
		add(true, "is a member of "+o+", which can get around policies", "REVOKE "+pgx.Identifier{o}.Sanitize()+" FROM "+quoted)
	}
	add(!r.usage, "may not use the schema public", "GRANT USAGE ON SCHEMA public TO "+quoted)
	add(r.owner, "owns the schema public, or the database, and could drop its tables")
	add(r.create && !r.owner, "may create things in the schema public, which others would take for Docket's", "REVOKE CREATE ON SCHEMA public FROM PUBLIC, "+quoted)
	return problems, nil
}

// found is a table as it is.
type found struct {
	name             string
	owned            bool // by the role, or one that it is a member of
	super            bool // is the role, which then may everything anyway
	ofUsers          bool
	enabled, forced  bool
	granted, surplus []string
	policies         []foundPolicy
}

// foundPolicy is a policy as it is. What is printed of it is what PostgreSQL
// makes of its text, in a form that only that version knows: [Secure] notes in
// its comment what it wrote and what was printed of that.
type foundPolicy struct {
	name, note, printed string
	permissive          bool
}

func tables(ctx context.Context, q querier, role string) ([]found, error) {
	const sql = `SELECT c.relname::text, pg_has_role($1::name, c.relowner, 'MEMBER'), (SELECT rolsuper FROM pg_roles WHERE rolname = $1),
			EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = $2 AND NOT a.attisdropped),
			c.relrowsecurity, c.relforcerowsecurity,
			ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p WHERE has_table_privilege($1::name, c.oid, p)),
			ARRAY(SELECT p FROM unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) p WHERE has_table_privilege($1::name, c.oid, p))
		FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1`
	rows, err := q.Query(ctx, sql, role, ownerColumn)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f found, err error) {
		return f, row.Scan(&f.name, &f.owned, &f.super, &f.ofUsers, &f.enabled, &f.forced, &f.granted, &f.surplus)
	})
	if err != nil {
		return nil, err
	}
	const policies = `SELECT c.relname::text, p.polname::text, p.polpermissive, coalesce(obj_description(p.oid, 'pg_policy'), ''), ` + printed + `
		FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1, 2`
	rows, err = q.Query(ctx, policies) //nolint:rowserrcheck // ForEachRow does
	if err != nil {
		return nil, err
	}
	var of string
	var p foundPolicy
	_, err = pgx.ForEachRow(rows, []any{&of, &p.name, &p.permissive, &p.note, &p.printed}, func() error {
		if i := slices.IndexFunc(all, func(f found) bool { return f.name == of }); i >= 0 {
			all[i].policies = append(all[i].policies, p)
		}
		return nil
	})
	return all, err
}

// printed is a digest of all that PostgreSQL keeps of the policy p.
const printed = `substr(md5(concat_ws('|', p.polcmd, p.polpermissive, p.polroles::text,
	coalesce(pg_get_expr(p.polqual, p.polrelid), '-'), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '-'))), 1, 16)`

// note is the comment of a policy that is as it was made.
func note(p policy, printed string) string { return "docket " + p.digest() + " " + printed }

// wanted is what the tables that are there should be.
func wanted(there []found) []table {
	all := exceptions()
	for _, f := range there {
		if f.ofUsers && !Knows(f.name) {
			all = append(all, ofUsers(f.name))
		}
	}
	return all
}

func (f found) compare(want table, role string) []Problem {
	var problems []Problem
	on := pgx.Identifier{f.name}.Sanitize()
	grantee := pgx.Identifier{role}.Sanitize()
	add := func(problem string, mend ...string) {
		problems = append(problems, Problem{Object: "table " + f.name, Problem: problem, mend: mend})
	}
	if !want.unforced() {
		if !f.enabled {
			add("has no row-level security", "ALTER TABLE "+on+" ENABLE ROW LEVEL SECURITY")
		}
		if !f.forced {
			add("does not force row-level security on its owner", "ALTER TABLE "+on+" FORCE ROW LEVEL SECURITY")
		}
	}
	if f.owned && !f.super {
		add("belongs to the role " + role + ", which could take its policies away")
	}
	if missing := without(want.privileges, f.granted); len(missing) > 0 {
		add("does not grant "+strings.Join(missing, ", ")+" to the role "+role, "GRANT "+strings.Join(missing, ", ")+" ON "+on+" TO "+grantee)
	}
	if surplus := append(without(f.granted, want.privileges), f.surplus...); len(surplus) > 0 && !f.owned && !f.super {
		add("grants "+strings.Join(surplus, ", ")+" to the role "+role, "REVOKE "+strings.Join(surplus, ", ")+" ON "+on+" FROM "+grantee)
	}
	return append(problems, f.comparePolicies(want, on)...)
}

func (f found) comparePolicies(want table, on string) []Problem {
	var problems []Problem
	for _, p := range want.policies {
		name := pgx.Identifier{p.name}.Sanitize()
		create := "CREATE POLICY " + name + " ON " + on + " " + p.clauses()
		problem := Problem{Object: "table " + f.name, Problem: "has no policy " + p.name, mend: []string{create}}
		i := slices.IndexFunc(f.policies, func(have foundPolicy) bool { return have.name == p.name })
		if i >= 0 {
			if f.policies[i].note == note(p, f.policies[i].printed) {
				continue
			}
			problem.Problem = "has another policy " + p.name + " than it should"
			problem.mend = []string{"DROP POLICY " + name + " ON " + on, create}
		}
		problems = append(problems, problem)
	}
	for _, have := range f.policies {
		known := slices.ContainsFunc(want.policies, func(p policy) bool { return p.name == have.name })
		// A restrictive policy takes away; any other opens what ours close.
		if have.permissive && !known && !want.unforced() {
			problems = append(problems, Problem{
				Object: "table " + f.name, Problem: "has a policy " + have.name + " that is not Docket's",
				mend: []string{"DROP POLICY " + pgx.Identifier{have.name}.Sanitize() + " ON " + on},
			})
		}
	}
	return problems
}

// without returns what of all is not in some.
func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}
