package openapifuzz

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"docket/platform/openapi"
)

func (g *Generator) resolved(s *openapi.Schema) *openapi.Schema {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return g.document.Components.Schemas[name]
	}
	return s
}

// value makes one that a schema takes; name is the member's or parameter's.
func (g *Generator) value(o operation, name string, s *openapi.Schema) any {
	s = g.resolved(s)
	switch {
	case len(s.Enum) > 0:
		return pick(g, s.Enum...)
	case len(s.AllOf) > 0:
		return g.value(o, name, s.AllOf[0])
	case len(s.AnyOf) > 0:
		return g.value(o, name, g.variant(s.AnyOf))
	case len(s.OneOf) > 0:
		return g.value(o, name, pick(g, s.OneOf...))
	}
	kind := s.Type
	if len(s.Types) > 0 {
		if kind = s.Types[0]; slices.Contains(s.Types, "null") && g.oneIn(5) {
			return nil
		}
	}
	switch kind {
	case "string":
		return g.text(o, name, s)
	case "integer", "number":
		return g.number(s)
	case "boolean":
		return g.oneIn(2)
	case "array":
		return g.list(o, name, s)
	case "object":
		return g.object(o, s)
	default:
		return nil
	}
}

func (g *Generator) number(s *openapi.Schema) any {
	low, high := 0, 1000
	if s.Minimum != nil {
		low = int(*s.Minimum)
	}
	if s.Maximum != nil {
		high = int(*s.Maximum)
	}
	return pick(g, low, high, low+g.dice.IntN(high-low+1))
}

func (g *Generator) list(o operation, name string, s *openapi.Schema) any {
	low, high := 0, 3
	if s.MinItems != nil {
		low = *s.MinItems
	}
	if s.MaxItems != nil && g.oneIn(50) {
		high = *s.MaxItems
	}
	n := low + g.dice.IntN(high-low+1)
	list := make([]any, 0, n)
	seen := map[string]bool{}
	for range n {
		v := g.value(o, name, s.Items)
		key := fmt.Sprint(v)
		if s.UniqueItems && seen[key] {
			continue
		}
		seen[key] = true
		list = append(list, v)
	}
	return list
}

func (g *Generator) object(o operation, s *openapi.Schema) any {
	if batched, ok := g.batched(s); ok {
		return batched
	}
	m := map[string]any{}
	names, sparsely := slices.Sorted(maps.Keys(s.Properties)), pick(g, 2, 4, 8)
	for _, name := range names {
		if slices.Contains(s.Required, name) || g.oneIn(sparsely) {
			m[name] = g.value(o, name, s.Properties[name])
		}
	}
	if s.MinProperties != nil && len(m) < *s.MinProperties && len(names) > 0 {
		name := pick(g, names...)
		m[name] = g.value(o, name, s.Properties[name])
	}
	return m
}

// batched makes one operation of a batch, of a variant that the schema has for
// it: one whose op and resource are words alone.
func (g *Generator) batched(s *openapi.Schema) (any, bool) {
	op, resource := word(s.Properties["op"]), word(s.Properties["resource"])
	if op == "" || resource == "" {
		return nil, false
	}
	m := map[string]any{"op": op, "resource": resource}
	if !slices.Contains(s.Required, "resource") && g.oneIn(2) {
		delete(m, "resource")
	}
	if inner := g.ownBody(op, resource); inner != nil {
		m["data"] = inner
	} else if data := s.Properties["data"]; data != nil && g.oneIn(2) {
		m["data"] = g.value(operation{}, "data", data)
	}
	switch {
	case op != "create":
		m["id"] = g.reference(resource)
		if g.oneIn(8) {
			m["if_match"] = g.known.tag(g)
		}
	case g.oneIn(2):
		name := fmt.Sprintf("t%d", len(g.temporary))
		g.temporary = append(g.temporary, temporary{resource, name})
		m["temp_id"] = name
	}
	return m, true
}

// word is the only word that a schema takes, "" where there are more or none.
func word(s *openapi.Schema) string {
	if s == nil || len(s.Enum) != 1 {
		return ""
	}
	return fmt.Sprint(s.Enum[0])
}

// variant picks one of a few schemas: a create rather than another operation of
// a batch, so that later ones have something to be about.
func (g *Generator) variant(of []*openapi.Schema) *openapi.Schema {
	if creates := slices.DeleteFunc(slices.Clone(of), func(s *openapi.Schema) bool {
		return word(g.resolved(s).Properties["op"]) != "create"
	}); len(creates) > 0 && !g.oneIn(3) {
		return pick(g, creates...)
	}
	return pick(g, of...)
}

// ownBody makes the body that an operation of a batch would have in a request
// of its own, with references to what the batch makes; nil where it has none.
func (g *Generator) ownBody(op, resource string) any {
	like := map[string]struct{ method, end string }{
		"create": {"POST", resource + "s"}, "update": {"PATCH", resource + "s/{id}"}, "move": {"POST", resource + "s/{id}/move"},
	}[op]
	for _, o := range g.operations {
		if o.method != like.method || !strings.HasSuffix(o.path, "/"+like.end) || o.body == nil {
			continue
		}
		body := g.value(o, "", o.body)
		if inner, ok := body.(map[string]any); ok && g.oneIn(4) {
			g.refer(inner, o)
		}
		return body
	}
	return nil
}

// refer makes a member refer to something that the batch makes.
func (g *Generator) refer(body map[string]any, o operation) {
	for _, t := range g.temporary {
		for name, s := range g.resolved(o.body).Properties {
			switch {
			case name == t.resource+"_ids" && s.Items != nil:
				body[name] = []any{t.name}
			case name == t.resource+"_id", name == "parent_id" && o.collection() == t.resource+"s":
				body[name] = t.name
			}
		}
	}
}

// temporary is a name that a batch gave to what it makes.
type temporary struct{ resource, name string }

// reference is an id of this kind, or the name of one that the batch makes.
func (g *Generator) reference(resource string) string {
	for _, t := range g.temporary {
		if t.resource == resource && g.oneIn(2) || g.oneIn(30) {
			return t.name
		}
	}
	return g.id(resource+"s", "id")
}

func (g *Generator) text(o operation, name string, s *openapi.Schema) string {
	switch s.Format {
	case "uuid":
		return g.id(o.collection(), name)
	case "date":
		return g.instant().Format(time.DateOnly)
	case "date-time":
		return g.instant().Format(pick(g, time.RFC3339, time.RFC3339Nano, "2006-01-02T15:04:05.999999Z"))
	}
	if s.Pattern != "" {
		if re, err := syntax.Parse(s.Pattern, syntax.Perl); err == nil {
			return g.matching(re)
		}
	}
	if len(s.Examples) > 0 && g.oneIn(3) {
		return fmt.Sprint(g.pickExample(s))
	}
	if name == "time_zone" {
		return pick(g, "UTC", "Europe/Berlin", "Pacific/Apia", "America/St_Johns", "Pacific/Kiritimati")
	}
	low, high := 0, 40
	if s.MinLength != nil {
		low = *s.MinLength
	}
	if s.MaxLength != nil && (*s.MaxLength < high || g.oneIn(15)) {
		high = *s.MaxLength
	}
	n := low + g.dice.IntN(max(1, high-low+1))
	if g.oneIn(15) {
		n = pick(g, low, high)
	}
	return g.letters(n)
}

func (g *Generator) pickExample(s *openapi.Schema) any { return pick(g, s.Examples...) }

// letters is n characters, of a few scripts.
func (g *Generator) letters(n int) string {
	const plain = "abc dEf-_.,ghijklmnopqrstuvwxyz0123456789"
	alphabet := []rune(pick(g, plain, plain, plain, "äöüßéÅİıſK", "日本語テスト", "😀👩🏽‍🚀🏳️", "مرحبا שלום", "e\u0301\u0323ạ", `"\/<>&'%+#?;{}[]`))
	var b strings.Builder
	for range n {
		b.WriteRune(pick(g, alphabet...))
	}
	return b.String()
}

// instant is one near the present, or at an edge.
func (g *Generator) instant() time.Time {
	year := pick(g, 2026, 2026, 2026, 2025, 2027, 1970, 2000, 1900, 9999, 1)
	return time.Date(year, time.Month(1+g.dice.IntN(12)), 1+g.dice.IntN(31), g.dice.IntN(24), g.dice.IntN(60), g.dice.IntN(60), g.dice.IntN(1e9),
		time.FixedZone("", 60*(g.dice.IntN(27*60)-13*60)))
}

// matching makes a text that a simple regular expression matches.
func (g *Generator) matching(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		i := 2 * g.dice.IntN(len(re.Rune)/2)
		return string(re.Rune[i] + g.dice.Int32N(re.Rune[i+1]-re.Rune[i]+1))
	case syntax.OpConcat, syntax.OpCapture:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(g.matching(sub))
		}
		return b.String()
	case syntax.OpAlternate:
		return g.matching(pick(g, re.Sub...))
	case syntax.OpRepeat, syntax.OpStar, syntax.OpPlus, syntax.OpQuest:
		least := map[syntax.Op]int{syntax.OpPlus: 1, syntax.OpRepeat: re.Min}[re.Op]
		most := map[syntax.Op]int{syntax.OpStar: 3, syntax.OpPlus: 3, syntax.OpQuest: 1, syntax.OpRepeat: max(re.Min, re.Max)}[re.Op]
		var b strings.Builder
		for range least + g.dice.IntN(most-least+1) {
			b.WriteString(g.matching(re.Sub[0]))
		}
		return b.String()
	default:
		return ""
	}
}

// written is a value as JSON. What cannot be written stands for itself.
func (g *Generator) written(v any) []byte {
	switch v := v.(type) {
	case raw:
		return []byte(v)
	case map[string]any:
		out := []byte("{")
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(append(append(out, quoted(name)...), ':'), g.written(v[name])...)
		}
		return append(out, '}')
	case []any:
		out := []byte("[")
		for i, element := range v {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, g.written(element)...)
		}
		return append(out, ']')
	default:
		return quoted(v)
	}
}

func quoted(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		return []byte(fmt.Sprint(v))
	}
	return text
}

// raw is JSON, or not, that is written as it is.
type raw string

// visible keeps the visible ASCII characters of a text, and one at least.
func visible(s string) string {
	s = strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r
		}
		return -1
	}, s)
	return s + "x"[:max(0, 1-len(s))]
}
