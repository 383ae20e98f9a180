package rest

import (
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/httpx"
)

type handlers struct {
	tasks *core.Service
	lists *core.Lists
}

func (h handlers) create(r *httpx.Request) (httpx.Response, error) {
	task, err := h.tasks.Create(r.Context(), r.Owner(), whole(r.Body()))
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.Created(path(task.ID), view(task)), nil
}

func (h handlers) createMany(rs []*httpx.Request) ([]httpx.Response, error) {
	ids, changes := make([]uuid.UUID, len(rs)), make([]core.Change, len(rs))
	for i, r := range rs {
		ids[i], changes[i] = r.NewID(), whole(r.Body())
	}
	tasks, err := h.tasks.CreateMany(rs[0].Context(), rs[0].Owner(), ids, changes)
	if err != nil {
		return nil, err
	}
	responses := make([]httpx.Response, len(tasks))
	for i, t := range tasks {
		responses[i] = httpx.Created(path(t.ID), view(t))
	}
	return responses, nil
}

func (h handlers) update(r *httpx.Request) (httpx.Response, error) {
	task, err := h.tasks.Update(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view), some(r.Body()))
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.OK(view(task)), nil
}

func (h handlers) put(r *httpx.Request) (httpx.Response, error) {
	task, created, err := h.tasks.Put(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view), whole(r.Body()))
	switch {
	case err != nil:
		return httpx.Response{}, err
	case created:
		return httpx.Created(path(task.ID), view(task)), nil
	default:
		return httpx.OK(view(task)), nil
	}
}

func (h handlers) move(r *httpx.Request) (httpx.Response, error) {
	task, err := h.tasks.Move(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view), destination(r.Body()))
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.OK(view(task)), nil
}

func (h handlers) delete(r *httpx.Request) (httpx.Response, error) {
	if err := h.tasks.Delete(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view)); err != nil {
		return httpx.Response{}, err
	}
	return httpx.NoContent(), nil
}
