package core

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// CreateMany does what [Service.Create] does, for each change in turn and with
// these ids, in a handful of round trips: a task may go below one that was made
// before it. All are made or none; an error says with [errs.At] which could
// not be.
func (s *Service) CreateMany(ctx context.Context, owner uuid.UUID, ids []uuid.UUID, changes []Change) ([]Task, error) {
	var made gathered
	err := s.tx.InTx(ctx, func(ctx context.Context) error {
		made = gathered{Store: s.store}
		once := *s
		once.store = &made
		once.tree = &recalledTree{Tree: s.tree, made: &made, known: map[uuid.UUID][]Ancestor{}}
		once.places.Projects = &recalledProjects{Projects: s.places.Projects, known: map[uuid.UUID]intake{}}
		once.places.Tags = &recalledTags{Tags: s.places.Tags, existing: map[uuid.UUID]bool{}}
		once.sources.LastPosition = func(now time.Time, id uuid.UUID) string {
			// All may be made in one microsecond, and still go one behind the other.
			return s.sources.LastPosition(now.Add(time.Duration(len(made.tasks))*time.Microsecond), id)
		}
		for i, change := range changes {
			if _, err := once.insert(ctx, owner, ids[i], change); err != nil {
				return &errs.At{Index: i, Err: err}
			}
		}
		return s.store.InsertMany(ctx, owner, made.tasks)
	})
	if errors.Is(err, ErrReferenceGone) {
		return nil, errs.New(errs.Conflict, "something that the tasks refer to is being deleted; try again")
	}
	return made.tasks, err
}

// The types below stand in for ports while many tasks are made: rules that ask
// the same thing again get the same answer, without asking again.

// gathered keeps new tasks back, to be inserted together.
type gathered struct {
	Store
	tasks []Task
}

// Insert implements [Store].
func (g *gathered) Insert(_ context.Context, _ uuid.UUID, t Task) error {
	g.tasks = append(g.tasks, t)
	return nil
}

// recalledTree also knows of the tasks that are not inserted yet.
type recalledTree struct {
	Tree
	made   *gathered
	known  map[uuid.UUID][]Ancestor
	locked bool
}

// LockTree implements [Tree]: one lock lasts for the whole unit of work.
func (r *recalledTree) LockTree(ctx context.Context, owner uuid.UUID) error {
	if r.locked {
		return nil
	}
	r.locked = true
	return r.Tree.LockTree(ctx, owner)
}

// Ancestry implements [Tree].
func (r *recalledTree) Ancestry(ctx context.Context, owner, id uuid.UUID) ([]Ancestor, error) {
	if above, ok := r.known[id]; ok {
		return above, nil
	}
	above, err := r.ancestry(ctx, owner, id)
	if err != nil {
		return nil, err
	}
	r.known[id] = above
	return above, nil
}

func (r *recalledTree) ancestry(ctx context.Context, owner, id uuid.UUID) ([]Ancestor, error) {
	i := slices.IndexFunc(r.made.tasks, func(t Task) bool { return t.ID == id })
	if i < 0 {
		return r.Tree.Ancestry(ctx, owner, id)
	}
	t := r.made.tasks[i]
	above := []Ancestor{{ID: t.ID, ProjectID: t.ProjectID}}
	if t.ParentID == nil {
		return above, nil
	}
	higher, err := r.Ancestry(ctx, owner, *t.ParentID)
	return append(above, higher...), err
}

type intake struct{ exists, takes bool }

type recalledProjects struct {
	Projects
	known map[uuid.UUID]intake
}

// TakesTasks implements [Projects].
func (r *recalledProjects) TakesTasks(ctx context.Context, owner, project uuid.UUID) (exists, takes bool, err error) {
	if k, ok := r.known[project]; ok {
		return k.exists, k.takes, nil
	}
	exists, takes, err = r.Projects.TakesTasks(ctx, owner, project)
	if err == nil {
		r.known[project] = intake{exists, takes}
	}
	return exists, takes, err
}

type recalledTags struct {
	Tags
	existing map[uuid.UUID]bool
}

// MissingTags implements [Tags].
func (r *recalledTags) MissingTags(ctx context.Context, owner uuid.UUID, ids []uuid.UUID) ([]uuid.UUID, error) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool { return r.existing[id] })
	if len(ids) == 0 {
		return nil, nil
	}
	missing, err := r.Tags.MissingTags(ctx, owner, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		r.existing[id] = !slices.Contains(missing, id)
	}
	return missing, nil
}
