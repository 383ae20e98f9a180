package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/httpxtest"
)

// varying is what two runs of the same batch do not have in common.
var varying = regexp.MustCompile(`"[0-9a-f]{8}-[0-9a-f-]{27}"|"\d{4}-\d\d-\d\dT[0-9:.]+Z"|"etag":"[^,]*"|"position":"[^"]*"`)

func batchDryRun(t *testing.T, ada, _ client) { //nolint:thelper // a test, called by TestBatch
	task := one(t, ada.do(t, "POST", "/tasks", `{"title":"there"}`), 201)
	before := ada.state(t)
	const operations = `"operations":[
		{"op":"create","resource":"project","temp_id":"p","data":{"name":"New"}},
		{"op":"create","resource":"tag","temp_id":"t","data":{"name":"New"}},
		{"op":"create","temp_id":"a","data":{"title":"new","project_id":"p","tag_ids":["t"]}},
		{"op":"move","id":"%[1]s","data":{"parent_id":"a"}},
		{"op":"update","id":"a","data":{"status":"done"}},
		{"op":"delete","id":"%[1]s"%[2]s}]`
	rehearsal := ada.do(t, "POST", "/batch", `{"dry_run":true,`+fmt.Sprintf(operations, task.ID, "")+`}`).Want(t, 200)
	failure := ada.do(t, "POST", "/batch", `{"dry_run":true,`+fmt.Sprintf(operations, task.ID, `,"if_match":"\"x\""`)+`}`).WantFailure(t, 412, "PRECONDITION_FAILED")
	if failure.Index == nil || *failure.Index != 5 {
		t.Errorf("error.index is %v", failure.Index)
	}
	if diff := cmp.Diff(before, ada.state(t)); diff != "" {
		t.Errorf("a dry run changed something (-before +after):\n%s", diff)
	}
	performed := ada.do(t, "POST", "/batch", `{"dry_run":false,`+fmt.Sprintf(operations, task.ID, "")+`}`).Want(t, 200)
	same := func(r httpxtest.Response) string { return varying.ReplaceAllString(string(r.Body), "…") }
	if diff := cmp.Diff(same(rehearsal), same(performed)); diff != "" {
		t.Errorf("answers (-dry run +run):\n%s", diff)
	}
	if before == ada.state(t) {
		t.Error("the real run changed nothing")
	}
}

func batchDryRunWithKey(t *testing.T, ada, _ client) { //nolint:thelper // a test, called by TestBatch
	before := ada.state(t)
	const content = `{"dry_run":true,"operations":[{"op":"create","data":{"title":"x"}}]}`
	first := ada.keyed(t, "dry", "POST", "/batch", content).Want(t, 200)
	wantReplay(t, "a dry run", first, ada.keyed(t, "dry", "POST", "/batch", content))
	ada.keyed(t, "dry", "POST", "/batch", strings.Replace(content, "true", "false", 1)).WantFailure(t, 409, "IDEMPOTENCY_KEY_REUSED")
	if diff := cmp.Diff(before, ada.state(t)); diff != "" {
		t.Errorf("a dry run changed something (-before +after):\n%s", diff)
	}
}

func batchReplay(t *testing.T, ada, _ client) { //nolint:thelper // a test, called by TestBatch
	const content = `{"operations":[{"op":"create","data":{"title":"x"}},{"op":"create","resource":"tag","data":{"name":"x"}}]}`
	first := ada.keyed(t, "batch", "POST", "/batch", content).Want(t, 200)
	state := ada.state(t)
	wantReplay(t, "a batch", first, ada.keyed(t, "batch", "POST", "/batch", content))
	failed := ada.keyed(t, "again", "POST", "/batch", content)
	failed.WantFailure(t, 409, "CONFLICT")
	wantReplay(t, "a batch that fails", failed, ada.keyed(t, "again", "POST", "/batch", content))
	if diff := cmp.Diff(state, ada.state(t)); diff != "" {
		t.Errorf("a batch happened twice (-before +after):\n%s", diff)
	}
}

// Inside a batch, too, what is another user's is what never was.
func batchAmongUsers(t *testing.T, ada, bob client) { //nolint:thelper // a test, called by TestBatch
	mine := done(t, bob.batch(t, `{"op":"create","temp_id":"a","data":{"title":"a"}}`))[0].Data.ID
	theirs := done(t, ada.batch(t, `{"op":"create","resource":"project","temp_id":"p","data":{"name":"P"}}`,
		`{"op":"create","resource":"tag","data":{"name":"T"}}`, `{"op":"create","data":{"title":"a","project_id":"p"}}`))
	before := ada.state(t)
	project, tag, task := theirs[0].Data.ID, theirs[1].Data.ID, theirs[2].Data.ID
	for _, c := range []struct{ operation, foreign string }{
		{`{"op":"update","id":"%s","data":{"title":"x"}}`, task},
		{`{"op":"delete","id":"%s"}`, task},
		{`{"op":"delete","id":"%s","if_match":"*"}`, task},
		{`{"op":"move","id":"%s","data":{"project_id":null}}`, task},
		{`{"op":"update","resource":"project","id":"%s","data":{"name":"x"}}`, project},
		{`{"op":"delete","resource":"project","id":"%s"}`, project},
		{`{"op":"move","resource":"project","id":"%s","data":{"before_id":"` + project + `"}}`, project},
		{`{"op":"update","resource":"tag","id":"%s","data":{"name":"x"}}`, tag},
		{`{"op":"delete","resource":"tag","id":"%s"}`, tag},
		{`{"op":"create","data":{"title":"x","project_id":"%s"}}`, project},
		{`{"op":"create","data":{"title":"x","parent_id":"%s"}}`, task},
		{`{"op":"create","data":{"title":"x","tag_ids":["%s"]}}`, tag},
		{`{"op":"move","id":"` + mine + `","data":{"project_id":"%s"}}`, project},
		{`{"op":"move","id":"` + mine + `","data":{"after_id":"%s"}}`, task},
		{`{"op":"move","id":"` + mine + `","data":{"parent_id":"%s"}}`, task},
	} {
		ask := func(id string) exchange {
			return recorded(bob.batch(t, `{"op":"create","data":{"title":"before"}}`, strings.ReplaceAll(c.operation, "%s", id)), id)
		}
		absent, foreign := ask(newID().String()), ask(c.foreign)
		if diff := cmp.Diff(absent, foreign); diff != "" || absent.Status != 404 && absent.Status != 422 {
			t.Errorf("%s: status %d (-what never was +somebody else's):\n%s", c.operation, absent.Status, diff)
		}
	}
	if diff := cmp.Diff(before, ada.state(t)); diff != "" {
		t.Errorf("what is another's was touched (-before +after):\n%s", diff)
	}
	if list, _ := many(t, bob.do(t, "GET", "/tasks", "")); len(list) != 1 {
		t.Errorf("failed batches left %d tasks, want 1", len(list))
	}
}

func batchLimits(t *testing.T, ada, _ client) { //nolint:thelper // a test, called by TestBatch
	creates := func(n int) []string {
		all := make([]string, n)
		for i := range all {
			all[i] = body(`{"op":"create","data":{"title":"%d"}}`, i)
		}
		return all
	}
	ada.batch(t).WantInvalid(t, "operations too_short")
	ada.batch(t, creates(101)...).WantInvalid(t, "operations too_many")
	huge := body(`{"op":"create","data":{"title":"x","description":%q}}`, strings.Repeat("x", 1<<20))
	ada.batch(t, huge).WantFailure(t, 413, "PAYLOAD_TOO_LARGE")
	deep := `{"op":"create","data":{"title":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}}`
	ada.batch(t, deep).WantFailure(t, 400, "MALFORMED_REQUEST")
	ada.do(t, "POST", "/batch?dry_run=true", `{"operations":[{"op":"create","data":{"title":"x"}}]}`).WantInvalid(t, "dry_run unknown_parameter")
	nested := []string{`{"op":"create","temp_id":"t0","data":{"title":"0"}}`}
	for i := range 5 {
		nested = append(nested, body(`{"op":"create","temp_id":"t%d","data":{"title":"x","parent_id":"t%d"}}`, i+1, i))
	}
	ada.batch(t, nested...).WantInvalid(t, "operations[5].data.parent_id out_of_range")
	if left := ada.state(t); strings.Contains(left, `"id"`) {
		t.Errorf("refused batches left: %s", left)
	}
	if all := done(t, ada.batch(t, creates(100)...)); len(all) != 100 {
		t.Errorf("%d results", len(all))
	}
	// What is made at once stands one behind the other.
	list, _ := many(t, ada.do(t, "GET", "/tasks?sort=position&limit=200", ""))
	for i, x := range list {
		if x.Title != fmt.Sprint(i) {
			t.Fatalf("task %s stands at place %d of %d", x.Title, i, len(list))
		}
	}
}
