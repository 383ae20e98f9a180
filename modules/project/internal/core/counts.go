package core

import (
	"context"

	"github.com/google/uuid"
)

// TaskCounts is how many tasks a project has: those to do or in progress, and
// those done. Cancelled ones are neither.
type TaskCounts struct{ Open, Done int }

// TaskCounts counts the tasks of projects, in the order of projects.
func (s *Service) TaskCounts(ctx context.Context, owner uuid.UUID, projects ...Project) ([]TaskCounts, error) {
	ids := make([]uuid.UUID, len(projects))
	for i, p := range projects {
		ids[i] = p.ID
	}
	open, done, err := s.tasks.Counts.ProjectTaskCounts(ctx, owner, ids)
	if err != nil {
		return nil, err
	}
	counts := make([]TaskCounts, len(ids))
	for i, id := range ids {
		counts[i] = TaskCounts{Open: open[id], Done: done[id]}
	}
	return counts, nil
}
