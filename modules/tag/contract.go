// Package tag is the module of tags. What stands in this file is all that the
// rest of Docket may know of it.
package tag

import (
	"docket/modules/tag/internal/core"
	"docket/modules/tag/internal/postgres"
	"docket/modules/tag/internal/rest"
	pg "docket/platform/postgres"
)

// What tag needs of others.
type (
	// DeletionListener lets go of a tag that is about to be deleted, or merged
	// into another.
	DeletionListener = core.DeletionListener
	// TaskCounter answers how many tasks carry tags.
	TaskCounter = core.TaskCounter
)

// What tag offers to others.
type (
	// Existence answers which tags a user has.
	Existence = core.Existence
	// Belongings is all that a user has of tags, to export and to erase.
	Belongings = rest.Belongings
	// Seeding adds made-up tags, to try a database with.
	Seeding = postgres.Seeding
)

// NewSeeding returns a [Seeding] of db. It is no part of the [Module]: nothing
// that serves has use for it.
func NewSeeding(db *pg.DB) *Seeding { return postgres.NewSeeding(db) }
