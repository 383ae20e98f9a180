package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/modules/task/internal/postgres"
	"docket/modules/task/internal/rest"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
	"docket/platform/position"
	pg "docket/platform/postgres"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const tasksPath = "/api/v1/tasks"

// fixture is the module, with the projects and tags of a real database around
// it, and two users.
type fixture struct {
	db       *pg.DB
	clock    *httpxtest.Clock
	app      *httpxtest.App
	service  *core.Service
	release  *core.Release
	ada, bob httpxtest.Client
	// meanwhile happens once, between the question whether a project or a tag
	// is there and whatever is done with the answer.
	meanwhile *onDemand
}

// onDemand is something that happens once it is set, the next time only.
type onDemand struct {
	mu   sync.Mutex
	next func()
}

func (o *onDemand) set(fn func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.next = fn
}

func (o *onDemand) happen() {
	o.mu.Lock()
	fn := o.next
	o.next = nil
	o.mu.Unlock()
	if fn != nil {
		fn()
	}
}

func open(t *testing.T) fixture {
	t.Helper()
	db := pgtest.Open(t)
	clock := httpxtest.NewClock()
	store, meanwhile := postgres.NewStore(db), &onDemand{}
	service := core.NewService(core.Stores{Store: store, Tree: store, Order: store}, core.Places{Projects: projects{db, meanwhile}, Tags: tags{db, meanwhile}}, db,
		core.Sources{Now: clock.Now, NewID: httpxtest.NewIDs().Next, LastPosition: position.Last, InsertPosition: position.Insert})
	app := httpxtest.New(t, rest.Routes(service, core.NewLists(store, zones{db}, clock.Now)), httpxtest.At(clock))
	httpxtest.AddUser(t, db, "ada")
	httpxtest.AddUser(t, db, "bob")
	return fixture{
		db: db, clock: clock, app: app, service: service, release: core.NewRelease(store, clock.Now),
		ada: app.As("ada"), bob: app.As("bob"), meanwhile: meanwhile,
	}
}

// exec runs a statement on behalf of a user, who is $1.
func (f fixture) exec(t *testing.T, user, sql string, args ...any) {
	t.Helper()
	if _, err := pg.Exec(t.Context(), f.db, httpxtest.UserID(user), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// scan runs a statement on behalf of Ada, and returns the number that it yields.
func (f fixture) scan(t *testing.T, sql string) int {
	t.Helper()
	n, err := pg.Get(t.Context(), f.db, httpxtest.UserID("ada"), func(n *int) []any { return []any{n} }, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// projects answers as the project module does, and deletes as it does.
type projects struct {
	db        *pg.DB
	meanwhile *onDemand
}

func (p projects) TakesTasks(ctx context.Context, owner uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]bool, error) {
	p.meanwhile.happen() // before: afterwards the rows are locked
	const sql = `SELECT id, archived_at IS NULL FROM projects WHERE user_id = $1 AND id = ANY($2) ORDER BY id FOR SHARE`
	type answer struct {
		id    uuid.UUID
		takes bool
	}
	answers, err := pg.List(ctx, p.db, owner, func(a *answer) []any { return []any{&a.id, &a.takes} }, sql, ids)
	takes := map[uuid.UUID]bool{}
	for _, a := range answers {
		takes[a.id] = a.takes
	}
	return takes, err
}

// tags answers as the tag module does.
type tags struct {
	db        *pg.DB
	meanwhile *onDemand
}

func (s tags) MissingTags(ctx context.Context, owner uuid.UUID, ids []uuid.UUID) ([]uuid.UUID, error) {
	const sql = `SELECT id FROM unnest($2::uuid[]) WITH ORDINALITY AS named (id, n)
		WHERE NOT EXISTS (SELECT FROM tags WHERE user_id = $1 AND tags.id = named.id) ORDER BY n`
	missing, err := pg.List(ctx, s.db, owner, func(id *uuid.UUID) []any { return []any{id} }, sql, ids)
	s.meanwhile.happen()
	return missing, err
}

// zones answers as the identity module does.
type zones struct{ db *pg.DB }

func (z zones) TimeZone(ctx context.Context, owner uuid.UUID) (string, error) {
	return pg.Get(ctx, z.db, owner, func(zone *string) []any { return []any{zone} }, `SELECT time_zone FROM users WHERE id = $1`)
}

// addProject adds a project of this number, whose id it returns as text.
func (f fixture) addProject(t *testing.T, user string, n uint64) string {
	t.Helper()
	const sql = `INSERT INTO projects (user_id, id, name, name_key, position, created_at, updated_at)
		VALUES ($1, $2, $3, $3, $3, now(), now())`
	id := httpxtest.ID(0x9000 + n)
	f.exec(t, user, sql, id, fmt.Sprintf("project %d", n))
	return id.String()
}

func (f fixture) archive(t *testing.T, user, project string) {
	t.Helper()
	f.exec(t, user, `UPDATE projects SET archived_at = now() WHERE user_id = $1 AND id = $2`, project)
}

// deleteProject deletes a project of Ada's: it does what the project module does
// around ProjectDeleted.
func (f fixture) deleteProject(ctx context.Context, project string) error {
	return f.remove(ctx, project, "projects", f.release.ProjectDeleted)
}

func (f fixture) addTag(t *testing.T, user string, n uint64) string {
	t.Helper()
	const sql = `INSERT INTO tags (user_id, id, name, name_key, created_at, updated_at) VALUES ($1, $2, $3, $3, now(), now())`
	id := httpxtest.ID(0x7000 + n)
	f.exec(t, user, sql, id, fmt.Sprintf("tag %d", n))
	return id.String()
}

// deleteTag deletes a tag of Ada's: it does what the tag module does around TagDeleted.
func (f fixture) deleteTag(ctx context.Context, tag string) error {
	return f.remove(ctx, tag, "tags", f.release.TagDeleted)
}

func (f fixture) remove(ctx context.Context, id, table string, release func(context.Context, uuid.UUID, uuid.UUID) error) error {
	owner := httpxtest.UserID("ada")
	return f.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := pg.Exec(ctx, f.db, owner, `SELECT FROM `+table+` WHERE user_id = $1 AND id = $2 FOR UPDATE`, id); err != nil {
			return err
		}
		if err := release(ctx, owner, uuid.MustParse(id)); err != nil {
			return err
		}
		_, err := pg.Exec(ctx, f.db, owner, `DELETE FROM `+table+` WHERE user_id = $1 AND id = $2`, id)
		return err
	})
}

// task is what the API says of one.
type task struct {
	ID          string     `json:"id"`
	Title       string     `json:"title"`
	Description *string    `json:"description"`
	Status      string     `json:"status"`
	Priority    string     `json:"priority"`
	DueAt       *time.Time `json:"due_at"`
	DueOn       *string    `json:"due_on"`
	ProjectID   *string    `json:"project_id"`
	ParentID    *string    `json:"parent_id"`
	TagIDs      []string   `json:"tag_ids"`
	Position    string     `json:"position"`
	CompletedAt *time.Time `json:"completed_at"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
	ETag        string     `json:"etag"`
}

func (x task) path() string { return tasksPath + "/" + x.ID }

// fields are members of a body.
type fields map[string]any

func (f fields) json(t *testing.T) string {
	t.Helper()
	body, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// create makes a task of Ada's.
func (f fixture) create(t *testing.T, title string, more fields) task {
	t.Helper()
	body := fields{"title": title}
	maps.Copy(body, more)
	var made task
	f.ada.Do(t, "POST", tasksPath, body.json(t)).Want(t, http.StatusCreated).Data(t, &made)
	return made
}

// chain makes a task, one below it, and so on.
func (f fixture) chain(t *testing.T, levels int, top fields) []task {
	t.Helper()
	all := []task{f.create(t, "level 1", top)}
	for n := range levels - 1 {
		all = append(all, f.create(t, fmt.Sprintf("level %d", n+2), fields{"parent_id": all[n].ID}))
	}
	return all
}

func (f fixture) get(t *testing.T, x task) task {
	t.Helper()
	var now task
	f.ada.Do(t, "GET", x.path(), "").Want(t, http.StatusOK).Data(t, &now)
	return now
}

// patch changes a task of Ada's, which must succeed.
func (f fixture) patch(t *testing.T, x task, change fields) task {
	t.Helper()
	var now task
	f.ada.Do(t, "PATCH", x.path(), change.json(t)).Want(t, http.StatusOK).Data(t, &now)
	return now
}

// all lists Ada's tasks by title.
func (f fixture) all(t *testing.T) []task {
	t.Helper()
	var list []task
	if page := f.ada.Do(t, "GET", tasksPath+"?limit=200&sort=title", "").Want(t, http.StatusOK).List(t, &list); page.NextCursor != nil {
		t.Fatal("there are more tasks than a test should need")
	}
	return list
}

// together runs fn n times at once.
func together(n int, fn func(i int)) {
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range n {
		done.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	done.Wait()
}

// text is what a pointer points to, or "null".
func text(p *string) string {
	if p == nil {
		return "null"
	}
	return *p
}

// like repeats what a failure would say of another id.
func like(r httpxtest.Response, id, other string) string {
	return strings.ReplaceAll(string(r.Body), id, other)
}
