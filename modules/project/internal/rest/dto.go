package rest

import (
	"github.com/google/uuid"

	"docket/modules/project/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx"
)

func path(id uuid.UUID) string { return "/projects/" + id.String() }

// projectView is a project as clients see it.
type projectView core.Project

func view(p core.Project) projectView { return projectView(p) }

// AppendJSON implements [httpx.View].
func (v projectView) AppendJSON(dst []byte) []byte {
	j := httpx.NewJSON(dst)
	j.ID("id", v.ID)
	j.String("name", string(v.Name))
	j.StringOrNull("description", (*string)(v.Description))
	j.StringOrNull("color", (*string)(v.Color))
	j.String("position", v.Position)
	j.InstantOrNull("archived_at", v.ArchivedAt)
	j.Instant("created_at", v.CreatedAt)
	j.Instant("updated_at", v.UpdatedAt)
	return j.End()
}

// whole reads a body that says everything of a project: a create, a replacement.
func whole(r *httpx.Request) core.Change {
	return func(d *core.Draft) errs.Faults {
		body := r.Body()
		body.Require("name")
		return read(body, d)
	}
}

// some reads a body that says what is to change: a merge patch (RFC 7396).
func some(r *httpx.Request) core.Change {
	return func(d *core.Draft) errs.Faults { return read(r.Body(), d) }
}

func read(body *httpx.Object, d *core.Draft) errs.Faults {
	httpx.Text(body, "name", &d.Name, core.ParseName)
	httpx.TextOrNull(body, "description", &d.Description, core.ParseDescription)
	httpx.TextOrNull(body, "color", &d.Color, core.ParseColor)
	body.ReadOnly("id", "position", "archived_at", "created_at", "updated_at")
	return body.Faults()
}
