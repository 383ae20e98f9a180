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
	core.SortCreatedAt: {Column: "created_at", Type: "timestamptz", Table: "tasks"},
	core.SortUpdatedAt: {Column: "updated_at", Type: "timestamptz", Table: "tasks"},
	core.SortTitle:     {Column: "title_key", Type: "text", Table: "tasks"},
	core.SortPriority:  {Column: "priority", Type: "smallint", Table: "tasks"},
	core.SortPosition:  {Column: "position", Type: "text", Table: "tasks", Placed: "placed"},
	core.SortRank:      {Column: "rank", Type: "real", Table: "tasks"},
}

// List implements [core.Reader].
func (s *Store) List(ctx context.Context, owner uuid.UUID, q core.Query) ([]core.Task, *core.After, error) {
	switch {
	case !q.Filter.Narrows():
	case q.Sort == core.SortRank: // which no index has
		ctx = postgres.PlannedAnew(ctx)
	default:
		ctx = postgres.InOrder(ctx)
	}
	if q.Filter.Search != nil {
		ctx = postgres.Seeking(ctx, tsquery(owner, q.Filter.Search).matched())
	}
	if q.Sort == core.SortDue {
		return s.listByDue(ctx, owner, q)
	}
	order, ok := orders[q.Sort]
	if !ok || q.Sort == core.SortRank && q.Filter.Search == nil {
		return nil, nil, fmt.Errorf("list tasks: no order by %q", q.Sort)
	}
	order.Desc = q.Desc || q.Sort == core.SortRank
	tasks, next, err := s.page(ctx, owner, q, order)
	if err != nil {
		return nil, nil, fmt.Errorf("list tasks: %w", err)
	}
	return tasks, (*core.After)(next), nil
}

func (s *Store) page(ctx context.Context, owner uuid.UUID, q core.Query, order postgres.Keyset) ([]core.Task, *postgres.After, error) {
	page := postgres.Page{Keyset: order, After: (*postgres.After)(q.After), Limit: q.Limit}
	if !q.Filter.Narrows() {
		return postgres.ListWhole(ctx, s.db, owner, postgres.Table[core.Task]{Name: "tasks", Columns: columns, Fields: fields}, page)
	}
	from := sq.Select(columns).FromSelect(s.narrowedBy(owner, q, order), "tasks")
	return postgres.ListPage(ctx, s.db, owner, fields, from, page)
}

// narrowedBy returns the tasks of a page by order, one more than it has if
// there are as many.
func (s *Store) narrowedBy(owner uuid.UUID, q core.Query, order postgres.Keyset) sq.SelectBuilder {
	o := ordered{limit: enough(q), effort: s.effort}
	for _, column := range []string{order.Column, "id"} {
		if order.Desc {
			column += " DESC"
		}
		o.by = append(o.by, "tasks."+column)
	}
	if q.Sort == core.SortRank {
		return ranked(owner, q, o)
	}
	if q.After != nil {
		o.within = sq.And{order.Behind(owner, postgres.After(*q.After))}
	}
	return narrowed(owner, q, o)
}

// enough is how many rows tell a page and whether more follow.
func enough(q core.Query) uint64 { return uint64(q.Limit) + 1 } //nolint:gosec // a limit is between 1 and 200
