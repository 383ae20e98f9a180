package postgres_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/project/internal/core"
	"docket/modules/project/internal/postgres"
	"docket/platform/errs"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
	pg "docket/platform/postgres"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var noon = time.Date(2026, time.March, 14, 12, 0, 0, 123_456_000, time.UTC)

// world is an empty store, and two users who may have projects in it.
type world struct {
	*postgres.Store
	db       *pg.DB
	owner    *pg.DB // of the tables
	ada, bob uuid.UUID
}

func newWorld(t *testing.T) world {
	t.Helper()
	db, owner := pgtest.OpenBoth(t)
	return world{Store: postgres.NewStore(db), db: db, owner: owner, ada: httpxtest.AddUser(t, db, "ada"), bob: httpxtest.AddUser(t, db, "bob")}
}

func project(n uint64, name core.Name) core.Project {
	return core.Project{ID: httpxtest.ID(n), Name: name, Position: "a0", CreatedAt: noon, UpdatedAt: noon, Revision: 1}
}

func archived(n uint64, name core.Name) core.Project {
	p := project(n, name)
	p.ArchivedAt = &noon
	return p
}

func (w world) insert(t *testing.T, owner uuid.UUID, projects ...core.Project) {
	t.Helper()
	for _, p := range projects {
		if err := w.Insert(t.Context(), owner, p); err != nil {
			t.Fatalf("insert %q: %v", p.Name, err)
		}
	}
}

func (w world) wantStored(t *testing.T, owner uuid.UUID, want core.Project) {
	t.Helper()
	got, err := w.Get(t.Context(), owner, want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestStoreKeepsWhatItIsGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	full := archived(2, core.Name(strings.Repeat("ﬃ", core.MaxName))) // each folds to three letters
	full.Description, full.Color = new(core.Description(strings.Repeat("🦉", core.MaxDescription))), new(core.Color("#1e90ff"))
	for _, p := range []core.Project{project(1, "Garden"), full, project(3, "'; DROP TABLE projects; -- \\ % _ 家")} {
		w.insert(t, w.ada, p)
		w.wantStored(t, w.ada, p)
	}
}

func TestNamesAreUniqueAmongProjectsInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.ada, project(1, "Café"), project(2, "STRASSE"), archived(3, "Attic"))
	for name, c := range map[string]struct {
		project core.Project
		want    error
	}{
		"same id":            {project(1, "other"), core.ErrExists},
		"same name":          {project(5, "Café"), core.NameTaken(project(1, "Café"))},
		"other case":         {project(5, "CAFÉ"), core.NameTaken(project(1, "Café"))},
		"other Unicode form": {project(5, "cafe\u0301"), core.NameTaken(project(1, "Café"))},
		"full case folding":  {project(5, "straße"), core.NameTaken(project(2, "STRASSE"))},
	} {
		if err := w.Insert(t.Context(), w.ada, c.project); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	// An archived project neither takes a name nor minds it taken.
	w.insert(t, w.ada, project(5, "attic"), archived(6, "café"), archived(7, "CAFÉ"))
	// Ids and names are each user's own.
	w.insert(t, w.bob, project(1, "Café"))

	renamed := project(2, "café")
	renamed.Revision = 2
	if err := w.Update(t.Context(), w.ada, renamed); !errors.Is(err, core.NameTaken(project(1, "Café"))) {
		t.Errorf("renamed to a taken name: %v", err)
	}
	back := archived(3, "Attic")
	back.ArchivedAt, back.Revision = nil, 2
	if err := w.Update(t.Context(), w.ada, back); !errors.Is(err, core.NameTaken(project(5, "attic"))) {
		t.Errorf("back in use under a name that was taken meanwhile: %v", err)
	}
}

func TestStoreUpdates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.ada, project(1, "Garden"))
	next := archived(1, "GARDEN") // its own name in another case is free
	next.Description, next.Color, next.Position = new(core.Description("green")), new(core.Color("#00ff00")), "b1"
	next.UpdatedAt, next.Revision = noon.Add(time.Hour), 2
	if err := w.Update(t.Context(), w.ada, next); err != nil {
		t.Fatal(err)
	}
	w.wantStored(t, w.ada, next)
	for name, revision := range map[string]int64{"the same revision again": 2, "one skipped": 4, "long ago": 0} {
		late := next
		late.Name, late.Revision = "late", revision
		if err := w.Update(t.Context(), w.ada, late); !errors.Is(err, core.ErrRevised) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.wantStored(t, w.ada, next)
}

// To a user, another user's projects do not exist, and cannot be touched.
func TestStoreKeepsUsersApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := project(1, "Garden")
	w.insert(t, w.ada, theirs)
	ctx, missing := t.Context(), core.NotFound(theirs.ID)
	for name, read := range map[string]func(context.Context, uuid.UUID, uuid.UUID) (core.Project, error){"get": w.Get, "lock": w.Lock} {
		if _, err := read(ctx, w.bob, theirs.ID); !errors.Is(err, missing) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if shared, err := w.Share(ctx, w.bob, []uuid.UUID{theirs.ID}); err != nil || len(shared) > 0 {
		t.Errorf("share: %v, %v", shared, err)
	}
	next := theirs
	next.Name, next.Revision = "stolen", 2
	if err := w.Update(ctx, w.bob, next); !errors.Is(err, core.ErrRevised) {
		t.Errorf("update: %v", err)
	}
	if err := w.Delete(ctx, w.bob, theirs.ID); err != nil {
		t.Errorf("delete: %v", err)
	}
	if list, next, err := w.List(ctx, w.bob, core.Query{Sort: core.SortName, Limit: 10}); err != nil || len(list) != 0 || next != nil {
		t.Errorf("list: %v, %v, %v", list, next, err)
	}
	w.wantStored(t, w.ada, theirs)
	if err := w.Insert(ctx, httpxtest.UserID("nobody"), project(2, "x")); err == nil || errs.KindOf(err) != errs.Unauthenticated || !strings.Contains(err.Error(), "projects_user_fk") {
		t.Errorf("a project of nobody: %v", err)
	}
}

// What Intake answers holds until the unit of work ends.
func TestIntake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.ada, project(1, "Garden"), archived(2, "Attic"))
	w.insert(t, w.bob, project(3, "Bob's"))
	intake := core.NewIntake(w.Store)
	all := []uuid.UUID{httpxtest.ID(1), httpxtest.ID(2), httpxtest.ID(3), httpxtest.ID(4)}
	takes, err := intake.TakesTasks(t.Context(), w.ada, all)
	if diff := cmp.Diff(map[uuid.UUID]bool{httpxtest.ID(1): true, httpxtest.ID(2): false}, takes); err != nil || diff != "" {
		t.Errorf("takes tasks: %v (-want +got):\n%s", err, diff)
	}
	err = w.db.InTx(t.Context(), func(ctx context.Context) error {
		if _, err := intake.TakesTasks(ctx, w.ada, all[:1]); err != nil {
			return err
		}
		apart := context.WithoutCancel(t.Context())
		const row = `SELECT FROM projects WHERE user_id = $1 AND id = $2 `
		if _, err := pg.Exec(apart, w.db, w.ada, row+`FOR NO KEY UPDATE NOWAIT`, httpxtest.ID(1)); err == nil {
			t.Error("the project can be archived before the task is in it")
		}
		if _, err := pg.Exec(apart, w.db, w.ada, row+`FOR SHARE NOWAIT`, httpxtest.ID(1)); err != nil {
			t.Errorf("two tasks at once: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.db.Close()
	if takes, err := intake.TakesTasks(t.Context(), w.ada, all[:1]); err == nil || len(takes) > 0 {
		t.Errorf("without a database: %v, %v", takes, err)
	}
}

func TestStoreListsInEveryOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.bob, project(3, "not Ada's"))
	var all []core.Project
	for n := range uint64(11) {
		// Values repeat, and their order is none of names or ids.
		p := archived(n+1, core.Name([]rune("bACbaDEbZAz")[n]))
		p.CreatedAt = noon.Add(time.Duration(n*7%3) * time.Microsecond)
		p.UpdatedAt = noon.Add(-time.Duration(n*5%4) * time.Second)
		p.Position = []string{"a0", "Zz", "a0V", "a1"}[n%4]
		all = append(all, p)
	}
	w.insert(t, w.ada, all...)
	for sort, compare := range map[core.SortField]func(a, b core.Project) int{
		core.SortName: func(a, b core.Project) int {
			return strings.Compare(strings.ToLower(string(a.Name)), strings.ToLower(string(b.Name)))
		},
		core.SortCreatedAt: func(a, b core.Project) int { return a.CreatedAt.Compare(b.CreatedAt) },
		core.SortUpdatedAt: func(a, b core.Project) int { return a.UpdatedAt.Compare(b.UpdatedAt) },
		core.SortPosition:  func(a, b core.Project) int { return strings.Compare(a.Position, b.Position) },
	} {
		want := slices.SortedFunc(slices.Values(all), func(a, b core.Project) int {
			if c := compare(a, b); c != 0 {
				return c
			}
			return strings.Compare(a.ID.String(), b.ID.String())
		})
		for _, limit := range []int{1, 3, 11, 200} {
			for _, desc := range []bool{false, true} {
				got := w.walk(t, core.Query{Sort: sort, Desc: desc, Limit: limit})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s, descending %t, %d at a time (-want +got):\n%s", sort, desc, limit, diff)
				}
				slices.Reverse(want)
			}
		}
	}
	if list, _, err := w.List(t.Context(), w.ada, core.Query{Sort: "id; DROP TABLE projects", Limit: 10}); err == nil {
		t.Errorf("by an order that is none: %v", list)
	}
}

// walk lists Ada's projects page by page to the end.
func (w world) walk(t *testing.T, q core.Query) []core.Project {
	t.Helper()
	var all []core.Project
	for range 100 {
		list, next, err := w.List(t.Context(), w.ada, q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list...)
		if next == nil {
			return all
		}
		q.After = next
	}
	t.Fatal("the list does not end")
	return nil
}
