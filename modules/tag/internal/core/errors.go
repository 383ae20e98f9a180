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
	ErrExists = errors.New("a tag with this id exists")
	// ErrRevised says that the tag changed after it was read, or is gone.
	ErrRevised = errors.New("the tag was changed in between")
)

// NotFound says that the user has no tag with this id.
func NotFound(id uuid.UUID) error {
	return errs.New(errs.NotFound, fmt.Sprintf("Tag with ID %s not found", id))
}

// NameTaken says that the user has another tag of this name: holder.
func NameTaken(holder Tag) error {
	return errs.Taken("name", holder.ID.String(), fmt.Sprintf("There is a tag named %q already, with ID %s", holder.Name, holder.ID))
}
