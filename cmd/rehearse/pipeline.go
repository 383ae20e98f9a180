package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"docket/platform/rowsecurity"
	"docket/platform/running"
)

// step is one of the pipeline: what production does, by the same commands.
type step struct {
	name string
	run  func(ctx context.Context, s *stage) (says string, err error)
}

func pipeline() []step {
	return []step{
		{"atlas schema apply", applySchema},
		{"docket db secure", secureDatabase},
		{"docket db check", checkDatabase},
		{"docket serve", serveFirst},
	}
}

// applySchema brings the empty database to schema.hcl as the pinned task does.
func applySchema(ctx context.Context, s *stage) (string, error) {
	c := exec.CommandContext(ctx, "sh", filepath.Join(s.repository, "platform", "tools", "schema"), "apply", "--env", "production", "--auto-approve")
	c.Env = append(running.Environment(), "DATABASE_URL_DIRECT="+s.ownerURL)
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("apply the schema: %w\n%s", err, out)
	}
	return fmt.Sprintf("%d tables in an empty database", strings.Count(string(out), "CREATE TABLE ")), nil
}

func secureDatabase(ctx context.Context, s *stage) (string, error) {
	err := s.docket(ctx, []string{"DOCKET_ENVIRONMENT=local", "DOCKET_DATA_DIR=" + s.folder, "DATABASE_URL=" + s.ownerURL}, "db", "secure")
	return "role " + rowsecurity.DefaultRole + " and row-level security", err
}

func checkDatabase(ctx context.Context, s *stage) (string, error) {
	err := s.docket(ctx, []string{"DOCKET_ENVIRONMENT=local", "DOCKET_DATA_DIR=" + s.folder, "DATABASE_URL=" + s.serviceURL()}, "db", "check")
	return "nothing is missing", err
}

// serveFirst starts the server and has it serve one request.
func serveFirst(ctx context.Context, s *stage) (string, error) {
	if err := s.startServer(ctx); err != nil {
		return "", err
	}
	a, err := s.stranger(ctx, 0)
	if err != nil {
		return "", err
	}
	ready, err := s.ready(ctx)
	if err != nil || a.status != http.StatusOK || ready.status != http.StatusOK {
		return "", fmt.Errorf("the first request was answered %d %s, /readyz %d %s: %w", a.status, a.body, ready.status, ready.body, err)
	}
	way := "directly"
	if s.pooler != nil {
		way = "through PgBouncer in transaction mode"
	}
	return "a request is served in production, " + way, nil
}

// additions are what a release adds to the schema.
const (
	someTable = "table \"tasks\" {\n  schema = schema.public\n"
	additions = "  column \"note\" {\n    type = text\n    null = true\n  }\n  index \"tasks_note_idx\" { columns = [column.user_id, column.note] }\n"
)

// changeSchema adds a column and an index under load, and takes them away.
func changeSchema(ctx context.Context, s *stage) (string, error) {
	s.traffic.watch(allowance{})
	text, err := os.ReadFile(filepath.Join(s.repository, "schema.hcl"))
	if err != nil {
		return "", fmt.Errorf("read the schema: %w", err)
	}
	changed := strings.Replace(string(text), someTable, someTable+additions, 1)
	if changed == string(text) {
		return "", errors.New("schema.hcl has no place for an addition where it is looked for")
	}
	for _, to := range []string{changed, string(text)} {
		if err := s.atlas(ctx, s.ownerURL, to); err != nil {
			return "", err
		}
		before := s.traffic.seen().good
		err := s.traffic.until(ctx, "the load goes on", func(t tally) bool { return t.good > before+50 })
		if err != nil {
			return "", err
		}
	}
	seen := s.traffic.seen()
	if len(seen.wrong) > 0 {
		return "", fmt.Errorf("%d requests failed, such as %s", len(seen.wrong), seen.wrong[0])
	}
	return "a column and an index more, and gone again: " + seen.String(), nil
}

// atlas brings a database to a text of schema.hcl by the pinned command line.
func (s *stage) atlas(ctx context.Context, ownerURL, text string) error {
	folder := filepath.Join(s.folder, "schema")
	settings, err := os.ReadFile(filepath.Join(s.repository, "atlas.hcl"))
	if err != nil {
		return fmt.Errorf("read Atlas's settings: %w", err)
	}
	if err := errors.Join(
		os.MkdirAll(folder, 0o700),
		os.WriteFile(filepath.Join(folder, "schema.hcl"), []byte(text), 0o600), //nolint:gosec // a folder of our own
		os.WriteFile(filepath.Join(folder, "atlas.hcl"), settings, 0o600),      //nolint:gosec // the same
	); err != nil {
		return fmt.Errorf("write the changed schema: %w", err)
	}
	c := exec.CommandContext(ctx, filepath.Join(s.repository, ".bin", "atlas"), "schema", "apply", "--env", "production", "--auto-approve")
	c.Dir = folder
	c.Env = running.Environment("DATABASE_URL_DIRECT="+scoped(ownerURL), "DOCKET_SCHEMA_DROPS=true")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("change the schema: %w\n%s", err, out)
	}
	return nil
}

// scoped keeps Atlas to the one schema: unscoped, it drops what it does not know.
func scoped(databaseURL string) string {
	if strings.Contains(databaseURL, "?") {
		return databaseURL + "&search_path=public"
	}
	return databaseURL + "?search_path=public"
}

// report prints one line a step, as soon as it is over.
func (s *stage) report(ctx context.Context, p step, say func(string)) error {
	began := time.Now()
	says, err := p.run(ctx, s)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	say(fmt.Sprintf("%-24s %s; %s", p.name, says, round(time.Since(began))))
	return nil
}
