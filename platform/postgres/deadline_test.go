package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/postgres"
)

// A statement past its deadline is either not done, or done and said to be so:
// whoever is told that nothing was written may write it again.
func TestDeadlineTellsTheTruth(t *testing.T) {
	t.Parallel()
	const tries = 200
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 4})
	done := map[string]bool{}
	dice := rand.New(rand.NewPCG(1, 2))
	late := 0
	for i := range tries {
		name := fmt.Sprint("try ", i)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(dice.Int64N(int64(600*time.Microsecond))))
		_, err := postgres.Exec(ctx, l.DB, ada, `INSERT INTO items VALUES ($1, $2, $3, now(), 1)`, uuid.New(), name)
		cancel()
		done[name] = err == nil
		if err != nil {
			late++
			// Some do not even get a connection in that time.
			if kind := errs.KindOf(err); kind != errs.DeadlineExceeded && kind != errs.Unavailable {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	names, err := postgres.List(t.Context(), l.DB, ada, func(s *string) []any { return []any{s} }, `SELECT name FROM items WHERE user_id = $1`)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	for name, said := range done {
		if there[name] != said {
			t.Errorf("%s: it is said to be done: %t; it is there: %t", name, said, there[name])
		}
	}
	t.Logf("%d of %d were late", late, tries)
}
