package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"docket/platform/auth/devissuer"
	"docket/platform/config"
	"docket/platform/httpx"
	"docket/platform/pages"
	"docket/platform/postgres"
)

const (
	homePath   = "/"
	statusPath = "/status"
)

// signpost is what stands at the front where nobody develops: where to go on,
// and nothing about what is running.
type signpost struct {
	Name     string `json:"name"`
	Docs     string `json:"docs"`
	Document string `json:"document"`
}

// AppendJSON implements [httpx.View].
func (p signpost) AppendJSON(dst []byte) []byte { return appendText(dst, p) }

// activity is how busy the server is.
type activity struct {
	Requests int64 `json:"requests"` // of the API, since the start
	InFlight int   `json:"in_flight"`
}

// AppendJSON implements [httpx.View].
func (a activity) AppendJSON(dst []byte) []byte { return appendText(dst, a) }

func appendText(dst []byte, v any) []byte {
	text, _ := json.Marshal(v) //nolint:errchkjson // texts and numbers
	return append(dst, text...)
}

// addHome serves the front page: on a developer's machine what is running and a
// board of tasks, elsewhere where to go on.
func addHome(app *httpx.App, set *pages.Set, g graph, r running) {
	if g.cfg.Environment != config.Local {
		app.AddGauge(homePath, func() httpx.View {
			return signpost{Name: "Docket", Docs: pages.ReferencePath, Document: openAPIPath}
		})
		return
	}
	app.AddGauge(statusPath, func() httpx.View { return activity{Requests: app.Served(), InFlight: app.InFlight()} })
	app.AddPage(homePath, func(ctx context.Context, v httpx.Visit) (httpx.HTML, error) {
		home := pages.Home{}
		token, err := visitorToken(v, g.issuer, time.Now())
		if err != nil {
			return httpx.HTML{}, err
		}
		if v.AtHome {
			home.Facts = facts(ctx, g, r)
		}
		if token != "" {
			home.User, home.Token = developmentName, token
		}
		html, err := set.Home(home)
		return httpx.HTML{Text: html, Personal: v.AtHome}, err
	})
}

// running are the parts of the program that know what settings do not tell.
type running struct {
	admin *adminListener
	db    *postgres.DB
}

// facts are what is running, for whoever started it.
func facts(ctx context.Context, g graph, r running) []pages.Fact {
	issuer := strings.Join(strings.Fields(g.cfg.Auth.JWKSURL), " ")
	if g.issuer != nil {
		issuer = devissuer.IssuerURL + " (development)"
	}
	metrics := dialable(r.admin.address()) + "/metrics"
	return []pages.Fact{
		{Name: "Version", Value: version()},
		{Name: "Environment", Value: string(g.cfg.Environment)},
		{Name: "Database", Value: databaseFact(ctx, g.cfg, r.db)},
		{Name: "Issuer", Value: issuer},
		{Name: "Metrics", Value: metrics, Link: "http://" + metrics},
	}
}

// factTimeout bounds what the front page waits for a database that may be gone.
const factTimeout = 2 * time.Second

// databaseFact says which database answers, and whose it is, without what opens
// it.
func databaseFact(ctx context.Context, cfg config.Config, db *postgres.DB) string {
	whose := "given by DATABASE_URL"
	if cfg.PrivateDatabase() {
		whose = "private, in " + cfg.DataDir
	}
	if cfg.Database.Pooled() {
		whose += ", through a pooler"
	}
	ctx, cancel := context.WithTimeout(ctx, factTimeout)
	defer cancel()
	peer, err := db.Peer(ctx)
	if err != nil { // what is the matter is told by /readyz, and by the log
		return "does not answer (" + whose + ")"
	}
	return fmt.Sprintf("%s at %s, PostgreSQL %s (%s)", peer.Database, peer.Host, peer.Version, whose)
}
