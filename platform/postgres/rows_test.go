package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"docket/platform/postgres"
)

type colour string

// everything has a place for each type that tables have, and for some that they
// do not.
type everything struct {
	Text           string
	Null, Some     *string
	Colour, None   *colour
	ID             uuid.UUID
	NoID, SomeID   *uuid.UUID
	IDs, NoIDs     []uuid.UUID
	NullIDs        []uuid.UUID
	At, Early      time.Time
	Never, Once    *time.Time
	Short          int16
	Long           int64
	NoLong         *int64
	Real           float32
	Flag           bool
	Words          []string
	Forever        pgtype.Timestamptz
	Plain          int32
	LongText, Last string
}

const selectEverything = `SELECT 'Ünïcödé ✓'::text, NULL::text, ''::text, 'red'::text, NULL::text,
	$1::uuid, NULL::uuid, $1::uuid, ARRAY[$1, '00000000-0000-7000-8000-000000000001']::uuid[], ARRAY[]::uuid[], NULL::uuid[],
	'2026-11-23 09:30:00.123456+00'::timestamptz, '1969-12-31 23:59:59.999999+00'::timestamptz, NULL::timestamptz, '0044-03-15 12:00:00+00 BC'::timestamptz,
	(-3)::smallint, (-9000000000)::bigint, NULL::bigint, 0.1::real, true, ARRAY['a', 'b']::varchar[], 'infinity'::timestamptz, 7::int,
	repeat('long ', 2000)::text, n::text FROM generate_series(1, 40) AS n`

func (e *everything) places(colours func(**colour) any) []any {
	return []any{
		&e.Text, &e.Null, &e.Some, colours(&e.Colour), colours(&e.None), &e.ID, &e.NoID, &e.SomeID, &e.IDs, &e.NoIDs, &e.NullIDs,
		&e.At, &e.Early, &e.Never, &e.Once, &e.Short, &e.Long, &e.NoLong, &e.Real, &e.Flag, &e.Words, &e.Forever, &e.Plain, &e.LongText, &e.Last,
	}
}

// What is read without pgx is what pgx reads, in whatever format it comes.
func TestRowsAreReadAsByPgx(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{})
	if err := postgres.RegisterTypes(t.Context(), l.raw); err != nil {
		t.Fatal(err)
	}
	rows, err := l.raw.Query(t.Context(), selectEverything, ada)
	if err != nil {
		t.Fatal(err)
	}
	want, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e everything, err error) {
		return e, row.Scan(e.places(func(c **colour) any { return c })...)
	})
	if err != nil || len(want) != 40 || *want[0].Colour != "red" || want[39].Last != "40" {
		t.Fatalf("pgx reads %d rows: %v", len(want), err)
	}
	for _, prepared := range []postgres.Prepared{postgres.PreparedKept, postgres.PreparedLost} {
		for name, colours := range map[string]func(**colour) any{"own": postgres.TextOrNull[colour], "any": func(c **colour) any { return c }} {
			t.Run(fmt.Sprint(prepared, name), func(t *testing.T) {
				db, err := postgres.Open(t.Context(), postgres.Config{URL: l.url, Prepared: prepared})
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				got, err := postgres.List(t.Context(), db, ada, func(e *everything) []any { return e.places(colours) }, selectEverything)
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Errorf("(-pgx +ours): %v\n%s", err, diff)
				}
			})
		}
	}
}

// listed is what a list is usually made of.
type listed struct {
	id      uuid.UUID
	title   string
	note    *colour
	project *uuid.UUID
	due     *time.Time
	at      time.Time
	tags    []uuid.UUID
}

func (l *listed) places() []any {
	return []any{&l.id, &l.title, postgres.TextOrNull(&l.note), &l.project, &l.due, &l.at, &l.tags}
}

const selectListed = `SELECT $1::uuid, 'Paint the fence'::text, 'Two coats'::text, $1::uuid, '2026-11-23 09:30:00+00'::timestamptz, '2026-11-23 09:30:00+00'::timestamptz,
	ARRAY[$1, $1]::uuid[] FROM generate_series(1, $2::int)`

// Of each row, what has to stand by itself is allocated: four pointers and
// slices here, and a share of a piece of text and of the list.
func TestCostOfARow(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	l := newLab(t, postgres.Config{})
	cost := func(rows int) float64 {
		return testing.AllocsPerRun(50, func() {
			if got, err := postgres.List(t.Context(), l.DB, ada, (*listed).places, selectListed, rows); err != nil || len(got) != rows {
				t.Fatal(len(got), err)
			}
		})
	}
	if each := (cost(300) - cost(100)) / 200; each > 4.2 {
		t.Errorf("a row takes %v allocations", each)
	}
}

func BenchmarkRows(b *testing.B) {
	l := newLab(b, postgres.Config{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := postgres.List(b.Context(), l.DB, ada, (*listed).places, selectListed, 50); err != nil {
			b.Fatal(err)
		}
	}
}

// What has no place is an error that names the column.
func TestRowsThatDoNotFit(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{})
	for sql, place := range map[string]any{
		`NULL::text`: new(string), `'x'::text`: new(int16), `NULL::uuid`: new(uuid.UUID), `$1::uuid`: new(int64),
		`NULL::timestamptz`: new(time.Time), `'infinity'::timestamptz`: new(time.Time), `ARRAY[NULL]::uuid[]`: new([]uuid.UUID),
		`NULL::smallint`: new(int16), `70000::bigint`: new(int16), `NULL::bigint`: new(int64),
	} {
		_, err := postgres.Get(t.Context(), l.DB, ada, func(*everything) []any { return []any{place} }, "SELECT "+sql+" AS odd WHERE $1::uuid IS NOT NULL")
		if err == nil || !strings.Contains(err.Error(), "odd") {
			t.Errorf("%s into a %T: %v", sql, place, err)
		}
	}
	_, err := postgres.Get(t.Context(), l.DB, ada, func(e *everything) []any { return []any{&e.Text} }, "SELECT 'a'::text, 'b'::text WHERE $1::uuid IS NOT NULL")
	if err == nil {
		t.Error("of two columns one was read")
	}
}
