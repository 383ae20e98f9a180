package core

import (
	"context"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// Intake answers where tasks may go: what other modules may ask. It is a leaf,
// built from the store alone.
type Intake struct{ projects Shared }

// Shared is what [Intake] needs of the store.
type Shared interface {
	// Share is Get, and keeps the project from being changed until the unit of
	// work ends, while others may share it too.
	Share(ctx context.Context, owner, id uuid.UUID) (Project, error)
}

// NewIntake returns an Intake over projects.
func NewIntake(projects Shared) *Intake { return &Intake{projects: projects} }

// TakesTasks reports whether the owner has this project, and whether it takes
// new tasks: an archived one does not. Inside a unit of work the answer holds
// until its end.
func (i *Intake) TakesTasks(ctx context.Context, owner, project uuid.UUID) (exists, takes bool, err error) {
	p, err := i.projects.Share(ctx, owner, project)
	if errs.KindOf(err) == errs.NotFound {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	return true, p.ArchivedAt == nil, nil
}
