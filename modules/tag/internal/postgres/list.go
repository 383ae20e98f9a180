package postgres

import (
	"context"
	"fmt"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"

	"docket/modules/tag/internal/core"
	"docket/platform/fold"
	"docket/platform/postgres"
)

// orders says by which column each sort goes; an index starts with the owner
// and that column.
var orders = map[core.SortField]postgres.Keyset{
	core.SortName:      {Column: "name_key", Type: "text"},
	core.SortCreatedAt: {Column: "created_at", Type: "timestamptz"},
	core.SortUpdatedAt: {Column: "updated_at", Type: "timestamptz"},
}

// List implements [core.Store].
func (s *Store) List(ctx context.Context, owner uuid.UUID, q core.Query) ([]core.Tag, *core.After, error) {
	order, ok := orders[q.Sort]
	if !ok {
		return nil, nil, fmt.Errorf("list tags: no order by %q", q.Sort)
	}
	order.Desc = q.Desc
	b := sq.Select(columns).From("tags")
	if q.Contains != "" {
		b = b.Where(postgres.NameContains, fold.Key(q.Contains))
	}
	tags, next, err := postgres.ListPage(ctx, s.db, owner, fields, b, postgres.Page{Keyset: order, After: (*postgres.After)(q.After), Limit: q.Limit})
	if err != nil {
		return nil, nil, fmt.Errorf("list tags: %w", err)
	}
	return tags, (*core.After)(next), nil
}
