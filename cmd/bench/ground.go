package main

import (
	"bufio"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"docket/platform/auth/devissuer"
	"docket/platform/localpg"
	"docket/platform/rowsecurity"
	"docket/platform/running"
	"docket/platform/schema"
	"docket/platform/statement"
)

const database = "docket"

// Bounds of single steps.
const (
	startPatience = time.Minute
	stopPatience  = 30 * time.Second
)

// What the database holds before anything is measured. Of the seeded users, some
// are measured; those before them may have very many tasks.
const (
	seededUsers = 500
	firstUser   = 5
	users       = 100
	// tasksEach is how many tasks of known ids each of them is given.
	tasksEach = 256
	// changedEach of them are plain ones, alike in all but their ids, which are
	// changed: a change sends the whole task, and pgbench and the bare server
	// send the values of one of them for all.
	changedEach = 64
)

// tools are the programs that are built, and the key that tokens are signed
// with. Everything is below one temporary folder.
type tools struct {
	folder       string
	docket, bare string
	paced        string // the load at a fixed rate
	issuer       *devissuer.Issuer
}

func makeTools(ctx context.Context, folder string) (tools, error) {
	t := tools{folder: folder, docket: filepath.Join(folder, "docket"), bare: filepath.Join(folder, "bare"), paced: filepath.Join(folder, "paced")}
	for binary, from := range map[string]string{
		t.docket: "docket/cmd/docket", t.bare: "docket/cmd/bench/bare", t.paced: "docket/cmd/bench/paced",
	} {
		// A checkout that belongs to somebody else cannot be stamped.
		if out, err := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", binary, from).CombinedOutput(); err != nil {
			return t, fmt.Errorf("build %s: %w\n%s", from, err, out)
		}
	}
	var err error
	if t.issuer, err = devissuer.Open(folder, rand.Reader); err != nil {
		return t, fmt.Errorf("make the issuer's key: %w", err)
	}
	return t, nil
}

// ground is a private, durable PostgreSQL with data in it.
type ground struct {
	tools
	name     string
	postgres *localpg.Server
	pid      int    // of PostgreSQL's first process
	url      string // for its owner, whom no policy holds
	app      string // for the service's role
	users    []statement.Who
	temp     string // its data folder, where that is to be removed
}

// prepare starts PostgreSQL in dir, or in a temporary folder where dir is "",
// and sees to it that it has all that is to be measured.
func (t tools) prepare(ctx context.Context, name, dir string, tasks int) (_ *ground, err error) {
	g := &ground{tools: t, name: name}
	if dir == "" {
		// In memory nothing is durable: the last of the folders is on a disk
		// where there is one.
		dirs := localpg.TempDirs()
		if g.temp, err = os.MkdirTemp(dirs[len(dirs)-1], "docket-bench-pg-"); err != nil {
			return nil, fmt.Errorf("make a temporary folder: %w", err)
		}
		dir = g.temp
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close(context.WithoutCancel(ctx)))
		}
	}()
	starting, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	if g.postgres, err = localpg.Start(starting, localpg.Options{Dir: dir}); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	g.url = g.postgres.URL(database)
	g.pid = g.postgres.PID()
	if err := g.fill(ctx, tasks); err != nil {
		return nil, err
	}
	return g, nil
}

// fill brings the database to the schema, with its second wall, and puts
// made-up data into it where there is none.
func (g *ground) fill(ctx context.Context, tasks int) error {
	if err := g.postgres.EnsureDatabase(ctx, database); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	here, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the working folder: %w", err)
	}
	path, err := schema.Find(here)
	if err != nil {
		return fmt.Errorf("find the schema: %w", err)
	}
	if err := rowsecurity.Lift(ctx, g.url); err != nil {
		return fmt.Errorf("prepare the database for the schema: %w", err)
	}
	if _, err := schema.Apply(ctx, g.url, path); err != nil {
		return fmt.Errorf("apply the schema: %w", err)
	}
	if g.app, err = rowsecurity.SecureOwn(ctx, g.url); err != nil {
		return err
	}
	if err := g.seed(ctx, tasks); err != nil {
		return err
	}
	if err := g.enrol(ctx); err != nil {
		return err
	}
	return g.connected(ctx, func(conn *pgx.Conn) error {
		if err := g.furnish(ctx, conn); err != nil {
			return err
		}
		return settle(ctx, conn)
	})
}

// connected runs fn with a connection of PostgreSQL's owner.
func (g *ground) connected(ctx context.Context, fn func(conn *pgx.Conn) error) (err error) {
	conn, err := pgx.Connect(ctx, g.url)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return fn(conn)
}

func (g *ground) seed(ctx context.Context, tasks int) error {
	c := exec.CommandContext(ctx, g.docket, "seed", "--users", fmt.Sprint(seededUsers), "--tasks", fmt.Sprint(tasks))
	c.Env = environment("DATABASE_URL="+g.url, "DOCKET_DATA_DIR="+g.folder, "DOCKET_DATABASE_ROW_SECURITY=off")
	if tasks == 0 {
		return nil
	}
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("seed the database: %w\n%s", err, out)
	}
	return nil
}

// enrol gives the users who are measured a token.
func (g *ground) enrol(ctx context.Context) (err error) {
	server, err := g.serve(ctx, "enrol-"+g.name, g.app)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	for n := range users {
		email := fmt.Sprintf("seed-1-%d@example.com", firstUser+n)
		now := time.Now()
		token, err := g.issuer.Sign(devissuer.Claims{
			Subject: devissuer.SubjectFor(email), Email: email, Name: "Seed", IssuedAt: now, ExpiresAt: now.Add(24 * time.Hour),
		})
		if err != nil {
			return fmt.Errorf("sign a token: %w", err)
		}
		who := statement.Who{Token: token}
		if who.Owner, err = ownerOf(ctx, server.api, token); err != nil {
			return err
		}
		g.users = append(g.users, who)
	}
	return nil
}

// What a run asks of the tables, which no Go code outside a store names.
var (
	//go:embed sql/copies.sql
	copies string
	//go:embed sql/count.sql
	countTasks string
	//go:embed sql/revision.sql
	taskRevision string
)

// plain is what all tasks that are changed have in common.
const plain = `{"description": null, "status": "todo", "priority": 0, "due_at": null, "due_on": null, "project_id": null,
	"position": "a0", "completed_at": null, "tag_ids": []}`

func (g *ground) furnish(ctx context.Context, conn *pgx.Conn) error {
	var owners []string
	for _, who := range g.users {
		owners = append(owners, who.Owner)
	}
	if _, err := conn.Exec(ctx, copies, owners, idPrefix, tasksEach, changedEach, plain); err != nil {
		return fmt.Errorf("give the users tasks of known ids: %w", err)
	}
	return nil
}

// settle leaves nothing behind that would go on in the background: no rows to
// clear up, no pages to write.
func settle(ctx context.Context, conn *pgx.Conn) error {
	for _, sql := range []string{"VACUUM (ANALYZE)", "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// close stops PostgreSQL and removes its folder if that was made for it.
func (g *ground) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	var err error
	if g.postgres != nil {
		err = g.postgres.Stop(ctx)
	}
	if g.temp != "" {
		err = errors.Join(err, localpg.Remove(ctx, g.temp))
	}
	return err
}

// environment is ours without what would configure Docket, and settings.
func environment(settings ...string) []string {
	return append(slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return strings.HasPrefix(pair, "DOCKET_") || strings.HasPrefix(pair, "DATABASE_URL") || strings.HasPrefix(pair, "PG") || strings.HasPrefix(pair, "OTEL_")
	}), settings...)
}

// process is a server that runs.
type process struct {
	cmd        *exec.Cmd
	log        string
	ended      chan struct{}
	api, admin string
}

// serve starts Docket as it is shipped, for the database at url; only its limit
// of requests is out of reach.
func (g *ground) serve(ctx context.Context, name, url string, settings ...string) (*process, error) {
	c := exec.CommandContext(context.WithoutCancel(ctx), g.docket, "serve")
	c.Env = environment(append([]string{
		"DATABASE_URL=" + url, "DOCKET_DATA_DIR=" + g.folder, "DOCKET_LOG_FORMAT=json",
		"DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0", "DOCKET_RATE_LIMIT_REQUESTS=1000000",
	}, settings...)...)
	return launch(c, filepath.Join(g.folder, name+".log"), func(p *process, line []byte) error {
		var greeting struct{ API, Admin string }
		if err := json.Unmarshal(line, &greeting); err != nil || greeting.API == "" {
			return errors.New("it did not say where it listens")
		}
		p.api, p.admin = greeting.API, greeting.Admin
		return nil
	})
}

// serveBare starts the bare server on the same database, with the statements of
// script.
func (g *ground) serveBare(ctx context.Context, script statement.Script) (*process, error) {
	file := filepath.Join(g.folder, "plan.json")
	if err := (statement.Plan{DatabaseURL: g.url, Users: g.users, Script: script}).Write(file); err != nil {
		return nil, err
	}
	c := exec.CommandContext(context.WithoutCancel(ctx), g.bare, file)
	c.Env = environment()
	return launch(c, filepath.Join(g.folder, "bare.log"), func(p *process, line []byte) error {
		if p.api = strings.TrimSpace(string(line)); p.api == "" {
			return errors.New("it did not say where it listens")
		}
		return nil
	})
}

// launch starts a server, its log going to a file, and returns once it has said
// where it listens.
func launch(c *exec.Cmd, log string, greeted func(p *process, line []byte) error) (*process, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("make a log: %w", err)
	}
	defer file.Close()
	p := &process{cmd: c, log: log, ended: make(chan struct{})}
	c.Stderr = file
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("read from %s: %w", c.Path, err)
	}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Path, err)
	}
	greeting := make(chan []byte, 1)
	go func() {
		defer close(p.ended)
		line, _ := bufio.NewReader(out).ReadBytes('\n') // none where it fails
		greeting <- line
		_ = c.Wait() // how it ended is asked of ProcessState
	}()
	select {
	case line := <-greeting:
		err = greeted(p, line)
	case <-time.After(startPatience):
		err = fmt.Errorf("it is not up after %s", startPatience)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w\n%s", filepath.Base(c.Path), err, p.lastWords()), p.stop())
	}
	return p, nil
}

// stop ends the server, if it still runs.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.cmd.Path, err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopPatience):
		return errors.Join(fmt.Errorf("%s does not stop", p.cmd.Path), p.cmd.Process.Kill())
	}
}

// lastWords is the end of the server's log.
func (p *process) lastWords() string { return running.LastLines(p.log, 5) }

// count is how many tasks there are.
func (g *ground) count(ctx context.Context) (n int64, err error) {
	err = g.connected(ctx, func(conn *pgx.Conn) error {
		if err := conn.QueryRow(ctx, countTasks).Scan(&n); err != nil {
			return fmt.Errorf("count the tasks: %w", err)
		}
		return nil
	})
	return n, err
}
