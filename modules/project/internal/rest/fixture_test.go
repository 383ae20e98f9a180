package rest_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/project/internal/core"
	"docket/modules/project/internal/postgres"
	"docket/modules/project/internal/rest"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
	"docket/platform/position"
	pg "docket/platform/postgres"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const projectsPath = "/api/v1/projects"

// chosen is an id that a client chose.
const chosen = "0198c0de-0000-7000-8000-00000000000a"

// fixture is the module, with the tasks of a real database below it, and two
// users.
type fixture struct {
	db       *pg.DB
	clock    *httpxtest.Clock
	ada, bob httpxtest.Client
}

func open(t *testing.T) fixture {
	t.Helper()
	db := pgtest.Open(t)
	f := fixture{db: db, clock: httpxtest.NewClock()}
	store := postgres.NewStore(db)
	service := core.NewService(store, store, db, core.Tasks{Deletion: tasks{db}, Counts: tasks{db}},
		core.Sources{Now: f.clock.Now, NewID: httpxtest.NewIDs().Next, LastPosition: position.Last, InsertPosition: position.Insert})
	app := httpxtest.New(t, rest.Routes(service), httpxtest.At(f.clock))
	httpxtest.AddUser(t, db, "ada")
	httpxtest.AddUser(t, db, "bob")
	f.ada, f.bob = app.As("ada"), app.As("bob")
	return f
}

// tasks lets go of a project as the task module does, and refuses to where a
// task is called so.
type tasks struct{ db *pg.DB }

var errKept = errors.New("a task does not let go")

func (s tasks) ProjectDeleted(ctx context.Context, owner, project uuid.UUID) error {
	const sql = `UPDATE tasks SET project_id = NULL WHERE user_id = $1 AND project_id = $2`
	if _, err := pg.Exec(ctx, s.db, owner, sql, project); err != nil {
		return err
	}
	const refusing = `SELECT count(*) FROM tasks WHERE user_id = $1 AND title = 'refuse'`
	n, err := pg.Get(ctx, s.db, owner, func(n *int) []any { return []any{n} }, refusing)
	if err == nil && n > 0 {
		err = errKept
	}
	return err
}

func (s tasks) ProjectDeletedWithTasks(ctx context.Context, owner, project uuid.UUID) error {
	_, err := pg.Exec(ctx, s.db, owner, `DELETE FROM tasks WHERE user_id = $1 AND project_id = $2`, project)
	return err
}

// ProjectTaskCounts counts as the task module does, in one statement.
func (s tasks) ProjectTaskCounts(ctx context.Context, owner uuid.UUID, projects []uuid.UUID) (open, done map[uuid.UUID]int, err error) {
	const sql = `SELECT project_id, count(*) FILTER (WHERE status IN ('todo', 'in_progress')), count(*) FILTER (WHERE status = 'done')
		FROM tasks WHERE user_id = $1 AND project_id = ANY($2) GROUP BY project_id`
	type row struct {
		id         uuid.UUID
		open, done int
	}
	rows, err := pg.List(ctx, s.db, owner, func(r *row) []any { return []any{&r.id, &r.open, &r.done} }, sql, projects)
	open, done = map[uuid.UUID]int{}, map[uuid.UUID]int{}
	for _, r := range rows {
		open[r.id], done[r.id] = r.open, r.done
	}
	return open, done, err
}

// exec runs a statement on behalf of Ada, who is $1.
func (f fixture) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := pg.Exec(t.Context(), f.db, httpxtest.UserID("ada"), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func (f fixture) addTask(t *testing.T, project, title string) {
	t.Helper()
	const sql = `INSERT INTO tasks (user_id, id, title, title_key, project_id, tag_ids, position, created_at, updated_at)
		VALUES ($1, gen_random_uuid(), $2, $2, $3, '{}', 'a0', now(), now())`
	f.exec(t, sql, title, project)
}

// tasksIn counts Ada's tasks in a project, or in the inbox.
func (f fixture) tasksIn(t *testing.T, project *string) int {
	t.Helper()
	const sql = `SELECT count(*) FROM tasks WHERE user_id = $1 AND project_id IS NOT DISTINCT FROM $2::uuid`
	n, err := pg.Get(t.Context(), f.db, httpxtest.UserID("ada"), func(n *int) []any { return []any{n} }, sql, project)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// project is what the API says of one.
type project struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Description *string    `json:"description"`
	Color       *string    `json:"color"`
	Position    string     `json:"position"`
	ArchivedAt  *time.Time `json:"archived_at"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
	ETag        string     `json:"etag"`
	TaskCounts  *struct {
		Open int `json:"open"`
		Done int `json:"done"`
	} `json:"task_counts"`
}

func (p project) path() string { return projectsPath + "/" + p.ID }

// create makes a project of Ada's.
func (f fixture) create(t *testing.T, body string) project {
	t.Helper()
	var made project
	f.ada.Do(t, "POST", projectsPath, body).Want(t, 201).Data(t, &made)
	return made
}

func (f fixture) get(t *testing.T, p project) project {
	t.Helper()
	var now project
	f.ada.Do(t, "GET", p.path(), "").Want(t, 200).Data(t, &now)
	return now
}

// names lists Ada's projects.
func (f fixture) names(t *testing.T) []string {
	t.Helper()
	var list []project
	f.ada.Do(t, "GET", projectsPath+"?sort=name&limit=200", "").Want(t, 200).List(t, &list)
	names := []string{}
	for _, p := range list {
		names = append(names, p.Name)
	}
	return names
}

// wantStatuses sends n requests at once and compares how many were answered
// with which status.
func wantStatuses(t *testing.T, want map[int]int, n int, ask func(i int) httpxtest.Response) {
	t.Helper()
	all := make([]int, n)
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range n {
		done.Go(func() {
			<-start
			all[i] = ask(i).Status
		})
	}
	close(start)
	done.Wait()
	got := map[int]int{}
	for _, status := range all {
		got[status]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}
