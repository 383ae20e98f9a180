package rest

import (
	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/httpx"
)

func (h handlers) merge(r *httpx.Request) (httpx.Response, error) {
	tag, err := h.tags.Merge(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view), func(into **uuid.UUID) errs.Faults {
		body := r.Body()
		body.Require("into_id")
		httpx.IDOrNull(body, "into_id", into)
		return body.Faults()
	})
	return httpx.OK(view(tag)), err
}
