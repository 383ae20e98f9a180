package postgres_test

import (
	"os"
	"testing"
	"time"

	"github.com/google/uuid"

	pg "docket/platform/postgres"
)

// Figures are those of TestPlans, of a database that docket seed has filled and
// its user with the most tasks. DOCKET_FIGURES_URL names the database, as a
// superuser, and DOCKET_FIGURES_LOG is the server's log: task lists:figures sets
// both.
func TestFigures(t *testing.T) {
	url := os.Getenv("DOCKET_FIGURES_URL")
	if url == "" {
		return // nobody wants to measure
	}
	s := seeded(t, url)
	e := examine(explaining(t, url, os.Getenv("DOCKET_FIGURES_LOG")), s.now)
	for _, f := range s.filters(t) {
		t.Run(f.name, func(t *testing.T) { e.everyOrder(t, s, f) })
	}
	t.Run("others", func(t *testing.T) { e.others(t, s) })
}

// seeded is the user with the most tasks, and the project, the parent and the
// tags with the most of these.
func seeded(t *testing.T, url string) subject {
	t.Helper()
	db, err := pg.Open(t.Context(), pg.Config{URL: url, MinConns: 1, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := subject{now: time.Now(), page: 50, most: 3500, rare: "436", two: "call the", beginning: "review th", without: "-review"}
	const most = ` GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1`
	var second uuid.UUID
	s.tags = make([]uuid.UUID, 1, 2)
	for _, find := range []struct {
		into any
		sql  string
		args []any
	}{
		{&s.owner, `SELECT id FROM users WHERE email = 'seed-1-0@example.com'`, nil},
		{&s.tasks, `SELECT count(*) FROM tasks WHERE user_id = $1`, []any{&s.owner}},
		{&s.project, `SELECT project_id FROM tasks WHERE user_id = $1 AND project_id IS NOT NULL` + most, []any{&s.owner}},
		{&s.parent, `SELECT parent_id FROM tasks WHERE user_id = $1 AND parent_id IS NOT NULL` + most, []any{&s.owner}},
		{&s.tags[0], `SELECT tag_id FROM task_tags WHERE user_id = $1` + most, []any{&s.owner}},
		{&second, `SELECT tag_id FROM task_tags WHERE user_id = $1 AND tag_id > $2` + most, []any{&s.owner, &s.tags[0]}},
	} {
		if _, err := pg.GetUnowned(t.Context(), db, pg.Door{}, func(*struct{}) []any { return []any{find.into} }, find.sql, find.args...); err != nil {
			t.Fatal(find.sql, err)
		}
	}
	s.tags = append(s.tags, second)
	return s
}
