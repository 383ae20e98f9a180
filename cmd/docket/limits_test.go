package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"docket/platform/openapi"
)

// trial tries out what the document says of bodies and queries on the real
// program: what is just allowed, and what is just not.
type trial struct {
	client
	document openapi.Document
	tried    int
}

// newTrial is of a program that limits nobody; with it come the operations of
// its document, and what is put there first for each.
func newTrial(t *testing.T) (*trial, []*openapi.Operation) {
	t.Helper()
	s, _ := unlimited(t)
	l := &trial{client: s.as(t, adaAddress)}
	if err := json.Unmarshal(openAPIDocument, &l.document); err != nil {
		t.Fatal(err)
	}
	operations, err := exampleOperations()
	if err != nil {
		t.Fatal(err)
	}
	return l, operations
}

// schema follows a reference.
func (l *trial) schema(s *openapi.Schema) *openapi.Schema {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return l.document.Components.Schemas[name]
	}
	return s
}

// attempt is a value to send, and the code of the fault that it has, "" for none.
type attempt struct {
	value any
	code  string
}

// attempts lists values at the edge of what a schema takes.
func (l *trial) attempts(s *openapi.Schema) []attempt {
	s = l.schema(s)
	nullable := slices.Contains(s.Types, "null")
	var all []attempt
	if nullable {
		all = append(all, attempt{nil, ""})
	} else {
		all = append(all, attempt{nil, "null_not_allowed"})
	}
	switch {
	case s.MaxLength != nil && s.Pattern != "": // a word among more than can be listed
		all = append(all, attempt{strings.Repeat("a", *s.MaxLength+1), "too_long"}, attempt{"a frobnicate", "invalid_value"}, attempt{"", "invalid_value"})
	case s.MaxLength != nil:
		all = append(all, attempt{strings.Repeat("é", *s.MaxLength), ""}, attempt{strings.Repeat("é", *s.MaxLength+1), "too_long"})
	}
	if s.MinLength != nil && s.MaxLength != nil && s.Pattern == "" {
		all = append(all, attempt{"", "too_short"})
	}
	for _, word := range s.Enum {
		all = append(all, attempt{word, ""})
	}
	if s.Enum != nil {
		all = append(all, attempt{"frobnicate", "invalid_value"})
	}
	if s.Format != "" || s.Pattern != "" && s.MaxLength == nil {
		all = append(all, attempt{"frobnicate", "invalid_format"})
	}
	if s.MaxItems != nil && s.UniqueItems {
		var many []any
		for i := range *s.MaxItems + 1 {
			many = append(many, "0198c0de-0000-7000-8000-"+strings.Repeat("0", 12-len(strconv.Itoa(i)))+strconv.Itoa(i))
		}
		all = append(all, attempt{many, "too_many"}, attempt{[]any{many[0], many[0]}, "duplicate"}, attempt{[]any{}, ""})
	}
	return append(all, attempt{map[string]any{}, "invalid_type"})
}

// faultsOf returns "field code" for each fault of an answer.
func faultsOf(t *testing.T, status int, body []byte) []string {
	t.Helper()
	var failure struct {
		Error struct {
			Details []struct{ Field, Code string }
		}
	}
	if status < http.StatusBadRequest {
		return nil
	}
	if err := json.Unmarshal(body, &failure); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	var all []string
	for _, d := range failure.Error.Details {
		field, _, _ := strings.Cut(d.Field, "[")
		all = append(all, field+" "+d.Code)
	}
	return all
}

// try sends an example with one thing changed, and looks for the fault in it.
func (l *trial) try(t *testing.T, method, path, body, field, code string) {
	t.Helper()
	l.tried++
	r := l.do(t, method, path, body)
	got := faultsOf(t, r.Status, r.Body)
	if code != "" && !slices.Contains(got, field+" "+code) {
		t.Errorf("%s %s %.200s is answered %d with the faults %q, want %s %s", method, path, body, r.Status, got, field, code)
	}
	if code == "" && slices.ContainsFunc(got, func(f string) bool {
		return strings.HasPrefix(f, field+" ") && f != field+" conflict" && f != field+" not_found" && f != field+" taken"
	}) {
		t.Errorf("%s %s %.200s is answered %d with the faults %q, though the document allows it", method, path, body, r.Status, got)
	}
}

func (l *trial) body(t *testing.T, o *openapi.Operation, r openapi.Request) {
	t.Helper()
	s := l.schema(o.RequestBody.Content["application/json"].Schema)
	var example map[string]any
	if err := json.Unmarshal(r.Body, &example); err != nil {
		t.Fatal(err)
	}
	with := func(name string, change func(map[string]any)) string {
		changed := maps.Clone(example)
		change(changed)
		text, err := json.Marshal(changed)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return string(text)
	}
	path := strings.TrimPrefix(r.Path, "/api/v1")
	try := func(body, field, code string) {
		t.Helper()
		for _, before := range o.Requests[:len(o.Requests)-1] { // the last try may have used it up
			l.do(t, before.Method, strings.TrimPrefix(before.Path, "/api/v1"), string(before.Body))
		}
		l.try(t, r.Method, path, body, field, code)
	}
	for name, property := range s.Properties {
		for _, p := range l.attempts(property) {
			try(with(name, func(m map[string]any) { m[name] = p.value }), name, p.code)
		}
	}
	for _, name := range s.Required {
		try(with(name, func(m map[string]any) { delete(m, name) }), name, "required")
	}
	try(with("", func(m map[string]any) { m["frobnicate"] = 1 }), "frobnicate", "unknown_field")
}

func (l *trial) query(t *testing.T, o *openapi.Operation, r openapi.Request) {
	t.Helper()
	path, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/api/v1"), "?")
	send := func(name, value, code string) {
		l.try(t, r.Method, path+"?"+url.Values{name: {value}}.Encode(), "", name, code)
	}
	for _, p := range o.Parameters {
		if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
			p = l.document.Components.Parameters[name]
		}
		s := l.schema(p.Schema)
		switch {
		case p.In != "query" || p.Name == "cursor":
		case s.Type == "integer":
			send(p.Name, strconv.Itoa(int(*s.Minimum)), "")
			send(p.Name, strconv.Itoa(int(*s.Maximum)), "")
			send(p.Name, strconv.Itoa(int(*s.Minimum)-1), "out_of_range")
			send(p.Name, strconv.Itoa(int(*s.Maximum)+1), "out_of_range")
			send(p.Name, "frobnicate", "invalid_type")
		case s.Type == "array":
			items := l.schema(s.Items)
			one := "0198c0de-0000-7000-8000-000000000000"
			if items.Enum != nil {
				one, _ = items.Enum[0].(string)
				send(p.Name, "frobnicate", "invalid_value")
			}
			send(p.Name, strings.Repeat(one+",", *s.MaxItems-1)+one, "")
			send(p.Name, strings.Repeat(one+",", *s.MaxItems)+one, "too_many")
		case s.Enum != nil:
			for _, word := range s.Enum {
				send(p.Name, word.(string), "")
			}
			send(p.Name, "frobnicate", "invalid_value")
		case s.AnyOf != nil:
			send(p.Name, "frobnicate", "invalid_format")
		case s.MaxLength != nil:
			send(p.Name, strings.Repeat("é", *s.MaxLength), "")
			send(p.Name, strings.Repeat("é", *s.MaxLength+1), "too_long")
		}
	}
	send("frobnicate", "1", "unknown_parameter")
}

// What the document says of lengths, words, kinds and null is what is enforced:
// neither less nor more.
func TestLimitsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	l, operations := newTrial(t)
	for _, o := range operations {
		r := o.Requests[len(o.Requests)-1]
		if !strings.HasPrefix(r.Path, "/api/v1") || r.Method == http.MethodDelete {
			continue
		}
		for _, before := range o.Requests {
			l.do(t, before.Method, strings.TrimPrefix(before.Path, "/api/v1"), string(before.Body))
		}
		l.query(t, o, r)
		if o.RequestBody != nil {
			l.body(t, o, r)
		}
	}
	if l.tried < 200 {
		t.Errorf("only %d limits were tried", l.tried)
	}
	t.Logf("%d limits tried", l.tried)
}
