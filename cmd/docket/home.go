package main

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"docket/platform/auth/devissuer"
	"docket/platform/config"
	"docket/platform/httpx"
	"docket/platform/pages"
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
func addHome(app *httpx.App, set *pages.Set, g graph) {
	if g.cfg.Environment != config.Local {
		app.AddGauge(homePath, func() httpx.View {
			return signpost{Name: "Docket", Docs: pages.ReferencePath, Document: openAPIPath}
		})
		return
	}
	app.AddGauge(statusPath, func() httpx.View { return activity{Requests: app.Served(), InFlight: app.InFlight()} })
	app.AddPage(homePath, func(v httpx.Visit) (httpx.HTML, error) {
		home := pages.Home{}
		token, err := visitorToken(v, g.issuer, time.Now())
		if err != nil {
			return httpx.HTML{}, err
		}
		if v.AtHome {
			home.Facts = facts(g)
		}
		if token != "" {
			home.User, home.Token = developmentName, token
		}
		html, err := set.Home(home)
		return httpx.HTML{Text: html, Personal: v.AtHome}, err
	})
}

// facts are what is running, for whoever started it.
func facts(g graph) []pages.Fact {
	issuer := strings.Join(strings.Fields(g.cfg.Auth.JWKSURL), " ")
	if g.issuer != nil {
		issuer = devissuer.IssuerURL + " (development)"
	}
	return []pages.Fact{
		{Name: "Version", Value: version()},
		{Name: "Environment", Value: string(g.cfg.Environment)},
		{Name: "Database", Value: databaseName(g)},
		{Name: "Issuer", Value: issuer},
		{Name: "Metrics", Value: "http://" + g.cfg.Admin.Address + "/metrics"},
	}
}

// databaseName says which database it is, without what opens it.
func databaseName(g graph) string {
	if g.cfg.PrivateDatabase() {
		return "private PostgreSQL in " + g.cfg.DataDir
	}
	at, err := url.Parse(g.databaseURL)
	if err != nil || at.Host == "" {
		return "as DATABASE_URL says"
	}
	return strings.TrimPrefix(at.Path, "/") + " at " + at.Host
}
