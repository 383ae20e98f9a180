package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
)

// hoist moves schemas that have a name to the components.
type hoist struct {
	named   map[string]*Schema
	written map[string][]byte // as they were given, to compare with
}

// document returns d with references in place of all that has a name.
func (h *hoist) document(d Document) (Document, error) {
	paths := make(map[string]*PathItem, len(d.Paths))
	for path, item := range d.Paths {
		own := *item
		for _, o := range []**Operation{&own.Get, &own.Put, &own.Post, &own.Delete, &own.Patch} {
			var err error
			if *o, err = h.operation(*o); err != nil {
				return d, fmt.Errorf("%s: %w", path, err)
			}
		}
		paths[path] = &own
	}
	d.Paths = paths
	var err error
	if d.Components.Responses, err = each(d.Components.Responses, h.response); err != nil {
		return d, err
	}
	if d.Components.Headers, err = each(d.Components.Headers, h.header); err != nil {
		return d, err
	}
	if d.Components.Parameters, err = each(d.Components.Parameters, h.parameter); err != nil {
		return d, err
	}
	schemas := maps.Clone(h.named)
	maps.Copy(schemas, d.Components.Schemas)
	d.Components.Schemas = schemas
	return d, nil
}

func (h *hoist) operation(o *Operation) (*Operation, error) {
	if o == nil {
		return nil, nil //nolint:nilnil // no operation stays none
	}
	own := *o
	own.Parameters = make([]*Parameter, len(o.Parameters))
	for i, p := range o.Parameters {
		var err error
		if own.Parameters[i], err = h.parameter(p); err != nil {
			return nil, err
		}
	}
	if o.RequestBody != nil {
		body := *o.RequestBody
		var err error
		if body.Content, err = each(body.Content, h.media); err != nil {
			return nil, err
		}
		own.RequestBody = &body
	}
	var err error
	own.Responses, err = each(o.Responses, h.response)
	return &own, err
}

func (h *hoist) parameter(p *Parameter) (*Parameter, error) {
	own := *p
	var err error
	own.Schema, err = h.schema(p.Schema)
	return &own, err
}

func (h *hoist) header(p *Header) (*Header, error) {
	own := *p
	var err error
	own.Schema, err = h.schema(p.Schema)
	return &own, err
}

func (h *hoist) media(m *MediaType) (*MediaType, error) {
	own := *m
	var err error
	own.Schema, err = h.schema(m.Schema)
	return &own, err
}

func (h *hoist) response(r *Response) (*Response, error) {
	own := *r
	var err error
	if own.Headers, err = each(r.Headers, h.header); err != nil {
		return nil, err
	}
	own.Content, err = each(r.Content, h.media)
	return &own, err
}

// schema returns s with references in place of all that has a name, itself
// included.
func (h *hoist) schema(s *Schema) (*Schema, error) {
	if s == nil || s.Title == "" {
		return h.inside(s)
	}
	name := s.Title
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write the schema %s: %w", name, err)
	}
	if known, ok := h.written[name]; !ok {
		h.written[name] = text
		if h.named[name], err = h.inside(s); err != nil {
			return nil, err
		}
	} else if !bytes.Equal(known, text) {
		return nil, fmt.Errorf("two schemas that differ are both called %s", name)
	}
	return Ref(name), nil
}

// inside returns s with references in place of the schemas within it.
func (h *hoist) inside(s *Schema) (*Schema, error) {
	if s == nil {
		return nil, nil //nolint:nilnil // no schema stays none
	}
	own := *s
	var err error
	if own.Properties, err = each(s.Properties, h.schema); err != nil {
		return nil, err
	}
	if own.Items, err = h.schema(s.Items); err != nil {
		return nil, err
	}
	for _, list := range []*[]*Schema{&own.AllOf, &own.AnyOf, &own.OneOf} {
		all := make([]*Schema, len(*list))
		for i, part := range *list {
			if all[i], err = h.schema(part); err != nil {
				return nil, err
			}
		}
		if *list != nil {
			*list = all
		}
	}
	return &own, nil
}

// each returns a copy of m with change made to all that is in it, nil for nil.
func each[V any](m map[string]*V, change func(*V) (*V, error)) (map[string]*V, error) {
	if m == nil {
		return nil, nil
	}
	changed := make(map[string]*V, len(m))
	for name, v := range m {
		var err error
		if changed[name], err = change(v); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return changed, nil
}
