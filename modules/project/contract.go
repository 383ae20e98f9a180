// Package project is the module of projects. What stands in this file is all
// that the rest of Docket may know of it.
package project

import (
	"docket/modules/project/internal/core"
	"docket/modules/project/internal/postgres"
	"docket/modules/project/internal/rest"
	pg "docket/platform/postgres"
)

// What project needs of others.
type (
	// DeletionListener lets go of a project that is about to be deleted.
	DeletionListener = core.DeletionListener
	// TaskCounter answers how many tasks projects have.
	TaskCounter = core.TaskCounter
)

// What project offers to others.
type (
	// Intake answers which projects a user has, and which take tasks.
	Intake = core.Intake
	// Belongings is all that a user has of projects, to export and to erase.
	Belongings = rest.Belongings
	// Seeding adds made-up projects, to try a database with.
	Seeding = postgres.Seeding
)

// NewSeeding returns a [Seeding] of db. It is no part of the [Module]: nothing
// that serves has use for it.
func NewSeeding(db *pg.DB) *Seeding { return postgres.NewSeeding(db) }
