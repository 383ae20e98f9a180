package rest

import (
	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx"
	"docket/platform/openapi"
)

func path(id uuid.UUID) string { return "/tasks/" + id.String() }

// taskView is a task as clients see it.
type taskView core.Task

func view(t core.Task) taskView { return taskView(t) }

// AppendJSON implements [httpx.View].
func (v taskView) AppendJSON(dst []byte) []byte {
	j := httpx.NewJSON(dst)
	j.ID("id", v.ID)
	j.String("title", string(v.Title))
	j.StringOrNull("description", (*string)(v.Description))
	j.String("status", string(v.Status))
	j.String("priority", v.Priority.String())
	j.InstantOrNull("due_at", v.DueAt)
	j.StringOrNull("due_on", (*string)(v.DueOn))
	j.IDOrNull("project_id", v.ProjectID)
	j.IDOrNull("parent_id", v.ParentID)
	j.IDs("tag_ids", v.TagIDs)
	j.String("position", v.Position)
	j.InstantOrNull("completed_at", v.CompletedAt)
	j.Instant("created_at", v.CreatedAt)
	j.Instant("updated_at", v.UpdatedAt)
	return j.End()
}

// whole reads a body that says everything of a task: a create, a replacement.
func whole(body *httpx.Object) core.Change {
	return func(d *core.Draft) errs.Faults {
		body.Require("title")
		return read(body, d)
	}
}

// some reads a body that says what is to change: a merge patch (RFC 7396).
func some(body *httpx.Object) core.Change {
	return func(d *core.Draft) errs.Faults { return read(body, d) }
}

func read(body *httpx.Object, d *core.Draft) errs.Faults {
	httpx.Text(body, "title", &d.Title, title)
	httpx.TextOrNull(body, "description", &d.Description, description)
	httpx.Text(body, "status", &d.Status, status)
	d.StatusNamed = body.Has("status")
	httpx.Text(body, "priority", &d.Priority, priority)
	httpx.TextOrNull(body, "due_at", &d.DueAt, dueAt)
	httpx.TextOrNull(body, "due_on", &d.DueOn, dueOn)
	httpx.IDOrNull(body, "project_id", &d.ProjectID, projectID)
	d.ProjectNamed = body.Has("project_id")
	httpx.IDOrNull(body, "parent_id", &d.ParentID, parentID)
	httpx.IDs(body, "tag_ids", &d.TagIDs, tagIDs)
	body.ReadOnly("id", "position", "completed_at", "created_at", "updated_at")
	return body.Faults()
}

// destination reads where a task is to go; it must say something of it.
func destination(body *httpx.Object) core.Route {
	return func(to *core.Destination) errs.Faults {
		to.ProjectNamed, to.ParentNamed = body.Has("project_id"), body.Has("parent_id")
		httpx.IDOrNull(body, "project_id", &to.ProjectID, projectID)
		httpx.IDOrNull(body, "parent_id", &to.ParentID, parentID)
		httpx.IDOrNull(body, "before_id", &to.BeforeID, beforeID)
		httpx.IDOrNull(body, "after_id", &to.AfterID, afterID)
		body.Describe(openapi.NotEmpty)
		faults := body.Faults()
		if len(faults) == 0 && !to.ProjectNamed && !to.ParentNamed && to.BeforeID == nil && to.AfterID == nil {
			faults.Add("", errs.Faultf(errs.FaultRequired, "must name at least one of project_id, parent_id, before_id, after_id"))
		}
		return faults
	}
}
