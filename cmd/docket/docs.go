package main

import (
	"bytes"
	"fmt"
	"html/template"

	"docket/platform/httpx"
)

// docsPath is where people read what the API can do.
const docsPath = "/docs"

// docsPage lists the operations as they are served. It needs no script and no
// other host.
var docsPage = template.Must(template.New("docs").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Docket API</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8884; vertical-align: top }
code { font: .9em ui-monospace, monospace }
</style></head><body>
<h1>Docket API</h1>
<p>Everything below <code>{{.Base}}</code> takes <code>Authorization: Bearer JWT</code> and speaks JSON:
<code>{"success": true, "data": …}</code>, or <code>{"success": false, "error": {"code", "message", "details", "request_id"}}</code>.</p>
<table><thead><tr><th>Call</th><th>Does</th><th>Query</th></tr></thead><tbody>
{{range .Routes}}<tr><td><code>{{.Method}} {{.Path}}</code></td><td>{{.Summary}}</td>
<td>{{if .Sorts}}<code>limit</code> <code>cursor</code> <code>sort</code>: {{range .Sorts}}<code>{{.}}</code> {{end}}{{end}}{{range .Query}}<code>{{.Name}}</code> {{end}}</td></tr>
{{end}}</tbody></table></body></html>
`))

func addDocs(app *httpx.App) error {
	var page bytes.Buffer
	if err := docsPage.Execute(&page, struct {
		Base   string
		Routes []httpx.Route
	}{httpx.BasePath, app.Routes()}); err != nil {
		return fmt.Errorf("write the page of the API: %w", err)
	}
	app.AddDocument(docsPath, "text/html; charset=utf-8", page.Bytes())
	return nil
}
