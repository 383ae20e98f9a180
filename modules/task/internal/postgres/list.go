package postgres

import (
	"context"
	"fmt"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/postgres"
)

// orders says by which column each sort goes; an index starts with the owner
// and that column, but for the rank: all matches of a search are ranked.
var orders = map[core.SortField]postgres.Keyset{
	core.SortCreatedAt: {Column: "created_at", Type: "timestamptz"},
	core.SortUpdatedAt: {Column: "updated_at", Type: "timestamptz"},
	core.SortTitle:     {Column: "title_key", Type: "text"},
	core.SortPriority:  {Column: "priority", Type: "smallint"},
	core.SortPosition:  {Column: "position", Type: "text"},
	core.SortRank:      {Column: "found.rank", Type: "real"},
}

// List implements [core.Reader].
func (s *Store) List(ctx context.Context, owner uuid.UUID, q core.Query) ([]core.Task, *core.After, error) {
	if q.Filter.Narrows() {
		ctx = postgres.PlannedAnew(ctx)
	}
	if q.Sort == core.SortDue {
		return s.listByDue(ctx, owner, q)
	}
	order, ok := orders[q.Sort]
	if !ok || q.Sort == core.SortRank && q.Filter.Search == nil {
		return nil, nil, fmt.Errorf("list tasks: no order by %q", q.Sort)
	}
	order.Desc = q.Desc || q.Sort == core.SortRank
	tasks, next, err := postgres.ListPage(ctx, s.db, owner, fields,
		meeting(sq.Select(columns).From("tasks"), owner, q.Filter, anyDue), postgres.Page{Keyset: order, After: (*postgres.After)(q.After), Limit: q.Limit})
	if err != nil {
		return nil, nil, fmt.Errorf("list tasks: %w", err)
	}
	return tasks, (*core.After)(next), nil
}
