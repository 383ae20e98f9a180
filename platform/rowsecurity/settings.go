package rowsecurity

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// roleSettings are time limits that the service's role has, since a pooler in
// transaction mode takes none from a client. Each is what is left when all else
// fails, and longer than any request: the program gives up far earlier, and says
// so to PostgreSQL. By the keepalives it notices a host that lost its power or its
// network.
// https://www.postgresql.org/docs/current/runtime-config-client.html
var roleSettings = [][2]string{
	{"statement_timeout", "10min"}, // an export may take 5 min
	{"lock_timeout", "1min"},
	{"idle_in_transaction_session_timeout", "30s"},
	{"tcp_keepalives_idle", "30"}, {"tcp_keepalives_interval", "10"}, {"tcp_keepalives_count", "3"},
}

// InspectSettings returns which time limits the role of databaseURL lacks. One
// that was given another value than [Secure] gives is somebody's decision, unless
// that is 0: no limit.
func InspectSettings(ctx context.Context, databaseURL string) (problems []Problem, err error) {
	err = connected(ctx, databaseURL, func(conn *pgx.Conn) error {
		var role string
		if err := conn.QueryRow(ctx, `SELECT current_user::text`).Scan(&role); err != nil {
			return fmt.Errorf("ask for the role: %w", err)
		}
		problems, err = inspectSettings(ctx, conn, role)
		return err
	})
	return problems, err
}

// inspectSettings is [InspectSettings] for any role. It goes by what a new session
// gets: one that a pooler opened earlier has what was set then.
func inspectSettings(ctx context.Context, q querier, role string) ([]Problem, error) {
	// What is set for the role in one database comes before what is set for it.
	const sql = `SELECT DISTINCT ON (1) split_part(c, '=', 1), split_part(c, '=', 2)
		FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) AS c
		WHERE r.rolname = $1 AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
		ORDER BY 1, s.setdatabase DESC`
	type setting struct{ Name, Value string }
	rows, err := q.Query(ctx, sql, role)
	if err != nil {
		return nil, fmt.Errorf("read the settings of the role %s: %w", role, err)
	}
	there, err := pgx.CollectRows(rows, pgx.RowToStructByPos[setting])
	if err != nil {
		return nil, fmt.Errorf("read the settings of the role %s: %w", role, err)
	}
	var problems []Problem
	for _, want := range roleSettings {
		i := slices.IndexFunc(there, func(s setting) bool { return s.Name == want[0] })
		problem := "has no " + want[0]
		set := fmt.Sprintf("ALTER ROLE %s SET %s = '%s'", pgx.Identifier{role}.Sanitize(), want[0], want[1])
		mend := []string{set}
		if i >= 0 {
			if there[i].Value != "0" {
				continue
			}
			problem = "has a " + want[0] + " of 0, which is none"
			// The one of the database would still come first.
			mend = append(mend, fmt.Sprintf("DO $$ BEGIN EXECUTE format('ALTER ROLE %%I IN DATABASE %%I RESET %s', %s, current_database()); END $$", want[0], literal(role)))
		}
		problems = append(problems, Problem{Object: "role " + role, Problem: problem, mend: mend})
	}
	return problems, nil
}
