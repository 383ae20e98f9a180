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

type inOrderKey struct{}

// InOrder is [PlannedAnew], and has PostgreSQL sort nothing that an index has in
// the wanted order: the statements that run with the context it returns read
// that index from where a page begins until the page is full (chapter QUERY
// PLANNING, enable_sort). Whether to sort instead, PostgreSQL decides by how many
// rows it expects, from figures about all users. The index must hold every
// condition that is to be cheap. Within a unit of work PostgreSQL decides.
func InOrder(ctx context.Context) context.Context {
	return context.WithValue(PlannedAnew(ctx), inOrderKey{}, true)
}

func plansInOrder(ctx context.Context) bool { return ctx.Value(inOrderKey{}) != nil }

// planned puts the mode of execution that ctx asks for in front of args. What
// goes out together goes in one mode: inside a unit of work nothing is planned
// anew, and where a statement goes with its scope, a setting beside that does it.
func (db *DB) planned(ctx context.Context, args []any) []any {
	if !plansAnew(ctx) || unitFrom(ctx) != nil || db.rowSecurity || plansInOrder(ctx) {
		return args
	}
	return append([]any{pgx.QueryExecModeCacheDescribe}, args...)
}
