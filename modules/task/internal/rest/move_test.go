package rest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/httpxtest"
)

// board is tasks in two projects, below each other, and in the inbox.
type board struct {
	fixture
	ids map[string]string // by the letter by which the tests call them
}

// newBoard has, in this order: in the project P the tasks p, q and r, and below
// p the tasks c and d; in the project Q the task z; in the inbox i and j.
func newBoard(t *testing.T) board {
	t.Helper()
	b := board{fixture: open(t), ids: map[string]string{"null": "null"}}
	b.ids["P"], b.ids["Q"] = b.addProject(t, "ada", 1), b.addProject(t, "ada", 2)
	for _, x := range []string{"p P -", "q P -", "r P -", "c P p", "d P p", "z Q -", "i - -", "j - -"} {
		b.add(t, x)
	}
	b.ids["unknown"] = httpxtest.ID(0xffff).String()
	b.ids["foreign project"] = b.addProject(t, "bob", 3)
	var theirs task
	b.bob.Do(t, "POST", tasksPath, `{"title":"theirs"}`).Want(t, http.StatusCreated).Data(t, &theirs)
	b.ids["foreign task"] = theirs.ID
	return b
}

// add makes a task that is written as its name, project and parent.
func (b board) add(t *testing.T, what string) task {
	t.Helper()
	words := strings.Fields(what)
	more := fields{}
	if words[1] != "-" {
		more["project_id"] = b.ids[words[1]]
	}
	if words[2] != "-" {
		more["parent_id"] = b.ids[words[2]]
	}
	b.clock.Advance(time.Millisecond)
	made := b.create(t, words[0], more)
	b.ids[words[0]] = made.ID
	return made
}

// body writes "before_id=q parent_id=null" as JSON, with ids for letters.
func (b board) body(t *testing.T, what string) string {
	t.Helper()
	f := fields{}
	for pair := range strings.SplitSeq(what, " ") {
		name, value, _ := strings.Cut(pair, "=")
		value = strings.ReplaceAll(value, "_", " ")
		if f[name] = b.ids[value]; value == "null" {
			f[name] = nil
		} else if b.ids[value] == "" {
			t.Fatalf("nothing is called %q", value)
		}
	}
	return f.json(t)
}

func (b board) move(t *testing.T, name, to string, headers ...string) httpxtest.Response {
	t.Helper()
	b.clock.Advance(time.Millisecond)
	return b.ada.Do(t, "POST", tasksPath+"/"+b.ids[name]+"/move", b.body(t, to), headers...)
}

// standing lists the tasks of a place in their order: "P" is a project's top
// level, "p" is below a task, "-" is that of the inbox.
func (b board) standing(t *testing.T, place string) string {
	t.Helper()
	query := "parent_id=none&project_id=none"
	switch id := b.ids[place]; {
	case place == "P" || place == "Q":
		query = "parent_id=none&project_id=" + id
	case place != "-":
		query = "parent_id=" + id
	}
	var list []task
	b.ada.Do(t, "GET", tasksPath+"?limit=200&sort=position&"+query, "").Want(t, http.StatusOK).List(t, &list)
	return strings.Join(titles(list), " ")
}

func titles(list []task) []string {
	all := make([]string, len(list))
	for i, x := range list {
		all[i] = x.Title
	}
	return all
}

// What a request does not name follows from what it does.
func TestMoveTo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ moving, to, place, want string }{
		{"i", "project_id=P", "P", "p q r i"},
		{"c", "project_id=P", "P", "p q r c"},
		{"c", "project_id=null", "-", "i j c"},
		{"c", "parent_id=null", "P", "p q r c"},
		{"i", "parent_id=p", "p", "c d i"},
		{"q", "parent_id=z", "z", "q"},
		{"i", "before_id=q", "P", "p i q r"},
		{"i", "after_id=q", "P", "p q i r"},
		{"i", "after_id=r", "P", "p q r i"},
		{"i", "before_id=p", "P", "i p q r"},
		{"i", "before_id=d", "p", "c i d"},
		{"r", "after_id=j", "-", "i j r"},
		{"i", "project_id=P parent_id=p", "p", "c d i"},
		{"z", "project_id=P parent_id=null", "P", "p q r z"},
		{"c", "project_id=null parent_id=null", "-", "i j c"},
		{"i", "project_id=P before_id=q", "P", "p i q r"},
		{"i", "project_id=P before_id=d", "p", "c i d"},
		{"z", "project_id=null after_id=i", "-", "i z j"},
		{"i", "parent_id=p after_id=c", "p", "c i d"},
		{"c", "parent_id=null before_id=q", "P", "p c q r"},
		{"c", "parent_id=null after_id=z", "Q", "z c"},
		{"z", "project_id=P parent_id=p before_id=c", "p", "z c d"},
		{"z", "project_id=P parent_id=null after_id=p", "P", "p z q r"},
		{"z", "project_id=null parent_id=null before_id=i", "-", "z i j"},
		{"r", "before_id=p", "P", "r p q"},
		{"p", "after_id=r", "P", "q r p"},
		{"q", "before_id=null after_id=r", "P", "p r q"},
	} {
		t.Run(c.moving+" "+c.to, func(t *testing.T) {
			t.Parallel()
			b := newBoard(t)
			before := b.all(t)
			var moved task
			b.move(t, c.moving, c.to).Want(t, http.StatusOK).Data(t, &moved)
			if got := b.standing(t, c.place); got != c.want {
				t.Errorf("in %s stand %q, want %q", c.place, got, c.want)
			}
			moved.ETag = ""
			now := b.get(t, moved)
			if diff := cmp.Diff(moved, now); diff != "" {
				t.Errorf("the answer is not what is stored (-answer +stored):\n%s", diff)
			}
			if !moved.UpdatedAt.Equal(b.clock.Now()) {
				t.Errorf("updated_at is %v, moved at %v", moved.UpdatedAt, b.clock.Now())
			}
			for i, after := range b.all(t) {
				if was := before[i]; was.ID != moved.ID && !b.isBelow(was, moved) && was.ETag != after.ETag {
					t.Errorf("%s was touched", was.Title)
				}
			}
		})
	}
}

func (b board) isBelow(x, top task) bool { return x.ParentID != nil && *x.ParentID == top.ID }

// Each is refused with the field at fault, and moves nothing.
func TestMoveRefused(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	b.ids["deep"] = b.chain(t, 5, fields{"project_id": b.ids["P"]})[4].ID
	before := b.all(t)
	for _, c := range []struct {
		moving, to string
		faults     []string
	}{
		{"i", "project_id=Q parent_id=p", []string{"project_id conflict"}},
		{"i", "project_id=null parent_id=p", []string{"project_id conflict"}},
		{"i", "project_id=Q before_id=q", []string{"before_id conflict"}},
		{"i", "project_id=null after_id=q", []string{"after_id conflict"}},
		{"i", "parent_id=p before_id=q", []string{"before_id conflict"}},
		{"i", "parent_id=null after_id=c", []string{"after_id conflict"}},
		{"i", "before_id=p after_id=q", []string{"after_id conflict"}},
		{"i", "before_id=i", []string{"before_id conflict"}},
		{"i", "after_id=i", []string{"after_id conflict"}},
		{"p", "parent_id=p", []string{"parent_id conflict"}},
		{"p", "parent_id=c", []string{"parent_id conflict"}},
		{"p", "before_id=c", []string{"before_id conflict"}},
		{"p", "after_id=c", []string{"after_id conflict"}},
		{"i", "parent_id=deep", []string{"parent_id out_of_range"}},
		{"i", "after_id=deep", nil}, // level 5 is deep enough
		{"p", "after_id=deep", []string{"after_id out_of_range"}},
		{"i", "parent_id=unknown", []string{"parent_id not_found"}},
		{"i", "project_id=unknown", []string{"project_id not_found"}},
		{"i", "before_id=unknown", []string{"before_id not_found"}},
		{"i", "after_id=unknown", []string{"after_id not_found"}},
		{"i", "project_id=unknown before_id=unknown", []string{"before_id not_found", "project_id not_found"}},
		{"i", "before_id=null", []string{" required"}},
		{"i", "before_id=null after_id=null", []string{" required"}},
	} {
		r := b.move(t, c.moving, c.to)
		if c.faults == nil {
			r.Want(t, http.StatusOK)
			before = b.all(t)
			continue
		}
		t.Log(c.moving, c.to)
		r.WantInvalid(t, c.faults...)
	}
	for body, faults := range map[string][]string{
		`{}`:                   {" required"},
		`{"before_id":1}`:      {"before_id invalid_type"},
		`{"after_id":"x"}`:     {"after_id invalid_format"},
		`{"position":"a0"}`:    {"position unknown_field"},
		`{"project_id":true}`:  {"project_id invalid_type"},
		`{"parent_id":["x"]}`:  {"parent_id invalid_type"},
		`{"before":"x"}`:       {"before unknown_field"},
		`{"parent_id":"1234"}`: {"parent_id invalid_format"},
	} {
		b.ada.Do(t, "POST", tasksPath+"/"+b.ids["i"]+"/move", body).WantInvalid(t, faults...)
	}
	if diff := cmp.Diff(before, b.all(t)); diff != "" {
		t.Errorf("refused moves changed something (-before +after):\n%s", diff)
	}
}

// Another user's things are what never was, to the byte.
func TestMoveAmongUsers(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	for field, foreign := range map[string]string{"project_id": "foreign project", "parent_id": "foreign task", "before_id": "foreign task", "after_id": "foreign task"} {
		ask := func(id string) string {
			r := b.ada.Do(t, "POST", tasksPath+"/"+b.ids["i"]+"/move", fields{field: id}.json(t))
			r.WantInvalid(t, field+" not_found")
			return like(r, id, "ID")
		}
		if theirs, nobodys := ask(b.ids[foreign]), ask(b.ids["unknown"]); theirs != nobodys {
			t.Errorf("%s: %s\n%s", field, theirs, nobodys)
		}
	}
	ask := func(id string) string {
		r := b.ada.Do(t, "POST", tasksPath+"/"+id+"/move", b.body(t, "project_id=P"))
		r.WantFailure(t, http.StatusNotFound, "RESOURCE_NOT_FOUND")
		return like(r, id, "ID")
	}
	if theirs, nobodys := ask(b.ids["foreign task"]), ask(b.ids["unknown"]); theirs != nobodys {
		t.Errorf("%s\n%s", theirs, nobodys)
	}
}

func TestMoveAndArchivedProjects(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	b.archive(t, "ada", b.ids["P"])
	for _, to := range []string{"project_id=P", "parent_id=p", "before_id=q", "after_id=d"} {
		b.move(t, "i", to).WantFailure(t, http.StatusConflict, "CONFLICT")
	}
	// What is in it is edited like anything else.
	b.move(t, "r", "before_id=p").Want(t, http.StatusOK)
	b.move(t, "q", "parent_id=p").Want(t, http.StatusOK)
	b.move(t, "c", "parent_id=null").Want(t, http.StatusOK)
	if top, below := b.standing(t, "P"), b.standing(t, "p"); top != "r p c" || below != "d q" {
		t.Errorf("in the archived project stand %q, below p %q", top, below)
	}
	b.move(t, "p", "project_id=Q").Want(t, http.StatusOK)
	if got := b.standing(t, "Q"); got != "z p" {
		t.Errorf("moved out of it: %q", got)
	}
	for _, name := range []string{"d", "q"} {
		if x := b.get(t, task{ID: b.ids[name]}); text(x.ProjectID) != b.ids["Q"] {
			t.Errorf("%s did not follow: %+v", name, x)
		}
	}
}

func TestMoveThatMovesNothing(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	for moving, places := range map[string][]string{
		"q": {"after_id=p", "before_id=r", "project_id=P", "parent_id=null", "project_id=P parent_id=null", "parent_id=null after_id=p"},
		"p": {"before_id=q", "project_id=P"},
		"r": {"after_id=q"},
		"d": {"after_id=c", "parent_id=p", "project_id=P parent_id=p"},
		"i": {"project_id=null", "parent_id=null", "before_id=j"},
	} {
		before := b.ada.Do(t, "GET", tasksPath+"/"+b.ids[moving], "")
		for _, to := range places {
			r := b.move(t, moving, to).Want(t, http.StatusOK)
			if r.ETag() != before.ETag() || string(r.Body) != string(before.Body) {
				t.Errorf("%s to %s: %s", moving, to, r.Body)
			}
		}
	}
	if got := b.standing(t, "P"); got != "p q r" {
		t.Errorf("the order became %q", got)
	}
}

func TestMoveIfMatch(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	read := b.ada.Do(t, "GET", tasksPath+"/"+b.ids["i"], "")
	moved := b.move(t, "i", "after_id=p", "If-Match", read.ETag()).Want(t, http.StatusOK)
	stale := b.move(t, "i", "after_id=q", "If-Match", read.ETag())
	failure := stale.WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
	if stale.ETag() != moved.ETag() || !strings.Contains(string(moved.Body), string(failure.Current)) {
		t.Errorf("the refusal shows %s with %s, it is %s with %s", failure.Current, stale.ETag(), moved.Body, moved.ETag())
	}
	if got := b.standing(t, "P"); got != "p i q r" {
		t.Errorf("in P stand %q", got)
	}
}

// A PATCH that puts a task elsewhere leaves its position as it is: it stands
// there by that, wherever that happens to be.
func TestPatchKeepsPosition(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	was := b.get(t, task{ID: b.ids["p"]})
	now := b.patch(t, was, fields{"project_id": b.ids["Q"]})
	if now.Position != was.Position || b.standing(t, "Q") != "p z" {
		t.Errorf("position %q became %q, in Q stand %q", was.Position, now.Position, b.standing(t, "Q"))
	}
}
