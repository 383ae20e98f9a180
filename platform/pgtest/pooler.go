package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"docket/platform/pgbouncer"
)

// poolerVariable puts a PgBouncer between the tests' pools and PostgreSQL:
// "transaction:0" keeps no prepared statements, "transaction:200" as many.
const poolerVariable = "DOCKET_TEST_POOLER"

// between is the pooler that poolerVariable asks for, shared as the server is.
var between struct {
	once   sync.Once
	pooler *pgbouncer.Server
	err    error
}

// Through returns the address by which a test's pool reaches the database at
// databaseURL, one of [URL]: the same one, or with DOCKET_TEST_POOLER that of a
// PgBouncer in transaction mode, and whether it is. Without a PgBouncer the
// test is skipped; with CI=true it fails.
func Through(t testing.TB, databaseURL string) (address string, pooled bool) {
	t.Helper()
	asked := os.Getenv(poolerVariable)
	folder := pgbouncer.SocketFolder(databaseURL)
	if asked == "" || folder == "" || folder != shared.folder() {
		return databaseURL, false
	}
	between.once.Do(func() {
		kept, err := strconv.Atoi(strings.TrimPrefix(asked, "transaction:"))
		if err != nil || !strings.HasPrefix(asked, "transaction:") {
			between.err = fmt.Errorf("%s is %q; it takes transaction:0 or transaction:200", poolerVariable, asked)
			return
		}
		between.pooler, between.err = startPooler(context.WithoutCancel(t.Context()), databaseURL, PoolerConfig{Prepared: kept})
	})
	if between.err != nil {
		giveUpPooler(t, between.err)
	}
	return between.pooler.URL(databaseURL), true
}

// PoolerConfig is how a PgBouncer is set up.
type PoolerConfig = pgbouncer.Config

// Pooler starts a PgBouncer of the test's own in transaction mode, and returns
// the address by which it leads to the database at databaseURL. It is stopped
// when the test ends. Without a PgBouncer the test is skipped; with CI=true it
// fails.
func Pooler(t testing.TB, databaseURL string, c PoolerConfig) string {
	t.Helper()
	p, err := startPooler(t.Context(), databaseURL, c)
	if errors.Is(err, pgbouncer.ErrNoSocket) {
		t.Skipf("needs PgBouncer: %v", err)
	}
	if err != nil {
		giveUpPooler(t, err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return p.URL(databaseURL)
}

func startPooler(ctx context.Context, databaseURL string, c PoolerConfig) (*pgbouncer.Server, error) {
	return pgbouncer.Start(ctx, databaseURL, prefix+strconv.Itoa(os.Getpid())+"-", c)
}

func giveUpPooler(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, pgbouncer.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skipf("needs PgBouncer: %v", err)
	}
	t.Fatalf("pgtest: %v", err)
}

// folder is where the shared server listens, "" where there is none.
func (i *instance) folder() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.server == nil {
		return ""
	}
	return pgbouncer.SocketFolder(i.server.URL("postgres"))
}

// closePooler stops the shared one, if it was started.
func closePooler() error {
	var err error
	between.once.Do(func() {}) // nobody starts it any more
	if between.pooler != nil {
		err = between.pooler.Stop()
	}
	return err
}
