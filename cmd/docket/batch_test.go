package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/httpxtest"
)

// thing is a task, project or tag as a batch shows it.
type thing struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Title       string   `json:"title"`
	Status      string   `json:"status"`
	ProjectID   *string  `json:"project_id"`
	ParentID    *string  `json:"parent_id"`
	TagIDs      []string `json:"tag_ids"`
	Position    string   `json:"position"`
	CompletedAt *string  `json:"completed_at"`
	ETag        string   `json:"etag"`
}

// batchResult is that of one operation of a batch.
type batchResult struct {
	Index  int    `json:"index"`
	TempID string `json:"temp_id"`
	Data   *thing `json:"data"`
}

// batch sends operations, each a JSON object.
func (c client) batch(t *testing.T, operations ...string) httpxtest.Response {
	t.Helper()
	return c.do(t, "POST", "/batch", `{"operations":[`+strings.Join(operations, ",")+`]}`)
}

// done reads the results of a batch that must succeed.
func done(t *testing.T, r httpxtest.Response) []batchResult {
	t.Helper()
	var envelope struct {
		Data []batchResult `json:"data"`
	}
	if err := json.Unmarshal(r.Want(t, 200).Body, &envelope); err != nil {
		t.Fatalf("%v\n%s", err, r.Body)
	}
	for i, x := range envelope.Data {
		if x.Index != i {
			t.Errorf("result %d has the index %d", i, x.Index)
		}
	}
	return envelope.Data
}

// state is all that a user has, as the API shows it.
func (c client) state(t *testing.T) string {
	t.Helper()
	var all []string
	for _, path := range []string{"/projects?archived=all&limit=200", "/tags?limit=200", "/tasks?limit=200"} {
		all = append(all, string(c.do(t, "GET", path, "").Want(t, 200).Body))
	}
	return strings.Join(all, "\n")
}

// reads checks that what a result shows is what its own path answers.
func (c client) reads(t *testing.T, path string, x thing) {
	t.Helper()
	r := c.do(t, "GET", path+x.ID, "").Want(t, 200)
	var envelope struct {
		Data thing `json:"data"`
	}
	if err := json.Unmarshal(r.Body, &envelope); err != nil {
		t.Fatal(err)
	}
	envelope.Data.ETag = r.ETag()
	if diff := cmp.Diff(x, envelope.Data); diff != "" {
		t.Errorf("%s%s (-result +stored):\n%s", path, x.ID, diff)
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	s, _ := unlimited(t)
	for name, test := range map[string]func(*testing.T, client, client){
		"every verb":        batchEveryVerb,
		"temporary ids":     batchTemporaryIDs,
		"results in turn":   batchResultsInTurn,
		"all or nothing":    batchAllOrNothing,
		"projects go":       batchDeletesProjects,
		"first failure":     batchFirstFailure,
		"overtaken failure": batchOvertakenFailure,
		"stale":             batchStale,
		"dry run":           batchDryRun,
		"dry run with keys": batchDryRunWithKey,
		"replay":            batchReplay,
		"others":            batchAmongUsers,
		"limits":            batchLimits,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := strings.ReplaceAll(name, " ", "-") + "@example.com"
			test(t, s.as(t, "ada-"+at), s.as(t, "bob-"+at))
		})
	}
}

func batchEveryVerb(t *testing.T, ada, _ client) { //nolint:thelper // a test, called by TestBatch
	made := done(t, ada.batch(t,
		`{"op":"create","resource":"project","data":{"name":"P"}}`,
		`{"op":"create","resource":"project","data":{"name":"Q"}}`,
		`{"op":"create","resource":"tag","data":{"name":"T"}}`,
		`{"op":"create","resource":"task","data":{"title":"a"}}`,
		`{"op":"create","data":{"title":"b"}}`))
	ids := make([]any, len(made))
	for i, x := range made {
		ids[i] = x.Data.ID
	}
	for i, path := range []string{"/projects/", "/projects/", "/tags/", "/tasks/", "/tasks/"} {
		ada.reads(t, path, *made[i].Data)
	}
	changed := done(t, ada.do(t, "POST", "/batch", body(`{"operations":[
		{"op":"update","resource":"project","id":%[1]q,"data":{"name":"P2"}},
		{"op":"move","resource":"project","id":%[2]q,"data":{"before_id":%[1]q}},
		{"op":"update","resource":"tag","id":%[3]q,"data":{"name":"T2"}},
		{"op":"update","id":%[4]q,"data":{"status":"done"}},
		{"op":"move","resource":"task","id":%[5]q,"data":{"before_id":%[4]q}}]}`, ids...)))
	for i, path := range []string{"/projects/", "/projects/", "/tags/", "/tasks/", "/tasks/"} {
		ada.reads(t, path, *changed[i].Data)
	}
	if p, q := changed[0].Data, changed[1].Data; p.Name != "P2" || q.Position >= p.Position {
		t.Errorf("projects: %+v, %+v", p, q)
	}
	if a, b := changed[3].Data, changed[4].Data; a.CompletedAt == nil || b.Position >= a.Position {
		t.Errorf("tasks: %+v, %+v", a, b)
	}
	gone := done(t, ada.do(t, "POST", "/batch", body(`{"operations":[
		{"op":"delete","resource":"project","id":%q},{"op":"delete","resource":"project","id":%q},{"op":"delete","resource":"tag","id":%q},
		{"op":"delete","id":%q},{"op":"delete","resource":"task","id":%q}]}`, ids...)))
	for _, x := range gone {
		if x.Data != nil {
			t.Errorf("what is deleted is shown: %+v", x.Data)
		}
	}
	if left := ada.state(t); strings.Contains(left, `"id"`) {
		t.Errorf("there is left: %s", left)
	}
}

func batchTemporaryIDs(t *testing.T, ada, _ client) { //nolint:thelper // a test, called by TestBatch
	all := done(t, ada.batch(t,
		`{"op":"create","resource":"project","temp_id":"p","data":{"name":"P"}}`,
		`{"op":"create","resource":"project","temp_id":"q","data":{"name":"Q"}}`,
		`{"op":"create","resource":"tag","temp_id":"t","data":{"name":"T"}}`,
		`{"op":"create","temp_id":"a","data":{"title":"a","project_id":"p","tag_ids":["t"]}}`,
		`{"op":"create","temp_id":"b","data":{"title":"b","project_id":"p"}}`,
		`{"op":"create","temp_id":"c","data":{"title":"c","parent_id":"a"}}`,
		`{"op":"move","resource":"project","id":"q","data":{"before_id":"p"}}`,
		`{"op":"move","id":"b","data":{"before_id":"a"}}`,
		`{"op":"update","id":"b","data":{"tag_ids":["t"]}}`,
		`{"op":"move","id":"b","data":{"after_id":"c"}}`,
		`{"op":"delete","resource":"project","id":"q"}`))
	at := func(i int) thing { return *all[i].Data }
	p, tag, a, b, c := at(0), at(2), at(3), at(9), at(5)
	if all[3].TempID != "a" || all[7].TempID != "" {
		t.Errorf("temp_id is %q and %q", all[3].TempID, all[7].TempID)
	}
	if *a.ProjectID != p.ID || a.TagIDs[0] != tag.ID || *c.ParentID != a.ID || *c.ProjectID != p.ID {
		t.Errorf("a is %+v, c is %+v", a, c)
	}
	if *b.ParentID != a.ID || b.TagIDs[0] != tag.ID || b.Position <= c.Position || at(7).ParentID != nil || at(7).Position >= a.Position {
		t.Errorf("b is %+v, was %+v", b, at(7))
	}
	for _, x := range []thing{a, b, c} {
		ada.reads(t, "/tasks/", x)
	}
	before := ada.state(t)
	for what, want := range map[string]string{
		`{"op":"create","data":{"title":"x","parent_id":"y"}},{"op":"create","temp_id":"y","data":{"title":"y"}}`:                     "operations[0].data.parent_id invalid_format",
		`{"op":"create","data":{"title":"x","tag_ids":["y"]}},{"op":"create","resource":"tag","temp_id":"y","data":{"name":"y"}}`:     "operations[0].data.tag_ids[0] invalid_format",
		`{"op":"delete","id":"y"},{"op":"create","temp_id":"y","data":{"title":"y"}}`:                                                 "operations[0].id invalid_format",
		`{"op":"create","temp_id":"y","data":{"title":"y"}},{"op":"create","data":{"title":"x","project_id":"y"}}`:                    "operations[1].data.project_id not_found",
		`{"op":"create","temp_id":"y","data":{"title":"y"}},{"op":"create","resource":"tag","temp_id":"y","data":{"name":"x"}}`:       "operations[1].temp_id duplicate",
		`{"op":"create","temp_id":"y","resource":"tag","data":{"name":"y"}},{"op":"create","data":{"title":"x","tag_ids":["y","y"]}}`: "operations[1].data.tag_ids[1] duplicate",
	} {
		t.Log(what)
		r := ada.batch(t, what)
		r.WantInvalid(t, want)
		if failure := r.Failure(t); failure.Index == nil || !strings.HasPrefix(want, fmt.Sprintf("operations[%d]", *failure.Index)) {
			t.Errorf("%s: error.index is missing or wrong: %s", what, r.Body)
		}
	}
	ada.batch(t, `{"op":"create","temp_id":"y","data":{"title":"y"}},{"op":"delete","id":"y"},{"op":"update","id":"y","data":{"title":"z"}}`).WantFailure(t, 404, "RESOURCE_NOT_FOUND")
	if diff := cmp.Diff(before, ada.state(t)); diff != "" {
		t.Errorf("refused batches left something (-before +after):\n%s", diff)
	}
}

// Each result is the resource as it was after its own operation.
func batchResultsInTurn(t *testing.T, ada, _ client) { //nolint:thelper // a test, called by TestBatch
	all := done(t, ada.batch(t,
		`{"op":"create","temp_id":"a","data":{"title":"one"}}`,
		`{"op":"create","data":{"title":"below","parent_id":"a"}}`,
		`{"op":"update","id":"a","data":{"title":"two"}}`,
		`{"op":"update","id":"a","data":{}}`,
		`{"op":"update","id":"a","data":{"status":"done"}}`))
	var got []string
	for _, x := range all {
		got = append(got, x.Data.Title+" "+x.Data.Status)
	}
	if diff := cmp.Diff([]string{"one todo", "below todo", "two todo", "two todo", "two done"}, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if all[0].Data.ETag == all[2].Data.ETag || all[2].Data.ETag != all[3].Data.ETag {
		t.Error("entity tags do not follow the representation")
	}
	ada.reads(t, "/tasks/", *all[4].Data)
	if below := one(t, ada.do(t, "GET", "/tasks/"+all[1].Data.ID, ""), 200); below.Status != "done" {
		t.Errorf("below a parent that is done: %s", below.Status)
	}
}

// A project is deleted with its tasks or without them, as by its own request.
func batchDeletesProjects(t *testing.T, ada, _ client) { //nolint:thelper // a test, called by TestBatch
	for data, want := range map[string]int{``: 200, `,"data":{}`: 200, `,"data":{"tasks":"keep"}`: 200, `,"data":{"tasks":"delete"}`: 404} {
		project := one(t, ada.do(t, "POST", "/projects", `{"name":"Goes"}`), 201)
		task := one(t, ada.do(t, "POST", "/tasks", body(`{"title":"in it","project_id":%q}`, project.ID)), 201)
		remove := `{"op":"delete","resource":"project","id":"` + project.ID + `"` + data + `}`
		ada.do(t, "POST", "/batch", `{"dry_run":true,"operations":[`+remove+`]}`).Want(t, 200)
		one(t, ada.do(t, "GET", "/projects/"+project.ID, ""), 200)
		done(t, ada.batch(t, remove))
		ada.do(t, "GET", "/projects/"+project.ID, "").Want(t, 404)
		if r := ada.do(t, "GET", "/tasks/"+task.ID, "").Want(t, want); want == 200 && one(t, r, 200).ProjectID != nil {
			t.Errorf("%s leaves the task in the project: %s", data, r.Body)
		}
	}
	// And so is one that the batch itself makes.
	all := done(t, ada.batch(t, `{"op":"create","resource":"project","temp_id":"p","data":{"name":"Short"}}`, `{"op":"create","data":{"title":"in it","project_id":"p"}}`,
		`{"op":"delete","resource":"project","id":"p","data":{"tasks":"delete"}}`))
	ada.do(t, "GET", "/tasks/"+all[1].Data.ID, "").Want(t, 404)
}

// Whatever fails at the end of a batch, nothing before it has happened.
func batchAllOrNothing(t *testing.T, ada, _ client) { //nolint:thelper // a test, called by TestBatch
	task := one(t, ada.do(t, "POST", "/tasks", `{"title":"there"}`), 201)
	one(t, ada.do(t, "POST", "/projects", `{"name":"Taken"}`), 201)
	one(t, ada.do(t, "POST", "/tags", `{"name":"Taken"}`), 201)
	archived := one(t, ada.do(t, "POST", "/projects", `{"name":"Archived"}`), 201)
	kept := one(t, ada.do(t, "POST", "/tasks", body(`{"title":"kept","project_id":%q}`, archived.ID)), 201)
	one(t, ada.do(t, "POST", "/projects/"+archived.ID+"/archive", ""), 200)
	before := ada.state(t)
	for _, c := range []struct {
		operation string
		status    int
		code      string
		faults    []string
	}{
		{`{"op":"create","data":{"title":" ","priority":"x","colour":1}}`, 422, "VALIDATION_FAILED", []string{"title too_short", "priority invalid_value", "colour unknown_field"}},
		{`{"op":"create"}`, 422, "VALIDATION_FAILED", []string{"title required"}},
		{`{"op":"create","data":{"title":"x","id":"` + task.ID + `"}}`, 422, "VALIDATION_FAILED", []string{"id read_only"}},
		{`{"op":"update","id":"` + task.ID + `","data":{"due_at":"2026-01-01T00:00:00Z","due_on":"2026-01-01"}}`, 422, "VALIDATION_FAILED", []string{"due_on conflict"}},
		{`{"op":"move","id":"` + task.ID + `","data":{"parent_id":"` + task.ID + `"}}`, 422, "VALIDATION_FAILED", []string{"parent_id conflict"}},
		{`{"op":"move","id":"` + task.ID + `","data":{}}`, 422, "VALIDATION_FAILED", []string{""}},
		{`{"op":"create","data":{"title":"x","project_id":"` + newID().String() + `","tag_ids":["` + newID().String() + `"]}}`, 422, "VALIDATION_FAILED", []string{"project_id not_found", "tag_ids[0] not_found"}},
		{`{"op":"update","id":"` + newID().String() + `","data":{}}`, 404, "RESOURCE_NOT_FOUND", nil},
		{`{"op":"delete","resource":"tag","id":"` + newID().String() + `"}`, 404, "RESOURCE_NOT_FOUND", nil},
		{`{"op":"delete","resource":"project","id":"` + archived.ID + `","data":{"tasks":"all"}}`, 422, "VALIDATION_FAILED", []string{"tasks invalid_value"}},
		{`{"op":"create","resource":"project","data":{"name":"taken"}}`, 409, "CONFLICT", nil},
		{`{"op":"create","resource":"tag","data":{"name":"TAKEN"}}`, 409, "CONFLICT", nil},
		{`{"op":"create","data":{"title":"x","project_id":"` + archived.ID + `"}}`, 409, "CONFLICT", []string{"project_id archived"}},
		{`{"op":"create","data":{"title":"x","parent_id":"` + kept.ID + `"}}`, 409, "CONFLICT", []string{"parent_id archived"}},
		{`{"op":"update","id":"` + task.ID + `","data":{"project_id":"` + archived.ID + `"}}`, 409, "CONFLICT", []string{"project_id archived"}},
		{`{"op":"move","id":"` + task.ID + `","data":{"after_id":"` + kept.ID + `"}}`, 409, "CONFLICT", []string{"after_id archived"}},
		{`{"op":"delete","id":"` + task.ID + `","if_match":"\"stale\""}`, 412, "PRECONDITION_FAILED", nil},
	} {
		t.Log(c.operation)
		r := ada.batch(t,
			`{"op":"create","resource":"project","temp_id":"p","data":{"name":"New"}}`,
			`{"op":"create","resource":"tag","temp_id":"t","data":{"name":"New"}}`,
			`{"op":"create","data":{"title":"new","project_id":"p","tag_ids":["t"]}}`,
			`{"op":"update","id":"`+task.ID+`","data":{"title":"changed"}}`,
			`{"op":"move","id":"`+task.ID+`","data":{"project_id":"p"}}`,
			c.operation)
		failure := r.WantFailure(t, c.status, c.code)
		if failure.Index == nil || *failure.Index != 5 {
			t.Errorf("error.index is missing or wrong: %s", r.Body)
		}
		if c.faults == nil {
			continue
		}
		var got []string
		for _, d := range failure.Details {
			got = append(got, d.Field+" "+d.Code)
		}
		var want []string
		for _, f := range c.faults {
			field := "operations[5].data." + f
			if f == "" {
				field = "operations[5].data required"
			}
			want = append(want, field)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("details (-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff(before, ada.state(t)); diff != "" {
		t.Errorf("failed batches left something (-before +after):\n%s", diff)
	}
}

// Creates that go together still fail one by one: the first that cannot be is
// the one that is named.
func batchFirstFailure(t *testing.T, ada, _ client) { //nolint:thelper // a test, called by TestBatch
	taken := map[string]thing{
		"project": {Name: "taken", ID: one(t, ada.do(t, "POST", "/projects", `{"name":"taken"}`), 201).ID},
		"tag":     {Name: "taken", ID: one(t, ada.do(t, "POST", "/tags", `{"name":"taken"}`), 201).ID},
	}
	before := ada.state(t)
	for _, resource := range []string{"project", "tag"} {
		create := func(name string) string {
			return body(`{"op":"create","resource":%q,"data":{"name":%q}}`, resource, name)
		}
		for _, c := range []struct {
			names  []string
			index  int
			status int
		}{
			{[]string{"a", "b", "A", "b"}, 2, 409},
			{[]string{"a", "taken", "b", ""}, 1, 409},
			{[]string{"a", "", "taken"}, 1, 422},
			{[]string{"taken"}, 0, 409},
			{[]string{"taken", ""}, 0, 409},
			{[]string{"", "taken"}, 0, 422},
		} {
			operations := []string{`{"op":"create","data":{"title":"x"}}`}
			for _, name := range c.names {
				operations = append(operations, create(name))
			}
			failure := ada.batch(t, operations...).Want(t, c.status).Failure(t)
			if failure.Index == nil || *failure.Index != 1+c.index {
				t.Errorf("%s %q: error.index is %v", resource, c.names, failure.Index)
			}
			if name := c.names[c.index]; name == "" {
				continue
			}
			holder := taken[resource]
			if c.names[c.index] != "taken" {
				holder = thing{ID: fmt.Sprintf("operations[%d]", 1+slices.Index(c.names, strings.ToLower(c.names[c.index]))), Name: strings.ToLower(c.names[c.index])}
			}
			wantTaken(t, failure, fmt.Sprintf("operations[%d].data.name", 1+c.index), resource, holder)
		}
	}
	if diff := cmp.Diff(before, ada.state(t)); diff != "" {
		t.Errorf("failed batches left something (-before +after):\n%s", diff)
	}
}

// wantTaken checks that a conflict says which thing has the name.
func wantTaken(t *testing.T, failure httpxtest.Failure, field, resource string, holder thing) {
	t.Helper()
	message := fmt.Sprintf("There is a %s named %q already, with ID %s", resource, holder.Name, holder.ID)
	want := []httpxtest.Detail{{Field: field, Code: "taken", Message: message, ID: holder.ID}}
	if diff := cmp.Diff(want, failure.Details); diff != "" || failure.Code != "CONFLICT" || failure.Message != message {
		t.Errorf("%s: %s, details (-want +got):\n%s", failure.Code, failure.Message, diff)
	}
}

// Creates of one kind are done together, ahead of others that stand before
// them: the first failure is still that of the first operation that fails.
func batchOvertakenFailure(t *testing.T, ada, _ client) { //nolint:thelper // a test, called by TestBatch
	one(t, ada.do(t, "POST", "/projects", `{"name":"taken"}`), 201)
	one(t, ada.do(t, "POST", "/tags", `{"name":"taken"}`), 201)
	before := ada.state(t)
	const badTask, badTag, badProject = `{"op":"create","data":{"title":" "}}`,
		`{"op":"create","resource":"tag","data":{"name":"taken"}}`, `{"op":"create","resource":"project","data":{"name":"taken"}}`
	task := func(n int) string { return body(`{"op":"create","data":{"title":"x","tag_ids":["t%d"]}}`, n) }
	tag := func(n int) string {
		return body(`{"op":"create","resource":"tag","temp_id":"t%d","data":{"name":"%d"}}`, n, n)
	}
	for _, c := range []struct {
		operations []string
		index      int
		code       string
	}{
		{[]string{tag(1), badTask, badTag}, 1, "VALIDATION_FAILED"},
		{[]string{tag(1), task(1), badTag, badTask}, 2, "CONFLICT"},
		{[]string{badProject, badTag, badTask}, 0, "CONFLICT"},
		{[]string{tag(1), task(1), tag(2), badTask, badProject, task(2), badTag}, 3, "VALIDATION_FAILED"},
		{[]string{tag(1), task(1), badProject, badTask, badTag}, 2, "CONFLICT"},
		{[]string{task(0), tag(1), badTag}, 0, "VALIDATION_FAILED"}, // there is no t0
		{[]string{tag(1), task(1), `{"op":"delete","resource":"tag","id":"t1"}`, task(1), badTag}, 3, "VALIDATION_FAILED"},
	} {
		failure := ada.batch(t, c.operations...).Failure(t)
		if failure.Index == nil {
			t.Fatalf("%s: no error.index", c.operations)
		}
		if failure.Code != c.code || *failure.Index != c.index {
			t.Errorf("%s: %s of operation %d, want %s of %d", c.operations, failure.Code, *failure.Index, c.code, c.index)
		}
	}
	if diff := cmp.Diff(before, ada.state(t)); diff != "" {
		t.Errorf("failed batches left something (-before +after):\n%s", diff)
	}
}

func batchStale(t *testing.T, ada, _ client) { //nolint:thelper // a test, called by TestBatch
	task := one(t, ada.do(t, "POST", "/tasks", `{"title":"there"}`), 201)
	read := ada.do(t, "GET", "/tasks/"+task.ID, "")
	for _, operation := range []string{
		`{"op":"update","id":%q,"if_match":%q,"data":{"title":"late"}}`,
		`{"op":"delete","id":%q,"if_match":%q}`,
		`{"op":"move","id":%q,"if_match":%q,"data":{"parent_id":null}}`,
	} {
		// The operation before makes it stale, as its own answer says.
		r := ada.batch(t, `{"op":"update","id":"`+task.ID+`","data":{"title":"first"}}`, body(operation, task.ID, read.ETag()))
		failure := r.WantFailure(t, 412, "PRECONDITION_FAILED")
		if failure.Index == nil || *failure.Index != 1 || !strings.Contains(string(failure.Current), `"title":"first"`) || r.ETag() == "" {
			t.Errorf("%s: %s", operation, r.Body)
		}
		// As it was before: a batch that fails has not happened.
		done(t, ada.batch(t, body(`{"op":"update","id":%q,"if_match":%q,"data":{}}`, task.ID, read.ETag())))
	}
	all := done(t, ada.batch(t, body(`{"op":"update","id":%q,"if_match":%q,"data":{"title":"in time"}}`, task.ID, read.ETag())))
	if all[0].Data.Title != "in time" {
		t.Errorf("with the right if_match: %+v", all[0].Data)
	}
	// The header is about the batch, which is no resource: it holds of nothing.
	ada.do(t, "POST", "/batch", `{"operations":[{"op":"delete","id":"`+task.ID+`"}]}`, "If-Match", `"x"`).WantFailure(t, 412, "PRECONDITION_FAILED")
}
