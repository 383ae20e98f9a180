// Package httpxtest serves a module's routes to its tests: in an application
// whose clock stands still, whose users are names, and whose answers are held
// to the contract before a test sees them.
//
//	clock := httpxtest.NewClock()
//	app := httpxtest.New(t, rest.Routes(service), httpxtest.At(clock))
//	ada := app.As("ada")
//	ada.Do(t, "POST", "/api/v1/tags", `{"name":"home"}`).Golden(t, "create")
//
// Where rows belong to a user, [AddUser] makes that user's own row first.
package httpxtest

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/httpx"
	"docket/platform/openapi"
	"docket/platform/openapi/openapitest"
	"docket/platform/page"
	"docket/platform/postgres"
	"docket/platform/ratelimit"
)

// App is an application under test.
type App struct {
	*httpx.App
	log      *log
	contract func() (*openapitest.Contract, error)
}

// New returns an App that serves routes to whoever sends "Bearer <name>".
// Options change its configuration before it is made.
func New(t testing.TB, routes []httpx.Route, options ...func(*httpx.Config)) *App {
	t.Helper()
	clock := NewClock()
	limiter, err := ratelimit.NewMemory(1_000_000, time.Minute, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	logged := &log{}
	c := httpx.Config{
		RequestTimeout: time.Minute,
		MaxInFlight:    1000,
		Users:          Names{},
		Limiter:        limiter,
		Cursors:        page.NewCodec(bytes.Repeat([]byte{1}, page.KeySize)),
		Log:            slog.New(slog.NewJSONHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now:            clock.Now,
		NewID:          NewIDs().Next,
		Units:          loose{},
	}
	for _, change := range options {
		change(&c)
	}
	app := &App{App: httpx.New(c), log: logged}
	app.Add(routes...)
	app.contract = sync.OnceValues(func() (*openapitest.Contract, error) { return describe(app.App) })
	return app
}

// describe is what the application says of itself.
func describe(app *httpx.App) (*openapitest.Contract, error) {
	document, err := app.Document(openapi.Info{})
	if err != nil {
		return nil, err
	}
	text, err := document.Encode()
	if err != nil {
		return nil, err
	}
	return openapitest.New(text)
}

// Contract is what the application says of itself: each answer to a [Client] is
// held to it. It is nil where a route has no name: one that is only there to
// fail, say, has nothing to be held to.
func (a *App) Contract(t testing.TB) *openapitest.Contract {
	t.Helper()
	if slices.ContainsFunc(a.Routes(), func(r httpx.Route) bool { return r.Operation == "" }) {
		return nil
	}
	contract, err := a.contract()
	if err != nil {
		t.Fatal(err)
	}
	return contract
}

// loose are no units of work at all: what a test without a database has.
type loose struct{}

// InTx implements [httpx.Units].
func (loose) InTx(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

// Attempt implements [httpx.Units].
func (loose) Attempt(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

// Serialize implements [httpx.Units].
func (loose) Serialize(context.Context, uuid.UUID) error { return nil }

// At makes the application's clock this one.
func At(c *Clock) func(*httpx.Config) {
	return func(config *httpx.Config) { config.Now = c.Now }
}

// Logged returns all that was logged so far, a JSON object a line.
func (a *App) Logged() string { return a.log.String() }

// As returns a client that sends "Bearer <name>".
func (a *App) As(name string) Client { return Client{app: a, authorization: "Bearer " + name} }

// Anonymous returns a client that sends no token.
func (a *App) Anonymous() Client { return Client{app: a} }

// Names authenticates "Bearer <name>" as [UserID](name), and nothing else.
type Names struct{}

// Authenticate implements [httpx.Authenticator].
func (Names) Authenticate(_ context.Context, authorization string) (uuid.UUID, error) {
	name, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok || name == "" {
		return uuid.Nil, errs.New(errs.Unauthenticated, "a valid bearer token is required")
	}
	return UserID(name), nil
}

// UserID is the id of the user with this name, in every test the same.
func UserID(name string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)) }

// AddUser adds the row of the user with this name, which the rows of what the
// user owns refer to, and returns the user's id.
func AddUser(t testing.TB, db *postgres.DB, name string) uuid.UUID {
	t.Helper()
	const sql = `INSERT INTO users (id, issuer, subject, profile_as_of, created_at, updated_at)
		VALUES ($1, 'test', $2, $3, $3, $3)`
	id := UserID(name)
	if _, err := postgres.Exec(t.Context(), db, id, sql, name, NewClock().Now()); err != nil {
		t.Fatalf("add the user %s: %v", name, err)
	}
	return id
}

// Clock stands still until it is moved. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a Clock that shows 2026-03-14 15:09:26.535897 UTC.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, time.March, 14, 15, 9, 26, 535_897_000, time.UTC)}
}

// Now returns what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// IDs makes ids that count: 00000000-0000-7000-8000-000000000001 and so on. It
// is safe for concurrent use.
type IDs struct {
	mu   sync.Mutex
	last uint64
}

// NewIDs returns IDs that start at one.
func NewIDs() *IDs { return &IDs{} }

// Next returns the next id.
func (s *IDs) Next() uuid.UUID {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	return ID(s.last)
}

// ID is the n-th id that an [IDs] makes.
func ID(n uint64) uuid.UUID {
	id := uuid.UUID{6: 0x70, 8: 0x80}
	for i := 15; n > 0; i-- {
		id[i] = byte(n)
		n >>= 8
	}
	return id
}

// log keeps what is logged.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
