package rest

import (
	"github.com/google/uuid"

	"docket/modules/tag/internal/core"
	"docket/platform/httpx"
	"docket/platform/page"
)

type handlers struct{ tags *core.Service }

func (h handlers) create(r *httpx.Request) (httpx.Response, error) {
	tag, err := h.tags.Create(r.Context(), r.Owner(), whole(r.Body()))
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.Created(path(tag.ID), view(tag)), nil
}

func (h handlers) createMany(rs []*httpx.Request) ([]httpx.Response, error) {
	ids, changes := make([]uuid.UUID, len(rs)), make([]core.Change, len(rs))
	for i, r := range rs {
		ids[i], changes[i] = r.NewID(), whole(r.Body())
	}
	tags, err := h.tags.CreateMany(rs[0].Context(), rs[0].Owner(), ids, changes)
	if err != nil {
		return nil, err
	}
	responses := make([]httpx.Response, len(tags))
	for i, t := range tags {
		responses[i] = httpx.Created(path(t.ID), view(t))
	}
	return responses, nil
}

func (h handlers) list(r *httpx.Request) (httpx.Response, error) {
	q, counts, faults := listQuery(r)
	if err := faults.Err(); err != nil {
		return httpx.Response{}, err
	}
	tags, next, err := h.tags.List(r.Context(), r.Owner(), q)
	if err != nil || !counts {
		return httpx.List(tags, view, (*page.After)(next)), err
	}
	counted, err := h.counted(r, tags...)
	return httpx.List(counted, countedTag.view, (*page.After)(next)), err
}

func (h handlers) get(r *httpx.Request) (httpx.Response, error) {
	counts, faults := includeCounts(r)
	if err := faults.Err(); err != nil {
		return httpx.Response{}, err
	}
	tag, err := h.tags.Get(r.Context(), r.Owner(), r.ID())
	if err != nil || !counts {
		return httpx.OK(view(tag)), err
	}
	counted, err := h.counted(r, tag)
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.OK(counted[0].view()), nil
}

func (h handlers) update(r *httpx.Request) (httpx.Response, error) {
	tag, err := h.tags.Update(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view), some(r.Body()))
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.OK(view(tag)), nil
}

func (h handlers) put(r *httpx.Request) (httpx.Response, error) {
	tag, created, err := h.tags.Put(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view), whole(r.Body()))
	switch {
	case err != nil:
		return httpx.Response{}, err
	case created:
		return httpx.Created(path(tag.ID), view(tag)), nil
	default:
		return httpx.OK(view(tag)), nil
	}
}

func (h handlers) delete(r *httpx.Request) (httpx.Response, error) {
	if err := h.tags.Delete(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view)); err != nil {
		return httpx.Response{}, err
	}
	return httpx.NoContent(), nil
}
