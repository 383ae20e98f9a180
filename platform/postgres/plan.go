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

// planned puts the mode of execution that ctx asks for in front of args. Inside
// a unit of work statements go out together, in one mode.
func planned(ctx context.Context, args []any) []any {
	if ctx.Value(plannedAnewKey{}) == nil || unitFrom(ctx) != nil {
		return args
	}
	return append([]any{pgx.QueryExecModeCacheDescribe}, args...)
}
