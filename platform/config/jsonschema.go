package config

import (
	"encoding/json"
	"fmt"
	"strings"

	"docket/platform/openapi"
)

// JSONSchema describes the files of settings to editors: a JSON Schema (2020-12)
// that every such file meets, made from the table of settings.
func JSONSchema() ([]byte, error) {
	root := openapi.OrNull(section("The settings of Docket. A file may leave out any of them."))
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	for _, s := range settings {
		place := root
		path := strings.Split(s.key, ".")
		for _, name := range path[:len(path)-1] {
			if place.Properties[name] == nil {
				openapi.Add(place, openapi.Maybe(name, openapi.OrNull(section("")))) // null: all its lines are commented out
			}
			place = place.Properties[name]
		}
		about := fmt.Sprintf("%s: %s. Also %s.", s.doc, s.allowed, strings.Join(s.env, " or "))
		openapi.Add(place, openapi.Maybe(path[len(path)-1], openapi.Described(s.decode.schema, about)))
	}
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema of the settings: %w", err)
	}
	return append(text, '\n'), nil
}

// section is an object that takes no members but its own.
func section(about string) *openapi.Schema {
	s := openapi.Closed(openapi.Object())
	s.Description = about
	return s
}

func issuersSchema() *openapi.Schema {
	claim := openapi.Pattern(`^` + claimPattern + `$`)
	mapping := openapi.Closed(openapi.Object(openapi.Member("issuer", claim), openapi.Maybe("trust", claim)))
	return listOrText(&openapi.Schema{AnyOf: []*openapi.Schema{openapi.Pattern(spaced(claimPattern)), mapping}}, claimPattern)
}

// listSchema is a list without repetitions, or text, of what pattern matches.
func listSchema(pattern string) *openapi.Schema {
	s := listOrText(openapi.Pattern(spaced(pattern)), pattern)
	s.AnyOf[0] = openapi.Unique(s.AnyOf[0])
	return s
}

// listOrText is a list of entries, or text with commas between what pattern
// matches. Empty text is an empty list.
func listOrText(entry *openapi.Schema, pattern string) *openapi.Schema {
	pattern = strings.ReplaceAll(pattern, `\S`, `[^\s,]`) // a comma ends an entry
	text := openapi.Pattern(`^\s*(` + pattern + `\s*(,\s*` + pattern + `\s*)*)?$`)
	return &openapi.Schema{AnyOf: []*openapi.Schema{openapi.List(entry, 0), text}}
}

func spaced(pattern string) string { return `^\s*` + pattern + `\s*$` }

// The patterns underline nothing that the program takes. What takes reckoning,
// such as the range of a port or a mask, they leave to the program.
const (
	addressPattern = `([A-Za-z0-9_.-]*|\[[^\]\s]*\]):[0-9]{1,5}`
	proxyPattern   = `([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)(/[0-9]{1,3})?`
	originPattern  = `[a-z][a-z0-9+.-]*://([^\s/?#@*,:A-Z\[\]]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?`
	claimPattern   = `\S+`
	wholePattern   = `\+?0*[1-9][0-9]*`
	// The next may be empty, for none.
	jwksPattern     = `([Hh][Tt][Tt][Pp][Ss]?://[^/?#].*)?`
	redisPattern    = `([Rr][Ee][Dd][Ii][Ss][Ss]?://[^/?#].*)?`
	databasePattern = `(postgres(ql)?://.*|\s*[^\s=:/?]+\s*=.*)?`
)
