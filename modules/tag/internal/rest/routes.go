// Package rest serves tags over HTTP.
package rest

import (
	"docket/modules/tag/internal/core"
	"docket/platform/httpx"
)

// Routes lists every operation on tags.
func Routes(tags *core.Service) []httpx.Route {
	h := handlers{tags: tags}
	return []httpx.Route{
		{Method: "POST", Path: "/tags", Operation: "createTag", Summary: "Create a tag", Body: true, Handle: h.create, Many: h.createMany},
		{Method: "GET", Path: "/tags", Operation: "listTags", Summary: "List tags", Sorts: []string{"name", "created_at", "updated_at"}, Query: []string{"q", "include"}, Handle: h.list},
		{Method: "GET", Path: "/tags/:id", Operation: "getTag", Summary: "Read a tag", Query: []string{"include"}, Handle: h.get},
		{Method: "PATCH", Path: "/tags/:id", Operation: "updateTag", Summary: "Change some of a tag", Body: true, Handle: h.update},
		{Method: "PUT", Path: "/tags/:id", Operation: "putTag", Summary: "Create or replace a tag", Body: true, Handle: h.put},
		{Method: "DELETE", Path: "/tags/:id", Operation: "deleteTag", Summary: "Delete a tag, and take it off all tasks", Handle: h.delete},
		{Method: "POST", Path: "/tags/:id/merge", Operation: "mergeTag", Summary: "Give all tasks of a tag another one, and delete it", Body: true, Handle: h.merge},
	}
}
