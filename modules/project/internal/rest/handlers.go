package rest

import (
	"docket/modules/project/internal/core"
	"docket/platform/httpx"
	"docket/platform/page"
)

type handlers struct{ projects *core.Service }

func (h handlers) create(r *httpx.Request) (httpx.Response, error) {
	project, err := h.projects.Create(r.Context(), r.Owner(), whole(r))
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.Created(path(project.ID), view(project)), nil
}

func (h handlers) list(r *httpx.Request) (httpx.Response, error) {
	p := r.Page()
	projects, next, err := h.projects.List(r.Context(), r.Owner(), core.Query{
		Sort: core.SortField(p.Sort), Desc: p.Desc, After: (*core.After)(p.After), Limit: p.Limit,
	})
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.List(projects, view, (*page.After)(next)), nil
}

func (h handlers) get(r *httpx.Request) (httpx.Response, error) {
	project, err := h.projects.Get(r.Context(), r.Owner(), r.ID())
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.OK(view(project)), nil
}

func (h handlers) update(r *httpx.Request) (httpx.Response, error) {
	project, err := h.projects.Update(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view), some(r))
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.OK(view(project)), nil
}

func (h handlers) put(r *httpx.Request) (httpx.Response, error) {
	project, created, err := h.projects.Put(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view), whole(r))
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
	if err := h.projects.Delete(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view)); err != nil {
		return httpx.Response{}, err
	}
	return httpx.NoContent(), nil
}
