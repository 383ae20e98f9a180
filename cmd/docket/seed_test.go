package main

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"docket/configs"
	"docket/platform/config"
	"docket/platform/pgtest"
)

// sown is what the command says of what it did.
type sown struct {
	Users  int     `json:"users"`
	Tasks  int     `json:"tasks"`
	Known  int     `json:"users_there_already"`
	Rate   float64 `json:"tasks_per_second"`
	Took   float64 `json:"seconds"`
	Report string  `json:"msg"`
}

func sowed(t *testing.T, url string, flags ...string) sown {
	t.Helper()
	out := execute(t, []string{"DATABASE_URL=" + url}, append([]string{"seed", "--log-format", "json"}, flags...)...)
	var s sown
	if err := json.Unmarshal([]byte(out.stdout), &s); err != nil || out.code != 0 || s.Report != "seeded" {
		t.Fatalf("code %d, %v\n%s%s", out.code, err, out.stdout, out.stderr)
	}
	return s
}

func TestSeed(t *testing.T) {
	t.Parallel()
	url := pgtest.AsOwner(t, pgtest.URL(t))
	if got := sowed(t, url, "--users", "20", "--tasks", "3000"); got.Users != 20 || got.Tasks != 3000 || got.Known != 0 || got.Rate <= 0 {
		t.Errorf("got %+v", got)
	}
	for what, c := range map[string]struct{ sql, want string }{
		"users":                      {`SELECT count(*) FROM users`, "20"},
		"tasks":                      {`SELECT count(*) FROM tasks`, "3000"},
		"what a task is found by":    {`SELECT count(*) FROM task_search`, "3000"},
		"users without a share":      {`SELECT count(*) FROM users WHERE NOT EXISTS (SELECT FROM tasks WHERE user_id = users.id)`, "0"},
		"shares are not all equal":   {`SELECT max(n) > 2 * min(n) FROM (SELECT count(*) AS n FROM tasks GROUP BY user_id) AS x`, "true"},
		"a user lacks projects":      {`SELECT count(*) FROM users WHERE (SELECT count(*) FROM projects WHERE user_id = users.id) NOT BETWEEN 3 AND 12`, "0"},
		"a user lacks tags":          {`SELECT count(*) FROM users WHERE (SELECT count(*) FROM tags WHERE user_id = users.id) NOT BETWEEN 4 AND 19`, "0"},
		"all statuses":               {`SELECT count(DISTINCT status) FROM tasks`, "4"},
		"all priorities":             {`SELECT count(DISTINCT priority) FROM tasks`, "5"},
		"many tags":                  {`SELECT count(*) > 2000 FROM task_tags`, "true"},
		"subtasks":                   {`SELECT count(*) BETWEEN 300 AND 1500 FROM tasks WHERE parent_id IS NOT NULL`, "true"},
		"open tasks below closed":    {`SELECT count(*) FROM tasks c JOIN tasks p ON (p.user_id, p.id) = (c.user_id, c.parent_id) WHERE p.completed_at IS NOT NULL AND c.completed_at IS NULL`, "0"},
		"subtasks elsewhere":         {`SELECT count(*) FROM tasks c JOIN tasks p ON (p.user_id, p.id) = (c.user_id, c.parent_id) WHERE p.project_id IS DISTINCT FROM c.project_id`, "0"},
		"more than five levels":      {`WITH RECURSIVE l AS (SELECT user_id, id, 1 AS n FROM tasks WHERE parent_id IS NULL UNION ALL SELECT t.user_id, t.id, n + 1 FROM tasks t JOIN l ON (l.user_id, l.id) = (t.user_id, t.parent_id)) SELECT count(*) FILTER (WHERE n > 5) FROM l`, "0"},
		"positions that are shared":  {`SELECT count(*) - count(DISTINCT (user_id, position)) FROM tasks`, "0"},
		"changes before the task is": {`SELECT count(*) FROM tasks WHERE updated_at < created_at OR completed_at < created_at OR created_at > now()`, "0"},
		"dates to come, and past":    {`SELECT min(due_on) < now() AND max(due_at) > now() - interval '2 months' FROM tasks`, "true"},
		"accents":                    {`SELECT count(*) > 0 FROM tasks WHERE title ~ '[éüñł]'`, "true"},
		"ids that sort by time":      {`SELECT count(*) FROM (SELECT created_at < lag(created_at) OVER (PARTITION BY user_id ORDER BY id) - interval '1 ms' AS wrong FROM tasks) AS x WHERE wrong`, "0"},
	} {
		if got := query(t, url, "SELECT ("+c.sql+")::text"); got != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
	if got := sowed(t, url, "--users", "22", "--tasks", "3000"); got.Users != 2 || got.Known != 20 {
		t.Errorf("taken up again: %+v", got)
	}
	if got := sowed(t, url, "--users", "1", "--tasks", "10", "--seed", "2"); got.Users != 1 || got.Tasks != 10 {
		t.Errorf("of another seed: %+v", got)
	}
}

// What is made up is what the API would have made: it can be used like any
// other.
func TestSeededUserCanGoOn(t *testing.T) {
	t.Parallel()
	s, url := unlimited(t)
	execute(t, []string{"DATABASE_URL=" + url}, "seed").refused(t, exitFailure, "DATABASE_URL_DIRECT")
	sowed(t, pgtest.AsOwner(t, url), "--users", "2", "--tasks", "600")
	c := s.as(t, "seed-1-0@example.com")
	got := export(t, c)
	tasks := listed(t, c, "/tasks?sort=created_at&limit=200")
	if len(got.Tasks) == 0 || len(got.Tasks) != len(tasks) || len(got.Tags) < 4 || len(got.Projects) < 3 {
		t.Errorf("the export has %d tasks, the list %d", len(got.Tasks), len(tasks))
	}
	if diff := cmp.Diff(listed(t, c, "/projects?archived=all&sort=created_at"), got.Projects); diff != "" {
		t.Errorf("projects (-list +export):\n%s", diff)
	}
	for _, x := range got.Tasks[:20] {
		path := "/tasks/" + x["id"].(string)
		read := c.do(t, "GET", path, "")
		// To send back what was read is to change nothing, only if it is valid.
		sent, err := json.Marshal(map[string]any{"title": x["title"], "description": x["description"], "tag_ids": x["tag_ids"], "due_on": x["due_on"], "due_at": x["due_at"]})
		if err != nil {
			t.Fatal(err)
		}
		if again := c.do(t, "PATCH", path, string(sent)).Want(t, 200); again.ETag() != read.ETag() {
			t.Errorf("%s is not as it would be kept:\n%s\n%s", path, read.Body, again.Body)
		}
	}
	if found, _ := many(t, c.do(t, "GET", "/tasks?q="+strings.Fields(got.Tasks[0]["title"].(string))[0], "")); len(found) == 0 {
		t.Errorf("nothing is found by %q", got.Tasks[0]["title"])
	}
	c.do(t, "DELETE", "/auth/me", "").Want(t, 204)
	eventually(t, "one user is left", func() bool { return query(t, url, `SELECT count(*)::text FROM users`) == "1" })
}

func TestSeedIsRepeatable(t *testing.T) {
	t.Parallel()
	const all = `SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM (
		SELECT users::text AS t FROM users UNION ALL SELECT projects::text FROM projects UNION ALL SELECT tags::text FROM tags
		UNION ALL SELECT tasks::text FROM tasks UNION ALL SELECT task_tags::text FROM task_tags UNION ALL SELECT task_search::text FROM task_search) AS x`
	var sums []string
	for _, n := range []string{"7", "7", "8"} {
		url := pgtest.AsOwner(t, pgtest.URL(t))
		sowed(t, url, "--users", "5", "--tasks", "500", "--seed", n)
		sums = append(sums, query(t, url, all))
	}
	if sums[0] != sums[1] || sums[0] == sums[2] {
		t.Errorf("of the seeds 7, 7, 8: %q", sums)
	}
}

func TestSeedRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flags []string
		says  string
	}{
		"nobody":            {[]string{"--users", "0"}, "--users must be at least 1"},
		"fewer than none":   {[]string{"--tasks", "-1"}, "not negative"},
		"too many big ones": {[]string{"--users", "2", "--big", "3", "--tasks", "1000000"}, "--big must be at most"},
		"too few tasks":     {[]string{"--big", "2", "--tasks", "150000"}, "--tasks must be at least 200000"},
		"nobody for rest":   {[]string{"--users", "1", "--big", "1", "--tasks", "100001"}, "nobody else"},
	} {
		var stdout, stderr strings.Builder
		if code := run(t.Context(), append([]string{"seed"}, c.flags...), &stdout, &stderr); code != exitUsage || !strings.Contains(stderr.String(), c.says) {
			t.Errorf("%s: code %d, %s", name, code, stderr.String())
		}
	}
	for _, e := range []string{"staging", "production"} {
		cfg, err := config.Load(config.Sources{Files: configs.Files, Environ: []string{"DOCKET_DATA_DIR=" + t.TempDir()}})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Environment = config.Environment(e)
		if err := (seedPlan{Users: 1}).check(cfg); err == nil || !strings.Contains(err.Error(), e) {
			t.Errorf("in %s: %v", e, err)
		}
	}
}

func TestSharesAddUp(t *testing.T) {
	t.Parallel()
	for _, p := range []seedPlan{
		{Users: 1, Tasks: 0}, {Users: 1, Tasks: 7}, {Users: 10, Tasks: 3}, {Users: 10_000, Tasks: 10_000_000, Big: 5, Seed: 3}, {Users: 2, Tasks: 200_000, Big: 2},
	} {
		total, big := 0, 0
		for _, n := range p.shares() {
			total += n
			if n >= bigTasks {
				big++
			}
			if n < 0 {
				t.Errorf("%+v: a share of %d", p, n)
			}
		}
		if total != p.Tasks || big != p.Big || len(p.shares()) != p.Users {
			t.Errorf("%+v: %d tasks in all, %d big shares of %d", p, total, big, len(p.shares()))
		}
	}
}

func TestSeedThatIsInterrupted(t *testing.T) {
	t.Parallel()
	url := pgtest.AsOwner(t, pgtest.URL(t))
	cfg, err := config.Load(config.Sources{Files: configs.Files, Environ: []string{"DATABASE_URL=" + url, "DOCKET_DATA_DIR=" + t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- seed(ctx, cfg, seedPlan{Users: 1000, Tasks: 1_000_000, Seed: 1}, io.Discard, io.Discard)
	}()
	eventually(t, "somebody is there", func() bool { return query(t, url, `SELECT (count(*) > 0)::text FROM users`) == "true" })
	interrupt()
	select {
	case err := <-ended:
		if err == nil || err.Error() != errInterrupted.Error() {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
	if got := query(t, url, `SELECT count(*)::text FROM users WHERE NOT EXISTS (SELECT FROM tasks WHERE user_id = users.id)`); got != "0" {
		t.Errorf("%s users are there by half", got)
	}
}

func TestBar(t *testing.T) {
	t.Parallel()
	for done, want := range map[int64]string{
		0:  "[                              ]   0.0 %  0 of 30 tasks, 7 a second ",
		15: "[===============               ]  50.0 %  15 of 30 tasks, 7 a second ",
		30: "[==============================] 100.0 %  30 of 30 tasks, 7 a second ",
	} {
		if got := bar(done, 30, 7); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := bar(0, 0, 0); !strings.Contains(got, "100.0 %") {
		t.Errorf("of nothing: %q", got)
	}
}
