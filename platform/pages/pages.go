// Package pages makes what people see of Docket in a browser: the reference of
// the API, a page for each error code, and the front page. Everything that they
// load is carried by the program, so that they need no other host; see
// assets/scalar/SOURCE for the one part that others made.
package pages

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"

	"docket/platform/httpx"
)

// Where the pages are. What is below them is theirs.
const (
	ReferencePath = "/docs"
	ErrorsPath    = httpx.ErrorsPath
	assetsPath    = "/docs/assets/"
)

//go:embed assets
var assets embed.FS

//go:embed templates
var templates embed.FS

// Set are the pages, with what they load.
type Set struct {
	files map[string]httpx.Asset
	pages *template.Template
}

// New reads the pages. An error is a fault of the program.
func New() (*Set, error) {
	s := &Set{files: map[string]httpx.Asset{}}
	interfaceOfReference, err := assets.ReadFile("assets/scalar/standalone.js.gz")
	if err != nil {
		return nil, fmt.Errorf("read what pages load: %w", err)
	}
	s.files["scalar.js"] = httpx.PackedAsset(contentTypes["js"], interfaceOfReference)
	entries, err := assets.ReadDir("assets")
	if err != nil {
		return nil, fmt.Errorf("read what pages load: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		content, err := assets.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read what pages load: %w", err)
		}
		_, suffix, _ := strings.Cut(e.Name(), ".")
		if s.files[e.Name()], err = httpx.NewAsset(contentTypes[suffix], content); err != nil {
			return nil, err
		}
	}
	s.pages, err = template.New("").Funcs(template.FuncMap{
		"asset": s.url, "json": encode, "prose": prose,
	}).ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("read the pages: %w", err)
	}
	return s, nil
}

var contentTypes = map[string]string{
	"js":  "text/javascript; charset=utf-8",
	"css": "text/css; charset=utf-8",
	"svg": "image/svg+xml",
}

// AddAssets serves what pages load.
func (s *Set) AddAssets(app *httpx.App) {
	for name, file := range s.files {
		app.AddAsset(assetsPath+name, file)
	}
}

// url is where a file is, for templates. One that there is not is an error.
func (s *Set) url(name string) (string, error) {
	file, ok := s.files[name]
	if !ok {
		return "", fmt.Errorf("there is no %s among what pages load", name)
	}
	return file.URL(assetsPath + name), nil
}

func (s *Set) render(name string, data any) ([]byte, error) {
	var page bytes.Buffer
	if err := s.pages.ExecuteTemplate(&page, name, data); err != nil {
		return nil, fmt.Errorf("write the page %s: %w", name, err)
	}
	return page.Bytes(), nil
}

// encode writes a value for a block of data in a page. Encoding leaves no "<" as
// it is, so that no value can end the block.
func encode(v any) (template.JS, error) {
	text, err := json.Marshal(v)
	return template.JS(text), err //nolint:gosec // JSON of encoding/json, which escapes what HTML would read
}

// prose writes a text whose code stands between backticks.
func prose(text string) template.HTML {
	var out strings.Builder
	for i, part := range strings.Split(text, "`") {
		escaped := template.HTMLEscapeString(part)
		if i%2 == 1 {
			escaped = "<code>" + escaped + "</code>"
		}
		out.WriteString(escaped)
	}
	return template.HTML(out.String()) //nolint:gosec // each part is escaped
}
