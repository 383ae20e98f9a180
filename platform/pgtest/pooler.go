package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"docket/platform/schema"
)

// poolerVariable puts a PgBouncer between the tests' pools and PostgreSQL:
// "transaction:0" keeps no prepared statements, "transaction:200" as many.
const poolerVariable = "DOCKET_TEST_POOLER"

const (
	poolerPort = 6432 // numbers the socket file; nothing else uses its folder
	// Few enough for the server connections to be shared, and enough for tests
	// that hold several transactions open.
	poolerServers = 10
)

// errNoPooler says that this machine has no PgBouncer.
var errNoPooler = errors.New("there is no PgBouncer in .bin: platform/tools/pgbouncer builds it")

// between is the pooler that poolerVariable asks for, shared as the server is.
var between struct {
	once   sync.Once
	pooler *pooler
	err    error
}

// Through returns the address by which a test's pool reaches the database at
// databaseURL, one of [URL]: the same one, or with DOCKET_TEST_POOLER that of a
// PgBouncer in transaction mode, and whether it is. Without a PgBouncer the
// test is skipped; with CI=true it fails.
func Through(t testing.TB, databaseURL string) (address string, pooled bool) {
	t.Helper()
	asked := os.Getenv(poolerVariable)
	folder := socketFolder(databaseURL)
	if asked == "" || folder == "" || folder != shared.folder() {
		return databaseURL, false
	}
	between.once.Do(func() {
		kept, err := strconv.Atoi(strings.TrimPrefix(asked, "transaction:"))
		if err != nil || !strings.HasPrefix(asked, "transaction:") {
			between.err = fmt.Errorf("%s is %q; it takes transaction:0 or transaction:200", poolerVariable, asked)
			return
		}
		between.pooler, between.err = startPooler(context.WithoutCancel(t.Context()), folder, PoolerConfig{Prepared: kept})
	})
	if between.err != nil {
		giveUpPooler(t, between.err)
	}
	return between.pooler.url(databaseURL), true
}

// PoolerConfig is how a PgBouncer is set up.
type PoolerConfig struct {
	// Prepared is max_prepared_statements, 0 for none.
	Prepared int
	// Servers is how many connections it makes to PostgreSQL for one database
	// and user; 0 is 10.
	Servers int
}

// Pooler starts a PgBouncer of the test's own in transaction mode, and returns
// the address by which it leads to the database at databaseURL. It is stopped
// when the test ends. Without a PgBouncer the test is skipped; with CI=true it
// fails.
func Pooler(t testing.TB, databaseURL string, c PoolerConfig) string {
	t.Helper()
	folder := socketFolder(databaseURL)
	if folder == "" {
		t.Skip("needs a PostgreSQL on a Unix socket: PgBouncer is run on Unix alone")
	}
	p, err := startPooler(t.Context(), folder, c)
	if err != nil {
		giveUpPooler(t, err)
	}
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return p.url(databaseURL)
}

func giveUpPooler(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errNoPooler) && os.Getenv("CI") != "true" {
		t.Skipf("needs PgBouncer: %v", err)
	}
	t.Fatalf("pgtest: %v", err)
}

// socketFolder is where the server of a URL listens, "" where that is no
// Unix socket.
func socketFolder(databaseURL string) string {
	u, err := url.Parse(databaseURL)
	if err != nil || !filepath.IsAbs(u.Query().Get("host")) {
		return ""
	}
	return u.Query().Get("host")
}

// folder is where the shared server listens, "" where there is none.
func (i *instance) folder() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.server == nil {
		return ""
	}
	return socketFolder(i.server.URL("postgres"))
}

// pooler is a running PgBouncer.
type pooler struct {
	dir   string
	cmd   *exec.Cmd
	says  *bytes.Buffer // what it logs; to be read when it has ended
	ended chan struct{}
}

// url is databaseURL through the pooler.
func (p *pooler) url(databaseURL string) string {
	u, err := url.Parse(databaseURL)
	if err != nil {
		panic("pgtest: a URL that is none: " + databaseURL) // socketFolder has read it
	}
	q := u.Query()
	q.Set("host", p.dir)
	q.Set("port", strconv.Itoa(poolerPort))
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return u.String()
}

// poolerSettings has every server connection used in turn, so that a client
// that relies on getting the same one again is found out.
// https://www.pgbouncer.org/config.html
const poolerSettings = `[databases]
* = host=%[1]s port=5432
[pgbouncer]
unix_socket_dir = %[2]s
unix_socket_mode = 0777
listen_port = %[3]d
pool_mode = transaction
max_prepared_statements = %[4]d
default_pool_size = %[5]d
server_round_robin = 1
server_login_retry = 1
max_client_conn = 2000
auth_type = trust
auth_file = %[2]s/users
auth_user = docket
logfile = %[2]s/log
`

func startPooler(ctx context.Context, serverFolder string, c PoolerConfig) (_ *pooler, err error) {
	program, err := poolerProgram()
	if err != nil {
		return nil, err
	}
	// A socket's path is short, which t.TempDir's need not be.
	dir, err := os.MkdirTemp("/tmp", prefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for PgBouncer: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if c.Servers == 0 {
		c.Servers = poolerServers
	}
	settings := fmt.Sprintf(poolerSettings, serverFolder, dir, poolerPort, c.Prepared, c.Servers)
	if err := errors.Join(
		os.WriteFile(filepath.Join(dir, "pgbouncer.ini"), []byte(settings), 0o600),
		os.WriteFile(filepath.Join(dir, "users"), []byte(`"docket" ""`+"\n"+`"docket_app" ""`+"\n"), 0o600),
	); err != nil {
		return nil, fmt.Errorf("set PgBouncer up: %w", err)
	}
	p := &pooler{dir: dir, says: new(bytes.Buffer), ended: make(chan struct{})}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), program, "-q", filepath.Join(dir, "pgbouncer.ini"))
	p.cmd.Stderr = p.says
	if err := runAsServer(ctx, p.cmd, dir); err != nil {
		return nil, fmt.Errorf("let PostgreSQL's account run PgBouncer: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start PgBouncer: %w", err)
	}
	go func() {
		_ = p.cmd.Wait() // ProcessState has the outcome
		close(p.ended)
	}()
	if err := p.ready(ctx); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// poolerProgram is the one that platform/tools/pgbouncer builds.
func poolerProgram() (string, error) {
	if runtime.GOOS == "windows" {
		return "", errNoPooler
	}
	file, err := schema.Find(".")
	if err != nil {
		return "", err
	}
	program := filepath.Join(filepath.Dir(file), ".bin", "pgbouncer")
	if _, err := os.Stat(program); err != nil {
		return "", errNoPooler
	}
	return program, nil
}

// ready waits until the pooler lets somebody in.
func (p *pooler) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, p.url("postgres://docket@/postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-p.ended:
			log, _ := os.ReadFile(filepath.Join(p.dir, "log")) // may be none yet
			return fmt.Errorf("PgBouncer ended at once: %v\n%s%s", p.cmd.ProcessState, p.says, log)
		case <-ctx.Done():
			return fmt.Errorf("PgBouncer lets nobody in: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// stop ends the pooler at once, its clients with it.
func (p *pooler) stop() error {
	_ = p.cmd.Process.Kill() // fails where it has ended
	<-p.ended
	return os.RemoveAll(p.dir)
}

// closePooler stops the shared one, if it was started.
func closePooler() error {
	var err error
	between.once.Do(func() {}) // nobody starts it any more
	if between.pooler != nil {
		err = between.pooler.stop()
	}
	return err
}
