package core

import (
	"context"

	"github.com/google/uuid"
)

// Counts answers how many tasks there are: what other modules may ask. It is a
// leaf, built from the store alone.
type Counts struct{ tally Tally }

// Tally is what [Counts] needs of the store. Each method is one statement,
// however many are asked for.
type Tally interface {
	// CountByProject counts the tasks of projects that are open, and those that
	// are done. Projects without any are left out.
	CountByProject(ctx context.Context, owner uuid.UUID, projects []uuid.UUID) ([]ProjectCount, error)
	// CountByTag counts the tasks that carry each of tags. Tags that none
	// carries are left out.
	CountByTag(ctx context.Context, owner uuid.UUID, tags []uuid.UUID) ([]TagCount, error)
}

// ProjectCount is how many tasks of a project are open, and how many are done;
// those that are cancelled are neither.
type ProjectCount struct {
	ProjectID  uuid.UUID
	Open, Done int
}

// TagCount is how many tasks carry a tag, whatever their status.
type TagCount struct {
	TagID uuid.UUID
	Tasks int
}

// NewCounts returns Counts of tally.
func NewCounts(tally Tally) *Counts { return &Counts{tally: tally} }

// ProjectTaskCounts counts, by project, the tasks that are open (todo or in
// progress) and those that are done. Projects without any have no entry.
func (c *Counts) ProjectTaskCounts(ctx context.Context, owner uuid.UUID, projects []uuid.UUID) (open, done map[uuid.UUID]int, err error) {
	if len(projects) == 0 {
		return nil, nil, nil
	}
	counts, err := c.tally.CountByProject(ctx, owner, projects)
	if err != nil {
		return nil, nil, err
	}
	open, done = make(map[uuid.UUID]int, len(counts)), make(map[uuid.UUID]int, len(counts))
	for _, n := range counts {
		open[n.ProjectID], done[n.ProjectID] = n.Open, n.Done
	}
	return open, done, nil
}

// TagTaskCounts counts, by tag, the tasks that carry it, whatever their status.
// Tags that none carries have no entry.
func (c *Counts) TagTaskCounts(ctx context.Context, owner uuid.UUID, tags []uuid.UUID) (map[uuid.UUID]int, error) {
	if len(tags) == 0 {
		return nil, nil
	}
	counts, err := c.tally.CountByTag(ctx, owner, tags)
	if err != nil {
		return nil, err
	}
	tasks := make(map[uuid.UUID]int, len(counts))
	for _, n := range counts {
		tasks[n.TagID] = n.Tasks
	}
	return tasks, nil
}
