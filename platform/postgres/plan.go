package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

type plannedAnewKey struct{}

// PlannedAnew makes the statements that run with the context it returns be
// planned for their values each time. After five executions of a prepared
// statement PostgreSQL may settle on one plan for all values (chapter PREPARE,
// plan_cache_mode), which for a filter that fits ten rows of one user and ten
// thousand of another is seconds slower now and then. Planning costs less than
// a millisecond.
func PlannedAnew(ctx context.Context) context.Context {
	return context.WithValue(ctx, plannedAnewKey{}, true)
}

func plansAnew(ctx context.Context) bool { return ctx.Value(plannedAnewKey{}) != nil }

// planned puts the mode of execution that ctx asks for in front of args. What
// goes out together goes in one mode: inside a unit of work nothing is planned
// anew, and where a statement goes with its scope, a setting beside that does it.
func (db *DB) planned(ctx context.Context, args []any) []any {
	if !plansAnew(ctx) || unitFrom(ctx) != nil || db.rowSecurity {
		return args
	}
	return append([]any{pgx.QueryExecModeCacheDescribe}, args...)
}
