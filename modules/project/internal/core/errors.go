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
	ErrExists = errors.New("a project with this id exists")
	// ErrRevised says that the project changed after it was read, or is gone.
	ErrRevised = errors.New("the project was changed in between")
)

// NotFound says that the user has no project with this id.
func NotFound(id uuid.UUID) error {
	return errs.New(errs.NotFound, fmt.Sprintf("Project with ID %s not found", id))
}

// NameTaken says that the user has another project of this name in use: holder.
func NameTaken(holder Project) error {
	return errs.Taken("name", holder.ID.String(), fmt.Sprintf("There is a project named %q already, with ID %s", holder.Name, holder.ID))
}
