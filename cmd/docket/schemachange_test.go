package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"docket/platform/pgtest"
)

// atlas is the pinned command line, which platform/tools/build makes.
func atlas(t *testing.T) string {
	t.Helper()
	name := "atlas"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path, err := filepath.Abs(filepath.Join(repository, ".bin", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("needs the Atlas CLI: there is none in .bin; platform/tools/build atlas makes it")
	}
	t.Skip("needs the Atlas CLI: there is none in .bin; platform/tools/build atlas makes it")
	return ""
}

// changeSchema brings a database to a text of schema.hcl, as production does it.
func changeSchema(t *testing.T, atlas, ownerURL, text string, settings ...string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"schema.hcl": text, "atlas.hcl": read(t, "atlas.hcl")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), atlas, "schema", "apply", "--env", "production", "--auto-approve")
	cmd.Dir = dir
	cmd.Env = cleanEnvironment(append(settings, "DATABASE_URL_DIRECT="+ownerURL)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("atlas: %v\n%s", err, out)
	}
}

// load writes and reads without a pause, and counts.
type load struct {
	ada      client
	stop     chan struct{}
	requests atomic.Int64
	mu       sync.Mutex
	failed   []string
	group    sync.WaitGroup
}

const loaders = 6

func startLoad(t *testing.T, ada client) *load {
	t.Helper()
	l := &load{ada: ada, stop: make(chan struct{})}
	for i := range loaders {
		l.group.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-l.stop:
					return
				default:
					l.round(t, fmt.Sprintf("%d-%d", i, n))
				}
			}
		})
	}
	return l
}

// round makes a task, reads it and a list, changes it, and counts what is done.
func (l *load) round(t *testing.T, name string) {
	t.Helper()
	made, err := l.ada.try(t.Context(), "POST", "/tasks", body(`{"title":"%s"}`, name))
	l.note("POST /tasks", made.Status, err, string(made.Body))
	if err != nil || made.Status != 201 {
		return
	}
	_, id, _ := strings.Cut(made.Header.Get("Location"), "/tasks/")
	for _, r := range [][3]string{
		{"GET", "/tasks/" + id, ""},
		{"PATCH", "/tasks/" + id, `{"status":"done"}`},
		{"GET", "/tasks?limit=20&sort=-created_at", ""},
		{"GET", "/projects", ""},
	} {
		answer, err := l.ada.try(t.Context(), r[0], r[1], r[2])
		l.note(r[0]+" "+r[1], answer.Status, err, string(answer.Body))
	}
}

func (l *load) note(what string, status int, err error, content string) {
	l.requests.Add(1)
	if err == nil && status < 300 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = append(l.failed, fmt.Sprintf("%s: %d, %v: %.300s", what, status, err, content))
}

// more waits for another n requests.
func (l *load) more(t *testing.T, n int64) {
	t.Helper()
	until := l.requests.Load() + n
	eventually(t, "the load goes on", func() bool { return l.requests.Load() >= until })
}

// end stops the load, and fails the test for each request that failed.
func (l *load) end(t *testing.T) {
	t.Helper()
	close(l.stop)
	l.group.Wait()
	for i, failure := range l.failed {
		if i == 5 {
			t.Errorf("and %d more", len(l.failed)-i)
			break
		}
		t.Error(failure)
	}
	t.Logf("%d of %d requests failed", len(l.failed), l.requests.Load())
}

// Two changes that add and one that takes away, each by the Atlas command line
// while requests come in: none of them fails. The program that runs is that of
// the release before all along.
func TestSchemaChangesUnderLoad(t *testing.T) {
	t.Parallel()
	cli := atlas(t)
	for name, kept := range map[string]int{"direct": -1, "pooler without prepared statements": 0, "pooler with prepared statements": 200} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, dir := pgtest.URL(t), t.TempDir()
			owner := pgtest.AsOwner(t, url)
			settings := []string{"DATABASE_URL=" + url}
			if kept >= 0 {
				settings = []string{"DATABASE_URL=" + pgtest.Pooler(t, url, pgtest.PoolerConfig{Prepared: kept}), "DOCKET_DATABASE_POOLER=true", "DATABASE_URL_DIRECT=" + url}
			}
			p := launch(t, append(settings, "DOCKET_DATA_DIR="+dir, "DOCKET_RATE_LIMIT_REQUESTS=1000000", "DOCKET_HTTP_REQUEST_TIMEOUT=1m")...)
			token := execute(t, []string{"DOCKET_DATA_DIR=" + dir}, "token").ok(t)
			l := startLoad(t, client{base: p.greeting.API, authorization: "Bearer " + token})

			text := read(t, "schema.hcl")
			l.more(t, 150)
			for _, add := range []string{
				"column \"note\" {\n    type = text\n    null = true\n  }\n  index \"tasks_note_idx\" { columns = [column.user_id, column.note] }",
				"column \"effort\" {\n    type = int\n    default = 1\n  }\n  index \"tasks_title_and_status_idx\" { columns = [column.user_id, column.title_key, column.status] }",
			} {
				text = strings.Replace(text, "table \"tasks\" {\n  schema = schema.public\n", "table \"tasks\" {\n  schema = schema.public\n  "+add+"\n", 1)
				changeSchema(t, cli, owner, text)
				l.more(t, 150)
			}
			if got := query(t, owner, "SELECT count(*)::text FROM tasks WHERE note IS NULL AND effort = 1"); got == "0" {
				t.Error("no task has the new columns")
			}
			// What was added goes again, as the second step of shipping has it.
			changeSchema(t, cli, owner, read(t, "schema.hcl"), "DOCKET_SCHEMA_DROPS=true")
			if got := query(t, owner, "SELECT count(*)::text FROM pg_attribute WHERE attrelid = 'tasks'::regclass AND attname IN ('note', 'effort')"); got != "0" {
				t.Errorf("%s of the columns are still there", got)
			}
			l.more(t, 150)
			l.end(t)
		})
	}
}
