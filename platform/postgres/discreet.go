package postgres

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// discreet is an error whose text quotes no value, for texts end up in the log
// and values are what users wrote. The error itself is still inside.
type discreet struct {
	text string
	err  error
}

func (d *discreet) Error() string { return d.text }

func (d *discreet) Unwrap() error { return d.err }

// unencodable is how pgx says that a value does not fit its parameter, before
// it quotes the value (v5, extended_query_builder.go).
var unencodable = regexp.MustCompile(`failed to encode args\[\d+\]`)

// withoutValues takes the values out of the text of err, of which PostgreSQL
// and its driver quote those that they cannot make sense of: after a change of
// the schema for instance that the program does not know of.
func withoutValues(err error) error {
	text := err.Error()
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		if !pgerrcode.IsDataException(pg.Code) {
			return err
		}
		before, _, quotes := strings.Cut(pg.Message, `"`)
		if !quotes {
			return err
		}
		return &discreet{strings.Replace(text, pg.Message, before+"…", 1), err}
	}
	if at := unencodable.FindStringIndex(text); at != nil {
		return &discreet{text[:at[1]] + ": the value does not fit the type of the parameter", err}
	}
	if scan, ok := errors.AsType[pgx.ScanArgError](err); ok {
		return &discreet{fmt.Sprintf("cannot read column %d (%s) into its place", scan.ColumnIndex, scan.FieldName), err}
	}
	return err
}
