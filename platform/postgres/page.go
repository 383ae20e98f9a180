package postgres

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
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
	for _, column := range p.columns() {
		b = b.Column(column)
	}
	b = b.Where("user_id = ?", owner)
	if p.After != nil {
		b = b.Where(p.Behind(owner, *p.After))
	}
	sql, args, err := b.Suffix(p.end()).PlaceholderFormat(sq.Dollar).ToSql()
	if err != nil {
		return nil, nil, fmt.Errorf("build the statement: %w", err)
	}
	return readPage(ctx, db, owner, fields, query{sql, args}, p)
}

// Table is a table of T, of which Columns, SQL text, go into Fields.
type Table[T any] struct {
	Name, Columns string
	Fields        Fields[T]
}

// ListWhole is [ListPage] for a page of all rows of a table, which varies in
// nothing but its order: there is nothing to build but a line of text.
func ListWhole[T any](ctx context.Context, db *DB, owner uuid.UUID, t Table[T], p Page) ([]T, *After, error) {
	sql := "SELECT " + t.Columns + ", " + strings.Join(p.columns(), ", ") + " FROM " + t.Name + " WHERE user_id = ?"
	args := []any{owner}
	if p.After != nil {
		text, after, err := p.Behind(owner, *p.After).ToSql()
		if err != nil {
			return nil, nil, fmt.Errorf("build the statement: %w", err)
		}
		sql, args = sql+" AND "+text, append(args, after...)
	}
	sql, err := sq.Dollar.ReplacePlaceholders(sql + " " + p.end())
	if err != nil {
		return nil, nil, fmt.Errorf("build the statement: %w", err)
	}
	return readPage(ctx, db, owner, t.Fields, query{sql, args}, p)
}

// columns are those that tell where a row stands.
func (p Page) columns() []string {
	all := []string{"(" + p.Column + ")::text AS keyset_key", "id AS keyset_id"}
	if p.Placed != "" {
		all = append(all, p.Placed+" AS keyset_placed")
	}
	return all
}

// end asks for one row more than the limit: its presence says that more follow.
func (p Page) end() string {
	direction := " ASC"
	if p.Desc {
		direction = " DESC"
	}
	return "ORDER BY " + p.Column + direction + ", id" + direction + " LIMIT " + strconv.Itoa(p.Limit+1)
}

// readPage runs q, which has the columns of p behind those of T.
func readPage[T any](ctx context.Context, db *DB, owner uuid.UUID, fields Fields[T], q query, p Page) (list []T, next *After, err error) {
	err = db.read(ctx, of(owner), q, func(rows pgx.Rows) error {
		list, next, err = readKeyed(rows, fields, p)
		return err
	})
	return list, next, err
}

// readKeyed reads the rows of p, and where it ended if one more follows.
func readKeyed[T any](rows pgx.Rows, fields Fields[T], p Page) ([]T, *After, error) {
	var row, empty T
	var at standing
	reader := newRowReader(rows, append(fields(&row), at.places(p)...))
	list := make([]T, 0, p.Limit)
	var last []standing
	for rows.Next() {
		if len(list) == p.Limit {
			return list, endOf(p, last), drained(rows)
		}
		row = empty
		if err := reader.read(); err != nil {
			return nil, nil, err
		}
		list = append(list, row)
		if len(list) > p.Limit-maxEnds {
			last = append(last, at.copied())
		}
	}
	return list, nil, rows.Err()
}

// drained waits for the end of rows that nobody looks at.
func drained(rows pgx.Rows) error {
	rows.Close()
	return rows.Err()
}

// standing is where a row stands in the order of a page.
type standing struct {
	key    passing
	id     uuid.UUID
	placed int64
}

func (s *standing) places(p Page) []any {
	if p.Placed == "" {
		return []any{&s.key, &s.id}
	}
	return []any{&s.key, &s.id, &s.placed}
}

func (s *standing) copied() standing { return standing{bytes.Clone(s.key), s.id, s.placed} }

// passing is a text that is gone with the next row: of fifty keys one is used.
type passing []byte

func (p *passing) put(value []byte, _ *rowReader) { *p = append((*p)[:0], value...) }

// endOf is where p ended, whose last rows are last.
func endOf(p Page, last []standing) *After {
	end := last[len(last)-1]
	next := After{Key: string(end.key), ID: end.id}
	if p.Placed != "" {
		next.Key += ends(last)
	}
	return &next
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
func ends(rows []standing) string {
	var ids, placed []string
	for _, row := range slices.Backward(rows) {
		ids, placed = append(ids, row.id.String()), append(placed, strconv.FormatInt(row.placed, 10))
	}
	return " " + strings.Join(ids, ",") + " " + strings.Join(placed, ",")
}

// readEnds takes apart what [ends] put together. A key alone has none.
func readEnds(text string) (key, ids, placed string) {
	key, last, _ := strings.Cut(text, " ")
	ids, placed, _ = strings.Cut(last, " ")
	return key, "{" + ids + "}", "{" + placed + "}"
}
