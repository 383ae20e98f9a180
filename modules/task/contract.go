// Package task is the module of tasks. What stands in this file is all that
// the rest of Docket may know of it.
package task

import (
	"docket/modules/task/internal/core"
	"docket/modules/task/internal/postgres"
	"docket/modules/task/internal/rest"
	pg "docket/platform/postgres"
)

// What task needs of others.
type (
	// Projects answers which projects a user has, and which take tasks.
	Projects = core.Projects
	// Tags answers which tags a user has.
	Tags = core.Tags
	// Zones answers in which time zone a user is.
	Zones = core.Zones
)

// What task offers to others.
type (
	// Release lets go of a project or a tag that is about to be deleted, and of
	// a tag that is merged into another.
	Release = core.Release
	// Counts answers how many tasks a project or a tag has.
	Counts = core.Counts
	// Belongings is all that a user has of tasks, to export and to erase.
	Belongings = rest.Belongings
	// Seeding adds made-up tasks, to try a database with.
	Seeding = postgres.Seeding
)

// NewSeeding returns a [Seeding] of db. It is no part of the [Module]: nothing
// that serves has use for it.
func NewSeeding(db *pg.DB) *Seeding { return postgres.NewSeeding(db) }
