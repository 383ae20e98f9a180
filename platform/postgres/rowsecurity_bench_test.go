package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/postgres"
)

// What the second wall costs on a get by key and on a list of 50 rows, of 200
// owners with 500 rows each. Rounds alternate, so that both see the same machine:
//
//	go test ./platform/postgres -run '^$' -bench RowSecurity -count 5
func BenchmarkRowSecurity(b *testing.B) {
	const owners, each, rounds = 200, 500, 40
	var id [16]byte
	walls := map[bool]lab{}
	for _, on := range []bool{false, true} {
		l := newLab(b, postgres.Config{RowSecurity: on, MinConns: 1, MaxConns: 1})
		l.must(b, fmt.Sprintf(`INSERT INTO items SELECT md5('u' || u)::uuid, md5('i' || i)::uuid, 'name ' || i, now(), i
			FROM generate_series(1, %d) AS u, generate_series(1, %d) AS i`, owners, each))
		l.must(b, "VACUUM ANALYZE items")
		if err := l.raw.QueryRow(b.Context(), "SELECT md5('u7')::uuid").Scan(&id); err != nil {
			b.Fatal(err)
		}
		walls[on] = l
	}
	owner := uuid.UUID(id)
	if err := walls[true].raw.QueryRow(b.Context(), "SELECT md5('i7')::uuid").Scan(&id); err != nil {
		b.Fatal(err)
	}
	one := uuid.UUID(id)
	get := func(l lab) error {
		_, err := postgres.Get(b.Context(), l.DB, owner, itemFields, `SELECT `+itemColumns+` FROM items WHERE user_id = $1 AND id = $2`, one)
		return err
	}
	list := func(l lab) error {
		_, err := postgres.List(b.Context(), l.DB, owner, itemFields, `SELECT `+itemColumns+` FROM items WHERE user_id = $1 ORDER BY id LIMIT 50`)
		return err
	}
	for name, read := range map[string]func(lab) error{"get": get, "list": list} {
		b.Run(name, func(b *testing.B) {
			took := map[bool]time.Duration{}
			for n := 0; n < b.N; n += rounds {
				for _, on := range []bool{false, true} {
					began := time.Now()
					for range rounds {
						if err := read(walls[on]); err != nil {
							b.Fatal(err)
						}
					}
					took[on] += time.Since(began)
				}
			}
			times := float64((b.N + rounds - 1) / rounds * rounds)
			b.ReportMetric(float64(took[false].Microseconds())/times, "µs-off")
			b.ReportMetric(float64(took[true].Microseconds())/times, "µs-on")
			b.ReportMetric(float64(took[true])/float64(took[false]), "ratio")
		})
	}
}
