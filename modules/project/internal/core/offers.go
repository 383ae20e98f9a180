package core

import (
	"context"

	"github.com/google/uuid"
)

// Intake answers where tasks may go: what other modules may ask. It is a leaf,
// built from the store alone.
type Intake struct{ projects Shared }

// Shared is what [Intake] needs of the store.
type Shared interface {
	// Share returns those of ids that the owner has as projects, and keeps them
	// from being changed until the unit of work ends, while others may share
	// them too.
	Share(ctx context.Context, owner uuid.UUID, ids []uuid.UUID) ([]Project, error)
}

// NewIntake returns an Intake over projects.
func NewIntake(projects Shared) *Intake { return &Intake{projects: projects} }

// TakesTasks says of those projects that the owner has whether each takes new
// tasks: an archived one does not. Inside a unit of work the answer holds until
// its end.
func (i *Intake) TakesTasks(ctx context.Context, owner uuid.UUID, projects []uuid.UUID) (map[uuid.UUID]bool, error) {
	shared, err := i.projects.Share(ctx, owner, projects)
	if err != nil {
		return nil, err
	}
	takes := make(map[uuid.UUID]bool, len(shared))
	for _, p := range shared {
		takes[p.ID] = p.ArchivedAt == nil
	}
	return takes, nil
}
