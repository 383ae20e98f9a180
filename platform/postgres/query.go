package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"docket/platform/errs"
)

// Every statement of a store runs on behalf of one owner, and carries that
// owner as its first parameter: the functions below put it there, so that a
// statement cannot be written that forgets it. They take part in the unit of
// work of ctx, if there is one.

// Fields returns where the columns of a row go in a T, in the order in which
// the statement lists them.
type Fields[T any] func(*T) []any

// Get returns the one row that sql yields, or [ErrNotFound]. In sql, $1 is
// owner and args start at $2.
func Get[T any](ctx context.Context, db *DB, owner uuid.UUID, fields Fields[T], sql string, args ...any) (T, error) {
	return one(ctx, db, of(owner), fields, sql, ownedArgs(owner, args))
}

// Peek is [Get] for a statement that leaves nothing in its unit of work which an
// [DB.Attempt] that fails would have to leave there: neither a change nor a lock
// that is to last. An attempt that nothing else came before costs no savepoint.
func Peek[T any](ctx context.Context, db *DB, owner uuid.UUID, fields Fields[T], sql string, args ...any) (T, error) {
	u := unitFrom(ctx)
	untouched := u != nil && !u.line.touched
	row, err := Get(ctx, db, owner, fields, sql, args...)
	if untouched && (err == nil || errors.Is(err, ErrNotFound)) {
		u.line.touched = false
	}
	return row, err
}

// GetUnowned is [Get] for the questions that come before there is an owner: who
// somebody is, and who is to be erased. Args start at $1.
func GetUnowned[T any](ctx context.Context, db *DB, door Door, fields Fields[T], sql string, args ...any) (T, error) {
	return one(ctx, db, through(door), fields, sql, args)
}

// List returns the rows that sql yields; sql bounds their number. In sql, $1
// is owner and args start at $2.
func List[T any](ctx context.Context, db *DB, owner uuid.UUID, fields Fields[T], sql string, args ...any) ([]T, error) {
	return collect(ctx, db, of(owner), fields, query{sql: sql, args: ownedArgs(owner, args)})
}

// Exec runs sql and returns how many rows it touched. In sql, $1 is owner and
// args start at $2.
func Exec(ctx context.Context, db *DB, owner uuid.UUID, sql string, args ...any) (int64, error) {
	return db.exec(ctx, of(owner), sql, ownedArgs(owner, args))
}

func (db *DB) exec(ctx context.Context, who scope, sql string, args []any) (int64, error) {
	var tag pgconn.CommandTag
	err := db.alone(ctx, func() (err error) {
		tag, err = db.conn(ctx, who).Exec(ctx, sql, args...)
		return err
	})
	if err != nil {
		return 0, translate(ctx, err)
	}
	return tag.RowsAffected(), nil
}

// ExecUnowned is [Exec] for housekeeping over all owners. Args start at $1.
func ExecUnowned(ctx context.Context, db *DB, door Door, sql string, args ...any) (int64, error) {
	return db.exec(ctx, through(door), sql, args)
}

var errNoUnit = errors.New("this statement needs a unit of work around it")

// ExecEach is [Exec] of one statement with each of many sets of arguments, in
// one round trip. The first that fails ends it; the error says with [errs.At]
// which that was. It needs a unit of work, which a failure breaks.
func ExecEach(ctx context.Context, owner uuid.UUID, sql string, each [][]any) error {
	u := unitFrom(ctx)
	if u == nil {
		return errNoUnit
	}
	u.line.as(of(owner))
	var batch pgx.Batch
	for _, args := range each {
		batch.Queue(sql, ownedArgs(owner, args)...)
	}
	results := u.line.SendBatch(ctx, &batch)
	for i := range each {
		if _, err := results.Exec(); err != nil {
			_ = results.Close() // says the same again
			return &errs.At{Index: i, Err: translate(ctx, err)}
		}
	}
	return translate(ctx, results.Close())
}

func one[T any](ctx context.Context, db *DB, who scope, fields Fields[T], sql string, args []any) (T, error) {
	var row T
	err := db.alone(ctx, func() error {
		rows, err := db.conn(ctx, who).Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		row, err = onlyRow(rows, fields)
		return repeatable(ctx, sql, err)
	})
	return row, translate(ctx, err)
}

// query is a statement that yields rows.
type query struct {
	sql  string
	args []any
}

func collect[T any](ctx context.Context, db *DB, who scope, fields Fields[T], q query) (list []T, err error) {
	err = db.read(ctx, who, q, func(rows pgx.Rows) error {
		list, err = readRows(rows, fields)
		return err
	})
	return list, err
}

// read runs q and has its rows read.
func (db *DB) read(ctx context.Context, who scope, q query, rows func(pgx.Rows) error) error {
	args := db.planned(ctx, q.args)
	err := db.alone(ctx, func() error {
		got, err := db.conn(ctx, who).Query(ctx, q.sql, args...) //nolint:rowserrcheck // by the reader of rows
		if err != nil {
			return err
		}
		defer got.Close()
		return repeatable(ctx, q.sql, rows(got))
	})
	return translate(ctx, err)
}

// readRows reads all rows by way of one, so that it costs no more than what they
// hold.
func readRows[T any](rows pgx.Rows, fields Fields[T]) ([]T, error) {
	var row, empty T
	list := []T{}
	reader := newRowReader(rows, fields(&row))
	for rows.Next() {
		row = empty
		if err := reader.read(); err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

// onlyRow reads the one row there is. It returns [pgx.ErrNoRows] where there is
// none, and [pgx.ErrTooManyRows].
func onlyRow[T any](rows pgx.Rows, fields Fields[T]) (row T, err error) {
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return row, err
		}
		return row, pgx.ErrNoRows
	}
	if err := newRowReader(rows, fields(&row)).read(); err != nil {
		return row, err
	}
	if rows.Next() {
		return row, pgx.ErrTooManyRows
	}
	return row, rows.Err()
}

// alone runs one statement. Outside a unit of work it is a unit of its own, to
// be run again like one; inside, the unit as a whole is.
func (db *DB) alone(ctx context.Context, statement func() error) error {
	if unitFrom(ctx) != nil {
		return statement()
	}
	if err := inTime(ctx); err != nil {
		return err
	}
	return db.retry(ctx, statement)
}

func ownedArgs(owner uuid.UUID, args []any) []any {
	all := make([]any, 0, len(args)+1)
	return append(append(all, owner), args...)
}
