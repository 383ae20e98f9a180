package postgres

import (
	"context"
	"iter"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Snapshot runs fn as one unit of work that only reads, and sees everything as
// it was at one instant (REPEATABLE READ, READ ONLY). Unlike that of
// [DB.InTx], fn runs once, so that it may hand on what it reads as it comes. It
// is not to be called inside another unit of work.
func (db *DB) Snapshot(ctx context.Context, fn func(ctx context.Context) error) error {
	var line *line
	err := db.awake(ctx, func() (err error) {
		line, err = db.openLine(ctx, "begin isolation level repeatable read read only")
		return err
	})
	if err != nil {
		return err
	}
	return run(ctx, &unit{line: line}, fn)
}

// Each yields every row that sql yields, however many, as they come from the
// database: in the memory of one row. After an error there is nothing more.
// Nothing else can be asked of the unit of work of ctx until the loop is left.
// In sql, $1 is owner and args start at $2.
func Each[T any](ctx context.Context, db *DB, owner uuid.UUID, fields Fields[T], sql string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		rows, err := db.conn(ctx, of(owner)).Query(ctx, sql, ownedArgs(owner, args)...)
		if err != nil {
			yield(none, translate(ctx, err))
			return
		}
		defer rows.Close()
		var row T
		reader := newRowReader(rows, fields(&row))
		for rows.Next() {
			row = none
			if err := reader.read(); err != nil {
				yield(none, translate(ctx, err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, translate(ctx, err))
		}
	}
}

// Copy appends rows to a table with COPY, the fastest way in, and returns how
// many they were. A row holds a value for each of columns; the column user_id
// is added to them, and is owner in each row.
func Copy(ctx context.Context, db *DB, owner uuid.UUID, table string, columns []string, rows iter.Seq[[]any]) (int64, error) {
	next, stop := iter.Pull(rows)
	defer stop()
	source := pgx.CopyFromFunc(func() ([]any, error) {
		row, ok := next()
		if !ok {
			return nil, nil
		}
		return ownedArgs(owner, row), nil
	})
	all := append([]string{"user_id"}, columns...)
	n, err := db.conn(ctx, of(owner)).CopyFrom(ctx, pgx.Identifier{table}, all, source)
	return n, translate(ctx, err)
}
