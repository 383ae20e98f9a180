package main

import (
	"context"
	"strings"
	"time"

	"docket/platform/auth"
	"docket/platform/errs"
	"docket/platform/httpx"
	"docket/platform/postgres"
)

// probeTimeout bounds what a probe waits for.
const probeTimeout = 2 * time.Second

// status is what a probe answers when all is well.
type status string

// AppendJSON implements [httpx.View].
func (s status) AppendJSON(dst []byte) []byte {
	j := httpx.NewJSON(dst)
	j.String("status", string(s))
	return j.End()
}

// addProbes serves /livez, which says that the process answers, and /readyz,
// which says that it can do its work, or what keeps it from that.
func addProbes(app *httpx.App, db *postgres.DB, keys *auth.KeySet) {
	app.AddProbe("/livez", func(context.Context) (httpx.View, error) { return status("alive"), nil })
	app.AddProbe("/readyz", func(ctx context.Context) (httpx.View, error) {
		ctx, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		var missing []string
		if app.Stopping() {
			return nil, notReady(nil, "the server is stopping")
		}
		dbErr := db.Ping(ctx)
		if dbErr != nil {
			missing = append(missing, "the database cannot be reached")
		}
		if !keys.Ready() {
			missing = append(missing, "the issuer's key set is not loaded")
		}
		if len(missing) > 0 {
			return nil, notReady(dbErr, missing...)
		}
		return status("ready"), nil
	})
}

func notReady(cause error, missing ...string) error {
	e := errs.New(errs.Unavailable, "not ready: "+strings.Join(missing, ", "))
	e.RetryAfter = probeTimeout
	return e.Because(cause)
}
