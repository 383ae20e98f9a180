package rest

import (
	"time"

	"github.com/google/uuid"

	"docket/modules/tag/internal/core"
	"docket/platform/httpx"
	"docket/platform/openapi"
)

var group = openapi.Group{Name: "Tags", Description: "Labels that a user puts on tasks."}

// What clients say of a tag.
var (
	name = httpx.ReadAs(core.ParseName, openapi.Like(openapi.Described(openapi.String(1, core.MaxName),
		"What the tag is called: one line, trimmed. No two tags of a user have the same name, whatever the letter case."), "errand"))
	color = httpx.ReadAs(core.ParseColor, openapi.Like(openapi.Described(openapi.Pattern("^#[0-9a-fA-F]{6}$"),
		"An sRGB colour; comes back in lower case."), "#1e90ff"))
	intoID = openapi.Described(openapi.UUID(), "The tag that the tasks get instead.")
)

// shown is what the document says of one.
var shown = httpx.Resource{
	Schema: openapi.Named("Tag", openapi.Object(
		openapi.Member("id", openapi.UUID()),
		openapi.Member("name", name.Schema()),
		openapi.Member("color", openapi.OrNull(color.Schema())),
		openapi.Member("created_at", openapi.Instant()),
		openapi.Member("updated_at", openapi.Instant()),
	)),
	Example: view(core.Tag{ID: exampleID, Name: "errand", Color: new(core.Color("#1e90ff")), CreatedAt: exampleTime, UpdatedAt: exampleTime}),
	Included: []openapi.Property{
		openapi.Member("task_count", openapi.Described(openapi.Integer(0, -1), "How many tasks carry the tag; with `include=counts`.")),
	},
}

// What examples are about.
var (
	exampleID   = uuid.MustParse("0198c0de-0000-7000-8000-000000000021")
	otherID     = uuid.MustParse("0198c0de-0000-7000-8000-000000000022")
	exampleTime = time.Date(2026, time.November, 23, 9, 30, 0, 0, time.UTC)
)

// maxContains is how many characters of a name can be asked for: a whole name, each
// letter with an accent of its own.
const maxContains = 2 * core.MaxName

// contains is the parameter by which tags are found.
var contains = httpx.Param{
	Name: "q", Schema: openapi.String(0, maxContains), Example: "err",
	Description: "Only tags whose name contains this, without regard to letter case and accents.",
}

// include is the parameter by which a tag comes with its count.
var include = httpx.Param{
	Name: "include", Schema: openapi.OneOf("counts"), Example: "counts",
	Description: "`counts` adds `task_count`.",
}
