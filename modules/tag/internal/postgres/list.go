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

// nameContains looks for text in the key of a name, both without accents and
// with what is only another form of a letter resolved (Unicode Standard Annex
// 15, NFKD), as the search for tasks has it. It is plain text: nothing in it
// stands for anything else. The names of one user are few enough to be looked
// through.
const (
	nameContains = `strpos(` + unmarked + `name_key` + marksRemoved + `, ` + unmarked + `?::text` + marksRemoved + `) > 0`
	unmarked     = `translate(replace(replace(replace(regexp_replace(lower(normalize(`
	// The accents of Latin, Greek and Cyrillic and the points of Hebrew and
	// Arabic, and the letters that Unicode does not take apart.
	marksRemoved = `, NFKD)), '[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]', '', 'g'),` +
		` 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'øłđðħŧı', 'olddhti')`
)

// List implements [core.Store].
func (s *Store) List(ctx context.Context, owner uuid.UUID, q core.Query) ([]core.Tag, *core.After, error) {
	order, ok := orders[q.Sort]
	if !ok {
		return nil, nil, fmt.Errorf("list tags: no order by %q", q.Sort)
	}
	order.Desc = q.Desc
	b := sq.Select(columns).From("tags")
	if q.Contains != "" {
		b = b.Where(nameContains, fold.Key(q.Contains))
	}
	tags, next, err := postgres.ListPage(ctx, s.db, owner, fields, b, postgres.Page{Keyset: order, After: (*postgres.After)(q.After), Limit: q.Limit})
	if err != nil {
		return nil, nil, fmt.Errorf("list tags: %w", err)
	}
	return tags, (*core.After)(next), nil
}
