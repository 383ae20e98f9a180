// Package rest serves tasks over HTTP.
package rest

import (
	"docket/modules/task/internal/core"
	"docket/platform/httpx"
)

// Routes lists every operation on tasks.
func Routes(tasks *core.Service, lists *core.Lists) []httpx.Route {
	h := handlers{tasks: tasks, lists: lists}
	return append(h.reads(), h.writes()...)
}

func (h handlers) reads() []httpx.Route {
	return []httpx.Route{
		{
			Method: "GET", Path: "/tasks", Operation: "listTasks", Group: group, Summary: "List tasks, or search them",
			Description: "Filters are joined by and. `…_after` includes its value, `…_before` does not; a date means that day's start in the user's time zone. " +
				"A search without `sort` comes with the best matches first. By `due`, tasks without a date come last either way.",
			Sorts: sorts, Query: filters, CheckQuery: checkQuery, Shows: &task, Handle: h.list,
			Example: httpx.Example{Query: "status=todo,in_progress&sort=-priority&limit=20"},
		},
		{
			Method: "GET", Path: "/tasks/summary", Operation: "summarizeTasks", Group: group, Summary: "Count what is open, late and done",
			Description: "Days are those of the user's time zone.",
			Shows:       &summary, Handle: h.summary,
		},
		{
			Method: "GET", Path: "/tasks/:id", Operation: "getTask", Group: group, Summary: "Read a task",
			Query: []httpx.Param{include}, CheckQuery: checkInclude, Shows: &task, Handle: h.get,
			Example: httpx.Example{ID: exampleID.String(), Query: "include=subtasks"},
		},
	}
}

func (h handlers) writes() []httpx.Route {
	return []httpx.Route{
		{
			Method: "POST", Path: "/tasks", Operation: "createTask", Group: group, Summary: "Create a task",
			Body: httpx.Reads("NewTask", whole), Statuses: []int{201}, Shows: &task, Handle: h.create, Many: h.createMany,
			Example: httpx.Example{Body: `{"title":"Buy paint","due_at":"2026-11-24T17:00:00+01:00"}`},
		},
		{
			Method: "PATCH", Path: "/tasks/:id", Operation: "updateTask", Group: group, Summary: "Change some of a task",
			Description: "`done` and `cancelled` also finish the open subtasks, in the same transaction; reopening a task leaves its subtasks as they are.",
			Body:        httpx.Reads("TaskPatch", some), Shows: &task, Guards: &task, Handle: h.update,
			Example: httpx.Example{ID: exampleID.String(), Body: `{"status":"in_progress","due_at":"2026-11-25T08:00:00Z","due_on":null}`},
		},
		{
			Method: "PUT", Path: "/tasks/:id", Operation: "putTask", Group: group, Summary: "Create or replace a task",
			Description: "Creates the task with the id that you chose, or replaces it: safe to repeat.",
			Body:        httpx.Reads("NewTask", whole), Statuses: []int{200, 201}, Shows: &task, Guards: &task, Handle: h.put,
			Example: httpx.Example{ID: exampleID.String(), Body: `{"title":"Paint the fence","priority":"high","due_on":"2026-11-24"}`},
		},
		{
			Method: "POST", Path: "/tasks/:id/move", Operation: "moveTask", Group: group, Summary: "Put a task, and everything below it, somewhere else",
			Description: "One statement of where the task goes: the project, the parent, and the sibling that it goes before or after; at least one of them. What is absent stays as it is.",
			Body:        httpx.Reads("TaskMove", destination), Shows: &task, Guards: &task, Handle: h.move,
			Example: httpx.Example{
				ID: exampleID.String(), Body: `{"after_id":"` + otherID.String() + `"}`,
				First: []httpx.Call{{Method: "PUT", Path: path(otherID), Body: `{"title":"Mow the lawn"}`}},
			},
		},
		{
			Method: "DELETE", Path: "/tasks/:id", Operation: "deleteTask", Group: group, Summary: "Delete a task and everything below it",
			Statuses: []int{204}, Guards: &task, Handle: h.delete,
			Example: httpx.Example{ID: exampleID.String()},
		},
	}
}
