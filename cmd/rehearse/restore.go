package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"docket/platform/localpg"
	"docket/platform/rowsecurity"
	"docket/platform/running"
)

// errNoDump says that the client programs of PostgreSQL are not there.
var errNoDump = errors.New("needs pg_dump and pg_restore, of the server's version or later (Debian: postgresql-client)")

// dumpPrograms finds the two, newest first: Debian keeps them out of PATH, and
// what it has there starts the oldest that would do.
func dumpPrograms() (dump, restore string, err error) {
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", "", err
	}
	slices.Sort(folders)
	slices.Reverse(folders)
	for _, f := range append(folders, "") { // "" is PATH
		dump, err1 := exec.LookPath(filepath.Join(f, "pg_dump"))
		restore, err2 := exec.LookPath(filepath.Join(f, "pg_restore"))
		if err1 == nil && err2 == nil {
			return dump, restore, nil
		}
	}
	return "", "", errNoDump
}

// restore backs the database up under load, and brings it back in a PostgreSQL
// that has never seen it: roles and policies included, to a served request.
func restore(ctx context.Context, s *stage) (says string, err error) {
	dump, load, err := dumpPrograms()
	if err != nil {
		return "", skip(err)
	}
	made, err := s.tell(ctx, http.MethodPost, "", `{"title":"there before the back-up"}`)
	if err != nil {
		return "", err
	}
	file := filepath.Join(s.folder, "docket.dump")
	if err := command(ctx, dump, "--format=custom", "--no-owner", "--no-privileges", "--file="+file, s.ownerURL); err != nil {
		return "", err
	}
	if _, err := s.tell(ctx, http.MethodPost, "", `{"title":"not in the back-up"}`); err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp(filepath.Dir(s.pgFolder), "docket-rehearse-pg-")
	if err != nil {
		return "", fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, localpg.Remove(context.WithoutCancel(ctx), folder)) }()
	fresh, err := localpg.Start(ctx, localpg.Options{Dir: folder})
	if err != nil {
		return "", fmt.Errorf("start another PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, fresh.Stop(context.WithoutCancel(ctx))) }()
	if err := fresh.EnsureDatabase(ctx, database); err != nil {
		return "", fmt.Errorf("make the database: %w", err)
	}
	owner := fresh.URL(database)
	if err := command(ctx, load, "--no-owner", "--no-privileges", "--clean", "--if-exists", "--exit-on-error", "--single-transaction", "--dbname="+owner, file); err != nil {
		return "", err
	}
	service, err := rowsecurity.As(owner, rowsecurity.DefaultRole)
	if err != nil {
		return "", err
	}
	for _, c := range []struct{ url, verb string }{{owner, "secure"}, {service, "check"}} {
		if err := s.docket(ctx, []string{"DOCKET_ENVIRONMENT=local", "DOCKET_DATA_DIR=" + s.folder, "DATABASE_URL=" + c.url}, "db", c.verb); err != nil {
			return "", err
		}
	}
	return s.servedFrom(ctx, service, made)
}

// servedFrom starts a second server on a restored database, and reads there
// what was made before the back-up, and no more.
func (s *stage) servedFrom(ctx context.Context, service, made string) (says string, err error) {
	current := s.server
	back := *s.traffic.base.Load()
	defer func() {
		err = errors.Join(err, s.server.Kill())
		s.server = current
	}()
	restored, err := running.Launch(ctx, s.binary, filepath.Join(s.folder, "restored.log"), slices.Concat([]string{
		"DOCKET_ENVIRONMENT=production", "DATABASE_URL=" + service, "DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0",
	}, s.issuer.settings()))
	if err != nil {
		s.server = &running.Server{}
		return "", err
	}
	s.server = restored
	if _, err := s.tell(ctx, http.MethodGet, "/"+made, ""); err != nil {
		return "", err
	}
	if got, err := s.tell(ctx, http.MethodGet, "?q=back-up", ""); err != nil || got == "" {
		return "", fmt.Errorf("search in what was restored: %q: %w", got, err)
	}
	if s.traffic.base.Load() == nil || *s.traffic.base.Load() != back {
		return "", errors.New("the users were led to what was restored")
	}
	info, err := os.Stat(filepath.Join(s.folder, "docket.dump"))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d KiB by pg_dump under load, into another PostgreSQL by pg_restore, secured, checked, and served from", info.Size()>>10), nil
}

// tell sends a request about tasks as a user who has nothing else, and returns
// the id of what comes back, of the first where it is a list.
func (s *stage) tell(ctx context.Context, method, path, body string) (string, error) {
	token, err := s.issuer.sign(s.issuer.signing, "restored@example.com")
	if err != nil {
		return "", err
	}
	a, err := ask(ctx, http.DefaultClient, method, s.server.API+"/tasks"+path, http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}, []byte(body))
	if err != nil || a.status >= http.StatusBadRequest {
		return "", fmt.Errorf("%s: %d %s: %w", a.what, a.status, a.body, err)
	}
	type element struct{ ID string }
	var one struct{ Data element }
	if json.Unmarshal(a.body, &one) == nil {
		return one.Data.ID, nil
	}
	var many struct{ Data []element }
	if err := json.Unmarshal(a.body, &many); err != nil {
		return "", fmt.Errorf("%s: read %s: %w", a.what, a.body, err)
	}
	if len(many.Data) != 1 {
		return "", fmt.Errorf("%s: there are %d, not one", a.what, len(many.Data))
	}
	return many.Data[0].ID, nil
}

// command runs a program of PostgreSQL's.
func command(ctx context.Context, program string, args ...string) error {
	c := exec.CommandContext(ctx, program, args...)
	c.Env = running.Environment()
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, strings.TrimSpace(string(out)))
	}
	return nil
}
