package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"docket/platform/auth/devissuer"
	"docket/platform/config"
	"docket/platform/localpg"
	"docket/platform/postgres"
	"docket/platform/rowsecurity"
	"docket/platform/sample"
	"docket/platform/telemetry"
)

const (
	// bigTasks is how many tasks a big user has.
	bigTasks = 100_000
	// seedSpan is how far back what is made up reaches.
	seedSpan = 2 * 365 * 24 * time.Hour
	// maxSeeders bounds how many users are made up at once.
	maxSeeders = 8
	// progressBar and progressLine are how often progress is shown, on a
	// terminal and elsewhere.
	progressBar  = 200 * time.Millisecond
	progressLine = 5 * time.Second
)

// seeders make up what a user has, module by module, in this order.
type seeders struct {
	// user reports whether there was no such user yet.
	user     func(ctx context.Context, u *sample.User, issuer, subject, email string) (bool, error)
	projects func(ctx context.Context, u *sample.User, n int) error
	tags     func(ctx context.Context, u *sample.User, n int) error
	tasks    func(ctx context.Context, u *sample.User, n int, made func(int)) error
}

// seedPlan says how much is to be made up. The same plan on the same day makes
// the same data: dates are relative to midnight in UTC.
type seedPlan struct {
	Users, Tasks, Big int
	Seed              uint64
}

func newSeedCommand(o *options) *cobra.Command {
	var p seedPlan
	c := &cobra.Command{
		Use:   "seed",
		Short: "Fill the database with made-up users and tasks",
		Long: `Fill the database with made-up users, projects, tags and tasks, to see how
Docket fares with many of them. It uses the configured database, or the private
PostgreSQL, and refuses in staging and production.

User 7 of seed 1 is seed-1-7@example.com: "docket token" makes them a token. A
user who is there already is left alone, so that an interrupted run is taken up
by the same command. The same seed makes the same data on the same day.`,
		Example: `  docket seed
  docket seed --users 10000 --tasks 10000000 --big 5
  curl -H "Authorization: Bearer $(docket token --email seed-1-0@example.com)" http://127.0.0.1:8080/api/v1/tasks`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := o.load()
			if err != nil {
				return err
			}
			if err := p.check(cfg); err != nil {
				return err
			}
			return seed(c.Context(), cfg, p, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().IntVar(&p.Users, "users", 10, "how many users")
	c.Flags().IntVar(&p.Tasks, "tasks", 1000, "how many tasks they have together")
	c.Flags().IntVar(&p.Big, "big", 0, "how many of the users have 100,000 tasks each")
	c.Flags().Uint64Var(&p.Seed, "seed", 1, "another number makes other data, for other users")
	return c
}

func (p seedPlan) check(cfg config.Config) error {
	switch {
	case cfg.Environment.Deployed():
		return fmt.Errorf("made-up data does not belong in %s; see DOCKET_ENVIRONMENT", cfg.Environment)
	case p.Users < 1 || p.Tasks < 0 || p.Big < 0:
		return &usageError{errors.New("--users must be at least 1, --tasks and --big not negative")}
	case p.Big > p.Users:
		return &usageError{fmt.Errorf("--big must be at most --users, %d", p.Users)}
	case p.Tasks < p.Big*bigTasks:
		return &usageError{fmt.Errorf("--tasks must be at least %d: %d big users have %d each", p.Big*bigTasks, p.Big, bigTasks)}
	case p.Big == p.Users && p.Tasks > p.Big*bigTasks:
		return &usageError{fmt.Errorf("--tasks must be %d, or fewer of the users big: there is nobody else to have the rest", p.Big*bigTasks)}
	default:
		return nil
	}
}

// shares is how many tasks each user has: the big ones first, then the rest in
// very different shares that add up to the whole.
func (p seedPlan) shares() []int {
	shares := make([]int, p.Users)
	r := sample.New(p.Seed, 0)
	left, small := p.Tasks, p.Users-p.Big
	weights, total := make([]int, small), 0
	for i := range weights {
		weights[i] = 20 + r.N(160)
		total += weights[i]
	}
	for i := range p.Big {
		shares[i] = bigTasks
		left -= bigTasks
	}
	before, given := 0, 0
	for i, w := range weights {
		before += w
		upTo := int(int64(left) * int64(before) / int64(total))
		shares[p.Big+i] = upTo - given
		given = upTo
	}
	return shares
}

// seed makes up data with the database's own time to spare, and says how fast.
func seed(ctx context.Context, cfg config.Config, p seedPlan, stdout, stderr io.Writer) (err error) {
	log, _ := telemetry.NewLogger(stderr, telemetry.LogOptions{
		Format: telemetry.Format(cfg.Log.Format), Level: cfg.Log.Level, NoColor: telemetry.NoColor(os.Environ()),
	})
	target, stop, err := databaseToSeed(ctx, cfg, log)
	if err != nil {
		return orInterrupted(ctx, err)
	}
	defer func() { err = errors.Join(err, stop()) }()
	db, err := postgres.Open(ctx, target)
	if err != nil {
		return err
	}
	defer db.Close()

	s := sowing{plan: p, db: db, seeders: newSeeders(db), end: time.Now().UTC().Truncate(24 * time.Hour), progress: newProgress(stderr, cfg, p.Tasks)}
	began := time.Now()
	stopShowing := s.progress.show(ctx, log)
	err = s.sow(ctx)
	took := time.Since(began)
	stopShowing()
	if err != nil {
		return orInterrupted(ctx, err)
	}
	if s.progress.tasks.Load() > 0 {
		log.Info("tidying the tables up")
		// So that plans are those of a database that has been there for a while.
		if _, err := postgres.ExecUnowned(ctx, db, postgres.Door{}, "VACUUM ANALYZE"); err != nil {
			return orInterrupted(ctx, fmt.Errorf("tidy the tables up: %w", err))
		}
	}
	return s.progress.report(stdout, cfg, took)
}

// databaseToSeed is the configured database, without its pooler where there is
// a way around it, or the private one: of a server that runs, or of one that is
// started for the time being.
func databaseToSeed(ctx context.Context, cfg config.Config, log *slog.Logger) (target postgres.Config, stop func() error, err error) {
	target.MaxConns, stop = maxSeeders, func() error { return nil }
	if !cfg.PrivateDatabase() {
		if target.URL = cfg.Database.URLDirect; target.URL == "" {
			target.URL, target.Pooler = cfg.Database.URL, cfg.Database.Pooled()
			target.Prepared = preparedMode(cfg.Database.Prepared)
		}
		held, err := rowsecurity.Held(ctx, target.URL)
		if err == nil && held {
			err = errors.New("row-level security holds for the role of the database's address, and PostgreSQL lets no such role copy rows in; " +
				"set DATABASE_URL_DIRECT to the address for the role that owns the tables")
		}
		return target, stop, err
	}
	if target.URL, err = localpg.RunningURL(cfg.DataDir, privateDatabase); err == nil {
		return target, stop, nil
	}
	d, err := openDatabase(ctx, cfg, log)
	if err != nil {
		return target, nil, err
	}
	target.URL = d.owner
	return target, func() error { return d.stop(stopContext(ctx, stopGrace)) }, nil
}

// sowing is a plan being carried out.
type sowing struct {
	plan     seedPlan
	db       *postgres.DB
	seeders  seeders
	end      time.Time
	progress *progress
}

// sow makes up all users, several at once. Each comes with all they have, or
// not at all.
func (s *sowing) sow(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	type share struct{ user, tasks int }
	shares := make(chan share)
	var workers sync.WaitGroup
	for range min(max(runtime.NumCPU(), 2), maxSeeders) {
		workers.Go(func() {
			for next := range shares {
				if err := s.user(ctx, next.user, next.tasks); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	for user, tasks := range s.plan.shares() {
		select {
		case shares <- share{user, tasks}:
		case <-ctx.Done():
		}
	}
	close(shares)
	workers.Wait()
	return context.Cause(ctx)
}

func (s *sowing) user(ctx context.Context, n, tasks int) error {
	made := 0
	fresh := false
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		s.progress.tasks.Add(-int64(made)) // of an attempt before, which was undone
		made = 0
		u := &sample.User{Source: sample.New(s.plan.Seed, uint64(n)+1), From: s.end.Add(-seedSpan), End: s.end} //nolint:gosec // not negative
		email := fmt.Sprintf("seed-%d-%d@example.com", s.plan.Seed, n)
		var err error
		if fresh, err = s.seeders.user(ctx, u, devissuer.Trust, devissuer.SubjectFor(email), email); err != nil || !fresh {
			return err
		}
		if err := s.seeders.projects(ctx, u, 3+u.N(10)); err != nil {
			return err
		}
		if err := s.seeders.tags(ctx, u, 4+u.N(16)); err != nil {
			return err
		}
		return s.seeders.tasks(ctx, u, tasks, func(n int) {
			made += n
			s.progress.tasks.Add(int64(n))
		})
	})
	if err != nil {
		s.progress.tasks.Add(-int64(made))
		return fmt.Errorf("make up the user %d: %w", n, err)
	}
	if fresh {
		s.progress.users.Add(1)
	} else {
		s.progress.known.Add(1)
		s.progress.skipped.Add(int64(tasks))
	}
	return nil
}

// progress is how far a sowing is.
type progress struct {
	w              io.Writer
	people         bool
	total          int
	users, known   atomic.Int64
	tasks, skipped atomic.Int64
}

func newProgress(w io.Writer, cfg config.Config, total int) *progress {
	return &progress{w: w, people: forPeople(w, cfg.Log.Format), total: total}
}

// show shows the progress now and then, until what it returns is called.
func (p *progress) show(ctx context.Context, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	every := progressLine
	if p.people {
		every = progressBar
	}
	var showing sync.WaitGroup
	showing.Go(func() {
		began := time.Now()
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				if p.people {
					fmt.Fprint(p.w, "\r\033[K")
				}
				return
			case <-tick.C:
			}
			done, took := p.tasks.Load(), time.Since(began)
			if p.people {
				fmt.Fprintf(p.w, "\r%s", bar(done+p.skipped.Load(), int64(p.total), perSecond(done, took)))
			} else {
				log.Info("seeding", slog.Int64("tasks", done+p.skipped.Load()), slog.Int("of", p.total), slog.Int64("tasks_per_second", perSecond(done, took)))
			}
		}
	})
	return func() { cancel(); showing.Wait() }
}

const barWidth = 30

func bar(done, total, rate int64) string {
	filled := 0
	percent := 100.0
	if total > 0 {
		filled, percent = int(barWidth*done/total), 100*float64(done)/float64(total)
	}
	return fmt.Sprintf("[%s%s] %5.1f %%  %d of %d tasks, %d a second ", strings.Repeat("=", filled), strings.Repeat(" ", barWidth-filled), percent, done, total, rate)
}

func perSecond(n int64, took time.Duration) int64 {
	return int64(float64(n) / max(took.Seconds(), 0.001))
}

// report says what was made, once: for a person, or as one JSON line.
func (p *progress) report(w io.Writer, cfg config.Config, took time.Duration) error {
	users, known, tasks := p.users.Load(), p.known.Load(), p.tasks.Load()
	if forPeople(w, cfg.Log.Format) {
		_, err := fmt.Fprintf(w, "%d users with %d tasks were made in %s, %d tasks a second; %d users were there already\n",
			users, tasks, took.Round(100*time.Millisecond), perSecond(tasks, took), known)
		return err
	}
	return json.NewEncoder(w).Encode(map[string]any{
		"msg": "seeded", "users": users, "tasks": tasks, "users_there_already": known,
		"seconds": took.Seconds(), "tasks_per_second": perSecond(tasks, took),
	})
}
