package postgres

import (
	"context"
	"fmt"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"

	"docket/modules/project/internal/core"
	"docket/platform/fold"
	"docket/platform/postgres"
)

// orders says by which column each sort goes; an index starts with the owner
// and that column.
var orders = map[core.SortField]postgres.Keyset{
	core.SortPosition:  {Column: "position", Type: "text", Table: "projects", Placed: "placed"},
	core.SortName:      {Column: "name_key", Type: "text"},
	core.SortCreatedAt: {Column: "created_at", Type: "timestamptz"},
	core.SortUpdatedAt: {Column: "updated_at", Type: "timestamptz"},
}

// List implements [core.Store].
func (s *Store) List(ctx context.Context, owner uuid.UUID, q core.Query) ([]core.Project, *core.After, error) {
	order, ok := orders[q.Sort]
	if !ok {
		return nil, nil, fmt.Errorf("list projects: no order by %q", q.Sort)
	}
	order.Desc = q.Desc
	projects, next, err := postgres.ListPage(ctx, s.db, owner, fields,
		filter(sq.Select(columns).From("projects"), q), postgres.Page{Keyset: order, After: (*postgres.After)(q.After), Limit: q.Limit})
	if err != nil {
		return nil, nil, fmt.Errorf("list projects: %w", err)
	}
	return projects, (*core.After)(next), nil
}

func filter(b sq.SelectBuilder, q core.Query) sq.SelectBuilder {
	switch {
	case q.Archived == nil:
	case *q.Archived:
		b = b.Where("archived_at IS NOT NULL")
	default:
		b = b.Where("archived_at IS NULL")
	}
	if q.Contains != "" {
		b = b.Where(postgres.NameContains, fold.Key(q.Contains))
	}
	return b
}
