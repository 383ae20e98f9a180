//go:build linux

package main

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"docket/platform/auth/devissuer"
	"docket/platform/pgtest"
)

// The program of the image, in what the image is: a folder with nothing else in
// it, nothing that could be written to, and an account that exists nowhere.
func TestImage(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to shut a program into a folder; step container of .ci/run does it")
	}
	root := imageRoot(t)
	issuer, err := devissuer.Open(t.TempDir(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(issuer.JWKS()) // the program says so if it gets none
	}))
	t.Cleanup(keys.Close)
	url := pgtest.URL(t)
	_, through := newTollgate(t, url)
	_, direct := newTollgate(t, pgtest.AsOwner(t, url))
	environment := []string{
		"DATABASE_URL=" + through, "DATABASE_URL_DIRECT=" + direct, "DOCKET_ADMIN_ADDRESS=127.0.0.1:0",
		"DOCKET_AUTH_JWKS_URL=" + keys.URL, "DOCKET_AUTH_ISSUER=https://app.example.com", "DOCKET_AUTH_AUDIENCE=https://api.example.com",
	}
	environment = append(environment, regexp.MustCompile(`(DOCKET_[A-Z_]+)=(\S+)`).FindAllString(read(t, "cmd", "docket", "Dockerfile"), -1)...)
	environment = append(environment, "DOCKET_HTTP_ADDRESS=127.0.0.1:0") // the tests' machine is not a container's
	inside := func(env []string, args ...string) *exec.Cmd {
		c := exec.CommandContext(t.Context(), "/docket", args...)
		c.Dir, c.Env = "/", env
		c.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		return c
	}

	p := launchCommand(t, inside(environment, "serve"))
	address := strings.TrimSuffix(strings.TrimPrefix(p.greeting.API, "http://"), "/api/v1")
	becomesReady(t, "http://"+address)
	for _, command := range [][]string{{"health", "--address", address}, {"health", "--live", "--address", address}, {"db", "check"}, {"version"}} {
		if out, err := inside(environment, command...).CombinedOutput(); err != nil {
			t.Errorf("docket %s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	if answer := (client{base: p.greeting.API}).do(t, "GET", "/tasks", ""); answer.Status != 401 {
		t.Errorf("without a token: %d %s", answer.Status, answer.Body)
	}
	p.signal(t, syscall.SIGTERM)
	p.ends(t, 0)
	if out, err := inside(environment, "health", "--address", address).CombinedOutput(); err == nil {
		t.Errorf("it is healthy after its end: %s", out)
	}
}

// imageRoot is a folder with what the image has in it.
func imageRoot(t *testing.T) string {
	t.Helper()
	root, err := os.MkdirTemp("/tmp", "docket-image-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	})
	build := exec.CommandContext(t.Context(), "sh", filepath.Join(repository, "cmd", "docket", "build"), filepath.Join(root, "docket"))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cmd/docket/build: %v\n%s", err, out)
	}
	if err := os.Chmod(root, 0o555); err != nil {
		t.Fatal(err)
	}
	return root
}
