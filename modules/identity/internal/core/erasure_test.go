package core_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/modules/identity/internal/core"
	"docket/modules/identity/internal/memory"
	"docket/modules/identity/internal/postgres"
	"docket/platform/errs"
	pg "docket/platform/postgres"
)

// replica is a process: users and their erasure over a memory of its own.
type replica struct {
	*core.Service
	*core.Erasure
	*core.Lookout
	store *postgres.Store
}

func (w world) replica(t *testing.T, belongings ...core.Belonging) replica {
	t.Helper()
	m, err := memory.New()
	if err != nil {
		t.Fatal(err)
	}
	store := postgres.NewStore(w.db)
	lookout := core.NewLookout(store, m, w.clock.Now)
	return replica{
		Service: core.NewService(store, m, lookout, w.clock.Now, w.ids.Next),
		Erasure: core.NewErasure(store, w.db, m, belongings, w.clock.Now),
		Lookout: lookout,
		store:   store,
	}
}

// rows is what another module keeps of a user, in a table of its own.
type rows struct {
	db *pg.DB
	mu sync.Mutex
	// steps is how many rows each call removed, meanwhile what happens before
	// it does.
	steps     []int
	meanwhile func(step int) error
}

func (r *rows) EraseSome(ctx context.Context, owner uuid.UUID, limit int) (int, error) {
	r.mu.Lock()
	step := len(r.steps)
	meanwhile := r.meanwhile
	r.mu.Unlock()
	if meanwhile != nil {
		if err := meanwhile(step); err != nil {
			return 0, err
		}
	}
	n, err := pg.Exec(ctx, r.db, owner, `DELETE FROM tags WHERE user_id = $1 AND id IN (SELECT id FROM tags WHERE user_id = $1 LIMIT $2)`, limit)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, int(n))
	return int(n), err
}

func (w world) fill(t *testing.T, owner uuid.UUID, n int) {
	t.Helper()
	const sql = `INSERT INTO tags SELECT $1, gen_random_uuid(), 'n', gen_random_uuid()::text, NULL, now(), now() FROM generate_series(1, $2)`
	if _, err := pg.Exec(t.Context(), w.db, owner, sql, n); err != nil {
		t.Fatal(err)
	}
}

func (w world) left(t *testing.T, owner uuid.UUID) int {
	t.Helper()
	n, err := pg.Get(t.Context(), w.db, owner, func(n *int) []any { return []any{n} }, `SELECT count(*) FROM tags WHERE user_id = $1`)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (w world) unfinished(t *testing.T) int {
	t.Helper()
	n, err := pg.GetUnowned(t.Context(), w.owner, pg.Door{}, func(n *int) []any { return []any{n} }, `SELECT count(*) FROM tombstones WHERE finished_at IS NULL`)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func wantErased(t *testing.T, s *core.Service, c core.Claims) {
	t.Helper()
	if id, err := s.Identify(t.Context(), c); errs.KindOf(err) != errs.Unauthenticated {
		t.Errorf("%s is identified as %s, %v", c.Subject, id, err)
	}
}

func TestEraseInSmallSteps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owned := &rows{db: w.db}
	r := w.replica(t, owned, &rows{db: w.db})
	ada, bob := identify(t, r.Service, w.token(0, "ada@example.com")), identify(t, r.Service, core.Claims{Issuer: "site", Subject: "bob"})
	w.fill(t, ada, 12_000)
	w.fill(t, bob, 10)
	if err := r.Erase(t.Context(), ada, nil); err != nil {
		t.Fatal(err)
	}
	wantErased(t, r.Service, w.token(0, "ada@example.com"))
	if w.left(t, ada) != 12_000 {
		t.Error("the request removed rows by itself")
	}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(owned.steps); got != "[5000 5000 2000 0]" {
		t.Errorf("rows removed in each transaction: %s", got)
	}
	if a, b := w.left(t, ada), w.left(t, bob); a != 0 || b != 10 || w.users(t) != 1 || w.unfinished(t) != 0 {
		t.Errorf("left: %d of Ada's, %d of Bob's, %d users, %d tombstones unfinished", a, b, w.users(t), w.unfinished(t))
	}
	if err := r.Erase(t.Context(), ada, nil); errs.KindOf(err) != errs.Unauthenticated {
		t.Errorf("erased again: %v", err)
	}
}

// A process that is stopped at any moment leaves the rest to whichever comes
// next.
func TestEraseGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	for stop := range 4 {
		w := newWorld(t)
		ctx, kill := context.WithCancel(t.Context())
		first := w.replica(t, &rows{db: w.db, meanwhile: func(step int) error {
			if step == stop {
				kill()
			}
			return nil
		}})
		ada := identify(t, first.Service, w.token(0, "ada@example.com"))
		w.fill(t, ada, 11_000)
		if err := first.Erase(t.Context(), ada, nil); err != nil {
			t.Fatal(err)
		}
		if err := first.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("killed in step %d: %v", stop, err)
		}
		kill()
		if got, want := w.left(t, ada), max(0, 11_000-5000*stop); got != want || w.unfinished(t) != 1 || w.users(t) != 1 {
			t.Errorf("killed in step %d: %d rows are left, want %d", stop, got, want)
		}
		second := w.replica(t, &rows{db: w.db})
		wantErased(t, second.Service, w.token(1, "ada@example.com"))
		if err := second.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if w.left(t, ada) != 0 || w.unfinished(t) != 0 || w.users(t) != 0 {
			t.Errorf("after the second process: %d rows, %d users", w.left(t, ada), w.users(t))
		}
		wantErased(t, second.Service, w.token(1, "ada@example.com"))
	}
}

// Several processes at once get through, and none does another's work.
func TestEraseByManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owned := &rows{db: w.db}
	var replicas []replica
	var ids []uuid.UUID
	for n := range 3 {
		r := w.replica(t, owned)
		id := identify(t, r.Service, core.Claims{Issuer: "site", Subject: fmt.Sprint(n)})
		w.fill(t, id, 6000)
		if err := r.Erase(t.Context(), id, nil); err != nil {
			t.Fatal(err)
		}
		replicas, ids = append(replicas, r), append(ids, id)
	}
	var all sync.WaitGroup
	for _, r := range replicas {
		all.Go(func() {
			if err := r.Run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	removed := 0
	for _, n := range owned.steps {
		removed += n
	}
	if removed != 18_000 || w.unfinished(t) != 0 || w.users(t) != 0 {
		t.Errorf("%d rows were removed, %d tombstones are unfinished, %d users are left", removed, w.unfinished(t), w.users(t))
	}
	for _, id := range ids {
		if w.left(t, id) != 0 {
			t.Errorf("%d rows are left", w.left(t, id))
		}
	}
}

// Of two users one cannot be erased: that keeps nobody from the other.
func TestEraseSkipsWhatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := errors.New("this one is broken")
	owned := &rows{db: w.db}
	r := w.replica(t, owned)
	ada, bob := identify(t, r.Service, w.token(0, "a@example.com")), identify(t, r.Service, core.Claims{Issuer: "site", Subject: "bob"})
	w.fill(t, ada, 5)
	for _, id := range []uuid.UUID{ada, bob} {
		if err := r.Erase(t.Context(), id, nil); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
	}
	owned.meanwhile = func(int) error {
		owned.meanwhile = nil
		return broken
	}
	if err := r.Run(t.Context()); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if w.users(t) != 1 || w.unfinished(t) != 1 || w.left(t, ada) != 5 {
		t.Errorf("%d users, %d rows are left", w.users(t), w.left(t, ada))
	}
	if err := r.Run(t.Context()); err != nil || w.users(t) != 0 {
		t.Errorf("the next time: %v, %d users", err, w.users(t))
	}
}

// Another process that knows the user lets go of it at its next look, and what
// it writes until then goes too, or is refused.
func TestEraseReachesOtherProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here, there := w.replica(t, &rows{db: w.db}), w.replica(t)
	token := w.token(0, "ada@example.com")
	ada := identify(t, here.Service, token)
	look(t, there.Lookout)
	identify(t, there.Service, token)
	if err := here.Erase(t.Context(), ada, nil); err != nil {
		t.Fatal(err)
	}
	identify(t, there.Service, token)
	w.fill(t, ada, 3) // through the other process
	if err := here.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.left(t, ada) != 0 {
		t.Errorf("%d rows are left", w.left(t, ada))
	}
	identify(t, there.Service, token)
	_, err := pg.Exec(t.Context(), w.db, ada, `INSERT INTO tags VALUES ($1, $1, 'n', 'n', NULL, now(), now())`)
	if errs.KindOf(err) != errs.Unauthenticated {
		t.Errorf("a row of nobody: %v", err)
	}
	if _, err := there.Get(t.Context(), ada); errs.KindOf(err) != errs.Unauthenticated {
		t.Errorf("the other process reads the user: %v", err)
	}
	look(t, there.Lookout)
	wantErased(t, there.Service, token)
	wantErased(t, here.Service, token)
}

// A request that is being served while its user is erased.
func TestEraseWaitsForWhatIsBeingWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.replica(t, &rows{db: w.db})
	ada := identify(t, r.Service, w.token(0, "ada@example.com"))
	running, finished := make(chan struct{}), make(chan error, 1)
	err := w.db.InTx(t.Context(), func(ctx context.Context) error {
		if _, err := pg.Exec(ctx, w.db, ada, `INSERT INTO tags VALUES ($1, $1, 'n', 'n', NULL, now(), now())`); err != nil {
			return err
		}
		if err := r.Erase(context.WithoutCancel(t.Context()), ada, nil); err != nil {
			return err
		}
		go func() { close(running); finished <- r.Run(context.WithoutCancel(t.Context())) }()
		<-running
		// Run comes to the user's own row, and waits for what refers to it.
		for waiting := 0; waiting == 0; {
			const sql = `SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01) WHERE datname = current_database() AND wait_event_type = 'Lock'`
			var err error
			waiting, err = pg.GetUnowned(context.WithoutCancel(t.Context()), w.db, pg.Door{}, func(n *int) []any { return []any{n} }, sql)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-finished; err != nil || w.left(t, ada) != 0 || w.users(t) != 0 {
		t.Errorf("%v, %d rows and %d users are left", err, w.left(t, ada), w.users(t))
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.replica(t)
	for n := range 3 {
		id := identify(t, r.Service, core.Claims{Issuer: "site", Subject: fmt.Sprint(n)})
		if err := r.Erase(t.Context(), id, nil); err != nil {
			t.Fatal(err)
		}
		if n < 2 {
			if err := r.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		w.clock.Advance(24 * time.Hour)
	}
	w.clock.Advance(27 * 24 * time.Hour) // thirty days after the first was finished, less after the second
	for _, want := range []int{1, 0} {
		if n, err := r.Sweep(t.Context()); err != nil || n != want {
			t.Errorf("%d were swept, %v, want %d", n, err, want)
		}
	}
	w.clock.Advance(365 * 24 * time.Hour) // one that is not finished stays
	if n, err := r.Sweep(t.Context()); err != nil || n != 1 || w.unfinished(t) != 1 {
		t.Errorf("%d were swept, %v, %d are unfinished", n, err, w.unfinished(t))
	}
	wantErased(t, r.Service, core.Claims{Issuer: "site", Subject: "2"})
}
