package main

import (
	"go.uber.org/fx"

	"docket/modules/identity"
	"docket/modules/project"
	"docket/modules/tag"
	"docket/modules/task"
	"docket/platform/idempotency"
	"docket/platform/postgres"
)

// links is where modules meet, and the only place: what one needs is what
// another happens to offer.
var links = fx.Provide(
	// A task goes into a project and carries tags.
	func(projects *project.Intake) task.Projects { return projects },
	func(tags *tag.Existence) task.Tags { return tags },
	// Its days are those of its user.
	func(users *identity.Zones) task.Zones { return users },

	// What goes away is let go of by the tasks that refer to it, in the same
	// unit of work.
	func(tasks *task.Release) project.DeletionListener { return tasks },
	func(tasks *task.Release) tag.DeletionListener { return tasks },

	// Who lists projects and tags can say how many tasks they have.
	func(tasks *task.Counts) project.TaskCounter { return tasks },
	func(tasks *task.Counts) tag.TaskCounter { return tasks },

	// All that a user has, to be exported in this order, and erased in this:
	// what refers goes before what it refers to.
	func(projects *project.Belongings, tags *tag.Belongings, tasks *task.Belongings) identity.Collections {
		return identity.Collections{{Name: "projects", From: projects}, {Name: "tags", From: tags}, {Name: "tasks", From: tasks}}
	},
	func(tasks *task.Belongings, tags *tag.Belongings, projects *project.Belongings, answers *idempotency.Store) identity.Belongings {
		return identity.Belongings{tasks, tags, projects, answers}
	},
)

// newSeeders is what makes up data of every module: no part of the graph, since
// nothing that serves has use for it.
func newSeeders(db *postgres.DB) seeders {
	return seeders{
		user:     identity.NewSeeding(db).SeedUser,
		projects: project.NewSeeding(db).SeedProjects,
		tags:     tag.NewSeeding(db).SeedTags,
		tasks:    task.NewSeeding(db).SeedTasks,
	}
}
