package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// universe is the model of all that one user has: plain maps and the rules of
// the contract, and nothing of how Docket keeps them. Ids are whatever text.
type universe struct {
	Zone     string
	Projects map[string]modelProject
	Tags     map[string]modelTag
	Tasks    map[string]modelTask
}

type modelProject struct {
	Name, Description, Color string
	Archived                 bool
}

type modelTag struct{ Name, Color string }

// modelTask has "" where there is nothing.
type modelTask struct {
	Title, Description, Status, Priority string
	DueAt, DueOn, Project, Parent        string
	Tags                                 string // sorted, with commas
	Completed                            bool
}

func newUniverse() universe {
	return universe{Zone: "UTC", Projects: map[string]modelProject{}, Tags: map[string]modelTag{}, Tasks: map[string]modelTask{}}
}

func (u universe) clone() universe {
	return universe{Zone: u.Zone, Projects: maps.Clone(u.Projects), Tags: maps.Clone(u.Tags), Tasks: maps.Clone(u.Tasks)}
}

// act is one thing that a user does. Verb is an operation of a batch, or put,
// archive, unarchive, merge, or empty, which deletes a project with its tasks.
type act struct {
	Verb, Kind, ID string
	Data           map[string]any
}

// apply does what a says, and returns the status that Docket must answer. It
// changes nothing unless that is a success. A create gets a.ID.
func (u universe) apply(a act) int {
	switch a.Kind {
	case "project":
		return u.applyProject(a)
	case "tag":
		return u.applyTag(a)
	default:
		return u.applyTask(a)
	}
}

// written is the status of a write that leaves a thing behind.
func written(a act, existed bool) int {
	if a.Verb == "create" || a.Verb == "put" && !existed {
		return http.StatusCreated
	}
	return http.StatusOK
}

// member reads a text of a body, null as "".
func (a act) member(name, otherwise string) string {
	value, given := a.Data[name]
	if !given {
		return otherwise
	}
	text, _ := value.(string)
	return text
}

func (a act) has(name string) bool { _, ok := a.Data[name]; return ok }

func badColor(color string) bool { return color != "" && !strings.HasPrefix(color, "#") }

func (u universe) applyProject(a act) int {
	before, exists := u.Projects[a.ID]
	makes := a.Verb == "create" || a.Verb == "put"
	if !exists && !makes {
		return http.StatusNotFound
	}
	p := before
	switch a.Verb {
	case "delete", "empty":
		u.dropProject(a.ID, a.Verb == "empty")
		return http.StatusNoContent
	case "archive":
		p.Archived = true
	case "unarchive":
		p.Archived = false
	default:
		if makes {
			p = modelProject{Archived: before.Archived}
		}
		p.Name, p.Description, p.Color = a.member("name", p.Name), a.member("description", p.Description), a.member("color", p.Color)
	}
	if p.Name == "" || badColor(p.Color) {
		return http.StatusUnprocessableEntity
	}
	for id, other := range u.Projects {
		if id != a.ID && !p.Archived && !other.Archived && strings.EqualFold(p.Name, other.Name) {
			return http.StatusConflict
		}
	}
	u.Projects[a.ID] = p
	return written(a, exists)
}

func (u universe) dropProject(id string, withTasks bool) {
	delete(u.Projects, id)
	for task, t := range u.Tasks {
		if t.Project != id {
			continue
		}
		t.Project = ""
		if u.Tasks[task] = t; withTasks {
			delete(u.Tasks, task)
		}
	}
}

func (u universe) applyTag(a act) int {
	before, exists := u.Tags[a.ID]
	makes := a.Verb == "create" || a.Verb == "put"
	if !exists && !makes {
		return http.StatusNotFound
	}
	into := ""
	switch a.Verb {
	case "merge":
		if into = a.member("into_id", ""); u.Tags[into].Name == "" {
			return http.StatusUnprocessableEntity
		}
		u.retag(a.ID, into)
		return http.StatusOK
	case "delete":
		u.retag(a.ID, into)
		return http.StatusNoContent
	}
	g := before
	if makes {
		g = modelTag{}
	}
	g.Name, g.Color = a.member("name", g.Name), a.member("color", g.Color)
	if g.Name == "" || badColor(g.Color) {
		return http.StatusUnprocessableEntity
	}
	for id, other := range u.Tags {
		if id != a.ID && strings.EqualFold(g.Name, other.Name) {
			return http.StatusConflict
		}
	}
	u.Tags[a.ID] = g
	return written(a, exists)
}

// retag removes a tag; tasks that carry it get another, if there is one.
func (u universe) retag(id, into string) {
	delete(u.Tags, id)
	for task, t := range u.Tasks {
		tags := splitTags(t.Tags)
		if !slices.Contains(tags, id) {
			continue
		}
		tags = slices.DeleteFunc(tags, func(x string) bool { return x == id || x == into })
		if into != "" {
			tags = append(tags, into)
		}
		t.Tags = joinTags(tags)
		u.Tasks[task] = t
	}
}

func splitTags(tags string) []string {
	return strings.FieldsFunc(tags, func(r rune) bool { return r == ',' })
}

func joinTags(tags []string) string { return strings.Join(slices.Sorted(slices.Values(tags)), ",") }

func (u universe) applyTask(a act) int {
	before, exists := u.Tasks[a.ID]
	switch {
	case !exists && a.Verb != "create" && a.Verb != "put":
		return http.StatusNotFound
	case a.Verb == "delete":
		for _, id := range u.tree(a.ID) {
			delete(u.Tasks, id)
		}
		return http.StatusNoContent
	}
	t := before
	if a.Verb == "create" || a.Verb == "put" {
		t = modelTask{Status: "todo", Priority: "none"}
	}
	faults := a.onto(&t)
	if a.Verb == "move" && !a.has("parent_id") {
		t.Parent = "" // a project alone means its top level
	}
	conflict := false
	if !exists || t.Project != before.Project || t.Parent != before.Parent || a.Verb == "move" {
		wrong, archived := u.place(a, before, &t, exists)
		faults, conflict = faults || wrong, archived
	}
	switch {
	case faults:
		return http.StatusUnprocessableEntity
	case conflict:
		return http.StatusConflict
	}
	for _, tag := range splitTags(t.Tags) {
		if _, there := u.Tags[tag]; !there {
			return http.StatusUnprocessableEntity
		}
	}
	u.keepTask(a, t)
	return written(a, exists)
}

// onto reads the members of a body, and reports whether one is wrong.
func (a act) onto(t *modelTask) (faults bool) {
	for name, place := range map[string]*string{
		"title": &t.Title, "description": &t.Description, "status": &t.Status, "priority": &t.Priority,
		"due_at": &t.DueAt, "due_on": &t.DueOn, "project_id": &t.Project, "parent_id": &t.Parent,
	} {
		*place = a.member(name, *place)
	}
	if tags, given := a.Data["tag_ids"].([]string); given {
		t.Tags = joinTags(tags)
	}
	t.Completed = closed(t.Status)
	return t.Title == "" || t.Status == "finished" || t.DueAt != "" && t.DueOn != ""
}

func closed(status string) bool { return status == "done" || status == "cancelled" }

// place follows a parent into its project, and reports what is wrong, or that
// the project is archived.
func (u universe) place(a act, before modelTask, t *modelTask, exists bool) (faults, conflict bool) {
	if t.Parent != "" {
		parent, there := u.Tasks[t.Parent]
		path := u.path(t.Parent)
		switch {
		case !there || slices.Contains(path, a.ID):
			faults = true
		default:
			faults = len(path)+u.height(a.ID) > 5 || a.has("project_id") && t.Project != parent.Project
			if !a.has("project_id") {
				t.Project = parent.Project
			}
		}
	}
	if t.Project == "" || exists && before.Project == t.Project {
		return faults, false
	}
	p, there := u.Projects[t.Project]
	return faults || !there, there && p.Archived
}

func (u universe) keepTask(a act, t modelTask) {
	u.Tasks[a.ID] = t
	for _, id := range u.tree(a.ID)[1:] {
		below := u.Tasks[id]
		below.Project = t.Project
		if a.has("status") && closed(t.Status) && !below.Completed {
			below.Status, below.Completed = t.Status, true
		}
		u.Tasks[id] = below
	}
}

// path is a task and all above it.
func (u universe) path(id string) []string {
	var path []string
	for ; id != ""; id = u.Tasks[id].Parent {
		path = append(path, id)
	}
	return path
}

// tree is a task and all below it.
func (u universe) tree(id string) []string {
	tree := []string{id}
	for other := range u.Tasks {
		if other != id && slices.Contains(u.path(other), id) {
			tree = append(tree, other)
		}
	}
	return tree
}

// height is how many levels the tree of a task has.
func (u universe) height(id string) int {
	most := 1
	for _, other := range u.tree(id) {
		if path := u.path(other); slices.Contains(path, id) {
			most = max(most, slices.Index(path, id)+1)
		}
	}
	return most
}
