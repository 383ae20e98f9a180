package core

import (
	"context"

	"github.com/google/uuid"
)

// TaskCounts counts the tasks that carry tags, whatever their status, in the
// order of tags.
func (s *Service) TaskCounts(ctx context.Context, owner uuid.UUID, tags ...Tag) ([]int, error) {
	ids := make([]uuid.UUID, len(tags))
	for i, t := range tags {
		ids[i] = t.ID
	}
	tasks, err := s.tasks.Counts.TagTaskCounts(ctx, owner, ids)
	if err != nil {
		return nil, err
	}
	counts := make([]int, len(ids))
	for i, id := range ids {
		counts[i] = tasks[id]
	}
	return counts, nil
}
