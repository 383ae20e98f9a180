package rest

import (
	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/httpx"
)

func (h handlers) merge(r *httpx.Request) (httpx.Response, error) {
	tag, err := h.tags.Merge(r.Context(), r.Owner(), r.ID(), httpx.Guard(r, view), into(r.Body()))
	return httpx.OK(view(tag)), err
}

// into reads which tag the tasks get instead.
func into(body *httpx.Object) func(into **uuid.UUID) errs.Faults {
	return func(into **uuid.UUID) errs.Faults {
		body.Require("into_id")
		httpx.ID(body, "into_id", into, intoID)
		return body.Faults()
	}
}
