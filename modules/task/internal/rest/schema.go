package rest

import (
	"time"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/httpx"
	"docket/platform/openapi"
	"docket/platform/position"
)

var group = openapi.Group{Name: "Tasks", Description: "What is to be done. Tasks can have subtasks, five levels in all."}

var (
	statuses   = openapi.Named("TaskStatus", openapi.OneOf(core.Statuses()...))
	priorities = openapi.Named("TaskPriority", openapi.OneOf(core.Priorities()...))
)

// What clients say of a task.
var (
	title = httpx.ReadAs(core.ParseTitle, openapi.Like(openapi.Described(openapi.String(1, core.MaxTitle),
		"What is to be done: one line, trimmed, without control characters."), "Paint the fence"))
	description = httpx.ReadAs(core.ParseDescription, openapi.Like(openapi.Described(openapi.String(0, core.MaxDescription),
		"Markdown, kept as it was written."), "Two coats, *not* in the rain"))
	status   = httpx.ReadAs(core.ParseStatus, statuses)
	priority = httpx.ReadAs(core.ParsePriority, priorities)
	dueAt    = httpx.ReadAs(core.ParseInstant, openapi.Like(openapi.Described(openapi.Instant(),
		"The instant at which the task is due, with any offset; comes back in UTC. At most one of `due_at` and `due_on`."), "2026-11-24T17:00:00Z"))
	dueOn = httpx.ReadAs(core.ParseDate, openapi.Like(openapi.Described(openapi.Format("date"),
		"The day on which the task is due, in the user's time zone. At most one of `due_at` and `due_on`."), "2026-11-24"))
	projectID = openapi.Described(openapi.UUID(), "The project that the task is in; null for the inbox. A subtask is where its parent is.")
	parentID  = openapi.Described(openapi.UUID(), "The task that this one is part of; null for none.")
	tagIDs    = openapi.Described(openapi.Unique(openapi.List(openapi.UUID(), core.MaxTags)), "The tags that the task carries; they come back sorted.")
	beforeID  = openapi.Described(openapi.UUID(), "The sibling that the task goes right before. At most one of `before_id` and `after_id`.")
	afterID   = openapi.Described(openapi.UUID(), "The sibling that the task goes right after. At most one of `before_id` and `after_id`.")
)

var taskSchema = openapi.Named("Task", openapi.Object(
	openapi.Member("id", openapi.UUID()),
	openapi.Member("title", title.Schema()),
	openapi.Member("description", openapi.OrNull(description.Schema())),
	openapi.Member("status", statuses),
	openapi.Member("priority", priorities),
	openapi.Member("due_at", openapi.OrNull(dueAt.Schema())),
	openapi.Member("due_on", openapi.OrNull(dueOn.Schema())),
	openapi.Member("project_id", openapi.OrNull(projectID)),
	openapi.Member("parent_id", openapi.OrNull(parentID)),
	openapi.Member("tag_ids", tagIDs),
	openapi.Member("position", openapi.Described(openapi.Matching(openapi.String(1, 0), position.Pattern), "Orders siblings by hand: sort by it bytewise. `move` changes it.")),
	openapi.Member("completed_at", openapi.Described(openapi.OrNull(openapi.Instant()), "When the status became `done` or `cancelled`; null otherwise.")),
	openapi.Member("created_at", openapi.Instant()),
	openapi.Member("updated_at", openapi.Instant()),
))

// task is what the document says of one.
var task = httpx.Resource{
	Schema: taskSchema,
	Example: view(core.Task{
		ID: exampleID, Title: "Paint the fence", Description: new(core.Description("Two coats, *not* in the rain")),
		Status: core.Todo, Priority: core.High, DueOn: new(core.Date("2026-11-24")),
		TagIDs: []uuid.UUID{}, Position: position.Last(exampleTime, exampleID), CreatedAt: exampleTime, UpdatedAt: exampleTime,
	}),
	Included: []openapi.Property{
		openapi.Member("subtasks", openapi.Described(openapi.List(branch, core.MaxSubtree), "What is below the task, siblings by position; with `include=subtasks`.")),
		openapi.Member("subtasks_truncated", openapi.Described(openapi.Boolean(), "Whether there are more below it than are shown, the deepest being left out; with `include=subtasks`.")),
	},
}

// branch is a task with what is below it.
var branch = openapi.Named("TaskBranch", openapi.Extended(taskSchema,
	openapi.Member("etag", openapi.Described(httpx.EntityTag, "The entity tag that the task has on its own.")),
	openapi.Member("subtasks", openapi.List(openapi.Ref("TaskBranch"), core.MaxSubtree)),
))

// summary is what the document says of the counts of a user's tasks.
var summary = httpx.Resource{
	Schema: openapi.Named("TaskSummary", openapi.Object(
		openapi.Member("open", openapi.Described(count, "Tasks to do and in progress.")),
		openapi.Member("overdue", openapi.Described(count, "Open tasks whose instant or day has passed.")),
		openapi.Member("due_today", openapi.Described(count, "Open tasks that are due today.")),
		openapi.Member("done_today", openapi.Described(count, "Tasks done today, cancelled ones not among them.")),
		openapi.Member("open_by_project", openapi.List(openapi.Object(
			openapi.Member("project_id", openapi.Described(openapi.OrNull(openapi.UUID()), "null for the inbox.")),
			openapi.Member("open", count),
		), 0)),
		openapi.Member("open_by_tag", openapi.List(openapi.Object(
			openapi.Member("tag_id", openapi.UUID()),
			openapi.Member("open", count),
		), 0)),
	)),
	Example: summaryView(core.Summary{Open: 12, Overdue: 1, DueToday: 2, DoneToday: 5, ByProject: []core.Count{{N: 12}}}),
}

var count = openapi.Integer(0, -1)

// What examples are about.
var (
	exampleID   = uuid.MustParse("0198c0de-0000-7000-8000-000000000031")
	otherID     = uuid.MustParse("0198c0de-0000-7000-8000-000000000032")
	exampleTag  = "0198c0de-0000-7000-8000-000000000021" // that of the tags' examples
	exampleTime = time.Date(2026, time.November, 23, 9, 30, 0, 0, time.UTC)
)
