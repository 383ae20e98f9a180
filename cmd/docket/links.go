package main

import (
	"go.uber.org/fx"

	"docket/modules/identity"
	"docket/modules/project"
	"docket/modules/tag"
	"docket/modules/task"
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
)
