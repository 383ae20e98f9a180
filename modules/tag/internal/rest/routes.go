// Package rest serves tags over HTTP.
package rest

import (
	"time"

	"docket/modules/tag/internal/core"
	"docket/platform/httpx"
)

// patience is for the tasks of a tag, which may be 100,000.
const patience = 55 * time.Second

// Routes lists every operation on tags.
func Routes(tags *core.Service) []httpx.Route {
	h := handlers{tags: tags}
	return []httpx.Route{
		{
			Method: "POST", Path: "/tags", Operation: "createTag", Group: group, Summary: "Create a tag",
			Body: httpx.Reads("NewTag", whole), Statuses: []int{201}, Shows: &shown, Handle: h.create, Many: h.createMany,
			Example: httpx.Example{Body: `{"name":"home"}`},
		},
		{
			Method: "GET", Path: "/tags", Operation: "listTags", Group: group, Summary: "List tags",
			Sorts: []string{"name", "created_at", "updated_at"}, Query: []httpx.Param{contains, include}, CheckQuery: checkList, Shows: &shown, Handle: h.list,
			Example: httpx.Example{Query: "include=counts"},
		},
		{
			Method: "GET", Path: "/tags/:id", Operation: "getTag", Group: group, Summary: "Read a tag",
			Query: []httpx.Param{include}, CheckQuery: checkInclude, Shows: &shown, Handle: h.get,
			Example: httpx.Example{ID: exampleID.String()},
		},
		{
			Method: "PATCH", Path: "/tags/:id", Operation: "updateTag", Group: group, Summary: "Change some of a tag",
			Body: httpx.Reads("TagPatch", some), Shows: &shown, Guards: &shown, Handle: h.update,
			Example: httpx.Example{ID: exampleID.String(), Body: `{"color":"#ff8c00"}`},
		},
		{
			Method: "PUT", Path: "/tags/:id", Operation: "putTag", Group: group, Summary: "Create or replace a tag",
			Description: "Creates the tag with the id that you chose, or replaces it: safe to repeat.",
			Body:        httpx.Reads("NewTag", whole), Statuses: []int{200, 201}, Shows: &shown, Guards: &shown, Handle: h.put,
			Example: httpx.Example{ID: exampleID.String(), Body: `{"name":"errand","color":"#1e90ff"}`},
		},
		{
			Method: "DELETE", Path: "/tags/:id", Operation: "deleteTag", Group: group, Summary: "Delete a tag, and take it off all tasks",
			Statuses: []int{204}, Guards: &shown, Handle: h.delete, Patience: patience,
			Example: httpx.Example{ID: exampleID.String()},
		},
		{
			Method: "POST", Path: "/tags/:id/merge", Operation: "mergeTag", Group: group, Summary: "Give all tasks of a tag another one, and delete it",
			Description: "Answers with the tag that stays.",
			Body:        httpx.Reads("TagMerge", into), Shows: &shown, Guards: &shown, Handle: h.merge, Patience: patience,
			Example: httpx.Example{
				ID: otherID.String(), Body: `{"into_id":"` + exampleID.String() + `"}`,
				First: []httpx.Call{{Method: "PUT", Path: path(otherID), Body: `{"name":"errands"}`}},
			},
		},
	}
}
