package httpx

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/openapi"
)

// newBatch reads batches over tasks, which have all verbs, and tags, which do
// not move.
func newBatch() *batch {
	n := byte(0)
	a := &App{Config: Config{NewID: func() uuid.UUID { n++; return uuid.UUID{15: n} }}}
	b := &batch{app: a, routes: map[string]Route{}}
	for _, path := range []string{"POST /tasks", "PATCH /tasks/:id", "DELETE /tasks/:id", "POST /tasks/:id/move", "POST /tags", "PUT /tags/:id", "PATCH /tags/:id", "DELETE /tags/:id"} {
		method, rest, _ := strings.Cut(path, " ")
		r := Route{Method: method, Path: rest, Operation: path}
		if path == "DELETE /tags/:id" {
			r.Query = []Param{{Name: "found", Schema: openapi.OneOf("keep", "delete")}}
		}
		a.routes = append(a.routes, r)
		b.routes[path] = r
	}
	return b
}

func readBatch(t *testing.T, body string) (operations []*operation, dryRun bool, err error) {
	t.Helper()
	o, err := ParseObject([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return newBatch().read(o)
}

const someID = "0198c0de-0000-7000-8000-00000000000a"

func TestReadBatch(t *testing.T) {
	t.Parallel()
	operations, dryRun, err := readBatch(t, `{"dry_run":true,"operations":[
		{"op":"create","resource":"tag","temp_id":"t"},
		{"op":"create","temp_id":"a","data":{"title":"t","tag_ids":["t","x",7]}},
		{"op":"create","data":{"title":"a","parent_id":"a","project_id":null}},
		{"op":"move","id":"a","if_match":"\"e\"","data":{"before_id":"t","\u0061fter_id":"\u0061"}},
		{"op":"delete","resource":"tag","id":"`+someID+`"}]}`)
	if err != nil || !dryRun {
		t.Fatalf("dry_run is %t, %v", dryRun, err)
	}
	var got []string
	for i, o := range operations {
		if o.index != i {
			t.Errorf("operation %d has the index %d", i, o.index)
		}
		line := fmt.Sprintf("%s %s%s", o.route.Operation, o.id, o.ifMatch)
		for _, m := range o.data.members {
			line += fmt.Sprintf(" %s=%s", m.name, m.raw)
		}
		got = append(got, line)
	}
	id := func(n byte) string { return uuid.UUID{15: n}.String() }
	want := []string{
		`PUT /tags/:id ` + id(1), // the way to create with an id, where there is no way to create many
		`POST /tasks ` + uuid.Nil.String() + ` title="t" tag_ids=["` + id(1) + `","x",7]`,
		`POST /tasks ` + uuid.Nil.String() + ` title="a" parent_id="` + id(2) + `" project_id=null`,
		`POST /tasks/:id/move ` + id(2) + `"e" before_id="` + id(1) + `" after_id="` + id(2) + `"`,
		`DELETE /tags/:id ` + someID,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

func TestReadBatchTellsTheFirstWrongOperation(t *testing.T) {
	t.Parallel()
	const good = `{"op":"create","temp_id":"a","data":{}}`
	for body, want := range map[string]int{
		`{"operations":[` + good + `,{"op":"delete","id":"b"}]}`:     1, // nothing made b
		`{"operations":[` + good + `,` + good + `,{"op":"Create"}]}`: 1, // a is taken
		`{"operations":[{"op":"merge"},{"op":"merge"}]}`:             0,
		`{"operations":[` + good + `,{"op":"update","id":"a"},7]}`:   1,
		`{"operations":[` + good + `,7,{"op":"update","id":"a"}]}`:   1,
		`{"operations":[` + good + `,{"op":"merge"}],"dry_run":1}`:   -1, // the batch itself is wrong too
		`{"operations":[` + good + `,7],"operations[1]":1}`:          -1,
		`{"operations":[]}`: -1,
		`{}`:                -1,
	} {
		_, _, err := readBatch(t, body)
		got := -1
		if failed, ok := errors.AsType[*operationFailure](err); ok {
			got = failed.index
		}
		if err == nil || got != want {
			t.Errorf("%s: %v, of operation %d, want %d", body, err, got, want)
		}
	}
}

func TestReadBatchRefuses(t *testing.T) {
	t.Parallel()
	many := func(n int) string {
		return `{"operations":[` + strings.TrimSuffix(strings.Repeat(`{"op":"create","data":{}},`, n), ",") + `]}`
	}
	for body, want := range map[string][]string{
		`{}`:                             {"operations required"},
		`{"operations":null}`:            {"operations null_not_allowed"},
		`{"operations":{}}`:              {"operations invalid_type"},
		many(0):                          {"operations too_short"},
		many(101):                        {"operations too_many"},
		`{"operations":[1],"dry_run":1}`: {"operations[0] invalid_type", "dry_run invalid_type"},
		`{"operations":[{}],"dry_run":null,"x":1}`:                                                         {"dry_run null_not_allowed", "x unknown_field", "operations[0].op required"},
		`{"operations":[{"op":"Create"}]}`:                                                                 {"operations[0].op invalid_value"},
		`{"operations":[{"op":null}]}`:                                                                     {"operations[0].op null_not_allowed"},
		`{"operations":[{"op":"create","resource":"note"}]}`:                                               {"operations[0].resource invalid_value"},
		`{"operations":[{"op":"create","resource":"tasks/:id/move"}]}`:                                     {"operations[0].resource invalid_value"},
		`{"operations":[{"op":"move","resource":"tag","id":"` + someID + `","data":{}}]}`:                  {"operations[0].op invalid_value"},
		`{"operations":[{"op":"create","id":"` + someID + `"}]}`:                                           {"operations[0].id read_only"},
		`{"operations":[{"op":"create","if_match":"x"}]}`:                                                  {"operations[0].if_match conflict"},
		`{"operations":[{"op":"update","data":{}}]}`:                                                       {"operations[0].id required"},
		`{"operations":[{"op":"update","id":"` + someID + `"}]}`:                                           {"operations[0].data required"},
		`{"operations":[{"op":"move","id":"` + someID + `","data":null}]}`:                                 {"operations[0].data null_not_allowed"},
		`{"operations":[{"op":"delete","id":"` + someID + `","data":{}}]}`:                                 {"operations[0].data conflict"},
		`{"operations":[{"op":"delete","resource":"tag","id":"` + someID + `","data":{"x":1,"found":2}}]}`: {"operations[0].data.found invalid_type", "operations[0].data.x unknown_field"},
		`{"operations":[{"op":"delete","resource":"tag","id":"` + someID + `","data":{"found":null}}]}`:    {"operations[0].data.found null_not_allowed"},
		`{"operations":[{"op":"delete","resource":"tag","id":"` + someID + `","data":{"found":""}}]}`:      {"operations[0].data.found invalid_value"},
		`{"operations":[{"op":"delete","id":"` + someID + `","data":null}]}`:                               {"operations[0].data null_not_allowed"},
		`{"operations":[{"op":"delete","id":"a"},{"op":"create","temp_id":"a"}]}`:                          {"operations[0].id invalid_format"},
		`{"operations":[{"op":"delete","id":"` + someID + `","temp_id":"a"}]}`:                             {"operations[0].temp_id conflict"},
		`{"operations":[{"op":"delete","id":"` + someID + `","if_match":" "}]}`:                            {"operations[0].if_match too_short"},
		`{"operations":[{"op":"create","temp_id":"` + someID + `"}]}`:                                      {"operations[0].temp_id invalid_format"},
		`{"operations":[{"op":"create","temp_id":""}]}`:                                                    {"operations[0].temp_id invalid_format"},
		`{"operations":[{"op":"create","temp_id":"` + strings.Repeat("x", 65) + `"}]}`:                     {"operations[0].temp_id invalid_format"},
		`{"operations":[{"op":"create","temp_id":"a"},{"op":"create","temp_id":"a"}]}`:                     {"operations[1].temp_id duplicate"},
		`{"operations":[{"op":"create"},{"op":"create","colour":1},{"op":"x"}]}`:                           {"operations[1].colour unknown_field", "operations[2].op invalid_value"},
	} {
		_, _, err := readBatch(t, body)
		var got []string
		if typed, ok := errors.AsType[*errs.Error](err); ok {
			for _, f := range typed.Details {
				got = append(got, f.Field+" "+string(f.Code))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%.120s: %v (-want +got):\n%s", body, err, diff)
		}
	}
	if operations, _, err := readBatch(t, many(100)); err != nil || len(operations) != 100 {
		t.Errorf("a hundred operations: %d read, %v", len(operations), err)
	}
}

// FuzzReadBatch: whatever is sent, what is accepted can be done as it is, and
// what is refused is refused with named fields.
func FuzzReadBatch(f *testing.F) {
	for _, seed := range []string{
		`{"operations":[{"op":"create","temp_id":"a","data":{"title":"x"}},{"op":"create","data":{"parent_id":"a","tag_ids":["a",["a"],null]}}],"dry_run":false}`,
		`{"operations":[{"op":"move","id":"` + someID + `","if_match":"*","data":{"before_id":"a"}}]}`,
		`{"operations":[{"op":"delete","resource":"tag","id":"a"}]}`, `{"operations":[]}`, `{"operations":[[],{},1,"x",null]}`,
		`{"operations":[{"op":"update","id":"` + someID + `","data":{"\u0000":{"a":[1e9]}}}]}`, `{"dry_run":[]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := ParseObject(body)
		if err != nil {
			return
		}
		b := newBatch()
		operations, _, err := b.read(o)
		if err != nil {
			if failed, ok := errors.AsType[*operationFailure](err); ok {
				err = failed.err
			}
			wantNamedFaults(t, err)
			return
		}
		if len(operations) < 1 || len(operations) > maxOperations {
			t.Fatalf("%d operations accepted", len(operations))
		}
		temps := map[string]bool{}
		for i, o := range operations {
			if _, known := b.routes[o.route.Method+" "+o.route.Path]; !known || o.index != i {
				t.Fatalf("operation %d is number %d, of the route %q", i, o.index, o.route.Path)
			}
			for _, m := range o.data.members {
				if !m.raw.IsValid() {
					t.Fatalf("operation %d: %q is no JSON", i, m.raw)
				}
			}
			if temps[o.tempID] {
				t.Fatalf("%q names two things", o.tempID)
			}
			temps[o.tempID] = o.tempID != ""
		}
	})
}

func wantNamedFaults(t *testing.T, err error) {
	t.Helper()
	typed, ok := err.(*errs.Error) //nolint:errorlint // it is that, unwrapped
	if !ok || typed.Kind != errs.Invalid || len(typed.Details) == 0 {
		t.Fatalf("refused with %v", err)
	}
	for _, f := range typed.Details {
		if f.Message == "" || f.Code == "" {
			t.Fatalf("a fault without a code or a message: %+v", f)
		}
	}
}

// A batch has more time than other requests only where it holds what needs it.
func TestPatienceOfABatch(t *testing.T) {
	t.Parallel()
	b := newBatch()
	r := b.routes["DELETE /tags/:id"]
	r.Patience = time.Hour
	b.routes["DELETE /tags/:id"] = r
	for body, want := range map[string]time.Duration{
		`{"operations":[{"op":"delete","resource":"tag","id":"x"}]}`:                   time.Hour,
		`{"operations":[{"op":"create"},{"resource": "tag","op": "delete","id":"x"}]}`: time.Hour,
		`{"operations":[{"op":"delete","id":"x"}]}`:                                    0,
		`{"operations":[{"op":"create","resource":"tag"}]}`:                            0,
		`{"operations":[{"op":"create","data":{"title":"delete the tag"}}]}`:           0,
		``: 0,
	} {
		if got := b.patience([]byte(body)); got != want {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
}
