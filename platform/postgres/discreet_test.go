package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"docket/platform/postgres"
)

// What the database and its driver cannot make sense of is not repeated by the
// error, which still says what kind it is and where.
func TestErrorsQuoteNoValues(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{MaxConns: 1})
	const value = `Ada's "secret" into text format: 7`
	for _, c := range []struct {
		what, sql string
		arg       any
		says      string
	}{
		{"a text for a number", `SELECT $2::text::int WHERE $1::uuid IS NOT NULL`, value, "invalid input syntax for type integer: … (SQLSTATE 22P02)"},
		{"a text for a time", `SELECT count(*) WHERE $2::text::timestamptz > now() AND $1::uuid IS NOT NULL`, value, "22007"},
		{"texts for a parameter", `SELECT $2::int WHERE $1::uuid IS NOT NULL`, []string{value}, "failed to encode args[1]"},
		{"a column read as a number", `SELECT $2::text AS title WHERE $1::uuid IS NOT NULL`, value, "title"},
	} {
		_, err := postgres.Get(t.Context(), l.DB, ada, number, c.sql, c.arg)
		if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	// What quotes no value, but names, stays as it is.
	_, err := postgres.Get(t.Context(), l.DB, ada, number, `SELECT nothing FROM items WHERE user_id = $1`)
	if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || !strings.Contains(err.Error(), `column "nothing" does not exist`) {
		t.Errorf("got %v, %t", pg, ok)
	}
}
