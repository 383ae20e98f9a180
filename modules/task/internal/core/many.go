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
	plans := make([]plan, len(changes))
	for i, change := range changes {
		plans[i] = plan{id: ids[i], draft: NewDraft()}
		plans[i].faults = change(&plans[i].draft)
	}
	var made []Task
	err := s.tx.InTx(ctx, func(ctx context.Context) error {
		return s.whileThereIs(ctx, func(ctx context.Context) (err error) {
			made, err = s.makeAll(ctx, owner, plans)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (s *Service) makeAll(ctx context.Context, owner uuid.UUID, plans []plan) ([]Task, error) {
	apart, made, err := s.foreseeing(ctx, owner, plans)
	if err != nil {
		return nil, err
	}
	for i, p := range plans {
		if _, err := apart.insert(ctx, owner, p.id, p.change); err != nil {
			return nil, &errs.At{Index: i, Err: err}
		}
	}
	return made.tasks, s.store.InsertMany(ctx, owner, made.tasks)
}

// whileThereIs runs write again where something that it looked up was deleted
// by others before it could refer to it, so that the next look finds it gone.
func (s *Service) whileThereIs(ctx context.Context, write func(ctx context.Context) error) error {
	var err error
	for range maxAttempts {
		if err = s.tx.Attempt(ctx, write); !errors.Is(err, ErrReferenceGone) {
			return err
		}
	}
	contended := errs.Contended("something that the task refers to is being deleted; try again")
	if at, ok := errors.AsType[*errs.At](err); ok {
		return &errs.At{Index: at.Index, Err: contended}
	}
	return contended
}

// plan is one of many tasks to be made, as far as its request says.
type plan struct {
	id     uuid.UUID
	draft  Draft
	faults errs.Faults
}

func (p plan) change(d *Draft) errs.Faults {
	*d = p.draft
	return slices.Clone(p.faults)
}

// foreseeing returns a Service that keeps new tasks back, to be inserted
// together, and knows all that the rules ask about the plans already: it was
// asked for at once, not for each.
func (s *Service) foreseeing(ctx context.Context, owner uuid.UUID, plans []plan) (*Service, *gathered, error) {
	parents, projects, tags := mentioned(plans)
	made := &gathered{Store: s.store}
	tree := &foreseenTree{Tree: s.tree, made: made}
	if len(parents) > 0 {
		if err := s.tree.LockTree(ctx, owner); err != nil {
			return nil, nil, err
		}
		var err error
		if tree.known, err = s.tree.Ancestries(ctx, owner, parents); err != nil {
			return nil, nil, err
		}
		for _, above := range tree.known {
			if project := above[0].ProjectID; project != nil {
				projects = append(projects, *project)
			}
		}
	}
	takes, err := s.takesTasks(ctx, owner, projects)
	if err != nil {
		return nil, nil, err
	}
	missing, err := s.missingTags(ctx, owner, tags)
	if err != nil {
		return nil, nil, err
	}
	apart := *s
	apart.store, apart.tree = made, tree
	apart.places = Places{Projects: foreseenProjects(takes), Tags: foreseenTags(missing)}
	apart.sources.LastPosition = func(now time.Time, id uuid.UUID) string {
		// All may be made in one microsecond, and still go one behind the other.
		return s.sources.LastPosition(now.Add(time.Duration(len(made.tasks))*time.Microsecond), id)
	}
	return &apart, made, nil
}

// takesTasks is [Projects].TakesTasks that asks nothing about nothing.
func (s *Service) takesTasks(ctx context.Context, owner uuid.UUID, projects []uuid.UUID) (map[uuid.UUID]bool, error) {
	if len(projects) == 0 {
		return nil, nil
	}
	return s.places.Projects.TakesTasks(ctx, owner, projects)
}

// missingTags is [Tags].MissingTags that asks nothing about nothing.
func (s *Service) missingTags(ctx context.Context, owner uuid.UUID, tags []uuid.UUID) ([]uuid.UUID, error) {
	if len(tags) == 0 {
		return nil, nil
	}
	return s.places.Tags.MissingTags(ctx, owner, tags)
}

// mentioned returns what the plans refer to: parents that are not among them,
// and all projects and tags.
func mentioned(plans []plan) (parents, projects, tags []uuid.UUID) {
	for _, p := range plans {
		if p.draft.ProjectID != nil {
			projects = append(projects, *p.draft.ProjectID)
		}
		if p.draft.ParentID != nil {
			parents = append(parents, *p.draft.ParentID)
		}
		tags = append(tags, p.draft.TagIDs...)
	}
	return distinct(parents), distinct(projects), distinct(tags)
}

func distinct(ids []uuid.UUID) []uuid.UUID { return slices.Compact(sorted(ids)) }

// The types below stand in for ports while many tasks are made.

// gathered keeps new tasks back.
type gathered struct {
	Store
	tasks []Task
}

// Insert implements [Store].
func (g *gathered) Insert(_ context.Context, _ uuid.UUID, t Task) error {
	g.tasks = append(g.tasks, t)
	return nil
}

// foreseenTree also knows of the tasks that are kept back. It is locked
// already where there is anything to lock.
type foreseenTree struct {
	Tree
	made  *gathered
	known map[uuid.UUID][]Ancestor
}

// LockTree implements [Tree].
func (f *foreseenTree) LockTree(context.Context, uuid.UUID) error { return nil }

// Ancestries implements [Tree].
func (f *foreseenTree) Ancestries(_ context.Context, _ uuid.UUID, ids []uuid.UUID) (map[uuid.UUID][]Ancestor, error) {
	found := map[uuid.UUID][]Ancestor{}
	for _, id := range ids {
		if above := f.ancestry(id); len(above) > 0 {
			found[id] = above
		}
	}
	return found, nil
}

func (f *foreseenTree) ancestry(id uuid.UUID) []Ancestor {
	i := slices.IndexFunc(f.made.tasks, func(t Task) bool { return t.ID == id })
	if i < 0 {
		return f.known[id]
	}
	t := f.made.tasks[i]
	above := []Ancestor{{ID: t.ID, ProjectID: t.ProjectID}}
	if t.ParentID != nil {
		above = append(above, f.ancestry(*t.ParentID)...)
	}
	return above
}

type foreseenProjects map[uuid.UUID]bool

// TakesTasks implements [Projects].
func (f foreseenProjects) TakesTasks(context.Context, uuid.UUID, []uuid.UUID) (map[uuid.UUID]bool, error) {
	return f, nil
}

type foreseenTags []uuid.UUID

// MissingTags implements [Tags].
func (f foreseenTags) MissingTags(_ context.Context, _ uuid.UUID, ids []uuid.UUID) ([]uuid.UUID, error) {
	return slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool { return !slices.Contains(f, id) }), nil
}
