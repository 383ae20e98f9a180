package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"
)

// Keyset is a total order over the rows of a table: by Column, ties broken by
// id. Column is SQL written by a store, never text of a client.
type Keyset struct {
	Column string
	// Type is Column's SQL type, to which the key of a cursor is cast.
	Type string
	Desc bool
	// Table, unless empty, is what the names of columns are put behind.
	Table string
	// Placed, unless empty, is a bigint column of Table that gets a new value
	// when its user makes a row or puts it elsewhere, and keeps it when Column is
	// written anew without that. A page then goes on behind where the last row
	// of the page before stands by now, or the nearest before it that is still
	// where its user had put it. Rows are seen once as long as writing Column
	// anew keeps the order between the rows that are where they were put.
	Placed string
}

// ThisTransaction is SQL for a number that no other transaction of the server
// has or ever had: what goes into [Keyset].Placed.
const ThisTransaction = `pg_current_xact_id()::text::bigint`

// After names the last row of the page before: its value of the keyset's
// column, as PostgreSQL prints it, and its id. With [Keyset].Placed, the last
// few rows follow in Key, which has no spaces of its own.
type After struct {
	Key string
	ID  uuid.UUID
}

// Page is a part of a list.
type Page struct {
	Keyset
	// After is the end of the page before; nil asks for the first.
	After *After
	// Limit is how many rows it has at most.
	Limit int
}

// ListPage returns the rows of b that are on page p and, where more follow,
// where it ended. The condition on the owner is added here.
func ListPage[T any](ctx context.Context, db *DB, owner uuid.UUID, fields Fields[T], b sq.SelectBuilder, p Page) ([]T, *After, error) {
	sql, args, err := p.of(owner, b.Where("user_id = ?", owner)).PlaceholderFormat(sq.Dollar).ToSql()
	if err != nil {
		return nil, nil, fmt.Errorf("build the statement: %w", err)
	}
	rows, err := collect(ctx, db, of(owner), func(r *keyed[T]) []any {
		at := append(fields(&r.row), &r.at.Key, &r.at.ID)
		if p.Placed != "" {
			at = append(at, &r.placed)
		}
		return at
	}, query{sql, args, p.Limit + 1})
	if err != nil {
		return nil, nil, err
	}
	var next *After
	if len(rows) > p.Limit {
		rows = rows[:p.Limit]
		next = &rows[p.Limit-1].at
		if p.Placed != "" {
			next.Key += ends(rows)
		}
	}
	list := make([]T, len(rows))
	for i := range rows {
		list[i] = rows[i].row
	}
	return list, next, nil
}

// keyed is a row together with its place in the order.
type keyed[T any] struct {
	row    T
	at     After
	placed int64
}

// of asks for one row more than the limit: its presence says that more follow.
func (p Page) of(owner uuid.UUID, b sq.SelectBuilder) sq.SelectBuilder {
	direction := "ASC"
	if p.Desc {
		direction = "DESC"
	}
	if p.After != nil {
		b = b.Where(p.Behind(owner, *p.After))
	}
	b = b.Column(fmt.Sprintf("(%s)::text AS keyset_key, id AS keyset_id", p.Column))
	if p.Placed != "" {
		b = b.Column(p.Placed + " AS keyset_placed")
	}
	return b.OrderBy(p.Column+" "+direction, "id "+direction).
		Limit(uint64(p.Limit) + 1) //nolint:gosec // a limit is between 1 and 200
}

// Behind is the condition for rows that follow a.
func (k Keyset) Behind(owner uuid.UUID, a After) sq.Sqlizer {
	compare, prefix := ">", ""
	if k.Desc {
		compare = "<"
	}
	if k.Table != "" {
		prefix = k.Table + "."
	}
	row := fmt.Sprintf("(%s%s, %sid) %s ", prefix, k.Column, prefix, compare)
	if k.Placed == "" {
		return sq.Expr(row+fmt.Sprintf("(?::%s, ?)", k.Type), a.Key, a.ID)
	}
	key, ids, placed := readEnds(a.Key)
	// One statement, and so one state of the table, both finds where the page
	// begins and reads it.
	return sq.Expr(row+fmt.Sprintf(`(SELECT key, id FROM (
			SELECT origin.%[1]s AS key, origin.id, ends.nth
			FROM unnest(?::text::uuid[], ?::text::bigint[]) WITH ORDINALITY AS ends (id, placed, nth)
			JOIN %[2]s AS origin ON origin.user_id = ? AND origin.id = ends.id AND origin.%[3]s = ends.placed
			UNION ALL
			SELECT ?::%[4]s, ?::uuid, %[5]d
		) AS begins ORDER BY nth LIMIT 1)`, k.Column, k.Table, k.Placed, k.Type, maxEnds+1), ids, placed, owner, key, a.ID)
}

// maxEnds is how many rows a cursor names. With all of them moved or deleted,
// it goes on behind the key that the last one had.
const maxEnds = 4

// ends returns the last rows of a page, the last first, as they follow a key:
// their ids, and their values of [Keyset].Placed.
func ends[T any](rows []keyed[T]) string {
	var ids, placed []string
	for i := len(rows) - 1; i >= max(len(rows)-maxEnds, 0); i-- {
		ids, placed = append(ids, rows[i].at.ID.String()), append(placed, strconv.FormatInt(rows[i].placed, 10))
	}
	return " " + strings.Join(ids, ",") + " " + strings.Join(placed, ",")
}

// readEnds takes apart what [ends] put together. A key alone has none.
func readEnds(text string) (key, ids, placed string) {
	key, last, _ := strings.Cut(text, " ")
	ids, placed, _ = strings.Cut(last, " ")
	return key, "{" + ids + "}", "{" + placed + "}"
}
