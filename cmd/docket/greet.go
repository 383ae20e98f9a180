package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"docket/platform/auth/devissuer"
	"docket/platform/config"
	"docket/platform/pages"
)

// greeting is what a person needs who has just started Docket.
type greeting struct {
	Message     string `json:"msg"`
	Environment string `json:"environment"`
	API         string `json:"api"`
	Docs        string `json:"docs"`
	Ready       string `json:"readyz"`
	Admin       string `json:"admin"`
	Database    string `json:"database,omitempty"`
	DataDir     string `json:"data_dir,omitempty"`
	Curl        string `json:"curl,omitempty"`
	Token       string `json:"token,omitempty"` // the command that prints another
}

// addresses are where the process listens, each host:port.
type addresses struct{ api, admin string }

// greet prints the greeting, once: for a person, or as one JSON line.
func greet(w io.Writer, cfg config.Config, at addresses, issuer *devissuer.Issuer, d *database) error {
	g, err := newGreeting(cfg, at, issuer, d, onTerminal(w))
	if err != nil {
		return err
	}
	if !forPeople(w, cfg.Log.Format) {
		return json.NewEncoder(w).Encode(g)
	}
	return g.print(w)
}

// newGreeting makes a greeting. Only on a terminal is a token in it: what goes
// elsewhere is kept, and has the command that makes one.
func newGreeting(cfg config.Config, at addresses, issuer *devissuer.Issuer, d *database, terminal bool) (greeting, error) {
	base := "http://" + at.api
	g := greeting{
		Message: "ready", Environment: string(cfg.Environment),
		API: base + "/api/v1", Docs: base + pages.ReferencePath, Ready: base + "/readyz",
		Admin: "http://" + at.admin,
	}
	if d.server != nil {
		g.Database = fmt.Sprintf("private PostgreSQL %s, up in %s", d.server.Version(), d.took.Round(time.Millisecond))
		g.DataDir = cfg.DataDir
	}
	if issuer != nil {
		program, err := os.Executable()
		if err != nil {
			return greeting{}, fmt.Errorf("find the program: %w", err)
		}
		g.Token = tokenCommand(program, cfg, "grace@example.com")
		token := "$(" + tokenCommand(program, cfg, developmentEmail) + ")"
		if terminal {
			if token, err = developmentToken(issuer, time.Now()); err != nil {
				return greeting{}, err
			}
		}
		g.Curl = fmt.Sprintf(`curl -H "Authorization: Bearer %s" %s/auth/me`, token, g.API)
	}
	return g, nil
}

func (g greeting) print(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "\n  Docket is ready (%s)\n\n", g.Environment)
	for _, row := range [][2]string{
		{"API", g.API}, {"docs", g.Docs}, {"metrics", g.Admin + "/metrics"}, {"database", g.Database}, {"data", g.DataDir},
	} {
		if row[1] != "" {
			fmt.Fprintf(&text, "  %-10s%s\n", row[0], row[1])
		}
	}
	if g.Curl != "" {
		fmt.Fprintf(&text, "\n  Try it, signed in as %s:\n\n%s\n\n  Another token: %s\n", developmentEmail, g.Curl, g.Token)
	}
	_, err := fmt.Fprintf(w, "%s\n  Ctrl-C stops it.\n", text.String())
	return err
}

// tokenCommand is what to type for the token of the user email: program is this one's
// path, which "go run" makes up for each run. The key is in the data folder, so
// that one which is not the usual is named.
func tokenCommand(program string, cfg config.Config, email string) string {
	command := "docket token"
	if strings.Contains(filepath.ToSlash(program), "/go-build") {
		command = "go run ./cmd/docket token"
	}
	for _, s := range cfg.Effective() {
		if s.Key == "data_dir" && s.Origin != "built in" {
			command += " --data-dir '" + strings.ReplaceAll(cfg.DataDir, "'", `'\''`) + "'"
		}
	}
	return command + " --email " + email
}

// forPeople reports whether what is written to w is read by a person.
func forPeople(w io.Writer, format config.LogFormat) bool {
	if format != config.LogAuto {
		return format == config.LogText
	}
	return onTerminal(w)
}

func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
