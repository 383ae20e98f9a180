package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// apiDocument is what the matrix reads of OpenAPI 3.1.
type apiDocument struct {
	Paths      map[string]map[string]described
	Components struct {
		Schemas    map[string]jsonSchema
		Parameters map[string]parameter
	}
}

type described struct {
	Parameters  []parameter
	RequestBody *struct {
		Content map[string]struct {
			Schema  jsonSchema
			Example map[string]any
		}
	}
}

type parameter struct {
	Ref    string `json:"$ref"`
	Name   string
	In     string
	Schema jsonSchema
}

// jsonSchema is a JSON Schema.
type jsonSchema struct {
	Ref        string `json:"$ref"`
	Format     string
	Items      *jsonSchema
	AnyOf      []jsonSchema
	OneOf      []jsonSchema
	Properties map[string]jsonSchema
}

func (d apiDocument) resolved(s jsonSchema) jsonSchema {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.Components.Schemas[name]
	}
	return s
}

// takesID reports whether a value can be an id, or a list of them.
func (d apiDocument) takesID(s jsonSchema) (takes, list bool) {
	s = d.resolved(s)
	if s.Format == "uuid" {
		return true, false
	}
	if s.Items != nil {
		takes, _ := d.takesID(*s.Items)
		return takes, takes
	}
	for _, part := range slices.Concat(s.AnyOf, s.OneOf) {
		if takes, list := d.takesID(part); takes {
			return true, list
		}
	}
	return false, false
}

func (d apiDocument) operation(t *testing.T, method, path string, of described) operation {
	t.Helper()
	o := operation{method: method, path: path}
	for _, p := range of.Parameters {
		if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
			p = d.Components.Parameters[name]
		}
		if takes, list := d.takesID(p.Schema); takes {
			o.slots = append(o.slots, slot{p.In, p.Name, kindOf(t, path, p.In, p.Name), list})
		}
	}
	if strings.Contains(path, "{") && o.inPath() == 0 {
		t.Errorf("%s %s has something in its path, and the document no id", method, path)
	}
	if of.RequestBody == nil {
		return o
	}
	content := of.RequestBody.Content["application/json"]
	o.body = maps.Clone(content.Example)
	properties := d.resolved(content.Schema).Properties
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		takes, list := d.takesID(properties[name])
		if takes {
			o.slots = append(o.slots, slot{"body", name, kindOf(t, path, "body", name), list})
			delete(o.body, name)
		} else if strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_ids") {
			t.Errorf("%s %s takes %s, which is said to be no id", method, path, name)
		}
	}
	return o
}

// kindOf says of what an id is. A name that it does not know has to be told it.
func kindOf(t *testing.T, path, in, name string) string {
	t.Helper()
	ofPath := strings.TrimSuffix(strings.Split(path, "/")[1], "s")
	switch {
	case in == "path", name == "before_id", name == "after_id":
		return ofPath
	case name == "project_id":
		return "project"
	case name == "parent_id":
		return "task"
	case name == "tag_id", name == "tag_ids", name == "into_id":
		return "tag"
	default:
		t.Fatalf("%s takes %s: tell the matrix of what that is the id", path, name)
		return ""
	}
}
