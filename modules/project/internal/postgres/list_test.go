package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/modules/project/internal/core"
	"docket/platform/httpx/httpxtest"
	pg "docket/platform/postgres"
)

func TestStoreListsByArchive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.ada, project(1, "a"), archived(2, "b"), project(3, "c"), archived(4, "d"), archived(5, "a"))
	w.insert(t, w.bob, project(6, "Bob's"), archived(7, "Bob's"))
	for _, c := range []struct {
		archived *bool
		want     []uint64
	}{
		{nil, []uint64{1, 2, 3, 4, 5}}, {new(false), []uint64{1, 3}}, {new(true), []uint64{2, 4, 5}},
	} {
		for _, limit := range []int{1, 10} {
			var got []uuid.UUID
			for _, p := range w.walk(t, core.Query{Archived: c.archived, Sort: core.SortPosition, Limit: limit}) {
				got = append(got, p.ID)
			}
			var want []uuid.UUID
			for _, n := range c.want {
				want = append(want, httpxtest.ID(n))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d at a time: %v, want %v", limit, got, want)
			}
		}
	}
}

func TestStoreFindsNamesThatContainText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	names := []core.Name{"Crème Brûlée", "STRASSE", "100 % _sure_ \\o/", "ﬁne", "각하", "Ёлка", "שָׁלוֹם", "ΟΔΟΣ", "Łódź, Øre & Æsir"}
	for i, name := range names {
		w.insert(t, w.ada, project(uint64(i+1), name))
	}
	w.insert(t, w.ada, archived(99, "creme"))
	w.insert(t, w.bob, project(1, "creme"))
	for q, want := range map[string]core.Name{
		"creme": names[0], "CRÈME": names[0], "cre\u0300me": names[0], "e b": names[0],
		"straße": names[1], "%": names[2], "_": names[2], "\\": names[2], "% _s": names[2], "fine": names[3],
		"가": names[4], "елка": names[5], "שלום": names[6], "οδός": names[7], "lodz": names[8], "øre": names[8], "ore": names[8], "aesir": names[8],
		"brulée!": "", "'; DROP TABLE projects; --": "", "%%": "", ".*": "",
	} {
		var got []core.Name
		for _, p := range w.walk(t, core.Query{Archived: new(false), Contains: q, Sort: core.SortName, Limit: 10}) {
			got = append(got, p.Name)
		}
		if want == "" && len(got) > 0 || want != "" && !slices.Equal(got, []core.Name{want}) {
			t.Errorf("%q finds %q, want %q", q, got, want)
		}
	}
	if got := w.walk(t, core.Query{Contains: "creme", Sort: core.SortName, Limit: 1}); len(got) != 2 {
		t.Errorf("with the archive %d are found, want 2", len(got))
	}
}

// A page of the projects in use costs what is on it, however many are archived
// beside them or belong to others.
func TestStoreReadsNoMoreThanAPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const limit = 10
	fill := func(owner uuid.UUID, n int, archivedEach int) {
		const sql = `INSERT INTO projects (user_id, id, name, name_key, position, archived_at, created_at, updated_at)
			SELECT $1, gen_random_uuid(), n, n, md5(n::text), CASE WHEN n % $3 > 0 THEN $4::timestamptz END, $4 + make_interval(mins => n), $4 - make_interval(mins => n)
			FROM generate_series(1, $2::int) AS n`
		if _, err := pg.Exec(t.Context(), w.db, owner, sql, n, archivedEach, noon); err != nil {
			t.Fatal(err)
		}
	}
	fill(w.ada, 4000, 40)
	fill(w.bob, 2000, 1)
	if _, err := pg.ExecUnowned(t.Context(), w.owner, pg.Door{}, `ANALYZE projects`); err != nil {
		t.Fatal(err)
	}
	for _, sort := range []core.SortField{core.SortPosition, core.SortName, core.SortCreatedAt, core.SortUpdatedAt} {
		for _, desc := range []bool{false, true} {
			q := core.Query{Archived: new(false), Sort: sort, Desc: desc, Limit: limit}
			for page := range 3 {
				next, read, scans := w.cost(t, q)
				if scans != 0 || read > limit+5 {
					t.Errorf("%s, descending %t, page %d: %d rows read, %d sequential scans", sort, desc, page, read, scans)
				}
				q.After = next
			}
		}
	}
}

// counters is how many rows a connection read through indexes, and how many
// scans it made without one.
type counters struct{ read, scans int }

// cost lists a page, and returns what that took.
func (w world) cost(t *testing.T, q core.Query) (next *core.After, read, scans int) {
	t.Helper()
	count := func(ctx context.Context) (counters, error) {
		return pg.GetUnowned(ctx, w.db, pg.Door{}, func(c *counters) []any { return []any{&c.read, &c.scans} },
			`SELECT idx_tup_fetch, seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'projects'`)
	}
	err := w.db.InTx(t.Context(), func(ctx context.Context) error {
		before, err := count(ctx)
		if err != nil {
			return err
		}
		list, after, err := w.List(ctx, w.ada, q)
		if err != nil {
			return err
		}
		if len(list) != q.Limit || after == nil {
			return fmt.Errorf("the page has %d projects, next %v", len(list), after)
		}
		next = after
		c, err := count(ctx)
		read, scans = c.read-before.read, c.scans-before.scans
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return next, read, scans
}

func TestStoreAround(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n, key := range []string{"Zz", "a0", "a0", "a0", "a0V", "a1"} {
		p := project(uint64(n+1), core.Name(fmt.Sprint(n)))
		p.Position = key
		w.insert(t, w.ada, p)
	}
	w.insert(t, w.bob, project(3, "Bob's"))
	at := core.Placed{ID: httpxtest.ID(3), Position: "a0"}
	for _, c := range []struct {
		except         uint64
		n              int
		before, behind string
	}{
		{99, 1, "2", "4"}, {99, 2, "12", "45"}, {99, 10, "12", "456"}, {4, 1, "2", "5"}, {2, 10, "1", "456"}, {3, 10, "12", "456"},
	} {
		before, behind, err := w.Around(t.Context(), w.ada, at, httpxtest.ID(c.except), c.n)
		if err != nil {
			t.Fatal(err)
		}
		if digits(before) != c.before || digits(behind) != c.behind {
			t.Errorf("%d each way, but for %d: %s and %s, want %s and %s", c.n, c.except, digits(before), digits(behind), c.before, c.behind)
		}
	}
	if before, behind, err := w.Around(t.Context(), httpxtest.UserID("nobody"), at, uuid.Nil, 5); err != nil || len(before)+len(behind) > 0 {
		t.Errorf("nobody has %v, %v, %v", before, behind, err)
	}
}

// digits writes projects by the numbers of their ids.
func digits(places []core.Placed) string {
	s := ""
	for _, p := range places {
		s += fmt.Sprint(p.ID[15])
	}
	return s
}

func TestStoreRepositions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.ada, project(1, "a"), archived(2, "b"), project(3, "c"))
	w.insert(t, w.bob, project(1, "Bob's"))
	later := noon.Add(time.Hour)
	err := w.Reposition(t.Context(), w.ada, httpxtest.ID(3), []core.Placed{
		{ID: httpxtest.ID(2), Position: "a1"}, {ID: httpxtest.ID(1), Position: "a2"}, {ID: httpxtest.ID(404), Position: "a3"},
	}, later)
	if err != nil {
		t.Fatal(err)
	}
	first, second := project(1, "a"), archived(2, "b")
	for p, key := range map[*core.Project]string{&first: "a2", &second: "a1"} {
		p.Position, p.UpdatedAt, p.Revision = key, later, 2
		w.wantStored(t, w.ada, *p)
	}
	w.wantStored(t, w.ada, project(3, "c"))
	w.wantStored(t, w.bob, project(1, "Bob's"))
}

// Whoever locks the order waits for whoever did before.
func TestStoreLocksTheOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	held, release := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- w.db.InTx(t.Context(), func(ctx context.Context) error {
			if err := w.LockOrder(ctx, w.ada); err != nil {
				return err
			}
			close(held)
			<-release
			return nil
		})
	}()
	<-held
	free := func(owner uuid.UUID) bool {
		const sql = `SELECT pg_try_advisory_xact_lock(classid::int, objid::int) FROM pg_locks
			WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND $1::uuid IS NOT NULL`
		got, err := pg.Get(t.Context(), w.db, owner, func(b *bool) []any { return []any{b} }, sql)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if free(w.ada) {
		t.Error("two have the lock")
	}
	if err := w.LockOrder(t.Context(), w.bob); err != nil { // another user's is free
		t.Error(err)
	}
	close(release)
	if err := <-first; err != nil {
		t.Error(err)
	}
}
