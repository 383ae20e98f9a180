package main

import (
	"fmt"

	"docket/platform/errs"
	"docket/platform/httpx"
	"docket/platform/openapi"
	"docket/platform/pages"
)

// openAPIPath is where programs read what the API can do.
const openAPIPath = "/openapi.json"

// about is what the document says of the API as a whole. Its version is that of
// the contract: a breaking change would be another.
var about = openapi.Info{
	Title:   "Docket",
	Version: "1.0.0",
	License: &openapi.License{Name: "Proprietary, all rights reserved", Identifier: "LicenseRef-Proprietary"},
	Summary: "Tasks, projects and tags",
	Description: `All that a task-management frontend needs.

**Answers** are ` + "`{\"success\": true, \"data\": …}`" + `, lists with ` + "`meta.next_cursor`" + `; failures are
` + "`{\"success\": false, \"error\": {\"code\", \"message\", \"request_id\"}}`" + `: switch on ` + "`error.code`" + `; [each code is explained](` + pages.ErrorsPath + `). A 422 names in
` + "`error.details`" + ` all that is wrong with the query, or, where nothing is, with the body. A path that does not exist answers 404 ` + "`RESOURCE_NOT_FOUND`" + `, a method that it does
not take 405 ` + "`METHOD_NOT_ALLOWED`" + ` with ` + "`Allow`" + `. What can be got can also be asked for with HEAD.

**Safe writes.** Send ` + "`Idempotency-Key`" + ` with a write to be able to repeat it, and ` + "`If-Match`" + ` so as not to overwrite
what others have changed: a 412 shows the resource as it now is.

**Unknown** members and query parameters are refused with 422, so that a typo is never dropped silently.

**Time.** Instants are RFC 3339 and come back in UTC; days are those of the user's time zone.

**Beside the API**, and no operations of it, are this document at [` + openAPIPath + `](` + openAPIPath + `), its reference to read and try out
at [` + pages.ReferencePath + `](` + pages.ReferencePath + `), and a page for each code of an error below [` + pages.ErrorsPath + `](` + pages.ErrorsPath + `), such as ` + "`" + pages.ErrorsPath + "/" + string(errs.CodeInvalid) + "`" + `.
They need no token.`,
}

// document describes what app serves.
func document(app *httpx.App) ([]byte, error) {
	d, err := app.Document(about)
	if err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	d.ExternalDocs = &openapi.ExternalDocs{URL: pages.ReferencePath, Description: "The same to read and to try out, and a page for each error"}
	return d.Encode()
}

func addDocument(app *httpx.App) error {
	text, err := document(app)
	if err != nil {
		return err
	}
	return app.AddDocument(openAPIPath, "application/json", text)
}
