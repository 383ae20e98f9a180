package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/openapi"
)

// ruined is a value that a parameter cannot have.
func (l *trial) ruined(p *openapi.Parameter) string {
	switch s := l.schema(p.Schema); {
	case p.Name == "cursor" || s.Type != "string" || s.Enum != nil || s.Format != "":
		return "frobnicate"
	case s.MaxLength != nil:
		return strings.Repeat("x", *s.MaxLength+1)
	default:
		return "\xff" // no UTF-8
	}
}

// A request whose parameters are all wrong is told of each, once; a damaged
// cursor is no reason to keep them back.
func TestEveryWrongParameterIsNamed(t *testing.T) {
	t.Parallel()
	l, operations := newTrial(t)
	for _, o := range operations {
		query, want := url.Values{"frobnicate": {"1"}}, []string{"frobnicate"}
		for _, p := range o.Parameters {
			if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
				p = l.document.Components.Parameters[name]
			}
			if p.In != "query" {
				continue
			}
			query.Set(p.Name, l.ruined(p))
			if p.Name != "cursor" {
				want = append(want, p.Name)
			}
		}
		if len(query) == 1 {
			continue
		}
		l.tried++
		r := o.Requests[len(o.Requests)-1]
		path, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/api/v1"), "?")
		failure := l.do(t, r.Method, path+"?"+query.Encode(), string(r.Body)).WantFailure(t, 422, "VALIDATION_FAILED")
		var named []string
		for _, d := range failure.Details {
			named = append(named, d.Field)
		}
		slices.Sort(named)
		slices.Sort(want)
		if diff := cmp.Diff(want, named); diff != "" {
			t.Errorf("%s (-wrong +named):\n%s", o.ID, diff)
		}
	}
	const withParameters = 7
	if l.tried < withParameters {
		t.Errorf("only %d operations with parameters were tried", l.tried)
	}
}
