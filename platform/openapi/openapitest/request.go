package openapitest

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"docket/platform/openapi"
)

// checkQuery holds a query that was accepted to the parameters of the
// operation.
func (c *Contract) checkQuery(o *openapi.Operation, at, query string) error {
	values := parseQuery(query)
	if !slices.ContainsFunc(values[""], func(v string) bool { return v != "" }) {
		delete(values, "") // neither a name nor a value says nothing
	}
	var faults []error
	for i, p := range o.Parameters {
		place := fmt.Sprintf("%s/parameters/%d/schema", at, i)
		if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
			p, place = c.document.Components.Parameters[name], pointer("components", "parameters", name)+"/schema"
		}
		if p == nil || p.In != "query" || !values.Has(p.Name) {
			continue
		}
		text := values.Get(p.Name)
		values.Del(p.Name)
		if text == "" {
			continue // as good as none
		}
		value := typed(p.Schema, text)
		if p.Schema.Type == "array" {
			var list []any
			for element := range strings.SplitSeq(text, ",") {
				list = append(list, element)
			}
			value = list
		}
		if err := c.validate(place, value); err != nil {
			faults = append(faults, fmt.Errorf("the parameter %s=%s was accepted: %w", p.Name, text, err))
		}
	}
	for name := range values {
		faults = append(faults, fmt.Errorf("the parameter %s was accepted and is not documented", name))
	}
	return errors.Join(faults...)
}

// parseQuery reads a query as browsers do, of whom none refuses any: a percent
// sign that begins no escape is one, and so is a semicolon
// (https://url.spec.whatwg.org/#urlencoded-parsing).
func parseQuery(query string) url.Values {
	values := url.Values{}
	for pair := range strings.SplitSeq(query, "&") {
		if pair != "" {
			name, value, _ := strings.Cut(pair, "=")
			values.Add(unescape(name), unescape(value))
		}
	}
	return values
}

func unescape(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		if c, err := url.PathUnescape(s[:min(len(s), 3)]); err == nil && s[0] == '%' {
			b.WriteString(c)
			s = s[3:]
			continue
		}
		b.WriteByte(map[bool]byte{true: ' ', false: s[0]}[s[0] == '+'])
		s = s[1:]
	}
	return b.String()
}

// checkContent holds a body that was accepted to that of the operation. A merge
// patch and plain JSON are read alike. Texts may be too long before they are
// trimmed, which a schema cannot say.
func (c *Contract) checkContent(e Exchange, at string, o *openapi.Operation) error {
	if o.RequestBody == nil || len(e.Content) == 0 {
		return nil // what no operation takes is refused, or empty
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Content))
	if err != nil {
		return fmt.Errorf("a body was accepted that is not JSON: %s: %w", e.Content, err)
	}
	place := at + pointer("requestBody", "content", "application/json") + "/schema"
	if err := c.validate(place, value); err != nil && c.validate(place, trimmed(value)) != nil {
		return fmt.Errorf("a body was accepted: %s: %w", e.Content, err)
	}
	return nil
}

// trimmed takes the space around every text in a value.
func trimmed(value any) any {
	switch v := value.(type) {
	case string:
		return strings.TrimSpace(v)
	case map[string]any:
		for name := range v {
			v[name] = trimmed(v[name])
		}
	case []any:
		for i := range v {
			v[i] = trimmed(v[i])
		}
	}
	return value
}
