package postgres

import (
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"begin":                                 "BEGIN",
		"SELECT id FROM tasks WHERE id = $1":    "SELECT tasks",
		"\n\tinsert into tags (id) VALUES ($1)": "INSERT tags",
		"UPDATE projects SET name = $2":         "UPDATE projects",
		"DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(SELECT ctid FROM other))":                  "DELETE idempotency_keys",
		"WITH w AS (SELECT 1 FROM task_tags) UPDATE tasks SET x = 1":                                    "UPDATE tasks",
		"WITH a AS (SELECT 1 FROM tags FOR UPDATE), b AS (INSERT INTO tasks (id) VALUES ($1)) SELECT 1": "INSERT tasks",
		"WITH a AS (SELECT 1 FROM tags) SELECT 1 FROM a":                                                "SELECT tags",
		"SELECT count(*) FROM (SELECT 1 FROM tasks) t":                                                  "SELECT tasks",
		"SELECT set_config('lock_timeout', $1, true)":                                                   "SELECT",
		`SELECT * FROM "users";`:                                                                        "SELECT users",
		"SELECT 1 FROM":                                                                                 "SELECT",
		"":                                                                                              "statement",
		"SELECT FROM tasks FOR UPDATE SKIP LOCKED":                                                      "SELECT tasks",
	} {
		if got := summary(sql); got != want {
			t.Errorf("%s is called %q, want %q", strings.TrimSpace(sql), got, want)
		}
	}
}
