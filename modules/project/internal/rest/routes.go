// Package rest serves projects over HTTP.
package rest

import (
	"docket/modules/project/internal/core"
	"docket/platform/httpx"
)

// Routes lists every operation on projects.
func Routes(projects *core.Service) []httpx.Route {
	h := handlers{projects: projects}
	sorts := []string{"position", "name", "created_at", "updated_at"}
	return []httpx.Route{
		{Method: "POST", Path: "/projects", Operation: "createProject", Summary: "Create a project", Body: true, Handle: h.create, Many: h.createMany},
		{Method: "GET", Path: "/projects", Operation: "listProjects", Summary: "List projects", Sorts: sorts, Query: []string{"archived", "q", "include"}, Handle: h.list},
		{Method: "GET", Path: "/projects/:id", Operation: "getProject", Summary: "Read a project", Query: []string{"include"}, Handle: h.get},
		{Method: "PATCH", Path: "/projects/:id", Operation: "updateProject", Summary: "Change some of a project", Body: true, Handle: h.update},
		{Method: "PUT", Path: "/projects/:id", Operation: "putProject", Summary: "Create or replace a project", Body: true, Handle: h.put},
		{Method: "DELETE", Path: "/projects/:id", Operation: "deleteProject", Summary: "Delete a project; its tasks go back to the inbox, or with it", Query: []string{"tasks"}, Handle: h.delete},
		{Method: "POST", Path: "/projects/:id/archive", Operation: "archiveProject", Summary: "Archive a project", Handle: h.archive},
		{Method: "POST", Path: "/projects/:id/unarchive", Operation: "unarchiveProject", Summary: "Bring an archived project back into use", Handle: h.unarchive},
		{Method: "POST", Path: "/projects/:id/move", Operation: "moveProject", Summary: "Put a project right before or after another", Body: true, Handle: h.move},
	}
}
