package openapitest

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"docket/platform/openapi"
)

// checkQuery holds a query that was accepted to the parameters of the
// operation.
func (c *Contract) checkQuery(o *openapi.Operation, at, query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("read the query: %w", err)
	}
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

// checkContent holds a body that was accepted to that of the operation. A merge
// patch and plain JSON are read alike.
func (c *Contract) checkContent(e Exchange, at string, o *openapi.Operation) error {
	if o.RequestBody == nil || len(e.Content) == 0 {
		return nil // what no operation takes is refused, or empty
	}
	if err := c.validateJSON(at+pointer("requestBody", "content", "application/json")+"/schema", e.Content); err != nil {
		return fmt.Errorf("a body was accepted: %s: %w", e.Content, err)
	}
	return nil
}
