// Package project is the module of projects. What stands in this file is all
// that the rest of Docket may know of it.
package project

import (
	"docket/modules/project/internal/core"
	"docket/modules/project/internal/rest"
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
)
