package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

// snippet returns the one block of README.md in a language that holds a text.
func snippet(t *testing.T, language, holds string) string {
	t.Helper()
	var found []string
	for _, after := range strings.Split(read(t, "README.md"), "\n```"+language+"\n")[1:] {
		if block, _, _ := strings.Cut(after, "\n```"); strings.Contains(block, holds) {
			found = append(found, block)
		}
	}
	if len(found) != 1 {
		t.Fatalf("README.md has %d blocks of %s with %q, want one", len(found), language, holds)
	}
	return found[0]
}

// readmeSettings are what README.md tells Docket beside that configuration,
// but for where the key set is found: there is no app.example.com.
func readmeSettings(t *testing.T, site *authSite) []string {
	t.Helper()
	var settings []string
	for line := range strings.Lines(snippet(t, "sh", "DOCKET_AUTH_JWKS_URL=https://app.example.com")) {
		assignment, _, _ := strings.Cut(line, "#")
		name, value, _ := strings.Cut(strings.TrimSpace(assignment), "=")
		if name == "DOCKET_AUTH_JWKS_URL" {
			value = strings.Replace(value, site.origin, site.door, 1)
		}
		settings = append(settings, name+"="+value)
	}
	return append(settings, "DOCKET_RATE_LIMIT_REQUESTS=100000", "DOCKET_RATE_LIMIT_AUTH_FAILURES=100000")
}

// connected is Better Auth as README.md configures it, and two replicas of
// Docket beside it: one that looks for new keys as seldom as by default, one
// that does so each second.
type connected struct {
	*betterAuth
	site            *authSite
	settings        []string
	seldom, eagerly *instance
}

func connect(t *testing.T) *connected {
	t.Helper()
	b := startBetterAuth(t, snippet(t, "ts", "export const auth = betterAuth("))
	site := b.sites[0]
	settings := append(readmeSettings(t, site), "DATABASE_URL="+pgtest.URL(t), "DOCKET_DATA_DIR="+t.TempDir())
	return &connected{
		betterAuth: b, site: site, settings: settings,
		seldom:  servingOn(t, settings...),
		eagerly: servingOn(t, append(settings, "DOCKET_AUTH_JWKS_REFRESH=1s")...),
	}
}

// exec runs a statement in Better Auth's own database.
func (b *betterAuth) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.database)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := conn.Exec(t.Context(), sql, args...)
	if err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%s: %d rows, %v", sql, tag.RowsAffected(), err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// rotate has the present keys expire: the next token is signed with a new one.
func (b *betterAuth) rotate(t *testing.T) {
	t.Helper()
	b.exec(t, `UPDATE jwks SET "expiresAt" = now() - interval '1 second'`)
}

// The life of an account, with a real Better Auth and README.md's own lines:
// sign up, sign in, change, rotate, withdraw a key, erase, sign up again.
func TestBetterAuth(t *testing.T) {
	t.Parallel()
	c := connect(t)
	ada := c.site.browse()
	account := ada.signUp(t, adaAddress, "Ada")
	token := ada.token(t)

	me := one(t, c.seldom.with(token).do(t, "GET", "/auth/me", ""), 200)
	if me.Subject != account.ID || me.Issuer != "https://app.example.com" || me.Email != adaAddress || me.Name != "Ada" {
		t.Errorf("Docket knows %+v, Better Auth %+v", me, account)
	}
	task := one(t, c.seldom.with(token).do(t, "POST", "/tasks", `{"title":"Note G"}`), 201)

	// Another session, another replica, the same user.
	again := c.site.browse()
	again.signIn(t, adaAddress)
	if got := one(t, c.eagerly.with(again.token(t)).do(t, "GET", "/auth/me", ""), 200); got.ID != me.ID {
		t.Errorf("another session is the user %s, not %s", got.ID, me.ID)
	}
	c.signedOut(t)
	c.profile(t, ada, token)
	rotated := c.rotation(t, ada, token)
	c.badAnswers(t, ada, rotated)
	c.withdrawal(t, token, rotated)
	c.erasure(t, ada, task.ID)
}

// Better Auth refuses who is signed out; Docket, who brings no token.
func (c *connected) signedOut(t *testing.T) {
	t.Helper()
	if status := c.site.browse().call(t, "GET", "/token", "", nil); status != http.StatusUnauthorized {
		t.Errorf("without a session Better Auth answers %d", status)
	}
	client{base: c.seldom.greeting.API}.do(t, "GET", "/tasks", "").WantFailure(t, 401, "UNAUTHENTICATED")
}

// profile changes a name: the newest token's counts, whichever is used last.
func (c *connected) profile(t *testing.T, ada *browser, older string) {
	t.Helper()
	time.Sleep(1100 * time.Millisecond) // iat counts in seconds
	if status := ada.call(t, "POST", "/update-user", `{"name":"Ada Lovelace"}`, nil); status != http.StatusOK {
		t.Fatalf("update-user: %d", status)
	}
	for _, token := range []string{ada.token(t), older} {
		for _, replica := range []*instance{c.seldom, c.eagerly} {
			if me := one(t, replica.with(token).do(t, "GET", "/auth/me", ""), 200); me.Name != "Ada Lovelace" {
				t.Errorf("the name is %q", me.Name)
			}
		}
	}
}

// rotation makes a new key, which works at once, for one fetch, while the old
// one goes on working.
func (c *connected) rotation(t *testing.T, ada *browser, old string) (fresh string) {
	t.Helper()
	c.rotate(t)
	fresh = ada.token(t)
	if headOf(t, fresh).Kid == headOf(t, old).Kid {
		t.Fatal("Better Auth did not rotate its key")
	}
	before, began := c.site.keySets.Load(), time.Now()
	for _, answer := range race(t, 20, func(ctx context.Context, _ int) (httpxtest.Response, error) {
		return c.seldom.with(fresh).try(ctx, "GET", "/auth/me", "")
	}) {
		answer.Want(t, 200)
	}
	t.Logf("20 requests with a new key took %s", time.Since(began))
	// The other replica asks each second by itself.
	if took := int64(time.Since(began)/time.Second) + 2; c.site.keySets.Load()-before > took+1 {
		t.Errorf("the key set was asked for %d times by 20 requests", c.site.keySets.Load()-before)
	}
	for _, token := range []string{old, fresh} {
		c.seldom.with(token).do(t, "GET", "/auth/me", "").Want(t, 200)
		c.eagerly.with(token).do(t, "GET", "/auth/me", "").Want(t, 200)
	}
	return fresh
}

// badAnswers are those of an issuer out of order: keys that are known go on
// working, and new ones work once it has recovered.
func (c *connected) badAnswers(t *testing.T, ada *browser, known string) {
	t.Helper()
	for name, instead := range map[string]http.HandlerFunc{
		"slow": stallFor(patience),
		"oversized": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"keys":[`, strings.Repeat(" ", 300_000), `]}`)
		},
		"malformed": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Bad Gateway</html>") },
		"no keys":   func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"keys":[]}`) },
		"failing":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	} {
		c.rotate(t)
		fresh := ada.token(t)
		c.site.answer(instead)
		c.seldom.with(fresh).do(t, "GET", "/auth/me", "").WantFailure(t, 401, "UNAUTHENTICATED")
		c.seldom.with(known).do(t, "GET", "/auth/me", "").Want(t, 200)
		c.eagerly.with(known).do(t, "GET", "/auth/me", "").Want(t, 200)
		c.site.answer(nil)
		eventually(t, "the key works that came while the key set was "+name, func() bool {
			return c.seldom.with(fresh).do(t, "GET", "/auth/me", "").Status == http.StatusOK
		})
	}
}

// withdrawal removes a key: its tokens, met before or not, open nothing any
// more, while those of another key do.
func (c *connected) withdrawal(t *testing.T, old, fresh string) {
	t.Helper()
	c.eagerly.with(old).do(t, "GET", "/auth/me", "").Want(t, 200) // remembered from now on
	c.exec(t, `DELETE FROM jwks WHERE id = $1`, headOf(t, old).Kid)
	eventually(t, "the withdrawn key's token is refused", func() bool {
		return c.eagerly.with(old).do(t, "GET", "/auth/me", "").Status == http.StatusUnauthorized
	})
	c.eagerly.with(old).do(t, "GET", "/auth/me", "").WantFailure(t, 401, "UNAUTHENTICATED")
	c.eagerly.with(fresh).do(t, "GET", "/auth/me", "").Want(t, 200)
}

// erasure is what README.md's deleteAccount does. No token of that account
// opens anything again, on either replica; a new account is a new user.
func (c *connected) erasure(t *testing.T, ada *browser, task string) {
	t.Helper()
	token := ada.token(t)
	c.eagerly.with(token).do(t, "GET", "/tasks/"+task, "").Want(t, 200)
	c.seldom.with(token).do(t, "DELETE", "/auth/me", "").Want(t, 204)
	c.seldom.with(token).do(t, "GET", "/tasks/"+task, "").WantFailure(t, 401, "UNAUTHENTICATED")
	time.Sleep(time.Second) // the longest that another replica may take
	c.eagerly.with(token).do(t, "GET", "/tasks/"+task, "").WantFailure(t, 401, "UNAUTHENTICATED")
	later := ada.token(t) // the session knows nothing of it
	for _, replica := range []*instance{c.seldom, c.eagerly} {
		replica.with(later).do(t, "GET", "/auth/me", "").WantFailure(t, 401, "UNAUTHENTICATED")
		replica.with(later).do(t, "POST", "/tasks", `{"title":"back"}`).WantFailure(t, 401, "UNAUTHENTICATED")
	}
	if status := ada.call(t, "POST", "/delete-user", body(`{"password":%q}`, passphrase), nil); status != http.StatusOK {
		t.Fatalf("delete-user: %d", status)
	}

	fresh := c.site.browse()
	account := fresh.signUp(t, adaAddress, "Ada")
	for _, replica := range []*instance{c.seldom, c.eagerly} {
		user := replica.with(fresh.token(t))
		if me := one(t, user.do(t, "GET", "/auth/me", ""), 200); me.Subject != account.ID {
			t.Errorf("Docket knows the subject %s, Better Auth %s", me.Subject, account.ID)
		}
		if tasks, _ := many(t, user.do(t, "GET", "/tasks", "")); len(tasks) != 0 {
			t.Errorf("the new account has %d tasks", len(tasks))
		}
	}
}

// Docket starts beside an issuer that is dead, says that it cannot tell who
// asks, and serves as soon as it can.
func TestBetterAuthThatIsDown(t *testing.T) {
	t.Parallel()
	site := startBetterAuth(t, defaultAuth("EdDSA", "")).sites[0]
	ada := site.browse()
	ada.signUp(t, adaAddress, "Ada")
	token := ada.token(t)
	site.answer(stallFor(patience))
	s := servingOn(t, append(site.settings(site.origin), "DATABASE_URL="+pgtest.URL(t), "DOCKET_DATA_DIR="+t.TempDir())...)
	r := s.with(token).do(t, "GET", "/auth/me", "")
	r.WantFailure(t, 503, "SERVICE_UNAVAILABLE")
	if r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	// What cannot be good whatever the keys are is 401 all the same.
	s.with("garbage").do(t, "GET", "/auth/me", "").WantFailure(t, 401, "UNAUTHENTICATED")
	site.answer(nil)
	eventually(t, "the token is good", func() bool { return s.with(token).do(t, "GET", "/auth/me", "").Status == http.StatusOK })
}

// A frontend that moves to another address signs as another issuer. With the
// new one added after the old, its users stay who they were; with the new one
// alone they would be strangers.
func TestBetterAuthThatMoves(t *testing.T) {
	t.Parallel()
	before := snippet(t, "ts", "export const auth = betterAuth(")
	after := strings.Replace(before, `baseURL: "https://app.example.com"`, `baseURL: "https://app.new.example"`, 1)
	b := startBetterAuth(t, before, after)
	settings := []string{"DATABASE_URL=" + pgtest.URL(t), "DOCKET_DATA_DIR=" + t.TempDir()}
	with := func(issuers string) *instance {
		return servingOn(t, append(b.sites[1].settings("https://api.example.com"), append(settings, "DOCKET_AUTH_ISSUER="+issuers)...)...)
	}
	both, alone := with(b.sites[0].origin+","+b.sites[1].origin), with(b.sites[1].origin)
	old, moved := b.sites[0].browse(), b.sites[1].browse()
	old.signUp(t, adaAddress, "Ada")
	moved.signIn(t, adaAddress)
	first := one(t, both.with(old.token(t)).do(t, "GET", "/auth/me", ""), 200)
	token := moved.token(t)
	if got := one(t, both.with(token).do(t, "GET", "/auth/me", ""), 200); got.ID != first.ID || got.Issuer != b.sites[0].origin {
		t.Errorf("after the move the user is %s of %s, before it was %s", got.ID, got.Issuer, first.ID)
	}
	if got := one(t, alone.with(token).do(t, "GET", "/auth/me", ""), 200); got.ID == first.ID {
		t.Error("an issuer that is not mapped to the old one speaks for its users")
	}
	alone.with(old.token(t)).do(t, "GET", "/auth/me", "").WantFailure(t, 401, "UNAUTHENTICATED")
}

// defaultAuth is the shortest configuration: jwt() with its defaults, or with
// another algorithm alone. It keeps its tables in a schema of its own.
func defaultAuth(algorithm, options string) string {
	name := strings.ToLower(algorithm)
	return body(`
import { betterAuth } from "better-auth";
import { jwt } from "better-auth/plugins";
import { Pool } from "pg";
const connectionString = process.env.AUTH_DATABASE_URL;
const first = new Pool({ connectionString });
await first.query("CREATE SCHEMA %[1]s");
await first.end();
export const auth = betterAuth({
  baseURL: "https://%[1]s.example.com",
  database: new Pool({ connectionString, options: "-c search_path=%[1]s" }),
  emailAndPassword: { enabled: true },
  plugins: [jwt(%[2]s)],
});
`, name, options)
}

// Every algorithm that Better Auth offers, the default with no options at all.
func TestBetterAuthAlgorithms(t *testing.T) {
	t.Parallel()
	algorithms := []string{"EdDSA", "ES256", "ES512", "RS256", "PS256"}
	var configurations []string
	for _, alg := range algorithms {
		options := ""
		if alg != "EdDSA" {
			options = body(`{ jwks: { keyPairConfig: { alg: %q } } }`, alg)
		}
		configurations = append(configurations, defaultAuth(alg, options))
	}
	b := startBetterAuth(t, configurations...)
	url := pgtest.URL(t)
	for i, alg := range algorithms {
		site := b.sites[i]
		s := servingOn(t, append(site.settings(site.origin), "DATABASE_URL="+url, "DOCKET_DATA_DIR="+t.TempDir())...)
		ada := site.browse()
		account := ada.signUp(t, adaAddress, "Ada")
		token := ada.token(t)
		if got := headOf(t, token).Alg; got != alg {
			t.Errorf("Better Auth signs with %s, not %s", got, alg)
		}
		for range 2 { // checked, then remembered
			me := one(t, s.with(token).do(t, "GET", "/auth/me", ""), 200)
			if me.Subject != account.ID || me.Issuer != site.origin || me.Email != adaAddress || me.Name != "Ada" {
				t.Errorf("%s: Docket knows %+v, Better Auth %+v", alg, me, account)
			}
		}
		// Genuine, but of another site, and for another audience.
		stranger := b.sites[(i+1)%len(b.sites)].browse()
		stranger.signUp(t, body("%s@example.com", strings.ToLower(alg)), "Mallory")
		s.with(stranger.token(t)).do(t, "GET", "/auth/me", "").WantFailure(t, 401, "UNAUTHENTICATED")
		tampered := token[:len(token)-6] + "AAAAAA"
		s.with(tampered).do(t, "GET", "/auth/me", "").WantFailure(t, 401, "UNAUTHENTICATED")
	}
	other := b.sites[0]
	s := servingOn(t, append(other.settings("https://api.example.com"), "DATABASE_URL="+url, "DOCKET_DATA_DIR="+t.TempDir())...)
	ada := other.browse()
	ada.signIn(t, adaAddress)
	s.with(ada.token(t)).do(t, "GET", "/auth/me", "").WantFailure(t, 401, "UNAUTHENTICATED")
}
