// Package httpx is the HTTP edge that all modules share: it reads requests,
// authenticates them, calls a route's handler and writes what comes back, in
// one envelope, in one place.
//
// A module lists its [Route]s; everything that holds for every route (limits,
// deadline, identity, query parameters, entity tags, errors) happens here and
// cannot be forgotten by a new one.
package httpx

import (
	"cmp"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"docket/platform/page"
)

// BasePath is where the API lives.
const BasePath = "/api/v1"

// Limits of what one request may send, in bytes.
const (
	MaxBodyBytes   = 1 << 20
	MaxHeaderBytes = 16 << 10
	MaxTargetBytes = 8 << 10
)

// maxFields is how many header fields one request may have.
const maxFields = 100

// A slow client is cut off after these; a request's own deadline is shorter.
const (
	headTimeout  = 10 * time.Second
	readTimeout  = 30 * time.Second
	writeTimeout = 60 * time.Second
	idleTimeout  = 90 * time.Second
)

// Config is what an [App] needs to know.
type Config struct {
	// RequestTimeout is the deadline of one request, from its arrival.
	RequestTimeout time.Duration
	// LameDuck is how long a stopping server goes on to say that it is not
	// ready, so that whoever asks now and then sends it nothing more.
	LameDuck time.Duration
	// MaxInFlight bounds the requests being served at once; one more is
	// answered 503 at once rather than queued.
	MaxInFlight int
	// HeadTimeout is what a client has to send the head of a request once it
	// began, ReadTimeout the whole request; 0 is 10 and 30 seconds.
	HeadTimeout, ReadTimeout time.Duration
	// TrustedProxies are the peers whose X-Forwarded-For counts.
	TrustedProxies []netip.Prefix
	// AllowOrigins are the exact origins a browser may call from.
	AllowOrigins []string

	Users Authenticator
	// Limiter counts users, and addresses without a token. Failures counts
	// addresses whose tokens prove nothing; nil is Limiter.
	Limiter, Failures Limiter
	Cursors           *page.Codec
	Replays           Replays
	// Candid says in the message of a 401 which check failed: for a developer's
	// own machine alone.
	Candid bool
	// Units hold a write together with the condition it carries.
	Units Units
	Log   *slog.Logger
	Now   func() time.Time
	NewID func() uuid.UUID
	// Meters are told of each request.
	Meters Meters
	// Trace, if any, traces each request.
	Trace Trace
}

// App is the HTTP application: middleware in place, routes to be added.
type App struct {
	Config
	fiber    *fiber.App
	routes   []Route
	probes   []Probe
	inFlight chan struct{}
	open     *connections
	streams  *streams
	stopping atomic.Bool
	served   atomic.Int64
	lines    sync.Pool // of *requestLine
	// meters has an entry for each route, and never changes once requests come
	// in.
	meters    map[meterKey]told
	unmatched told
}

// New returns an App without routes.
func New(c Config) *App {
	if c.Failures == nil {
		c.Failures = c.Limiter
	}
	a := &App{Config: c, inFlight: make(chan struct{}, c.MaxInFlight), open: newConnections(), streams: newStreams(), meters: map[meterKey]told{}, unmatched: toldNobody}
	a.lines.New = func() any { return newRequestLine() }
	if c.Meters.Requests != nil {
		a.unmatched = c.Meters.Requests("", "")
	}
	a.fiber = fiber.New(fiber.Config{
		// Fiber reuses the memory behind the strings it hands out; Docket
		// keeps some of them beyond the request.
		Immutable:             true,
		CaseSensitive:         true,
		StrictRouting:         true,
		DisableStartupMessage: true,
		BodyLimit:             MaxBodyBytes,
		ReadBufferSize:        MaxHeaderBytes,
		// Nothing here takes a form; unpacked ahead of its route, one would
		// cost memory and files to refuse.
		DisablePreParseMultipartForm: true,
		ReadTimeout:                  cmp.Or(c.ReadTimeout, readTimeout),
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		ErrorHandler:                 a.refuseUnreadable,
	})
	server := a.fiber.Server()
	server.Handler = a.open.serving(a.refuseUnknownMethods(server.Handler))
	server.ConnState = a.open.changed
	a.fiber.Use(a.observe, a.cors(), a.boundInFlight, a.boundTime)
	return a
}

// Fiber returns the application to listen with, and to test.
func (a *App) Fiber() *fiber.App { return a.fiber }

// InFlight returns how many requests of the API are being served, of which
// there are at most MaxInFlight; a download counts until its body begins.
func (a *App) InFlight() int { return len(a.inFlight) }

// Downloads returns how many documents are being sent.
func (a *App) Downloads() int { return a.streams.count() }

// Routes returns what was added with [App.Add], in order.
func (a *App) Routes() []Route { return a.routes }

// Add serves routes below [BasePath], to authenticated users. What can be got
// can also be asked for with HEAD (RFC 9110, section 9.1). Their order does not
// matter: /tasks/summary is never taken for a task called summary.
func (a *App) Add(routes ...Route) {
	routes = slices.Clone(routes)
	slices.SortStableFunc(routes, func(a, b Route) int { return strings.Compare(precedence(a.Path), precedence(b.Path)) })
	for _, r := range routes {
		a.routes = append(a.routes, r)
		serve := a.serve(r)
		a.fiber.Add(r.Method, BasePath+r.Path, a.refuseWhileStopping, a.authenticate, serve)
		a.meter(r.Method, BasePath+r.Path)
		if r.Method == fiber.MethodGet {
			a.meter(fiber.MethodHead, BasePath+r.Path)
			a.fiber.Add(fiber.MethodHead, BasePath+r.Path, a.refuseWhileStopping, a.authenticate, serve)
		}
	}
}

// precedence sorts paths so that what is written out comes before a parameter
// in its place: Fiber takes the first route that fits.
func precedence(path string) string { return strings.ReplaceAll(path, ":", "\xff") }

// AddProbe serves what a probe finds, outside the API and to anyone.
func (a *App) AddProbe(p Probe) {
	a.probes = append(a.probes, p)
	a.meterRead(p.Path)
	a.fiber.Get(p.Path, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderCacheControl, cacheNothing)
		v, err := p.Check(c.UserContext())
		if err != nil {
			return err
		}
		answer := renderView(fiber.StatusOK, v)
		answer.ETag = "" // what a probe finds is nothing to keep
		return send(c, answer)
	})
}
