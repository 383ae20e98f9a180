package rest

import (
	"time"

	"github.com/google/uuid"

	"docket/modules/project/internal/core"
	"docket/platform/httpx"
	"docket/platform/openapi"
	"docket/platform/position"
)

var group = openapi.Group{Name: "Projects", Description: "Lists of tasks that a user keeps together. A task without a project is in the inbox."}

// What clients say of a project.
var (
	name = httpx.ReadAs(core.ParseName, openapi.Like(openapi.Described(openapi.String(1, core.MaxName),
		"What the project is called: one line, trimmed. No two projects of a user that are not archived have the same name, whatever the letter case."), "Renovation"))
	description = httpx.ReadAs(core.ParseDescription, openapi.Like(openapi.Described(openapi.String(0, core.MaxDescription),
		"What the project is about."), "The house by the lake"))
	color = httpx.ReadAs(core.ParseColor, openapi.Like(openapi.Described(openapi.Pattern("^#[0-9a-fA-F]{6}$"),
		"An sRGB colour; comes back in lower case."), "#228b22"))
	beforeID = openapi.Described(openapi.UUID(), "The project that it goes right before. Either this or `after_id`.")
	afterID  = openapi.Described(openapi.UUID(), "The project that it goes right after. Either this or `before_id`.")
)

// project is what the document says of one.
var project = httpx.Resource{
	Schema: openapi.Named("Project", openapi.Object(
		openapi.Member("id", openapi.UUID()),
		openapi.Member("name", name.Schema()),
		openapi.Member("description", openapi.OrNull(description.Schema())),
		openapi.Member("color", openapi.OrNull(color.Schema())),
		openapi.Member("position", openapi.Described(openapi.Matching(openapi.String(1, 0), position.Pattern), "Orders projects by hand: sort by it bytewise. `move` changes it.")),
		openapi.Member("archived_at", openapi.Described(openapi.OrNull(openapi.Instant()), "When the project was put away; null while it is in use.")),
		openapi.Member("created_at", openapi.Instant()),
		openapi.Member("updated_at", openapi.Instant()),
	)),
	Example: view(core.Project{
		ID: exampleID, Name: "Renovation", Description: new(core.Description("The house by the lake")), Color: new(core.Color("#228b22")),
		Position: position.Last(exampleTime, exampleID), CreatedAt: exampleTime, UpdatedAt: exampleTime,
	}),
	Included: []openapi.Property{
		openapi.Member("task_counts", openapi.Described(openapi.Object(
			openapi.Member("open", openapi.Described(openapi.Integer(0, -1), "Tasks to do and in progress.")),
			openapi.Member("done", openapi.Integer(0, -1)),
		), "How many tasks the project has; with `include=counts`.")),
	},
}

// What examples are about.
var (
	exampleID   = uuid.MustParse("0198c0de-0000-7000-8000-000000000011")
	otherID     = uuid.MustParse("0198c0de-0000-7000-8000-000000000012")
	exampleTime = time.Date(2026, time.November, 23, 9, 30, 0, 0, time.UTC)
)

// maxContains is how many characters of a name can be asked for: a whole name, each
// letter with an accent of its own.
const maxContains = 2 * core.MaxName

// The parameters of projects.
var (
	archived = httpx.Param{
		Name: "archived", Schema: openapi.OneOf("false", "true", "all"), Example: "all",
		Description: "Which projects are meant: those in use, which is what is meant without it, archived ones, or both.",
	}
	contains = httpx.Param{
		Name: "q", Schema: openapi.String(0, maxContains), Example: "reno",
		Description: "Only projects whose name contains this, without regard to letter case and accents.",
	}
	include = httpx.Param{Name: "include", Schema: openapi.OneOf("counts"), Example: "counts", Description: "`counts` adds `task_counts`."}
	tasks   = httpx.Param{
		Name: "tasks", Schema: openapi.OneOf("keep", "delete"), Example: "delete",
		Description: "`delete` deletes the tasks of the project too. With `keep`, which is what is meant without it, they go back to the inbox.",
	}
)
