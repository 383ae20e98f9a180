// Package rest serves tasks over HTTP.
package rest

import (
	"docket/modules/task/internal/core"
	"docket/platform/httpx"
)

// Routes lists every operation on tasks.
func Routes(tasks *core.Service, lists *core.Lists) []httpx.Route {
	h := handlers{tasks: tasks, lists: lists}
	return []httpx.Route{
		{Method: "POST", Path: "/tasks", Operation: "createTask", Summary: "Create a task", Body: true, Handle: h.create, Many: h.createMany},
		{Method: "GET", Path: "/tasks", Operation: "listTasks", Summary: "List tasks, or search them", Sorts: sorts, Query: filters, Handle: h.list},
		{Method: "GET", Path: "/tasks/summary", Operation: "summarizeTasks", Summary: "Count what is open, late and done", Handle: h.summary},
		{Method: "GET", Path: "/tasks/:id", Operation: "getTask", Summary: "Read a task", Query: []string{"include"}, Handle: h.get},
		{Method: "PATCH", Path: "/tasks/:id", Operation: "updateTask", Summary: "Change some of a task", Body: true, Handle: h.update},
		{Method: "PUT", Path: "/tasks/:id", Operation: "putTask", Summary: "Create or replace a task", Body: true, Handle: h.put},
		{Method: "POST", Path: "/tasks/:id/move", Operation: "moveTask", Summary: "Put a task, and everything below it, somewhere else", Body: true, Handle: h.move},
		{Method: "DELETE", Path: "/tasks/:id", Operation: "deleteTask", Summary: "Delete a task and everything below it", Handle: h.delete},
	}
}
