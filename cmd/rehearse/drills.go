package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"docket/platform/rowsecurity"
)

const releasesName = "release before"

// drills are what the runbook has operators do under load: none of them is
// noticed by anybody.
func drills() []step {
	return []step{
		{releasesName, besideEarlier},
		{"a replica more", addReplica},
		{"issuer's key rotated", rotateIssuerKey},
		{"password rotated", rotatePassword},
		{"Redis password rotated", rotateRedisPassword},
		{"cursor key rotated", rotateCursorKey},
		{"back-up and restore", restore},
	}
}

// drill does d while nobody may notice.
func (s *stage) drill(ctx context.Context, d step, say func(string)) error {
	if _, err := s.traffic.recovered(ctx, time.Now()); err != nil {
		return fmt.Errorf("%s: not even before: %w", d.name, err)
	}
	s.traffic.watch(allowance{})
	return s.report(ctx, step{d.name, func(ctx context.Context, s *stage) (string, error) {
		says, err := d.run(ctx, s)
		if err != nil {
			return "", err
		}
		if _, err := s.traffic.recovered(ctx, time.Now()); err != nil {
			return "", err
		}
		seen := s.traffic.seen()
		if len(seen.wrong) > 0 {
			return "", fmt.Errorf("%d requests failed, such as %s", len(seen.wrong), seen.wrong[0])
		}
		return says + ": " + seen.String(), nil
	}}, say)
}

// handover is how long a balancer leaves the server that goes with requests
// that it has already taken.
const handover = 500 * time.Millisecond

// replace starts a server with more settings, leads the traffic there as a
// balancer does, and stops the one before.
func (s *stage) replace(ctx context.Context, more ...string) error {
	old := s.server
	if err := s.startServer(ctx, more...); err != nil {
		s.server = old
		return err
	}
	if err := sleep(ctx, handover); err != nil {
		return errors.Join(err, old.Kill())
	}
	return old.Stop(ctx)
}

// addReplica serves half of the requests by a second server for a while.
func addReplica(ctx context.Context, s *stage) (string, error) {
	first := s.server
	if err := s.startServer(ctx); err != nil {
		s.server = first
		return "", err
	}
	second := s.server
	for i := range 10 {
		s.traffic.base.Store([]*string{&first.API, &second.API}[i%2])
		if err := sleep(ctx, handover/5); err != nil {
			return "", errors.Join(err, first.Kill())
		}
	}
	s.traffic.base.Store(&second.API)
	if err := sleep(ctx, handover); err != nil {
		return "", errors.Join(err, first.Kill())
	}
	return "users sent to one and the other, ten times; then the first stopped", first.Stop(ctx)
}

// rotateIssuerKey publishes another key, signs with that, and withdraws the
// first.
func rotateIssuerKey(ctx context.Context, s *stage) (string, error) {
	from := s.issuer.signing
	to := 1 - from
	s.issuer.publish(from, to)
	if a, err := s.stranger(ctx, to); err != nil || a.status != http.StatusOK {
		return "", fmt.Errorf("a token of the new key was answered %d %s: %w", a.status, a.body, err)
	}
	s.issuer.signing = to
	for _, c := range s.traffic.clients {
		token, err := s.issuer.sign(to, c.email)
		if err != nil {
			return "", err
		}
		c.token.Store(&token)
	}
	if err := sleep(ctx, handover); err != nil { // for what is under way
		return "", err
	}
	s.issuer.publish(to)
	began := time.Now()
	for {
		a, err := s.stranger(ctx, from)
		if err != nil {
			return "", err
		}
		if a.status == http.StatusUnauthorized {
			return fmt.Sprintf("a new key is known at once, a withdrawn one refused after %s (auth.jwks_refresh was 2s)", round(time.Since(began))), nil
		}
		if time.Since(began) > progressPatience {
			return "", fmt.Errorf("a withdrawn key is good after %s: %d", progressPatience, a.status)
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return "", err
		}
	}
}

// rotatePassword goes over to a second role with a password of its own, for a
// role has one password only: changed, it locks out whoever has the old one.
func rotatePassword(ctx context.Context, s *stage) (string, error) {
	const first, second = rowsecurity.DefaultRole, rowsecurity.DefaultRole + "_b"
	passwords := map[string]string{first: "first-password-of-the-service", second: "second-password-of-the-service"}
	secure := func(role string) error {
		err := s.docket(ctx, []string{"DOCKET_ENVIRONMENT=local", "DOCKET_DATA_DIR=" + s.folder, "DATABASE_URL=" + s.ownerURL, "NEW_PASSWORD=" + passwords[role]},
			"db", "secure", "--role", role, "--password-env", "NEW_PASSWORD")
		return err
	}
	as := func(role string) (string, error) {
		u, err := url.Parse(s.ownerURL)
		if err != nil {
			return "", fmt.Errorf("read the database URL: %w", err)
		}
		u.User = url.UserPassword(role, passwords[role])
		return u.String(), nil
	}
	// PgBouncer has no passwords here, so that it is gone around.
	hba := filepath.Join(s.pgFolder, "pg_hba.conf")
	before, err := os.ReadFile(hba)
	if err != nil {
		return "", fmt.Errorf("read the access rules: %w", err)
	}
	rules := fmt.Sprintf("local all %s,%s scram-sha-256\n%s", first, second, before)
	firstURL, err1 := as(first)
	secondURL, err2 := as(second)
	if err := errors.Join(err1, err2, secure(first), s.replace(ctx, "DATABASE_URL="+firstURL, "DOCKET_DATABASE_POOLER=false"),
		s.access(ctx, hba, []byte(rules))); err != nil {
		return "", err
	}
	if conn, err := pgx.Connect(ctx, s.serviceURLWith(firstURL, "wrong")); err == nil {
		return "", errors.Join(errors.New("PostgreSQL takes any password, which proves nothing"), conn.Close(ctx))
	}
	if err := errors.Join(secure(second), s.replace(ctx, "DATABASE_URL="+secondURL, "DOCKET_DATABASE_POOLER=false"), s.sql(ctx, "ALTER ROLE "+first+" NOLOGIN")); err != nil {
		return "", err
	}
	if conn, err := pgx.Connect(ctx, firstURL); err == nil {
		return "", errors.Join(errors.New("the role of before gets in"), conn.Close(ctx))
	}
	// And back to what the rest of the rehearsal is made for.
	return "a second role, the server replaced, the first role locked out", errors.Join(
		s.access(ctx, hba, before), s.sql(ctx, "ALTER ROLE "+first+" LOGIN"), s.replace(ctx))
}

// access has PostgreSQL go by other access rules.
func (s *stage) access(ctx context.Context, hba string, rules []byte) error {
	if err := os.WriteFile(hba, rules, 0o600); err != nil { //nolint:gosec // in a folder of our own
		return fmt.Errorf("write the access rules: %w", err)
	}
	return s.sql(ctx, "SELECT pg_reload_conf()")
}

// serviceURLWith is a database URL with another password.
func (s *stage) serviceURLWith(databaseURL, password string) string {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return databaseURL // which fails as well
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String()
}

// sql runs one statement as the database's owner.
func (s *stage) sql(ctx context.Context, statement string) (err error) {
	conn, err := pgx.Connect(ctx, s.ownerURL)
	if err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("run %q: %w", statement, err)
	}
	return nil
}

// rotateRedisPassword gives Redis a second password, and then takes the first
// away.
func rotateRedisPassword(ctx context.Context, s *stage) (string, error) {
	o, err := redis.ParseURL(s.redis.url())
	if err != nil {
		return "", fmt.Errorf("read Redis's URL: %w", err)
	}
	admin := redis.NewClient(o)
	defer admin.Close()
	old, fresh := s.redis.password, s.redis.password+"-and-then"
	if err := admin.Do(ctx, "ACL", "SETUSER", "default", ">"+fresh).Err(); err != nil {
		return "", fmt.Errorf("give Redis a second password: %w", err)
	}
	s.redis.password = fresh
	if err := s.replace(ctx); err != nil {
		return "", err
	}
	if err := admin.Do(ctx, "ACL", "SETUSER", "default", "<"+old).Err(); err != nil {
		return "", fmt.Errorf("take Redis's first password away: %w", err)
	}
	late := redis.NewClient(o)
	defer late.Close()
	if err := late.Ping(ctx).Err(); err == nil {
		return "", errors.New("the password of before is good")
	}
	m, err := s.metrics(ctx)
	if err != nil {
		return "", err
	}
	if n := m.sum("docket_rate_limit_decisions_total", `decision="uncounted"`); n > 0 {
		return "", fmt.Errorf("%.0f requests were not counted", n)
	}
	return "a second password, the server replaced, the first taken away", nil
}

const cursorKey = "cursor"

// rotateCursorKey throws away the key of cursors: those that are out are
// refused, and whoever lists starts again from the first page.
func rotateCursorKey(ctx context.Context, s *stage) (string, error) {
	list := func(query string) (answer, string, error) {
		token, err := s.issuer.sign(s.issuer.signing, s.traffic.clients[0].email)
		if err != nil {
			return answer{}, "", err
		}
		a, err := ask(ctx, http.DefaultClient, http.MethodGet, s.server.API+"/tasks?limit=1"+query, http.Header{"Authorization": {"Bearer " + token}}, nil)
		if err != nil {
			return answer{}, "", err
		}
		var page struct {
			Meta struct {
				Next string `json:"next_cursor"`
			}
		}
		if a.status == http.StatusOK {
			err = json.Unmarshal(a.body, &page)
		}
		return a, page.Meta.Next, err
	}
	_, cursor, err := list("")
	if err != nil || cursor == "" {
		return "", fmt.Errorf("there is no second page: %w", err)
	}
	if a, _, err := list("&cursor=" + cursor); err != nil || a.status != http.StatusOK {
		return "", fmt.Errorf("the second page is answered %d %s: %w", a.status, a.body, err)
	}
	if err := errors.Join(s.sql(ctx, "DELETE FROM "+pgx.Identifier{keyTable}.Sanitize()+" WHERE name = '"+cursorKey+"'"), s.replace(ctx)); err != nil {
		return "", err
	}
	a, _, err := list("&cursor=" + cursor)
	if err != nil || a.status != http.StatusBadRequest {
		return "", fmt.Errorf("a cursor of before is answered %d %s: %w", a.status, a.body, err)
	}
	if a, next, err := list(""); err != nil || a.status != http.StatusOK || next == cursor {
		return "", fmt.Errorf("the first page is answered %d: %w", a.status, err)
	}
	return "the row removed, the server replaced; a cursor of before is answered 400, the first page 200", nil
}

const keyTable = "service_keys"
