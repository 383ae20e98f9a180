package localpg

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestServerKeepsItsData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempFolder(t), "new", "data")
	s, err := Start(testContext(t), Options{Dir: dir})
	tended(t, s, err)
	if !strings.Contains(ask(t, s, "SELECT version()"), "PostgreSQL "+s.Version()) {
		t.Errorf("Version() = %q does not match the server's", s.Version())
	}
	for range 2 {
		if err := s.EnsureDatabase(testContext(t), `odd "name"`); err != nil {
			t.Fatal(err)
		}
	}
	keep(t, s)
	mustStop(t, s)
	checkNothingLeft(t, s)
	if err := s.Stop(testContext(t)); err != nil {
		t.Errorf("a second Stop: %v", err)
	}

	again := mustStart(t, dir)
	checkKept(t, again)
	if got := ask(t, again, `SELECT datname::text FROM pg_database WHERE datname LIKE 'odd%'`); got != `odd "name"` {
		t.Errorf("the made database is called %q", got)
	}
	if again.Err() != nil {
		t.Errorf("Err() of a running server: %v", again.Err())
	}
}

func TestServerListensNowhereElse(t *testing.T) {
	t.Parallel()
	s := mustStart(t, tempFolder(t))
	got := map[string]string{}
	for _, name := range []string{"listen_addresses", "server_encoding", "TimeZone", "fsync"} {
		got[name] = ask(t, s, "SELECT current_setting('"+name+"')")
	}
	want := map[string]string{"listen_addresses": "", "server_encoding": "UTF8", "TimeZone": "UTC", "fsync": "off"}
	if s.endpoint.folder == "" {
		want["listen_addresses"] = "127.0.0.1"
	} else if info, err := os.Stat(s.endpoint.folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the socket folder is open to others: %v, %v", info, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if got := ask(t, s, "SELECT lower('ÄÉЖ') || (SELECT string_agg(x, '' ORDER BY x) FROM unnest(ARRAY['a','B','é']) x)"); got != "äéжBaé" {
		t.Errorf("lower-cased and sorted: %q", got)
	}
}

func TestLoopbackNeedsThePassword(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	dir := tempFolder(t)
	for range 2 { // the second time the password is there
		s, err := start(ctx, Options{Dir: dir, Volatile: true}, environment{search: systemSearch(), npm: "npm", loopback: true, port: freePort})
		tended(t, s, err)
		if got := ask(t, s, "SELECT current_setting('listen_addresses') || current_setting('unix_socket_directories')"); got != "127.0.0.1" {
			t.Errorf("listens on %q", got)
		}
		intruder := s.endpoint
		intruder.password = "guess"
		_, err = pgconn.Connect(ctx, intruder.url("postgres"))
		if pg := (*pgconn.PgError)(nil); !errors.As(err, &pg) || pg.Code != "28P01" {
			t.Errorf("with a wrong password: %v", err)
		}
		mustStop(t, s)
		checkNothingLeft(t, s)
	}
}

func TestTakenPortIsAvoided(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	taken, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	s, err := start(testContext(t), Options{Dir: tempFolder(t), Volatile: true}, environment{
		search: systemSearch(), npm: "npm", loopback: true,
		port: func(ctx context.Context) (int, error) {
			if asked++; asked == 1 {
				return strconv.Atoi(port)
			}
			return freePort(ctx)
		},
	})
	tended(t, s, err)
	if got := ask(t, s, "SELECT current_setting('port')"); got == port || asked != 2 {
		t.Errorf("after %d tries it listens on port %s, which was taken: %s", asked, got, port)
	}
}

func TestOddPaths(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"odd characters": `with space, comma "quotes" 'n' [ü]*`,
		"too long":       strings.Repeat("long/", 25) + "data",
		"space":          "Application Support",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(tempFolder(t), path)
			s := mustStart(t, dir)
			keep(t, s)
			mustStop(t, s)
			checkNothingLeft(t, s)
			checkKept(t, mustStart(t, dir))
		})
	}
}

func TestStopInHaste(t *testing.T) {
	t.Parallel()
	dir := tempFolder(t)
	s := mustStart(t, dir)
	keep(t, s)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(ended); err != nil {
		t.Fatal(err)
	}
	if pids := postgresIn(s.home); len(pids) > 0 {
		t.Errorf("processes still work in the folder: %v", pids)
	}
	checkKept(t, mustStart(t, dir))
}

func TestStopOfAFrozenServer(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux shows which folder a process works in")
	}
	dir := tempFolder(t)
	s := mustStart(t, dir)
	keep(t, s)
	freeze(t, s.process.pid())
	s.process.grace = time.Millisecond
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(ended); err != nil {
		t.Fatal(err)
	}
	if pids := postgresIn(s.home); len(pids) > 0 {
		t.Errorf("processes still work in the folder: %v", pids)
	}
	checkKept(t, mustStart(t, dir))
}

func TestExitedTellsOfACrash(t *testing.T) {
	t.Parallel()
	dir := tempFolder(t)
	s := mustStart(t, dir)
	if err := sendStop(s.process.pid(), stopKill); err != nil {
		t.Fatal(err)
	}
	awaitExit(t, s)
	if err := s.Err(); err == nil {
		t.Error("Err() is nil after a crash")
	}
	mustStop(t, s)
	mustStart(t, dir)
}

func TestKillKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	dir := tempFolder(t)
	s := mustStart(t, dir)
	keep(t, s)
	if err := s.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Err(); err == nil {
		t.Error("Err() is nil after a kill")
	}
	checkKept(t, mustStart(t, dir))
}

func TestFailedStartQuotesTheLog(t *testing.T) {
	t.Parallel()
	dir := tempFolder(t)
	s := mustStart(t, dir)
	mustStop(t, s)
	file, err := os.OpenFile(filepath.Join(s.home.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("no_such_setting = 1\n"); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	failed, err := Start(testContext(t), Options{Dir: dir, Volatile: true})
	if err == nil {
		tended(t, failed, nil)
		t.Fatal("it started with a setting that does not exist")
	}
	for _, part := range []string{dir, "unrecognized configuration parameter \"no_such_setting\"", s.home.log()} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not have %q: %v", part, err)
		}
	}
	checkNothingLeft(t, s)
}

func TestAbandonedStartLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := tempFolder(t)
	home := layout{root: dir}
	for _, after := range []time.Duration{0, 20 * time.Millisecond, 200 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		s, err := Start(ctx, Options{Dir: dir, Volatile: true})
		cancel()
		if err == nil {
			tended(t, s, nil) // a fast machine was done in time
			mustStop(t, s)
			continue
		}
		if missing := (*MissingError)(nil); !errors.As(err, &missing) && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("abandoned after %v: %v", after, err)
		}
		if pids := postgresIn(home); len(pids) > 0 {
			t.Errorf("abandoned after %v, processes still work in the folder: %v", after, pids)
		}
		unfinishedLeft(t, home)
	}
	mustStart(t, dir)
}

func TestCloneAndDrop(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := mustStart(t, tempFolder(t))
	if err := s.EnsureDatabase(ctx, "original"); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, s.URL("original"))
	if _, err := conn.Exec(ctx, "CREATE TABLE brought (n int)"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.CloneDatabase(ctx, "copy", "original"); err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, s.URL("copy")).Exec(ctx, "INSERT INTO brought VALUES (1)"); err != nil {
		t.Errorf("the copy lacks the table: %v", err)
	}
	if err := s.CloneDatabase(ctx, "copy", "original"); err == nil {
		t.Error("a name that is taken was given twice")
	}
	for range 2 { // with a connection open, then without a database
		if err := s.DropDatabase(ctx, "copy"); err != nil {
			t.Error(err)
		}
	}
	if got := ask(t, s, "SELECT count(*)::text FROM pg_database WHERE datname = 'copy'"); got != "0" {
		t.Error("the copy is still there")
	}
}
