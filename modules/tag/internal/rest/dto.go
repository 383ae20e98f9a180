package rest

import (
	"github.com/google/uuid"

	"docket/modules/tag/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx"
)

func path(id uuid.UUID) string { return "/tags/" + id.String() }

// tagView is a tag as clients see it.
type tagView core.Tag

func view(t core.Tag) tagView { return tagView(t) }

// AppendJSON implements [httpx.View].
func (v tagView) AppendJSON(dst []byte) []byte {
	j := httpx.NewJSON(dst)
	j.ID("id", v.ID)
	j.String("name", string(v.Name))
	j.StringOrNull("color", (*string)(v.Color))
	j.Instant("created_at", v.CreatedAt)
	j.Instant("updated_at", v.UpdatedAt)
	return j.End()
}

// whole reads a body that says everything of a tag: a create, a replacement.
func whole(body *httpx.Object) core.Change {
	return func(d *core.Draft) errs.Faults {
		body.Require("name")
		return read(body, d)
	}
}

// some reads a body that says what is to change: a merge patch (RFC 7396).
func some(body *httpx.Object) core.Change {
	return func(d *core.Draft) errs.Faults { return read(body, d) }
}

func read(body *httpx.Object, d *core.Draft) errs.Faults {
	httpx.Text(body, "name", &d.Name, name)
	httpx.TextOrNull(body, "color", &d.Color, color)
	body.ReadOnly("id", "created_at", "updated_at")
	return body.Faults()
}
