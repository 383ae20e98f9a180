package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// variants compiles the kinds of operations that the document has for a batch,
// by name.
func variants(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	whole, compiler := compilable(t)
	all := map[string]*jsonschema.Schema{}
	for _, part := range whole.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any)["BatchOperation"].(map[string]any)["anyOf"].([]any) {
		ref := part.(map[string]any)["$ref"].(string)
		kind, err := compiler.Compile(documentAt + ref)
		if err != nil {
			t.Fatal(err)
		}
		all[ref[strings.LastIndex(ref, "/")+1:]] = kind
	}
	return all
}

// An operation of a batch is taken exactly where the document has a kind for it,
// and no operation is of two kinds.
func TestBatchOperationsAreOfOneKind(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	ada := s.as(t, adaAddress)
	ids := strings.NewReplacer(
		"$project", ada.make(t, "/projects", `{"name":"a"}`), "$other", ada.make(t, "/projects", `{"name":"b"}`),
		"$tag", ada.make(t, "/tags", `{"name":"a"}`), "$task", ada.make(t, "/tasks", `{"title":"a"}`), "$next", ada.make(t, "/tasks", `{"title":"b"}`),
	)
	kinds := variants(t)
	used := map[string]bool{}
	for operation, kind := range map[string]string{
		`{"op":"create","data":{"title":"x"}}`: "BatchCreateTask",
		`{"op":"create","resource":"task","temp_id":"x","data":{"title":"x","project_id":"p","parent_id":null,"tag_ids":["$tag"]}}`: "BatchCreateTask",
		`{"op":"update","id":"$task","if_match":"*","data":{"project_id":"p","tag_ids":[],"description":null}}`:                     "BatchUpdateTask",
		`{"op":"move","id":"$task","data":{"before_id":"$next","parent_id":null}}`:                                                  "BatchMoveTask",
		`{"op":"delete","resource":"task","id":"$task"}`:                                                                            "BatchDeleteTask",
		`{"op":"create","resource":"project","data":{"name":"x","color":"#ffffff"}}`:                                                "BatchCreateProject",
		`{"op":"update","resource":"project","id":"p","data":{"name":"y"}}`:                                                         "BatchUpdateProject",
		`{"op":"move","resource":"project","id":"p","data":{"after_id":"$other"}}`:                                                  "BatchMoveProject",
		`{"op":"delete","resource":"project","id":"$project"}`:                                                                      "BatchDeleteProject",
		`{"op":"delete","resource":"project","id":"$project","if_match":"*","data":{"tasks":"delete"}}`:                             "BatchDeleteProject",
		`{"op":"create","resource":"tag","temp_id":"x","data":{"name":"x"}}`:                                                        "BatchCreateTag",
		`{"op":"update","resource":"tag","id":"$tag","data":{"color":null}}`:                                                        "BatchUpdateTag",
		`{"op":"delete","resource":"tag","id":"$tag"}`:                                                                              "BatchDeleteTag",

		`{"op":"create","data":{"name":"x"}}`:                       "",
		`{"op":"create","resource":"project","data":{"title":"x"}}`: "",
		`{"op":"create"}`: "",
		`{"op":"create","id":"$task","data":{"title":"x"}}`:                                         "",
		`{"op":"create","if_match":"*","data":{"title":"x"}}`:                                       "",
		`{"op":"update","id":"$task"}`:                                                              "",
		`{"op":"update","data":{"title":"x"}}`:                                                      "",
		`{"op":"update","id":"$task","temp_id":"x","data":{"title":"x"}}`:                           "",
		`{"op":"update","id":"$task","if_match":"` + strings.Repeat("x", 16<<10+1) + `","data":{}}`: "",
		`{"op":"move","resource":"tag","id":"$tag","data":{"before_id":"$tag"}}`:                    "",
		`{"op":"delete","id":"$task","data":{}}`:                                                    "",
		`{"op":"delete","resource":"project","id":"$project","data":{"tasks":"archive"}}`:           "",
		`{"op":"merge","resource":"tag","id":"$tag","data":{"into_id":"$tag"}}`:                     "",
		`{"op":"create","resource":"note","data":{"title":"x"}}`:                                    "",
		`{"op":"create","temp_id":"` + strings.Repeat("x", 65) + `","data":{"title":"x"}}`:          "",
	} {
		operation = ids.Replace(operation)
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(operation))
		if err != nil {
			t.Fatal(err)
		}
		var fits []string
		for name, schema := range kinds {
			if schema.Validate(value) == nil {
				fits = append(fits, name)
			}
		}
		used[kind] = true
		if want := slices.DeleteFunc([]string{kind}, func(s string) bool { return s == "" }); !slices.Equal(fits, want) {
			t.Errorf("%.200s is of the kinds %q, want %q", operation, fits, want)
		}
		answer := ada.do(t, http.MethodPost, "/batch", fmt.Sprintf(`{"dry_run":true,"operations":[{"op":"create","resource":"project","temp_id":"p","data":{"name":"new"}},%s]}`, operation))
		if taken := answer.Status == http.StatusOK; taken != (kind != "") || !taken && answer.Status != http.StatusUnprocessableEntity {
			t.Errorf("%.200s is answered %d %s", operation, answer.Status, answer.Body)
		}
	}
	for name := range kinds {
		if !used[name] {
			t.Errorf("%s is not tried", name)
		}
	}
}
