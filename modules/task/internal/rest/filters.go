package rest

import (
	"docket/modules/task/internal/core"
	"docket/platform/httpx"
	"docket/platform/openapi"
)

// filters are the parameters of a list that say which tasks are meant.
var filters = []httpx.Param{
	{Name: "status", Schema: openapi.List(statuses, maxElements), Description: "Only tasks that have one of these, separated by commas.", Example: []string{"todo", "in_progress"}},
	{Name: "priority", Schema: openapi.List(priorities, maxElements), Description: "Only tasks that have one of these, separated by commas.", Example: []string{"high", "urgent"}},
	{Name: "project_id", Schema: reference, Description: "Only tasks of this project; `none` for those in the inbox.", Example: none},
	{Name: "parent_id", Schema: reference, Description: "Only subtasks of this task; `none` for tasks that are part of no other.", Example: none},
	{Name: "tag_id", Schema: openapi.List(openapi.UUID(), maxElements), Description: "Only tasks that carry one of these tags, or with `tag_match=all` all of them, separated by commas.", Example: []string{exampleTag}},
	{Name: "tag_match", Schema: openapi.OneOf("any", "all"), Description: "Whether one of the tags is enough, as it is without this, or all must be there.", Example: "all"},
	{Name: "due_after", Schema: bound, Description: "Only tasks that are due then or later.", Example: "2026-11-23"},
	{Name: "due_before", Schema: bound, Description: "Only tasks that are due before.", Example: "2026-12-01"},
	{Name: "overdue", Schema: openapi.OneOf("true"), Description: "Only open tasks whose instant or day has passed.", Example: "true"},
	{Name: "completed_after", Schema: bound, Description: "Only tasks that were completed then or later.", Example: "2026-11-23"},
	{Name: "completed_before", Schema: bound, Description: "Only tasks that were completed before.", Example: "2026-11-23T17:00:00Z"},
	{Name: "updated_after", Schema: bound, Description: "Only tasks that were changed then or later.", Example: "2026-11-23T09:30:00Z"},
	{Name: "q", Schema: openapi.String(0, core.MaxSearch), Example: "paint fen",
		Description: "Searches title and description. All words must match, the last one that is wanted as a prefix, without regard to letter case and accents; `\"words in quotes\"` must stand next to each other, wherever in the text, and a word or quotation behind `-` must not be there. Where words are written without spaces, as in Chinese and Japanese, any part of a text is found. Empty is as good as none."},
}

var (
	// reference is an id, or none.
	reference = &openapi.Schema{AnyOf: []*openapi.Schema{openapi.UUID(), openapi.OneOf(none)}}
	// bound is an instant or a date.
	bound = &openapi.Schema{AnyOf: []*openapi.Schema{openapi.Instant(), openapi.Format("date")}}
)

// include is the parameter by which a task comes with what is below it.
var include = httpx.Param{
	Name: "include", Schema: openapi.OneOf("subtasks"), Example: "subtasks",
	Description: "`subtasks` adds the tree below the task, and `etag`, the entity tag that the task has on its own: use that for `If-Match`, since the header `ETag` is that of the tree.",
}
