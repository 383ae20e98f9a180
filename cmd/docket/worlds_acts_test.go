package main

import (
	"math/rand/v2"
	"slices"
)

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// draw is an act that is being thought of.
type draw struct {
	*inhabitant
	act
	// made are the temporary ids of the batch so far, by kind; nil where the act
	// stands alone.
	made map[string][]string
	// daring acts may be wrong: they name what is somebody else's, or nothing.
	daring bool
}

// act draws something to do. In a batch, made is not nil, and only what a batch
// can do is drawn.
func (u *inhabitant) act(made map[string][]string) act {
	d := draw{inhabitant: u, made: made, daring: u.rng.IntN(8) == 0}
	d.Kind = pick(u.rng, "project", "tag", "task", "task", "task")
	if len(d.mine(d.Kind)) == 0 {
		d.Verb = "create"
	} else {
		d.Verb = pick(u.rng, d.verbs()...)
	}
	if d.Verb != "create" {
		d.ID = d.id(d.Kind)
	}
	if d.Verb == "put" {
		d.ID = pick(u.rng, d.ID, u.foreign(d.Kind, u.rng), newID().String())
	}
	switch d.Verb {
	case "delete", "empty", "archive", "unarchive":
	case "merge":
		into := d.id("tag")
		for into == d.ID {
			into = pick(u.rng, u.foreign("tag", u.rng), newID().String())
		}
		d.Data = map[string]any{"into_id": into}
	case "move":
		d.Data = map[string]any{}
		d.somewhere()
		if len(d.Data) == 0 {
			d.Data["project_id"] = nil
		}
	default:
		d.Data = map[string]any{}
		if d.Kind == "task" {
			d.task()
		} else {
			d.named()
		}
	}
	return d.act
}

func (d *draw) verbs() []string {
	verbs := []string{"create", "create", "create", "update", "update", "delete"}
	if d.Kind == "task" {
		verbs = append(verbs, "create", "create", "create", "create", "update", "update", "update", "move", "move")
	}
	if d.made == nil {
		verbs = append(verbs, "put", "put")
		switch d.Kind {
		case "project":
			verbs = append(verbs, "empty", "archive", "archive", "unarchive")
		case "tag":
			verbs = append(verbs, "merge")
		}
	}
	return verbs
}

// mine are the ids of what the user has, in the order in which it came.
func (d *draw) mine(kind string) []string {
	mine := slices.DeleteFunc(slices.Clone(d.known[kind]), func(id string) bool { return !d.model.holds(kind, id) })
	return append(mine, d.made[kind]...)
}

func (u universe) holds(kind, id string) bool {
	_, project := u.Projects[id]
	_, tag := u.Tags[id]
	_, task := u.Tasks[id]
	return kind == "project" && project || kind == "tag" && tag || kind == "task" && task
}

// id draws one that is the user's; or, of the daring, was once, is somebody
// else's, or nobody's. It is "" where there is none.
func (d *draw) id(kind string) string {
	mine, once := d.mine(kind), d.known[kind]
	switch n := d.rng.IntN(8); {
	case d.daring && n < 2 && len(once) > 0:
		return pick(d.rng, once...)
	case d.daring && n < 4:
		return d.foreign(kind, d.rng)
	case d.daring && n == 4:
		return newID().String()
	case len(mine) == 0:
		return ""
	case n < 3:
		return mine[len(mine)-1] // below the newest tasks, trees grow deep
	default:
		return pick(d.rng, mine...)
	}
}

// maybe sets a member, one time in n.
func (d *draw) maybe(n int, name string, values ...any) {
	if d.rng.IntN(n) == 0 {
		d.Data[name] = pick(d.rng, values...)
	}
}

// dare sets a member to what it cannot be, if this is a daring act.
func (d *draw) dare(name string, value any) {
	if d.daring && d.rng.IntN(4) == 0 {
		d.Data[name] = value
	}
}

// refer sets a member to an id, where there is one.
func (d *draw) refer(name, kind string) {
	if id := d.id(kind); id != "" {
		d.Data[name] = id
	}
}

// named fills the body of a project or a tag. There are few names, so that they
// meet.
func (d *draw) named() {
	d.maybe(3, "color", "#1e90ff", "#000000", "#ffffff", nil)
	if d.Kind == "project" {
		d.maybe(3, "description", "of "+d.name, nil)
	}
	if d.Verb != "update" || len(d.Data) == 0 || d.rng.IntN(2) == 0 {
		d.Data["name"] = pick(d.rng, "Alpha", "alpha", "Beta", "BETA", "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta", "Iota", "Kappa", "Lambda", "My", "Ny", d.name)
	}
	d.dare("name", "")
	d.dare("color", "red")
}

// task fills the body of a task.
func (d *draw) task() {
	if d.Verb != "update" || d.rng.IntN(3) == 0 {
		d.Data["title"] = pick(d.rng, "Note", "Punched cards", d.name+"'s own", "Bernoulli", "x", "y", "z")
	}
	d.maybe(3, "description", "by "+d.name, nil)
	d.maybe(2, "status", "todo", "in_progress", "done", "cancelled", "todo", "in_progress")
	d.maybe(3, "priority", "none", "low", "urgent")
	d.maybe(6, "due_at", "2027-01-01T12:00:00Z", nil)
	if d.Data["due_at"] == nil { // then this is right, unless the task has the other
		d.maybe(6, "due_on", "2027-02-28", nil)
	}
	if d.rng.IntN(3) == 0 {
		tags := []string{}
		for range d.rng.IntN(3) {
			if id := d.id("tag"); id != "" && !slices.Contains(tags, id) {
				tags = append(tags, id)
			}
		}
		d.Data["tag_ids"] = tags
	}
	if d.Verb != "update" || d.rng.IntN(3) == 0 {
		d.somewhere()
	}
	d.dare("title", "")
	d.dare("status", "finished")
}

// somewhere draws a project, a parent, or neither; both seldom fit.
func (d *draw) somewhere() {
	switch n := d.rng.IntN(8); {
	case n < 2:
		d.refer("project_id", "project")
	case n < 5:
		d.refer("parent_id", "task")
	case n == 5 && d.daring:
		d.refer("project_id", "project")
		d.refer("parent_id", "task")
	case n == 6:
		d.Data["parent_id"] = nil
	}
	d.dare("project_id", nil)
}
