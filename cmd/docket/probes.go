package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"docket/platform/auth"
	"docket/platform/errs"
	"docket/platform/httpx"
	"docket/platform/openapi"
	"docket/platform/postgres"
	"docket/platform/ratelimit"
	"docket/platform/schema"
)

// probeTimeout bounds each check of a probe. They run at the same time, so that
// it bounds the answer too.
const probeTimeout = 2 * time.Second

// Probes are served to anyone, outside the API.
const (
	livePath  = "/livez"
	readyPath = "/readyz"
)

// check is one thing that this process does its work with.
type check struct {
	name string
	// optional says that it can do without.
	optional bool
	// run returns what there is to say of it, for people, or why it fails: an
	// [unready].
	run func(ctx context.Context) (finding, error)
}

// The names of the checks, as /readyz shows them, and of the server itself.
const (
	checkDatabaseName  = "database"
	checkSchemaName    = "schema"
	checkKeySetName    = "key_set"
	checkRateLimitName = "rate_limit"
	serverName         = "server"
)

// The states of a process.
const (
	statusAlive = "alive"
	statusReady = "ready"
)

// The states of a check that /readyz shows. What degrades is served without.
const (
	statusOK       = "ok"
	statusDegraded = "degraded"
)

// finding is the state of one check, as /readyz shows it.
type finding struct {
	Status string `json:"status"`
	// Message says what is degraded, for people.
	Message string `json:"message,omitempty"`
	// TookMS is how many milliseconds the check took, where it asks somebody.
	TookMS float64 `json:"took_ms,omitempty"`
	// Columns are how many were looked for.
	Columns int `json:"columns,omitempty"`
	// Keys tokens are verified with, AgeSeconds after they were fetched.
	Keys       int      `json:"keys,omitempty"`
	AgeSeconds *float64 `json:"age_seconds,omitempty"`
}

// unready is why a check fails: what clients may know, and the cause.
type unready struct {
	code  errs.FaultCode
	what  string
	cause error
}

func (u *unready) Error() string { return u.what }

func (u *unready) Unwrap() error { return u.cause }

// health is what a probe answers when all is well.
type health struct {
	Status string             `json:"status"`
	Checks map[string]finding `json:"checks,omitempty"`
}

// AppendJSON implements [httpx.View].
func (h health) AppendJSON(dst []byte) []byte {
	text, _ := json.Marshal(h) //nolint:errchkjson // texts and finite numbers
	return append(dst, text...)
}

// addProbes serves /livez, which says that the process answers, and /readyz,
// which says that it can do its work, or what keeps it from that. Neither needs
// one of the places that requests of the API compete for.
func addProbes(app *httpx.App, db *postgres.DB, keys *auth.KeySet, shared *ratelimit.Redis) error {
	needs, err := schema.Needs(schema.BuiltIn())
	if err != nil {
		return err
	}
	r := &readiness{checks: []check{
		{name: checkDatabaseName, run: reachable(db)}, {name: checkSchemaName, run: complete(db, needs)}, {name: checkKeySetName, run: loaded(keys)},
	}}
	if shared != nil {
		r.checks = append(r.checks, check{name: checkRateLimitName, optional: !shared.FailsClosed(), run: counting(shared)})
	}
	group := openapi.Group{Name: "Service", Description: "How the server is."}
	app.AddProbe(httpx.Probe{
		Path: livePath, Operation: "getLive", Group: group, Summary: "Say whether the process answers",
		Shows: healthShown(health{Status: statusAlive}), Check: func(context.Context) (httpx.View, error) { return health{Status: statusAlive}, nil },
	})
	app.AddProbe(httpx.Probe{
		Path: readyPath, Operation: "getReady", Group: group, Summary: "Say whether the server can do its work",
		Description: "A 503 names what keeps it from that in `details`: the database, its schema, the issuer's key set, a Redis without which no request is served, or that it is stopping. What it can do without is `degraded`.",
		Needs:       []string{checkDatabaseName, checkSchemaName, checkKeySetName, checkRateLimitName, serverName},
		Shows: healthShown(health{Status: statusReady, Checks: map[string]finding{
			"database": {Status: statusOK, TookMS: 0.4}, "schema": {Status: statusOK, TookMS: 1.3, Columns: len(needs)}, "key_set": {Status: statusOK, Keys: 1},
		}}),
		Check: func(ctx context.Context) (httpx.View, error) {
			if app.Stopping() {
				return nil, notReady([]errs.Fault{{Field: serverName, Code: errs.FaultStopping, Message: "is stopping"}}, nil)
			}
			return r.probe(ctx)
		},
	})
	return nil
}

func reachable(db *postgres.DB) func(context.Context) (finding, error) {
	return func(ctx context.Context) (finding, error) {
		if err := db.Ping(ctx); err != nil {
			return finding{}, &unready{errs.FaultUnavailable, "cannot be reached", err}
		}
		return finding{}, nil
	}
}

// maxNamed is how many missing columns are named.
const maxNamed = 5

// complete looks for every column that schema.hcl declares. Outside local the
// schema is brought there by somebody else, before or after this process began.
func complete(db *postgres.DB, needs []schema.Column) func(context.Context) (finding, error) {
	var tables, columns []string
	for _, c := range needs {
		tables, columns = append(tables, c.Table), append(columns, c.Name)
	}
	return func(ctx context.Context) (finding, error) {
		missing, err := db.MissingColumns(ctx, tables, columns)
		switch {
		case err != nil:
			return finding{}, &unready{errs.FaultUnavailable, "cannot be looked at", err}
		case len(missing) > maxNamed:
			return finding{}, &unready{errs.FaultIncomplete, fmt.Sprintf("lacks %s and %d more", strings.Join(missing[:maxNamed], ", "), len(missing)-maxNamed), nil}
		case len(missing) > 0:
			return finding{}, &unready{errs.FaultIncomplete, "lacks " + strings.Join(missing, ", "), nil}
		}
		return finding{Columns: len(columns)}, nil
	}
}

func loaded(keys *auth.KeySet) func(context.Context) (finding, error) {
	return func(context.Context) (finding, error) {
		if !keys.Ready() {
			return finding{}, &unready{errs.FaultUnavailable, "is not loaded", keys.Err()}
		}
		age := keys.Age().Round(time.Millisecond).Seconds()
		return finding{Keys: keys.Stats().Keys, AgeSeconds: &age}, nil
	}
}

// counting asks the Redis that replicas count requests in.
func counting(shared *ratelimit.Redis) func(context.Context) (finding, error) {
	return func(ctx context.Context) (finding, error) {
		if err := shared.Ping(ctx); err != nil {
			return finding{}, &unready{errs.FaultUnavailable, "cannot be counted: Redis cannot be reached", err}
		}
		return finding{}, nil
	}
}

// errSlow is the finding of a check that did not end in time.
var errSlow = &unready{errs.FaultTimeout, fmt.Sprintf("did not answer within %s", probeTimeout), context.DeadlineExceeded}

// readiness runs checks. Anybody can ask for them, as often as they like: what
// is under way is shared, so that a check takes one connection at most.
type readiness struct {
	checks  []check
	running singleflight.Group
}

// begin starts a check, or joins the one that runs.
func (r *readiness) begin(ctx context.Context, c check) <-chan singleflight.Result {
	ctx = context.WithoutCancel(ctx) // the others who wait do not end with this request
	return r.running.DoChan(c.name, func() (any, error) {
		ctx, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		began := time.Now()
		found, err := c.run(ctx)
		found.Status, found.TookMS = statusOK, float64(time.Since(began).Microseconds())/1000
		return found, err
	})
}

// probe runs all checks at once, each within its time.
func (r *readiness) probe(ctx context.Context) (httpx.View, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	results := make([]<-chan singleflight.Result, len(r.checks))
	for i, c := range r.checks {
		results[i] = r.begin(ctx, c)
	}
	view := health{Status: statusReady, Checks: map[string]finding{}}
	var failing []errs.Fault
	var causes []error
	for i, c := range r.checks {
		found, err := await(ctx, results[i])
		switch {
		case err != nil && c.optional:
			found = finding{Status: statusDegraded, Message: err.Error()}
		case err != nil:
			failing = append(failing, faultOf(c.name, err))
			causes = append(causes, errors.Unwrap(err))
			continue
		}
		view.Checks[c.name] = found
	}
	if len(failing) > 0 {
		return nil, notReady(failing, errors.Join(causes...))
	}
	return view, nil
}

// await waits for a check; one that has ended counts even where the time has,
// too.
func await(ctx context.Context, result <-chan singleflight.Result) (finding, error) {
	var ended singleflight.Result
	select {
	case ended = <-result:
	case <-ctx.Done():
		select {
		case ended = <-result:
		default:
			return finding{}, errSlow
		}
	}
	found, _ := ended.Val.(finding)
	return found, ended.Err
}

func faultOf(name string, err error) errs.Fault {
	f := errs.Fault{Field: name, Code: errs.FaultUnavailable, Message: err.Error()}
	if u, ok := errors.AsType[*unready](err); ok {
		f.Code = u.code
	}
	return f
}

// notReady names all that fails, for programs and for people.
func notReady(failing []errs.Fault, cause error) error {
	var all []string
	for _, f := range failing {
		all = append(all, f.Field+" "+f.Message)
	}
	e := errs.New(errs.Unavailable, "not ready: "+strings.Join(all, "; "))
	e.Details = failing
	e.RetryAfter = probeTimeout
	return e.Because(cause)
}
