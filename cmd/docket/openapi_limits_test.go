package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// limitless are the places that may do without a limit, by the end of where they
// stand in the document, each with the reason.
var limitless = map[string]string{
	"/error/properties/message":                "a sentence for people, which no client takes apart",
	"/additionalProperties/properties/message": "a sentence for people, which no client takes apart",
	"/details/items/properties/message":        "a sentence for people, which no client takes apart",
	"/Fault/properties/message":                "a sentence for people, which no client takes apart",
	"/Fault/properties/field":                  "a path of names that have limits of their own",
	"/error/properties/details":                "all that is wrong, of a body that has a limit",
	"/Export/additionalProperties":             "everything that a user owns: there is no quota",
	"/properties/open_by_project":              "one for each project that a user has",
	"/properties/open_by_tag":                  "one for each tag that a user has",
	"/properties/open":                         "as many tasks as a user has",
	"/properties/overdue":                      "as many tasks as a user has",
	"/properties/due_today":                    "as many tasks as a user has",
	"/properties/done_today":                   "as many tasks as a user has",
	"/task_counts/properties/done":             "as many tasks as a user has",
	"/properties/task_count":                   "as many tasks as a user has",
	"/properties/columns":                      "as many as this version of the program needs",
	"/properties/keys":                         "as many as the issuer has",
	"/properties/age_seconds":                  "measured",
	"/properties/took_ms":                      "measured",
}

// What the document lets through it says how much of: each text, list and number
// has the limit that the code holds it to.
func TestOpenAPILimitsEverything(t *testing.T) {
	t.Parallel()
	text, err := document(assembled(t))
	if err != nil {
		t.Fatal(err)
	}
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for at, what := range withoutLimit(whole, "") {
		excused := slices.ContainsFunc(slices.Collect(maps.Keys(limitless)), func(end string) bool {
			if strings.HasSuffix(at, end) {
				used[end] = true
				return true
			}
			return false
		})
		if !excused {
			t.Errorf("%s: %s", at, what)
		}
	}
	for end := range limitless {
		if !used[end] {
			t.Errorf("%s is excused and has a limit, or is not there", end)
		}
	}
}

// withoutLimit returns what has no limit below a place in a document.
func withoutLimit(node any, at string) map[string]string {
	found := map[string]string{}
	switch v := node.(type) {
	case map[string]any:
		if what := boundless(v); what != "" {
			found[at] = what
		}
		for name, below := range v {
			if name == "example" || name == "examples" || name == "x-requests" {
				continue
			}
			maps.Copy(found, withoutLimit(below, at+"/"+name))
		}
	case []any:
		for i, below := range v {
			maps.Copy(found, withoutLimit(below, fmt.Sprintf("%s/%d", at, i)))
		}
	}
	return found
}

// boundless says what a schema lacks, "" for nothing and for what is no schema.
func boundless(schema map[string]any) string {
	kinds, _ := schema["type"].([]any)
	if kind, ok := schema["type"].(string); ok {
		kinds = []any{kind}
	}
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { _, ok := schema[w]; return ok })
	}
	switch {
	case slices.Contains(kinds, any("string")) && !has("maxLength", "format", "enum", "pattern", "const"):
		return "a string without a limit"
	case slices.Contains(kinds, any("array")) && !has("maxItems"):
		return "an array without a limit"
	case (slices.Contains(kinds, any("integer")) || slices.Contains(kinds, any("number"))) && (!has("minimum") || !has("maximum")) && !has("enum", "const"):
		return "a number without limits"
	default:
		return ""
	}
}

// documentAt is where the compiler of compilable finds the document.
const documentAt = "https://docket.invalid/openapi.json"

// compilable returns the document, and what compiles the schemas in it.
func compilable(t *testing.T) (any, *jsonschema.Compiler) {
	t.Helper()
	text, err := document(assembled(t))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(documentAt, whole); err != nil {
		t.Fatal(err)
	}
	return whole, compiler
}

// Whoever reads of a parameter sees a value that works.
func TestOpenAPIShowsEveryParameter(t *testing.T) {
	t.Parallel()
	whole, compiler := compilable(t)
	n := 0
	for place, p := range parametersOf(whole, "") {
		n++
		schema, err := compiler.Compile(documentAt + "#" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(place) + "/schema")
		if err != nil {
			t.Fatal(err)
		}
		example, ok := p["example"]
		if p["required"] == nil {
			// What need not be sent is not sent by /docs unless one says so there.
			named, _ := p["examples"].(map[string]any)
			sample, _ := named["default"].(map[string]any)
			example, ok = sample["value"], sample["x-disabled"] == true && p["example"] == nil
		}
		if !ok {
			t.Errorf("%s: %v has no example", place, p["name"])
		} else if err := schema.Validate(example); err != nil {
			t.Errorf("%s: the example of %v: %v", place, p["name"], err)
		}
	}
	if n < 20 {
		t.Errorf("there are %d parameters", n)
	}
}

// parametersOf finds the parameters below a place in a document, by where they
// are.
func parametersOf(node any, at string) map[string]map[string]any {
	found := map[string]map[string]any{}
	switch v := node.(type) {
	case map[string]any:
		if v["in"] != nil && v["name"] != nil && v["schema"] != nil {
			found[at] = v
		}
		for name, below := range v {
			if name != "example" && name != "examples" && name != "x-requests" {
				maps.Copy(found, parametersOf(below, at+"/"+strings.ReplaceAll(name, "/", "~1")))
			}
		}
	case []any:
		for i, below := range v {
			maps.Copy(found, parametersOf(below, fmt.Sprintf("%s/%d", at, i)))
		}
	}
	return found
}
