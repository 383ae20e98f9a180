// Package rest serves projects over HTTP.
package rest

import (
	"time"

	"docket/modules/project/internal/core"
	"docket/platform/httpx"
)

// patience is for the tasks of a project, which may be 200,000.
const patience = 55 * time.Second

// Routes lists every operation on projects.
func Routes(projects *core.Service) []httpx.Route {
	h := handlers{projects: projects}
	return append(h.collection(), h.actions()...)
}

func (h handlers) collection() []httpx.Route {
	return []httpx.Route{
		{
			Method: "POST", Path: "/projects", Operation: "createProject", Group: group, Summary: "Create a project",
			Body: httpx.Reads("NewProject", whole), Statuses: []int{201}, Shows: &project, Handle: h.create, Many: h.createMany,
			Example: httpx.Example{Body: `{"name":"Garden"}`},
		},
		{
			Method: "GET", Path: "/projects", Operation: "listProjects", Group: group, Summary: "List projects",
			Sorts: []string{"position", "name", "created_at", "updated_at"}, Query: []httpx.Param{archived, contains, include}, CheckQuery: checkList, Shows: &project, Handle: h.list,
			Example: httpx.Example{Query: "include=counts"},
		},
		{
			Method: "GET", Path: "/projects/:id", Operation: "getProject", Group: group, Summary: "Read a project",
			Query: []httpx.Param{include}, CheckQuery: checkInclude, Shows: &project, Handle: h.get,
			Example: httpx.Example{ID: exampleID.String(), Query: "include=counts"},
		},
		{
			Method: "PATCH", Path: "/projects/:id", Operation: "updateProject", Group: group, Summary: "Change some of a project",
			Body: httpx.Reads("ProjectPatch", some), Shows: &project, Guards: &project, Handle: h.update,
			Example: httpx.Example{ID: exampleID.String(), Body: `{"description":null}`},
		},
		{
			Method: "PUT", Path: "/projects/:id", Operation: "putProject", Group: group, Summary: "Create or replace a project",
			Description: "Creates the project with the id that you chose, or replaces it: safe to repeat.",
			Body:        httpx.Reads("NewProject", whole), Statuses: []int{200, 201}, Shows: &project, Guards: &project, Handle: h.put,
			Example: httpx.Example{ID: exampleID.String(), Body: `{"name":"Renovation","description":"The house by the lake","color":"#228b22"}`},
		},
		{
			Method: "DELETE", Path: "/projects/:id", Operation: "deleteProject", Group: group, Summary: "Delete a project; its tasks go back to the inbox, or with it",
			Query: []httpx.Param{tasks}, CheckQuery: checkTasks, Statuses: []int{204}, Guards: &project, Handle: h.delete, Patience: patience,
			Example: httpx.Example{ID: exampleID.String()},
		},
	}
}

func (h handlers) actions() []httpx.Route {
	return []httpx.Route{
		{
			Method: "POST", Path: "/projects/:id/archive", Operation: "archiveProject", Group: group, Summary: "Archive a project",
			Description: "An archived project takes no tasks. Those in it can be read, edited and moved out. Archiving twice changes nothing.",
			Shows:       &project, Guards: &project, Handle: h.archive,
			Example: httpx.Example{ID: exampleID.String()},
		},
		{
			Method: "POST", Path: "/projects/:id/unarchive", Operation: "unarchiveProject", Group: group, Summary: "Bring an archived project back into use",
			Shows: &project, Guards: &project, Handle: h.unarchive,
			Example: httpx.Example{ID: exampleID.String()},
		},
		{
			Method: "POST", Path: "/projects/:id/move", Operation: "moveProject", Group: group, Summary: "Put a project right before or after another",
			Description: "Changes `position`. As a rule no other project changes.",
			Body:        httpx.Reads("ProjectMove", spot), Shows: &project, Guards: &project, Handle: h.move,
			Example: httpx.Example{
				ID: exampleID.String(), Body: `{"after_id":"` + otherID.String() + `"}`,
				First: []httpx.Call{{Method: "PUT", Path: path(otherID), Body: `{"name":"Holidays"}`}},
			},
		},
	}
}
