// Package rest serves projects over HTTP.
package rest

import (
	"docket/modules/project/internal/core"
	"docket/platform/httpx"
)

// Routes lists every operation on projects.
func Routes(projects *core.Service) []httpx.Route {
	h := handlers{projects: projects}
	return []httpx.Route{
		{Method: "POST", Path: "/projects", Operation: "createProject", Summary: "Create a project", Body: true, Handle: h.create},
		{Method: "GET", Path: "/projects", Operation: "listProjects", Summary: "List projects", Sorts: []string{"position", "name", "created_at", "updated_at"}, Handle: h.list},
		{Method: "GET", Path: "/projects/:id", Operation: "getProject", Summary: "Read a project", Handle: h.get},
		{Method: "PATCH", Path: "/projects/:id", Operation: "updateProject", Summary: "Change some of a project", Body: true, Handle: h.update},
		{Method: "PUT", Path: "/projects/:id", Operation: "putProject", Summary: "Create or replace a project", Body: true, Handle: h.put},
		{Method: "DELETE", Path: "/projects/:id", Operation: "deleteProject", Summary: "Delete a project; its tasks go back to the inbox", Handle: h.delete},
	}
}
