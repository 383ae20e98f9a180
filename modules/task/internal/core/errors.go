package core

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// What a [Store] answers when it cannot do what it was asked. The service acts
// on these; none reaches a client.
var (
	// ErrExists says that the id is taken already.
	ErrExists = errors.New("a task with this id exists")
	// ErrRevised says that the task changed after it was read, or is gone.
	ErrRevised = errors.New("the task was changed in between")
	// ErrReferenceGone says that a project, parent or tag went away after it
	// was looked up.
	ErrReferenceGone = errors.New("something the task refers to is gone")
)

// ProjectArchived says that the project with this id takes no tasks any more, to
// which field led.
func ProjectArchived(field string, id uuid.UUID) *errs.Error {
	return errs.Archived(field, id.String(), "The project is archived and takes no tasks; unarchive it first")
}

// NotFound says that the user has no task with this id.
func NotFound(id uuid.UUID) error {
	return errs.New(errs.NotFound, fmt.Sprintf("Task with ID %s not found", id))
}
