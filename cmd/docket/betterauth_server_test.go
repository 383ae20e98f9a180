package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"docket/platform/pgtest"
)

// betterAuthFolder holds the pinned packages and the program that serves them.
const betterAuthFolder = "testdata/betterauth"

// betterAuthPackages is the folder below which better-auth can be imported.
// They are installed once for each package-lock.json, outside the repository.
var betterAuthPackages = sync.OnceValues(func() (string, error) { return installPackages(betterAuthFolder, "better-auth") })

// errNoNode says that this machine cannot run Better Auth.
var errNoNode = errors.New("no Node.js with npm that can install it")

// installPackages installs what a folder pins, under a name, and returns where.
func installPackages(pinned, name string) (installed string, err error) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", fmt.Errorf("%w: %w", errNoNode, err)
		}
	}
	lock, err := os.ReadFile(filepath.Join(pinned, "package-lock.json"))
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("look for a folder to install packages in: %w", err)
	}
	sum := sha256.Sum256(lock)
	installed = filepath.Join(cache, "docket-test", name+"-"+hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(installed); err == nil {
		return installed, nil
	}
	if err := os.MkdirAll(filepath.Dir(installed), 0o700); err != nil {
		return "", err
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(installed), "unfinished-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(unfinished)) }()
	if err := npmInstall(pinned, unfinished); err != nil {
		return "", err
	}
	// Whoever comes second finds the first one's, which is the same.
	if err := os.Rename(unfinished, installed); err != nil {
		if _, there := os.Stat(installed); there != nil {
			return "", err
		}
	}
	return installed, nil
}

func npmInstall(pinned, folder string) error {
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(pinned, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return err
		}
	}
	install := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
		"--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=3000")
	install.Dir = folder
	if out, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: npm ci: %w\n%s", errNoNode, err, out)
	}
	return nil
}

// betterAuth is a real Better Auth server of the test's own, and between it and
// Docket a door that can be shut.
type betterAuth struct {
	// database is the one that Better Auth keeps its users and keys in.
	database string
	// sites has one server for each configuration, in order.
	sites []*authSite
}

// authSite is what a frontend's host serves below /api/auth.
type authSite struct {
	origin string // baseURL's, which the browser would show
	direct string // where Node listens
	door   string // where Docket looks for the key set
	// keySets counts how often the key set was asked for.
	keySets atomic.Int64
	// instead answers in place of Better Auth, unless nil.
	instead atomic.Pointer[http.HandlerFunc]
}

// startBetterAuth serves configurations, the text of one module each, which
// export "auth". It skips where there is no Node.js; with CI=true that fails.
func startBetterAuth(t *testing.T, configurations ...string) *betterAuth {
	t.Helper()
	packages, err := betterAuthPackages()
	if errors.Is(err, errNoNode) && os.Getenv("CI") != "true" {
		t.Skipf("needs Better Auth: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := &betterAuth{database: pgtest.Server(t).URL("postgres")}
	folder, err := os.MkdirTemp(packages, "run-") // below node_modules' parent, where imports are found
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	program, err := os.ReadFile(filepath.Join(betterAuthFolder, "serve.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	files := []string{filepath.Join(folder, "serve.mjs")}
	texts := append([]string{string(program)}, configurations...)
	for i := range configurations {
		files = append(files, filepath.Join(folder, fmt.Sprintf("auth-%d.mjs", i)))
	}
	for i, file := range files {
		if err := os.WriteFile(file, []byte(texts[i]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, port := range runNode(t, b.database, files) {
		b.sites = append(b.sites, newAuthSite(t, configurations[i], port))
	}
	return b
}

// runNode starts the program and returns the ports that it tells of.
func runNode(t *testing.T, database string, files []string) []int {
	t.Helper()
	node := exec.CommandContext(t.Context(), "node", files...)
	node.Env = append(os.Environ(), "AUTH_DATABASE_URL="+database,
		"BETTER_AUTH_SECRET=only-for-this-test-only-for-this-test", "BETTER_AUTH_TELEMETRY=0", "NODE_ENV=test")
	log := newOutput()
	node.Stderr = log
	stdin, err := node.StdinPipe() // its end is what ends the program
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // it may have ended already
		_ = node.Wait()   // killed with the test's context
		if t.Failed() {
			t.Logf("Better Auth's log:\n%s", log)
		}
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("Better Auth does not start: %v\n%s", err, log)
	}
	var ports []int
	if err := json.Unmarshal(line, &ports); err != nil {
		t.Fatalf("read %q: %v", line, err)
	}
	return ports
}

func newAuthSite(t *testing.T, configuration string, port int) *authSite {
	t.Helper()
	_, after, _ := strings.Cut(configuration, `baseURL: "`)
	origin, _, found := strings.Cut(after, `"`)
	if !found {
		t.Fatalf("there is no baseURL in:\n%s", configuration)
	}
	s := &authSite{origin: origin, direct: fmt.Sprintf("http://127.0.0.1:%d", port)}
	inside, err := url.Parse(s.direct)
	if err != nil {
		t.Fatal(err)
	}
	behind := httputil.NewSingleHostReverseProxy(inside)
	s.door = listenOn(t, func(w http.ResponseWriter, r *http.Request) {
		s.keySets.Add(1)
		if instead := s.instead.Load(); instead != nil {
			(*instead)(w, r)
			return
		}
		behind.ServeHTTP(w, r)
	})
	return s
}

// answer has something else answer for the key set; nil ends that.
func (s *authSite) answer(instead http.HandlerFunc) {
	if instead == nil {
		s.instead.Store(nil)
		return
	}
	s.instead.Store(&instead)
}

// settings are those of a Docket that trusts the site.
func (s *authSite) settings(audience string) []string {
	return []string{
		"DOCKET_AUTH_JWKS_URL=" + s.door + "/api/auth/jwks",
		"DOCKET_AUTH_ISSUER=" + s.origin, "DOCKET_AUTH_AUDIENCE=" + audience,
		"DOCKET_RATE_LIMIT_AUTH_FAILURES=100000", // eventually asks often
	}
}

// browser is somebody's session with Better Auth.
type browser struct {
	site    *authSite
	cookies map[string]string
}

func (s *authSite) browse() *browser { return &browser{site: s, cookies: map[string]string{}} }

// call sends one request below /api/auth, as the client library does.
func (b *browser) call(t *testing.T, method, path, body string, into any) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, b.site.direct+"/api/auth"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", b.site.origin)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	for _, c := range answer.Cookies() {
		b.cookies[c.Name] = c.Value
	}
	if into != nil && answer.StatusCode == http.StatusOK {
		if err := json.Unmarshal(content, into); err != nil {
			t.Fatalf("%s %s: %v\n%s", method, path, err, content)
		}
	}
	if answer.StatusCode != http.StatusOK {
		t.Logf("Better Auth answered %s %s with %d: %s", method, path, answer.StatusCode, content)
	}
	return answer.StatusCode
}

// account is what Better Auth knows of a user.
type authAccount struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
}

const passphrase = "correct horse battery staple"

// signUp makes an account, signIn opens another session of it.
func (b *browser) signUp(t *testing.T, email, name string) authAccount {
	t.Helper()
	return b.enter(t, "/sign-up/email", map[string]string{"email": email, "password": passphrase, "name": name})
}

func (b *browser) signIn(t *testing.T, email string) {
	t.Helper()
	b.enter(t, "/sign-in/email", map[string]string{"email": email, "password": passphrase})
}

func (b *browser) enter(t *testing.T, path string, form map[string]string) authAccount {
	t.Helper()
	body, err := json.Marshal(form)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ User authAccount }
	if status := b.call(t, http.MethodPost, path, string(body), &answer); status != http.StatusOK {
		t.Fatalf("%s: status %d", path, status)
	}
	return answer.User
}

// token asks Better Auth for a JWT of the session.
func (b *browser) token(t *testing.T) string {
	t.Helper()
	var answer struct{ Token string }
	if status := b.call(t, http.MethodGet, "/token", "", &answer); status != http.StatusOK || answer.Token == "" {
		t.Fatalf("no token: status %d", status)
	}
	return answer.Token
}

// with is somebody who calls Docket with a token.
func (s *instance) with(token string) client {
	return client{base: s.greeting.API, authorization: "Bearer " + token}
}

// headOf reads the header of a token.
func headOf(t *testing.T, token string) (head struct{ Alg, Kid string }) {
	t.Helper()
	decodePart(t, token, 0, &head)
	return head
}

// stallFor is an issuer that takes its time.
func stallFor(d time.Duration) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(d):
		}
	}
}

// listenOn serves a handler on a loopback port until the test ends.
func listenOn(t *testing.T, handler http.HandlerFunc) (origin string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections() // whoever still waits for an answer
		server.Close()
	})
	return server.URL
}

func decodePart(t *testing.T, token string, part int, into any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("a token with %d parts", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[part])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
}
