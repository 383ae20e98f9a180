// Package pgtest gives each test a PostgreSQL database of its own.
//
// A test binary starts one private server when the first test asks, applies
// schema.hcl to a template once, and hands out clones, which cost some tens of
// milliseconds each. A package that uses it has this TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"docket/platform/localpg"
	"docket/platform/postgres"
	"docket/platform/rowsecurity"
	"docket/platform/schema"
)

const (
	// patience bounds what can hang; nothing here is expected to take long.
	patience = 5 * time.Minute
	template = "docket_template"
	// poolSize is small, for many tests share one server's connections.
	poolSize = 4
)

// shared is the server of this test binary: tests of one process cannot hand
// it to each other in any other way.
var shared instance

type instance struct {
	mu      sync.Mutex
	tended  bool // Main is running and will stop the server
	started bool
	server  *localpg.Server
	err     error // why there is no server; the next test need not try again
	clones  int
}

// Main runs a package's tests and then stops the server that they started, if
// any, leaving nothing behind. It returns the exit code.
func Main(m *testing.M) int {
	shared.mu.Lock()
	shared.tended = true
	shared.mu.Unlock()
	code := m.Run()
	if err := errors.Join(closePooler(), shared.close()); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		return max(code, 1)
	}
	return code
}

// URL returns the connection URL of a fresh database with the repository's
// schema in it, for the role that a service has: row-level security holds for
// it. [AsOwner] is the way around. The database is dropped when the test ends.
//
// Where there is no PostgreSQL and no npm to fetch one, the test is skipped;
// with CI=true it fails.
func URL(t testing.TB) string {
	t.Helper()
	server, name, err := shared.next(t.Context())
	if err != nil {
		giveUp(t, err)
	}
	if err := server.CloneDatabase(t.Context(), name, template); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := afterwards(t.Context())
		defer cancel()
		if err := server.DropDatabase(ctx, name); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	restricted, err := rowsecurity.As(server.URL(name), rowsecurity.DefaultRole)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return restricted
}

// AsOwner returns the URL of the same database for the superuser, who owns
// everything and sees all rows.
func AsOwner(t testing.TB, serviceURL string) string {
	t.Helper()
	owner, err := rowsecurity.As(serviceURL, localpg.Owner)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return owner
}

// Open is URL with a small pool on it, closed when the test ends.
func Open(t testing.TB) *postgres.DB {
	t.Helper()
	return open(t, postgres.Config{URL: URL(t), RowSecurity: true})
}

// OpenBoth is [Open], and a second pool on the same database for its owner: to
// see what no user can.
func OpenBoth(t testing.TB) (service, owner *postgres.DB) {
	t.Helper()
	url := URL(t)
	return open(t, postgres.Config{URL: url, RowSecurity: true}), open(t, postgres.Config{URL: AsOwner(t, url)})
}

func open(t testing.TB, config postgres.Config) *postgres.DB {
	t.Helper()
	config.URL, config.Pooler = Through(t, config.URL)
	config.MinConns, config.MaxConns = 1, poolSize
	db, err := postgres.Open(t.Context(), config)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

// Server returns a server of the test's own, without Docket's schema, for
// tests that restart or kill it. It is stopped and removed when the test ends.
func Server(t testing.TB) *localpg.Server {
	t.Helper()
	server, err := start(t.Context())
	if err != nil {
		giveUp(t, err)
	}
	t.Cleanup(func() {
		ctx, cancel := afterwards(t.Context())
		defer cancel()
		if err := discard(ctx, server); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return server
}

// afterwards is for a test's clean-up, when the test's own context has ended.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), patience)
}

// giveUp skips the test when the machine lacks PostgreSQL, which CI must not,
// and fails it otherwise.
func giveUp(t testing.TB, err error) {
	t.Helper()
	if missing := (*localpg.MissingError)(nil); errors.As(err, &missing) && os.Getenv("CI") != "true" {
		t.Skipf("needs PostgreSQL: %v", err)
	}
	t.Fatalf("pgtest: %v", err)
}

// next returns the server, started and with its template made if this is the
// first call, and a database name that nobody has.
func (i *instance) next(ctx context.Context) (*localpg.Server, string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.tended {
		return nil, "", errors.New("this package needs `func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }`, which stops the server when the tests are over")
	}
	if !i.started {
		i.started = true
		// The test that happens to come first may end before the others do.
		i.server, i.err = startWithTemplate(context.WithoutCancel(ctx))
	}
	i.clones++
	return i.server, fmt.Sprintf("docket_test_%d", i.clones), i.err
}

func (i *instance) close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tended = false
	if i.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return discard(ctx, i.server)
}

func startWithTemplate(ctx context.Context) (*localpg.Server, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	file, err := schema.Find(".")
	if err != nil {
		return nil, err
	}
	server, err := start(ctx)
	if err != nil {
		return nil, err
	}
	err = server.EnsureDatabase(ctx, template)
	if err == nil {
		_, err = schema.Apply(ctx, server.URL(template), file)
	}
	if err == nil {
		_, err = rowsecurity.SecureOwn(ctx, server.URL(template))
	}
	if err != nil {
		return nil, errors.Join(err, discard(ctx, server))
	}
	return server, nil
}
