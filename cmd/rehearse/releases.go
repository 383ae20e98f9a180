package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"docket/platform/release"
	"docket/platform/rowsecurity"
	"docket/platform/running"
	"docket/platform/schema"
)

// earlier is the release before this one.
type earlier struct {
	name   string // of its revision
	binary string
	schema string // the text of its schema.hcl
}

// buildEarlier builds the release before this one; it is nil where there was
// none.
func (s *stage) buildEarlier(ctx context.Context) (*earlier, error) {
	here := release.Checkout(s.repository)
	name, err := here.Last(ctx)
	if err != nil {
		return nil, skip(err)
	}
	if name == "" {
		return nil, nil //nolint:nilnil // there was none
	}
	source, folder := filepath.Join(s.folder, "release-before"), filepath.Join(s.folder, "release-before-built")
	if err := errors.Join(here.Copy(ctx, name, source), os.Mkdir(folder, 0o755)); err != nil { //nolint:gosec // PostgreSQL's account passes through
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(source, schema.File))
	if err != nil {
		return nil, fmt.Errorf("read the schema of the release before: %w", err)
	}
	e := &earlier{name: name[:min(len(name), 12)], schema: string(text)}
	e.binary, err = running.BuildFrom(ctx, source, folder)
	return e, err
}

// besideEarlier does what a roll-out and its taking back do: the release before
// serves on the schema of this one, beside it, and this one on the schema of the
// release before. For one release both must go, or say what is to be done first.
func besideEarlier(ctx context.Context, s *stage) (string, error) {
	if s.earlier == nil {
		return "nothing was released before", s.noEarlier
	}
	old, err := s.earlierBeside(ctx)
	if err != nil {
		return "", fmt.Errorf("%s on the schema of this release: %w", s.earlier.name, err)
	}
	fresh, err := s.onEarlierSchema(ctx)
	if err != nil {
		return "", fmt.Errorf("this release on the schema of %s: %w", s.earlier.name, err)
	}
	return fmt.Sprintf("%s on the schema of this release: %s; this one on its schema: %s", s.earlier.name, old, fresh), nil
}

// earlierBeside serves half of the requests by the release before for a while.
func (s *stage) earlierBeside(ctx context.Context) (string, error) {
	present, binary := s.server, s.binary
	s.binary = s.earlier.binary
	err := s.startServer(ctx)
	old := s.server
	s.server, s.binary = present, binary
	if err != nil {
		return refusal(err)
	}
	for i := range 10 {
		s.traffic.base.Store([]*string{&old.API, &present.API}[i%2])
		if err := sleep(ctx, handover/5); err != nil {
			return "", errors.Join(err, old.Kill())
		}
	}
	s.traffic.base.Store(&present.API)
	if err := sleep(ctx, handover); err != nil {
		return "", errors.Join(err, old.Kill())
	}
	return "served beside it", old.Stop(ctx)
}

// refusal is what there is to say of a release that did not start, where it
// named the step that comes before.
func refusal(err error) (string, error) {
	for _, step := range []string{"docket db secure", "atlas schema apply"} {
		if strings.Contains(err.Error(), step) {
			return "does not start before " + step, nil
		}
	}
	return "", err
}

// onEarlierSchema starts this release on a database that the release before has
// made, and asks it for a bit of everything.
func (s *stage) onEarlierSchema(ctx context.Context) (says string, err error) {
	const name = "docket_before"
	if err := s.postgres.EnsureDatabase(ctx, name); err != nil {
		return "", fmt.Errorf("make the database: %w", err)
	}
	owner := s.postgres.URL(name)
	if err := s.atlas(ctx, owner, s.earlier.schema); err != nil {
		return "", err
	}
	secure := []string{"DOCKET_ENVIRONMENT=local", "DOCKET_DATA_DIR=" + s.folder, "DATABASE_URL=" + owner}
	if err := runDocket(ctx, s.earlier.binary, secure, "db", "secure"); err != nil {
		return "", err
	}
	service, err := rowsecurity.As(owner, rowsecurity.DefaultRole)
	if err != nil {
		return "", err
	}
	server, err := running.Launch(ctx, s.binary, filepath.Join(s.folder, "on-earlier.log"), slices.Concat([]string{
		"DOCKET_ENVIRONMENT=production", "DATABASE_URL=" + service, "DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0",
	}, s.issuer.settings()))
	if err != nil {
		return refusal(err)
	}
	defer func() { err = errors.Join(err, server.Kill()) }()
	// Its key set may take a moment.
	for limit := time.Now().Add(progressPatience); ; {
		ready, err := ask(ctx, http.DefaultClient, http.MethodGet, server.Ready, http.Header{}, nil)
		if err == nil && ready.status == http.StatusOK {
			return s.everything(ctx, server.API)
		}
		if err == nil {
			says, err = unready(ready)
		}
		if err == nil || time.Now().After(limit) {
			return says, err
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return "", err
		}
	}
}

// unready is what there is to say of a server that waits for its schema, and
// gets no requests until then.
func unready(a answer) (string, error) {
	var failure struct {
		Error struct {
			Details []struct{ Field, Message string }
		}
	}
	if err := json.Unmarshal(a.body, &failure); err != nil {
		return "", fmt.Errorf("read /readyz: %d %s: %w", a.status, a.body, err)
	}
	if d := failure.Error.Details; len(d) == 1 && d[0].Field == "schema" {
		return "is not ready before the schema is applied: " + d[0].Message, nil
	}
	return "", fmt.Errorf("/readyz says %d %s", a.status, a.body)
}

// everything makes, reads, changes and removes one of each kind. The texts in
// braces stand for the ids of what was made.
func (s *stage) everything(ctx context.Context, api string) (string, error) {
	token, err := s.issuer.sign(s.issuer.signing, "everything@example.com")
	if err != nil {
		return "", err
	}
	header := http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
	ids := map[string]string{}
	requests := []struct{ method, path, body, names string }{
		{"GET", "/auth/me", "", ""},
		{"PATCH", "/auth/me", `{"time_zone":"Europe/Berlin"}`, ""},
		{"POST", "/projects", `{"name":"Move"}`, "{project}"},
		{"POST", "/tags", `{"name":"home"}`, "{tag}"},
		{"POST", "/tasks", `{"title":"Buy paint","description":"white","project_id":"{project}","tag_ids":["{tag}"],"due_on":"2030-01-31"}`, "{task}"},
		{"POST", "/tasks", `{"title":"Choose a colour","parent_id":"{task}"}`, "{subtask}"},
		{"POST", "/batch", `{"operations":[{"op":"create","data":{"title":"Clean the brush"}},{"op":"update","id":"{subtask}","data":{"priority":"high"}}]}`, ""},
		{"PATCH", "/tasks/{task}", `{"description":"grey"}`, ""},
		{"POST", "/tasks/{subtask}/move", `{"parent_id":null}`, ""},
		{"GET", "/tasks/{task}?include=subtasks", "", ""},
		{"GET", "/tasks?q=paint&tag_id={tag}&sort=due", "", ""},
		{"GET", "/tasks/summary", "", ""},
		{"GET", "/projects?include=counts", "", ""},
		{"GET", "/tags?include=counts", "", ""},
		{"POST", "/projects/{project}/archive", "", ""},
		{"GET", "/auth/me/export", "", ""},
		{"DELETE", "/tasks/{subtask}", "", ""},
		{"DELETE", "/tags/{tag}", "", ""},
		{"DELETE", "/projects/{project}", "", ""},
		{"DELETE", "/auth/me", "", ""},
	}
	for _, r := range requests {
		for name, id := range ids {
			r.path, r.body = strings.ReplaceAll(r.path, name, id), strings.ReplaceAll(r.body, name, id)
		}
		a, err := ask(ctx, http.DefaultClient, r.method, api+r.path, header, []byte(r.body))
		if err != nil {
			return "", fmt.Errorf("%s: %w", a.what, err)
		}
		if a.status >= http.StatusBadRequest {
			return "", fmt.Errorf("%s: %d %s", a.what, a.status, a.body)
		}
		if r.names == "" {
			continue
		}
		var made struct{ Data struct{ ID string } }
		if err := json.Unmarshal(a.body, &made); err != nil {
			return "", fmt.Errorf("%s: read %s: %w", a.what, a.body, err)
		}
		ids[r.names] = made.Data.ID
	}
	return fmt.Sprintf("served %d requests, of every kind", len(requests)), nil
}
