package postgres

import (
	"context"
	"fmt"
	"strings"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"
)

// ListUnion returns the rows of all parts, in no particular order, from one
// statement; each part bounds the number of its rows. It is for an order that
// no single index holds, but several ranges do: the caller merges them. The
// condition on the owner is added here, to each part.
func ListUnion[T any](ctx context.Context, db *DB, owner uuid.UUID, fields Fields[T], parts ...sq.SelectBuilder) ([]T, error) {
	texts := make([]string, len(parts))
	var args []any
	for i, part := range parts {
		text, of, err := part.Where("user_id = ?", owner).ToSql()
		if err != nil {
			return nil, fmt.Errorf("build the statement: %w", err)
		}
		texts[i] = "(" + text + ")"
		args = append(args, of...)
	}
	sql, err := sq.Dollar.ReplacePlaceholders(strings.Join(texts, " UNION ALL "))
	if err != nil {
		return nil, fmt.Errorf("build the statement: %w", err)
	}
	return collect(ctx, db, of(owner), fields, query{sql: sql, args: args})
}
