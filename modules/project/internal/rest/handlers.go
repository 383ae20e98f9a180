package rest

import (
	"github.com/google/uuid"

	"docket/modules/project/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx"
	"docket/platform/page"
)

type handlers struct{ projects *core.Service }

func (h handlers) create(r *httpx.Request) (httpx.Response, error) {
	project, err := h.projects.Create(r.Context(), r.Owner(), whole(r.Body()))
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.Created(path(project.ID), view(project)), nil
}

func (h handlers) createMany(rs []*httpx.Request) ([]httpx.Response, error) {
	ids, changes := make([]uuid.UUID, len(rs)), make([]core.Change, len(rs))
	for i, r := range rs {
		ids[i], changes[i] = r.NewID(), whole(r.Body())
	}
	projects, err := h.projects.CreateMany(rs[0].Context(), rs[0].Owner(), ids, changes)
	if err != nil {
		return nil, err
	}
	responses := make([]httpx.Response, len(projects))
	for i, p := range projects {
		responses[i] = httpx.Created(path(p.ID), view(p))
	}
	return responses, nil
}

func (h handlers) list(r *httpx.Request) (httpx.Response, error) {
	q, counts, faults := listQuery(r)
	if err := faults.Err(); err != nil {
		return httpx.Response{}, err
	}
	projects, next, err := h.projects.List(r.Context(), r.Owner(), q)
	if err != nil {
		return httpx.Response{}, err
	}
	if !counts {
		return httpx.List(projects, view, (*page.After)(next)), nil
	}
	counted, err := h.counted(r, projects...)
	return httpx.List(counted, countedProject.view, (*page.After)(next)), err
}

func (h handlers) get(r *httpx.Request) (httpx.Response, error) {
	var faults errs.Faults
	counts := includeCounts(r, &faults)
	if err := faults.Err(); err != nil {
		return httpx.Response{}, err
	}
	project, err := h.projects.Get(r.Context(), r.Owner(), r.ID())
	if err != nil || !counts {
		return httpx.OK(view(project)), err
	}
	counted, err := h.counted(r, project)
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.OK(counted[0].view()), nil
}

// counted adds to projects how many tasks they have.
func (h handlers) counted(r *httpx.Request, projects ...core.Project) ([]countedProject, error) {
	counts, err := h.projects.TaskCounts(r.Context(), r.Owner(), projects...)
	if err != nil {
		return nil, err
	}
	counted := make([]countedProject, len(projects))
	for i, p := range projects {
		counted[i] = countedProject{project: p, tasks: counts[i]}
	}
	return counted, nil
}

func (h handlers) update(r *httpx.Request) (httpx.Response, error) {
	project, err := h.projects.Update(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view), some(r.Body()))
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.OK(view(project)), nil
}

func (h handlers) put(r *httpx.Request) (httpx.Response, error) {
	project, created, err := h.projects.Put(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view), whole(r.Body()))
	switch {
	case err != nil:
		return httpx.Response{}, err
	case created:
		return httpx.Created(path(project.ID), view(project)), nil
	default:
		return httpx.OK(view(project)), nil
	}
}

func (h handlers) delete(r *httpx.Request) (httpx.Response, error) {
	tasksToo, faults := withTasks(r)
	if err := faults.Err(); err != nil {
		return httpx.Response{}, err
	}
	remove := h.projects.Delete
	if tasksToo {
		remove = h.projects.DeleteWithTasks
	}
	return httpx.NoContent(), remove(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view))
}

func (h handlers) archive(r *httpx.Request) (httpx.Response, error) {
	project, err := h.projects.Archive(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view))
	return httpx.OK(view(project)), err
}

func (h handlers) unarchive(r *httpx.Request) (httpx.Response, error) {
	project, err := h.projects.Unarchive(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view))
	return httpx.OK(view(project)), err
}

func (h handlers) move(r *httpx.Request) (httpx.Response, error) {
	project, err := h.projects.Move(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view), spot(r.Body()))
	return httpx.OK(view(project)), err
}
