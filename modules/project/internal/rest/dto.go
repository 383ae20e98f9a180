package rest

import (
	"strconv"

	"github.com/google/uuid"

	"docket/modules/project/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx"
	"docket/platform/openapi"
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

// countedProject is a project with what include=counts adds to it.
type countedProject struct {
	project core.Project
	tasks   core.TaskCounts
}

func (c countedProject) view() countedView { return countedView(c) }

// countedView is one as clients see it. On its own its entity tag is that of all
// it shows, so that If-None-Match notices other counts; in a list it is that of
// the project alone, which is what If-Match takes.
type countedView countedProject

// Resource implements [httpx.Extended].
func (v countedView) Resource() httpx.View { return view(v.project) }

// AppendJSON implements [httpx.View].
func (v countedView) AppendJSON(dst []byte) []byte {
	dst = view(v.project).AppendJSON(dst)
	dst = append(dst[:len(dst)-1], `,"task_counts":{"open":`...)
	dst = strconv.AppendInt(dst, int64(v.tasks.Open), 10)
	dst = append(dst, `,"done":`...)
	dst = strconv.AppendInt(dst, int64(v.tasks.Done), 10)
	return append(dst, "}}"...)
}

// spot reads a body that says where a project goes.
func spot(body *httpx.Object) func(*core.Spot) errs.Faults {
	return func(s *core.Spot) errs.Faults {
		httpx.IDOrNull(body, "before_id", &s.Before, beforeID)
		httpx.IDOrNull(body, "after_id", &s.After, afterID)
		body.Describe(openapi.NotEmpty)
		return body.Faults()
	}
}

// whole reads a body that says everything of a project: a create, a replacement.
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
	httpx.TextOrNull(body, "description", &d.Description, description)
	httpx.TextOrNull(body, "color", &d.Color, color)
	body.ReadOnly("id", "position", "archived_at", "created_at", "updated_at")
	return body.Faults()
}
