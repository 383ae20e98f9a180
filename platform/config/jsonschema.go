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
	root := section("The settings of Docket. A file may leave out any of them.")
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	for _, s := range settings {
		place := root
		path := strings.Split(s.key, ".")
		for _, name := range path[:len(path)-1] {
			if place.Properties[name] == nil {
				openapi.Add(place, openapi.Maybe(name, section("")))
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
	one := openapi.Closed(openapi.Object(openapi.Member("issuer", openapi.String(1, 0)), openapi.Maybe("trust", openapi.String(1, 0))))
	return openapi.List(&openapi.Schema{AnyOf: []*openapi.Schema{openapi.String(1, 0), one}}, 0)
}
