package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"docket/platform/pgtest"
)

// aftermath looks at what a run has left behind.
type aftermath struct {
	server  *instance
	bob     *matrix // whose rows nobody should have touched
	before  string
	foreign map[string][]string
}

// aftermathOf makes Bob, before anybody comes.
func aftermathOf(t *testing.T, address string, s *instance) aftermath {
	t.Helper()
	owner, err := pgx.Connect(t.Context(), pgtest.AsOwner(t, address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := owner.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	a := aftermath{server: s, bob: &matrix{owner: owner}, foreign: map[string][]string{}}
	for kind, ids := range furnish(t, s.as(t, "bob@example.com"), secret) {
		a.foreign[kind+"s"] = ids
	}
	a.before = a.bob.stored(t)
	return a
}

// unsound are statements that find rows which cannot be, whatever was asked.
var unsound = map[string]string{
	"a task in a cycle, or more than five levels deep": `
		WITH RECURSIVE down AS (
			SELECT user_id, id, 1 AS level FROM tasks WHERE parent_id IS NULL
			UNION ALL SELECT t.user_id, t.id, d.level + 1 FROM tasks t JOIN down d ON t.user_id = d.user_id AND t.parent_id = d.id WHERE d.level < 6)
		SELECT t.id::text FROM tasks t LEFT JOIN down d USING (user_id, id) WHERE d.id IS NULL OR d.level > 5`,
	"a subtask in another project than its parent": `
		SELECT t.id::text FROM tasks t JOIN tasks p ON p.user_id = t.user_id AND p.id = t.parent_id WHERE t.project_id IS DISTINCT FROM p.project_id`,
	"a row that refers to nothing of the same user's": `
		SELECT t.id::text FROM tasks t WHERE parent_id IS NOT NULL AND NOT EXISTS (SELECT FROM tasks p WHERE p.user_id = t.user_id AND p.id = t.parent_id)
		UNION ALL SELECT t.id::text FROM tasks t WHERE project_id IS NOT NULL AND NOT EXISTS (SELECT FROM projects p WHERE p.user_id = t.user_id AND p.id = t.project_id)
		UNION ALL SELECT x.task_id::text FROM task_tags x WHERE NOT EXISTS (SELECT FROM tags g WHERE g.user_id = x.user_id AND g.id = x.tag_id)
			OR NOT EXISTS (SELECT FROM tasks t WHERE t.user_id = x.user_id AND t.id = x.task_id AND t.created_at = x.created_at)
		UNION ALL SELECT s.task_id::text FROM task_search s WHERE NOT EXISTS (SELECT FROM tasks t WHERE t.user_id = s.user_id AND t.id = s.task_id)`,
	"a row of nobody's": `
		SELECT user_id::text FROM (SELECT user_id FROM tasks UNION SELECT user_id FROM projects UNION SELECT user_id FROM tags UNION SELECT user_id FROM idempotency_keys) AS r
		WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = r.user_id)`,
	"a task that says other tags than it has": `
		SELECT id::text FROM tasks t WHERE tag_ids <> ARRAY(SELECT tag_id FROM task_tags x WHERE x.user_id = t.user_id AND x.task_id = t.id ORDER BY tag_id) OR cardinality(tag_ids) > 50`,
	"a task that cannot be searched for": `
		SELECT id::text FROM tasks t WHERE NOT EXISTS (SELECT FROM task_search s WHERE s.user_id = t.user_id AND s.task_id = t.id)`,
	"a task whose completion does not fit its status": `
		SELECT id::text FROM tasks WHERE (completed_at IS NOT NULL) <> (status IN ('done', 'cancelled')) OR completed_at < created_at OR due_at IS NOT NULL AND due_on IS NOT NULL`,
	"two siblings in the same position": `
		SELECT min(id::text) FROM tasks GROUP BY user_id, project_id, parent_id, position HAVING count(*) > 1
		UNION ALL SELECT min(id::text) FROM projects GROUP BY user_id, position HAVING count(*) > 1`,
	"a position that cannot be": `
		SELECT id::text FROM tasks WHERE position = '' UNION ALL SELECT id::text FROM projects WHERE position = ''`,
	"two of one name": `
		SELECT min(id::text) FROM projects WHERE archived_at IS NULL GROUP BY user_id, name_key HAVING count(*) > 1
		UNION ALL SELECT min(id::text) FROM tags GROUP BY user_id, name_key HAVING count(*) > 1`,
	"a text with a control character, or untrimmed": `
		SELECT id::text FROM (SELECT id, title AS text FROM tasks UNION ALL SELECT id, name FROM projects UNION ALL SELECT id, name FROM tags) AS r WHERE text ~ '[\x01-\x1f\x7f]' OR text <> btrim(text)`,
	"a change before the beginning": `
		SELECT id::text FROM (SELECT id, created_at, updated_at FROM tasks UNION ALL SELECT id, created_at, updated_at FROM projects UNION ALL SELECT id, created_at, updated_at FROM tags) AS r WHERE updated_at < created_at`,
	"an answer that should not be kept": `
		SELECT user_id::text FROM idempotency_keys WHERE status = 0 OR status >= 500 OR status = 429`,
	"a user who is erased and is there": `
		SELECT id::text FROM users JOIN tombstones USING (id)`,
}

// findUnsound returns the ids of the rows that cannot be, by what is wrong.
func (a aftermath) findUnsound(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for what, sql := range unsound {
		rows, err := a.bob.owner.Query(t.Context(), sql)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if len(ids) > 0 {
			found[what] = ids
		}
	}
	return found
}

// check looks for what should not be, in the database and in the log, and
// whether the server answers still.
func (a aftermath) check(t *testing.T) {
	t.Helper()
	for what, ids := range a.findUnsound(t) {
		t.Errorf("%s: %d, %q", what, len(ids), ids[:min(len(ids), 5)])
	}
	var tasks, subtasks, tagged, projects, keys int
	const left = `SELECT (SELECT count(*) FROM tasks), (SELECT count(*) FROM tasks WHERE parent_id IS NOT NULL), (SELECT count(*) FROM task_tags), (SELECT count(*) FROM projects), (SELECT count(*) FROM idempotency_keys)`
	if err := a.bob.owner.QueryRow(t.Context(), left).Scan(&tasks, &subtasks, &tagged, &projects, &keys); err != nil {
		t.Fatal(err)
	}
	t.Logf("left are %d tasks, %d of them subtasks, with %d tags, %d projects and %d kept answers", tasks, subtasks, tagged, projects, keys)
	if now := a.bob.stored(t); now != a.before {
		t.Errorf("what is Bob's is now\n%s\nand was\n%s", now, a.before)
	}
	for line := range strings.Lines(a.server.stderr.String()) {
		var entry struct{ Level, Error string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Level == "ERROR" && entry.Error != crowded {
			t.Errorf("in the log, %v: %s", err, line)
		}
	}
	root := client{base: strings.TrimSuffix(a.server.greeting.API, "/api/v1")}
	root.do(t, "GET", "/readyz", "").Want(t, 200)
}

// What the constraints of the schema would let nobody write is found where it
// is there all the same.
func TestUnsoundRowsAreFound(t *testing.T) {
	t.Parallel()
	address := pgtest.URL(t)
	a := aftermathOf(t, address, servingOn(t, "DATABASE_URL="+address, "DOCKET_DATA_DIR="+t.TempDir()))
	if found := a.findUnsound(t); len(found) > 0 {
		t.Fatalf("at first there is %v", found)
	}
	for sql, finds := range map[string]string{
		"UPDATE tasks SET parent_id = (SELECT id FROM tasks x WHERE x.user_id = tasks.user_id AND x.id <> tasks.id LIMIT 1)": "a task in a cycle, or more than five levels deep",
		"UPDATE tasks SET parent_id = $1, project_id = (SELECT id FROM projects LIMIT 1) WHERE id <> $1":                     "a subtask in another project than its parent",
		"UPDATE tasks SET project_id = id WHERE id = $1":                                                                     "a row that refers to nothing of the same user's",
		"UPDATE tags SET user_id = id":                                                                              "a row of nobody's",
		"UPDATE tasks SET tag_ids = ARRAY[id] WHERE id = $1":                                                        "a task that says other tags than it has",
		"DELETE FROM task_search WHERE task_id = $1":                                                                "a task that cannot be searched for",
		"ALTER TABLE tasks DROP CONSTRAINT tasks_completed_check; UPDATE tasks SET completed_at = now()":            "a task whose completion does not fit its status",
		"UPDATE tasks SET position = 'a'":                                                                           "two siblings in the same position",
		"UPDATE tasks SET position = '' WHERE id = $1":                                                              "a position that cannot be",
		"DROP INDEX tags_name_key; UPDATE tags SET name_key = 'a'":                                                  "two of one name",
		"UPDATE tasks SET title = E'a\tb' WHERE id = $1":                                                            "a text with a control character, or untrimmed",
		"UPDATE tasks SET updated_at = 'epoch' WHERE id = $1":                                                       "a change before the beginning",
		"INSERT INTO idempotency_keys (user_id, key, fingerprint, expires_at) SELECT id, 'k', '', now() FROM users": "an answer that should not be kept",
		"INSERT INTO tombstones (id, issuer, subject, erased_at) SELECT id, issuer, subject, now() FROM users":      "a user who is erased and is there",
	} {
		begun, err := a.bob.owner.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sql = "SET LOCAL session_replication_role = replica; " + strings.ReplaceAll(sql, "$1", "'"+a.foreign["tasks"][0]+"'")
		if _, err := begun.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if len(a.findUnsound(t)[finds]) == 0 {
			t.Errorf("after %s nothing is found of %s", sql, finds)
		}
		if err := begun.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
