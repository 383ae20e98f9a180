package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/modules/task/internal/postgres"
	"docket/platform/errs"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
	pg "docket/platform/postgres"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var noon = time.Date(2026, time.March, 14, 12, 0, 0, 123_456_000, time.UTC)

// world is an empty store, and two users who may have tasks in it, each with
// project 1 and the tags 1 to 3.
type world struct {
	*postgres.Store
	db       *pg.DB
	ada, bob uuid.UUID
}

func project(n uint64) uuid.UUID { return httpxtest.ID(0x9000 + n) }

func tag(n uint64) uuid.UUID { return httpxtest.ID(0x7000 + n) }

func newWorld(t *testing.T) world {
	t.Helper()
	db := pgtest.Open(t)
	w := world{Store: postgres.NewStore(db), db: db, ada: httpxtest.AddUser(t, db, "ada"), bob: httpxtest.AddUser(t, db, "bob")}
	for _, owner := range []uuid.UUID{w.ada, w.bob} {
		w.exec(t, owner, `INSERT INTO projects (user_id, id, name, name_key, position, created_at, updated_at) VALUES ($1, $2, 'p', 'p', 'a', $3, $3)`, project(1), noon)
		for n := range uint64(3) {
			w.exec(t, owner, `INSERT INTO tags (user_id, id, name, name_key, created_at, updated_at) VALUES ($1, $2, $4, $4, $3, $3)`, tag(n+1), noon, fmt.Sprint(n))
		}
	}
	return w
}

func (w world) exec(t *testing.T, owner uuid.UUID, sql string, args ...any) {
	t.Helper()
	if _, err := pg.Exec(t.Context(), w.db, owner, sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func task(n uint64, title core.Title) core.Task {
	return core.Task{ID: httpxtest.ID(n), Title: title, Status: core.Todo, TagIDs: []uuid.UUID{}, Position: "a0", CreatedAt: noon, UpdatedAt: noon, Revision: 1}
}

// below is a task with a parent.
func below(n, parent uint64) core.Task {
	x := task(n, "below")
	x.ParentID = new(httpxtest.ID(parent))
	return x
}

func full(n uint64) core.Task {
	x := task(n, "Paint the fence")
	x.Description, x.Status, x.Priority = new(core.Description("# White\r\n\t")), core.Done, core.Urgent
	x.DueAt, x.ProjectID = new(noon.Add(time.Hour)), new(project(1))
	x.TagIDs, x.CompletedAt = []uuid.UUID{tag(1), tag(3)}, new(noon.Add(-time.Hour))
	return x
}

func (w world) insert(t *testing.T, owner uuid.UUID, tasks ...core.Task) {
	t.Helper()
	for _, x := range tasks {
		if err := w.Insert(t.Context(), owner, x); err != nil {
			t.Fatalf("insert %q: %v", x.Title, err)
		}
	}
}

func (w world) wantStored(t *testing.T, owner uuid.UUID, want core.Task) {
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
	child := below(4, 2)
	child.ProjectID = new(project(1))
	dated := task(5, "'; DROP TABLE tasks; -- \\ % _ 家 👩‍👩‍👧")
	dated.DueOn = new(core.Date("2024-02-29"))
	earliest, latest := task(6, "earliest"), task(7, "latest")
	earliest.DueAt, latest.DueAt = new(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)), new(time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC))
	first, last := task(8, "first"), task(9, "last")
	first.DueOn, last.DueOn = new(core.Date("0001-01-01")), new(core.Date("9999-12-31"))
	longest := task(10, core.Title(strings.Repeat("ﬃ", core.MaxTitle))) // each folds to three letters
	longest.Description = new(core.Description(strings.Repeat("🦉", core.MaxDescription)))
	for _, x := range []core.Task{task(1, "Buy milk"), full(2), child, dated, earliest, latest, first, last, longest} {
		w.insert(t, w.ada, x)
		w.wantStored(t, w.ada, x)
	}
}

func TestStoreRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.ada, task(1, "Buy milk"))
	w.insert(t, w.bob, task(2, "Bob's"))
	w.exec(t, w.bob, `INSERT INTO projects (user_id, id, name, name_key, position, created_at, updated_at) VALUES ($1, $2, 'q', 'q', 'a', $3, $3)`, project(2), noon)
	w.exec(t, w.bob, `INSERT INTO tags (user_id, id, name, name_key, created_at, updated_at) VALUES ($1, $2, 'q', 'q', $3, $3)`, tag(9), noon)
	for name, c := range map[string]struct {
		change func(*core.Task)
		want   error
	}{
		"same id":               {func(x *core.Task) { x.ID = httpxtest.ID(1) }, core.ErrExists},
		"no such parent":        {func(x *core.Task) { x.ParentID = new(httpxtest.ID(99)) }, core.ErrReferenceGone},
		"another user's parent": {func(x *core.Task) { x.ParentID = new(httpxtest.ID(2)) }, core.ErrReferenceGone},
		"no such project":       {func(x *core.Task) { x.ProjectID = new(project(99)) }, core.ErrReferenceGone},
		"another's project":     {func(x *core.Task) { x.ProjectID = new(project(2)) }, core.ErrReferenceGone},
		"no such tag":           {func(x *core.Task) { x.TagIDs = []uuid.UUID{tag(1), tag(99)} }, core.ErrReferenceGone},
		"another user's tag":    {func(x *core.Task) { x.TagIDs = []uuid.UUID{tag(9)} }, core.ErrReferenceGone},
	} {
		x := task(5, "x")
		c.change(&x)
		if err := w.Insert(t.Context(), w.ada, x); !errors.Is(err, c.want) {
			t.Errorf("insert with %s: %v, want %v", name, err, c.want)
		}
		if x.ID == httpxtest.ID(1) {
			continue
		}
		x.ID, x.Revision = httpxtest.ID(1), 2
		if err := w.Update(t.Context(), w.ada, anything, x); !errors.Is(err, c.want) {
			t.Errorf("update with %s: %v, want %v", name, err, c.want)
		}
	}
	w.wantStored(t, w.ada, task(1, "Buy milk"))
	if _, err := w.Get(t.Context(), w.ada, httpxtest.ID(5)); !errors.Is(err, core.NotFound(httpxtest.ID(5))) {
		t.Errorf("a refused task was stored: %v", err)
	}
}

// What no core would send, the database refuses, and nobody takes it for an
// error of a client.
func TestDatabaseIsTheLastWall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for constraint, change := range map[string]func(*core.Task){
		"tasks_title_check":       func(x *core.Task) { x.Title = "" },
		"tasks_description_check": func(x *core.Task) { x.Description = new(core.Description(strings.Repeat("x", core.MaxDescription+1))) },
		"tasks_status_check":      func(x *core.Task) { x.Status = "finished" },
		"tasks_priority_check":    func(x *core.Task) { x.Priority = 5 },
		"tasks_due_check":         func(x *core.Task) { x.DueAt, x.DueOn = &noon, new(core.Date("2026-03-14")) },
		"tasks_completed_check":   func(x *core.Task) { x.Status = core.Done },
		"tasks_parent_check":      func(x *core.Task) { x.ParentID = new(x.ID) },
	} {
		x := task(1, "x")
		change(&x)
		err := w.Insert(t.Context(), w.ada, x)
		if err == nil || errs.KindOf(err) != errs.Internal || !strings.Contains(err.Error(), constraint) {
			t.Errorf("%s: %v", constraint, err)
		}
	}
	err := w.Insert(t.Context(), httpxtest.UserID("nobody"), task(1, "x"))
	if err == nil || !strings.Contains(err.Error(), "tasks_user_fk") {
		t.Errorf("a task of nobody: %v", err)
	}
}

func TestStoreUpdates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.ada, full(1), task(2, "parent"))
	next := task(1, "Sand the gate")
	next.ParentID, next.DueOn, next.TagIDs = new(httpxtest.ID(2)), new(core.Date("2026-03-20")), []uuid.UUID{tag(2), tag(3)}
	next.UpdatedAt, next.Revision = noon.Add(time.Hour), 2
	if err := w.Update(t.Context(), w.ada, anything, next); err != nil {
		t.Fatal(err)
	}
	w.wantStored(t, w.ada, next)
	for name, revision := range map[string]int64{"the same revision again": 2, "one skipped": 4, "long ago": 0} {
		late := next
		late.Title, late.Revision, late.TagIDs = "late", revision, []uuid.UUID{tag(1)}
		if err := w.Update(t.Context(), w.ada, anything, late); !errors.Is(err, core.ErrRevised) {
			t.Errorf("%s: %v", name, err)
		}
	}
	gone := task(3, "gone")
	gone.Revision = 2
	if err := w.Update(t.Context(), w.ada, anything, gone); !errors.Is(err, core.ErrRevised) {
		t.Errorf("a task that is not there: %v", err)
	}
	w.wantStored(t, w.ada, next)
	next.Revision, next.TagIDs = 3, []uuid.UUID{}
	if err := w.Update(t.Context(), w.ada, anything, next); err != nil {
		t.Fatal(err)
	}
	w.wantStored(t, w.ada, next)
}

// anything is a task that no other is like, so that an update writes all.
var anything = core.Task{TagIDs: []uuid.UUID{uuid.Max}}

// versions tells apart what rows of a table there are of ada's, and who wrote them.
func (w world) versions(t *testing.T, table string) string {
	t.Helper()
	sql := `SELECT coalesce(string_agg(concat(ctid, xmin, xmax), ' ' ORDER BY ctid), '') FROM ` + table + ` WHERE user_id = $1`
	text, err := pg.Get(t.Context(), w.db, w.ada, func(s *string) []any { return []any{s} }, sql)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What a task is found by and its tags are written where they change alone.
func TestStoreUpdatesWhatChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.ada, full(1))
	was := full(1)
	for n, step := range []struct {
		name              string
		change            func(*core.Task)
		searched, tagging bool
	}{
		{"reopened", func(x *core.Task) { x.Status, x.CompletedAt = core.Todo, nil }, false, false},
		{"moved and dated", func(x *core.Task) { x.Position, x.DueAt, x.DueOn = "b", &noon, nil }, false, false},
		{"title", func(x *core.Task) { x.Title = "Sand the gate" }, true, false},
		{"description", func(x *core.Task) { x.Description = new(core.Description("both sides")) }, true, false},
		{"no description", func(x *core.Task) { x.Description = nil }, true, false},
		{"one tag", func(x *core.Task) { x.TagIDs = []uuid.UUID{tag(3)} }, false, true},
		{"no tag", func(x *core.Task) { x.TagIDs = []uuid.UUID{} }, false, true},
	} {
		next := was
		step.change(&next)
		next.Revision, next.UpdatedAt = was.Revision+1, noon.Add(time.Duration(n)*time.Hour)
		words, tags := w.versions(t, "task_search"), w.versions(t, "task_tags")
		if err := w.Update(t.Context(), w.ada, was, next); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		w.wantStored(t, w.ada, next)
		if got := w.versions(t, "task_search") != words; got != step.searched {
			t.Errorf("%s: the words were written: %t, want %t", step.name, got, step.searched)
		}
		if got := w.versions(t, "task_tags") != tags; got != step.tagging {
			t.Errorf("%s: tags were written: %t, want %t", step.name, got, step.tagging)
		}
		was = next
	}
}

// To a user, another user's tasks do not exist, and cannot be touched.
func TestStoreKeepsUsersApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs, child := full(1), below(2, 1)
	theirs.Status, theirs.CompletedAt = core.Todo, nil
	child.ProjectID = theirs.ProjectID
	w.insert(t, w.ada, theirs, child)
	ctx, missing := t.Context(), core.NotFound(theirs.ID)

	if _, err := w.Get(ctx, w.bob, theirs.ID); !errors.Is(err, missing) {
		t.Errorf("get: %v", err)
	}
	next := theirs
	next.Title, next.Revision = "stolen", 2
	if err := w.Update(ctx, w.bob, anything, next); !errors.Is(err, core.ErrRevised) {
		t.Errorf("update: %v", err)
	}
	if err := w.Delete(ctx, w.bob, theirs.ID); !errors.Is(err, missing) {
		t.Errorf("delete: %v", err)
	}
	if above, err := w.Ancestries(ctx, w.bob, []uuid.UUID{child.ID}); err != nil || len(above) != 0 {
		t.Errorf("ancestry: %v, %v", above, err)
	}
	if height, err := w.Height(ctx, w.bob, theirs.ID); err != nil || height != 0 {
		t.Errorf("height: %d, %v", height, err)
	}
	later := noon.Add(time.Hour)
	for name, err := range map[string]error{
		"lock below":  w.LockBelow(ctx, w.bob, theirs.ID),
		"move below":  w.MoveBelow(ctx, w.bob, theirs.ID, nil, later),
		"close below": w.CloseBelow(ctx, w.bob, theirs.ID, core.Done, later),
		"to inbox":    w.ToInbox(ctx, w.bob, project(1), later),
		"untag":       w.Untag(ctx, w.bob, tag(1), later),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, next, err := w.List(ctx, w.bob, core.Query{Sort: core.SortTitle, Limit: 10}); err != nil || len(list) != 0 || next != nil {
		t.Errorf("list: %v, %v, %v", list, next, err)
	}
	w.wantStored(t, w.ada, theirs)
	w.wantStored(t, w.ada, child)
}

func TestTree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	root := task(1, "root")
	w.insert(t, w.ada, root, below(2, 1), below(3, 2), below(4, 3), below(5, 1), task(6, "other"))
	above, err := w.Ancestries(t.Context(), w.ada, []uuid.UUID{httpxtest.ID(3), httpxtest.ID(2), httpxtest.ID(7)})
	if err != nil {
		t.Fatal(err)
	}
	two := []core.Ancestor{{ID: httpxtest.ID(2)}, {ID: httpxtest.ID(1)}}
	three := append([]core.Ancestor{{ID: httpxtest.ID(3)}}, two...)
	if diff := cmp.Diff(map[uuid.UUID][]core.Ancestor{httpxtest.ID(2): two, httpxtest.ID(3): three}, above); diff != "" {
		t.Errorf("ancestries (-want +got):\n%s", diff)
	}
	for id, want := range map[uint64]int{1: 4, 2: 3, 4: 1, 5: 1, 6: 1, 7: 0} {
		if got, err := w.Height(t.Context(), w.ada, httpxtest.ID(id)); err != nil || got != want {
			t.Errorf("height of %d is %d, %v, want %d", id, got, err, want)
		}
	}
	// Even a cycle, which nothing lets in, does not make a query endless.
	w.exec(t, w.ada, `UPDATE tasks SET parent_id = $2 WHERE user_id = $1 AND id = $3`, httpxtest.ID(4), httpxtest.ID(1))
	if above, err := w.Ancestries(t.Context(), w.ada, []uuid.UUID{httpxtest.ID(1)}); err != nil || len(above[httpxtest.ID(1)]) <= core.MaxLevels {
		t.Errorf("in a cycle: %v, %v", above, err)
	}
	if height, err := w.Height(t.Context(), w.ada, httpxtest.ID(1)); err != nil || height <= core.MaxLevels {
		t.Errorf("in a cycle: height %d, %v", height, err)
	}
	if err := w.Delete(t.Context(), w.ada, httpxtest.ID(1)); err != nil {
		t.Errorf("delete a cycle: %v", err)
	}
}

func TestLocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.ada, task(1, "root"), below(2, 1), task(3, "other"))
	// try reports whether a lock is to be had at once, next to one unit of work.
	try := func(sql string, args ...any) bool {
		t.Helper()
		_, err := pg.Exec(context.WithoutCancel(t.Context()), w.db, w.ada, sql, args...)
		return err == nil
	}
	const row = `SELECT FROM tasks WHERE user_id = $1 AND id = $2 FOR UPDATE NOWAIT`
	err := w.db.InTx(t.Context(), func(ctx context.Context) error {
		if err := w.LockBelow(ctx, w.ada, httpxtest.ID(1)); err != nil {
			return err
		}
		if try(row, httpxtest.ID(1)) || try(row, httpxtest.ID(2)) {
			t.Error("a locked task can be locked by others")
		}
		if !try(row, httpxtest.ID(3)) {
			t.Error("a task that is not below is locked")
		}
		// What is locked can still be referred to.
		if !try(`SELECT FROM tasks WHERE user_id = $1 AND id = $2 FOR KEY SHARE NOWAIT`, httpxtest.ID(1)) {
			t.Error("a subtask would have to wait")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !try(row, httpxtest.ID(1)) {
		t.Error("the lock outlives its unit of work")
	}
	const advisory = `SELECT 1 / count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND $1::uuid IS NOT NULL`
	err = w.db.InTx(t.Context(), func(ctx context.Context) error {
		if err := w.LockTree(ctx, w.ada); err != nil {
			return err
		}
		if !try(advisory) {
			t.Error("the tree is not locked")
		}
		// Another user's is another tree.
		return w.db.InTx(context.WithoutCancel(t.Context()), func(ctx context.Context) error { return w.LockTree(ctx, w.bob) })
	})
	if err != nil {
		t.Fatal(err)
	}
	if try(advisory) {
		t.Error("the lock on the tree outlives its unit of work")
	}
}

func TestStoreListsInEveryOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.bob, task(3, "not Ada's"))
	var all []core.Task
	for n := range uint64(11) {
		// Values repeat, and their order is none of titles or ids.
		x := task(n+1, core.Title([]rune("bACbaDEbZAz")[n]))
		x.CreatedAt = noon.Add(time.Duration(n*7%3) * time.Microsecond)
		x.UpdatedAt = noon.Add(-time.Duration(n*5%4) * time.Second)
		x.Priority = core.Priority(n * 3 % 5)
		x.Position = []string{"a0", "Zz", "a0V", "a1"}[n%4]
		if n%2 == 0 {
			x.TagIDs = []uuid.UUID{tag(1), tag(2)}
		}
		all = append(all, x)
	}
	w.insert(t, w.ada, all...)
	for sort, compare := range map[core.SortField]func(a, b core.Task) int{
		core.SortTitle: func(a, b core.Task) int {
			return strings.Compare(strings.ToLower(string(a.Title)), strings.ToLower(string(b.Title)))
		},
		core.SortCreatedAt: func(a, b core.Task) int { return a.CreatedAt.Compare(b.CreatedAt) },
		core.SortUpdatedAt: func(a, b core.Task) int { return a.UpdatedAt.Compare(b.UpdatedAt) },
		core.SortPriority:  func(a, b core.Task) int { return int(a.Priority) - int(b.Priority) },
		core.SortPosition:  func(a, b core.Task) int { return strings.Compare(a.Position, b.Position) },
	} {
		want := slices.SortedFunc(slices.Values(all), func(a, b core.Task) int {
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
	if list, _, err := w.List(t.Context(), w.ada, core.Query{Sort: "id; DROP TABLE tasks", Limit: 10}); err == nil {
		t.Errorf("by an order that is none: %v", list)
	}
}

// walk lists Ada's tasks page by page to the end.
func (w world) walk(t *testing.T, q core.Query) []core.Task {
	t.Helper()
	var all []core.Task
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
