package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"docket/configs"
	"docket/platform/config"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

// The token command and the greeting's curl line, as a person uses them.
func TestGreetingForPeople(t *testing.T) {
	t.Parallel()
	s := serving(t)
	text := newOutput()
	cfg, err := config.Load(config.Sources{Files: configs.Files, Environ: s.settings})
	if err != nil {
		t.Fatal(err)
	}
	at := strings.TrimSuffix(strings.TrimPrefix(s.greeting.API, "http://"), "/api/v1")
	g, err := newGreeting(cfg, addresses{api: at}, s.issuer, &database{}, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.print(text); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"  Docket is ready (local)", g.Curl, "  Another token: " + g.Token, "  Ctrl-C stops it."} {
		if !strings.Contains(text.String(), "\n"+line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	_, rest, _ := strings.Cut(g.Curl, `"`)
	header, url, _ := strings.Cut(rest, `" `)
	me := client{base: url, authorization: strings.TrimPrefix(header, "Authorization: ")}
	if got := one(t, me.do(t, "GET", "", ""), 200); got.Email != developmentEmail || got.Name != developmentName {
		t.Errorf("the printed curl line is signed in as %+v", got)
	}
	if strings.Contains(s.stderr.String()+s.stdout.String(), "eyJ") {
		t.Error("a token is in the log")
	}
	if line := s.greeting.Curl; !strings.Contains(line, `Bearer $(`) || !strings.Contains(line, "docket token ") || !strings.Contains(line, "--email ada@example.com)") {
		t.Errorf("where no person reads it, the curl line is %s", line)
	}
}

// The command for another token can be typed as it is printed.
func TestTokenCommand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ program, environ, want string }{
		{"/usr/local/bin/docket", "", "docket token --email grace@example.com"},
		{"/tmp/go-build123/b001/exe/docket", "", "go run ./cmd/docket token --email grace@example.com"},
		{"/usr/local/bin/docket", "DOCKET_DATA_DIR=/tmp/ada's", `docket token --data-dir '/tmp/ada'\''s' --email grace@example.com`},
	} {
		cfg, err := config.Load(config.Sources{Files: configs.Files, Environ: []string{"HOME=" + t.TempDir(), c.environ}})
		if err != nil {
			t.Fatal(err)
		}
		if got := tokenCommand(c.program, cfg, "grace@example.com"); got != c.want {
			t.Errorf("%s with %q: %s, want %s", c.program, c.environ, got, c.want)
		}
	}
}

// The log is for machines where no person reads it, unless told otherwise.
func TestLogFormat(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	url := "DATABASE_URL=" + pgtest.URL(t)
	p := launch(t, url, "DOCKET_DATA_DIR="+t.TempDir())
	p.signal(t, os.Interrupt)
	p.ends(t, 0)
	for line := range strings.Lines(p.stdout.String() + p.stderr.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line that is not JSON: %s", line)
		}
	}
	cmd := docket(t, []string{url, "DOCKET_DATA_DIR=" + t.TempDir(), "DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0"}, "serve", "--log-format", "text")
	out := newOutput()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the greeting is there", func() bool { return strings.Contains(out.String(), "\n  Ctrl-C stops it.\n") })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "{") {
			t.Errorf("a line of JSON among text: %s", line)
		}
	}
}

// What a token says is what was asked for.
func TestTokenSpeaksForWhoIsNamed(t *testing.T) {
	t.Parallel()
	s := serving(t)
	folder := []string{"DOCKET_DATA_DIR=" + dataDirOf(s)}
	me := func(args ...string) httpxtest.Response {
		token := execute(t, folder, append([]string{"token"}, args...)...).ok(t)
		return client{base: s.greeting.API, authorization: "Bearer " + token}.do(t, "GET", "/auth/me", "")
	}
	ada := one(t, me("--email", adaAddress), 200)
	if again := one(t, me("--email", strings.ToUpper(adaAddress)), 200); again.ID != ada.ID {
		t.Error("the same address in capitals is another user")
	}
	grace := one(t, me("--subject", "42", "--name", "Grace", "--email", graceAddress, "--expires", "1h"), 200)
	if grace.ID == ada.ID || grace.Name != "Grace" || grace.Email != graceAddress {
		t.Errorf("Grace is %+v", grace)
	}
}

func dataDirOf(s *instance) string {
	for _, pair := range s.settings {
		if dir, ok := strings.CutPrefix(pair, "DOCKET_DATA_DIR="); ok {
			return dir
		}
	}
	return ""
}
