// Package pgbouncer runs the PgBouncer that platform/tools/pgbouncer builds, in
// transaction mode, in front of a private PostgreSQL: for tests and rehearsals.
package pgbouncer

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
	"time"

	"github.com/jackc/pgx/v5"

	"docket/platform/schema"
)

const (
	port = 6432 // numbers the socket file; nothing else uses its folder
	// defaultServers are few enough for the server connections to be shared, and
	// enough for tests that hold several transactions open.
	defaultServers = 10
	// patience bounds what can hang.
	patience = 5 * time.Minute
)

// What [Start] returns where it cannot do anything here.
var (
	// ErrMissing says that this machine has no PgBouncer.
	ErrMissing = errors.New("there is no PgBouncer in .bin: platform/tools/pgbouncer builds it")
	// ErrNoSocket says that the PostgreSQL does not listen on a Unix socket.
	ErrNoSocket = errors.New("the PostgreSQL is not on a Unix socket: PgBouncer is run on Unix alone")
)

// Config is how a PgBouncer is set up.
type Config struct {
	// Prepared is max_prepared_statements, 0 for none.
	Prepared int
	// Servers is how many connections it makes to PostgreSQL for one database
	// and user; 0 is 10.
	Servers int
}

// Server is a running PgBouncer.
type Server struct {
	dir   string
	cmd   *exec.Cmd
	says  *bytes.Buffer // what it logs; to be read when it has ended
	ended chan struct{}
}

// SocketFolder is where the server of a URL listens, "" where that is no Unix
// socket.
func SocketFolder(databaseURL string) string {
	u, err := url.Parse(databaseURL)
	if err != nil || !filepath.IsAbs(u.Query().Get("host")) {
		return ""
	}
	return u.Query().Get("host")
}

// Dir is the folder of its socket.
func (s *Server) Dir() string { return s.dir }

// URL is databaseURL, one of the same PostgreSQL, through the pooler.
func (s *Server) URL(databaseURL string) string {
	u, err := url.Parse(databaseURL)
	if err != nil {
		panic("pgbouncer: a URL that is none: " + databaseURL) // SocketFolder has read it
	}
	q := u.Query()
	q.Set("host", s.dir)
	q.Set("port", strconv.Itoa(port))
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return u.String()
}

// settings have every server connection used in turn, so that a client that
// relies on getting the same one again is found out.
// https://www.pgbouncer.org/config.html
const settings = `[databases]
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

// Start starts one in front of the PostgreSQL of databaseURL, in a folder below
// /tmp that begins with prefix, and returns once it lets somebody in. It stands
// in front of every database of that server. The errors are [ErrMissing] and
// [ErrNoSocket] where there can be none.
func Start(ctx context.Context, databaseURL, prefix string, c Config) (_ *Server, err error) {
	folder := SocketFolder(databaseURL)
	if folder == "" {
		return nil, ErrNoSocket
	}
	program, err := program()
	if err != nil {
		return nil, err
	}
	// A socket's path is short, which a user's own temporary folder need not be.
	dir, err := os.MkdirTemp("/tmp", prefix)
	if err != nil {
		return nil, fmt.Errorf("make a folder for PgBouncer: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if c.Servers == 0 {
		c.Servers = defaultServers
	}
	text := fmt.Sprintf(settings, folder, dir, port, c.Prepared, c.Servers)
	if err := errors.Join(
		os.WriteFile(filepath.Join(dir, "pgbouncer.ini"), []byte(text), 0o600),
		os.WriteFile(filepath.Join(dir, "users"), []byte(`"docket" ""`+"\n"+`"docket_app" ""`+"\n"), 0o600),
	); err != nil {
		return nil, fmt.Errorf("set PgBouncer up: %w", err)
	}
	s := &Server{dir: dir, says: new(bytes.Buffer), ended: make(chan struct{})}
	s.cmd = exec.CommandContext(context.WithoutCancel(ctx), program, "-q", filepath.Join(dir, "pgbouncer.ini"))
	s.cmd.Stderr = s.says
	if err := runAsServer(ctx, s.cmd, dir); err != nil {
		return nil, fmt.Errorf("let PostgreSQL's account run PgBouncer: %w", err)
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start PgBouncer: %w", err)
	}
	go func() {
		_ = s.cmd.Wait() // ProcessState has the outcome
		close(s.ended)
	}()
	if err := s.ready(ctx, databaseURL); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// program is the one that platform/tools/pgbouncer builds.
func program() (string, error) {
	if runtime.GOOS == "windows" {
		return "", ErrMissing
	}
	file, err := schema.Find(".")
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(file), ".bin", "pgbouncer")
	if _, err := os.Stat(path); err != nil {
		return "", ErrMissing
	}
	return path, nil
}

// ready waits until the pooler lets somebody in.
func (s *Server) ready(ctx context.Context, databaseURL string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	u, err := url.Parse(s.URL(databaseURL))
	if err != nil {
		return fmt.Errorf("read the database URL: %w", err)
	}
	u.User, u.Path = url.User("docket"), "/postgres"
	for {
		conn, err := pgx.Connect(ctx, u.String())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.ended:
			log, _ := os.ReadFile(filepath.Join(s.dir, "log")) // may be none yet
			return fmt.Errorf("PgBouncer ended at once: %v\n%s%s", s.cmd.ProcessState, s.says, log)
		case <-ctx.Done():
			return fmt.Errorf("PgBouncer lets nobody in: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Stop ends the pooler at once, its clients with it, and removes its folder.
func (s *Server) Stop() error {
	_ = s.cmd.Process.Kill() // fails where it has ended
	<-s.ended
	return os.RemoveAll(s.dir)
}
