package rest

import (
	"time"

	"github.com/google/uuid"

	"docket/modules/identity/internal/core"
	"docket/platform/auth"
	"docket/platform/httpx"
	"docket/platform/openapi"
)

var group = openapi.Group{Name: "Auth", Description: "Who is signed in. Users sign in elsewhere; here they only show their token."}

var timeZone = httpx.ReadAs(core.ParseTimeZone, openapi.Like(openapi.Described(openapi.Matching(openapi.String(1, core.MaxTimeZone), core.TimeZonePattern),
	"The IANA name of the zone in which the user's days begin and end."), "Europe/Berlin"))

var userSchema = openapi.Named("User", openapi.Object(
	openapi.Member("id", openapi.UUID()),
	openapi.Member("subject", openapi.Described(openapi.String(1, auth.MaxSubject), "What the issuer calls the user.")),
	openapi.Member("issuer", openapi.Described(openapi.String(1, auth.MaxIssuer), "Who vouches for the user.")),
	openapi.Member("email", openapi.Described(openapi.OrNull(openapi.String(0, auth.MaxEmail)), "As the newest token has it.")),
	openapi.Member("name", openapi.Described(openapi.OrNull(openapi.String(0, auth.MaxName)), "As the newest token has it.")),
	openapi.Member("time_zone", timeZone.Schema()),
	openapi.Member("created_at", openapi.Instant()),
	openapi.Member("updated_at", openapi.Instant()),
))

// user is what the document says of one.
var user = httpx.Resource{Schema: userSchema, Example: view(exampleUser)}

// What examples are about.
var (
	exampleTime = time.Date(2026, time.November, 23, 9, 30, 0, 0, time.UTC)
	exampleUser = core.User{
		ID: uuid.MustParse("0198c0de-0000-7000-8000-000000000001"), Subject: "8JBvq1y0Zk", Issuer: "https://app.example.com",
		Email: new("ada@example.com"), Name: new("Ada Lovelace"), TimeZone: "Europe/Berlin", CreatedAt: exampleTime, UpdatedAt: exampleTime,
	}
)

// export is what the document says of a download. What collections there are
// is not for identity to know.
var export = httpx.Resource{
	Schema:  openapi.Named("Export", exportSchema()),
	Example: exampleExport{},
}

func exportSchema() *openapi.Schema {
	s := openapi.Object(
		openapi.Member("exported_at", openapi.Described(openapi.Instant(), "When everything was as it is shown.")),
		openapi.Member("user", userSchema),
	)
	s.AdditionalProperties = openapi.List(openapi.Any(), 0)
	s.Description = "The user, and for each kind of things that it owns an array of them: `projects`, `tags`, `tasks`."
	return s
}

// exampleExport is the beginning of a download.
type exampleExport struct{}

// AppendJSON implements [httpx.View].
func (exampleExport) AppendJSON(dst []byte) []byte {
	return append(append(begin(exampleUser, exampleTime, dst), `,"tasks":[]`...), '}')
}
