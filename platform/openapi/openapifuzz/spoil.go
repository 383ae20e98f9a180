package openapifuzz

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"docket/platform/openapi"
)

// spoil puts one fault into a request, or what may be one.
func (g *Generator) spoil(d *draft) {
	_, none := d.value.(nothing)
	switch n := g.dice.IntN(20); {
	case n < 9 && !none:
		d.value = g.spoilValue(d.value, d.operation.body)
	case n < 11 && !none:
		d.text = g.spoilBytes(g.written(d.value))
	case n < 14:
		g.spoilQuery(d)
	case n < 16:
		d.path = g.spoilPath(d.path)
	default:
		g.spoilHeader(d)
	}
}

// spoilValue changes one place in a value: it goes down by chance, and where it
// stops it swaps what is there, or takes it away, or adds to it.
func (g *Generator) spoilValue(v any, s *openapi.Schema) any {
	if s != nil {
		s = g.resolved(s)
	}
	switch v := v.(type) {
	case map[string]any:
		return g.spoilObject(v, g.variantOf(v, s))
	case []any:
		return g.spoilList(v, s)
	default:
		return g.spoilLeaf(v, s)
	}
}

// variantOf is that of a few schemas which is the first to have the words that v
// has, as op and resource are in a batch; s where it is a single one.
func (g *Generator) variantOf(v map[string]any, s *openapi.Schema) *openapi.Schema {
	if s == nil || len(s.AnyOf) == 0 {
		return s
	}
	for _, part := range s.AnyOf {
		part = g.resolved(part)
		fits := true
		for name, p := range part.Properties {
			text, given := v[name].(string)
			if word(p) != "" && word(p) != text && (given || slices.Contains(part.Required, name)) {
				fits = false
			}
		}
		if fits {
			return part
		}
	}
	return nil
}

func (g *Generator) spoilObject(v map[string]any, s *openapi.Schema) any {
	n := g.dice.IntN(12)
	if n == 0 {
		v[g.wildText(20)] = g.wild()
		return v
	}
	if n == 1 && s != nil && len(s.Properties) > 0 { // what the document has, with anything in it
		v[pick(g, slices.Sorted(maps.Keys(s.Properties))...)] = g.wild()
		return v
	}
	names := slices.Sorted(maps.Keys(v))
	if len(names) == 0 || n == 2 {
		return g.wild()
	}
	switch name := pick(g, names...); n {
	case 3:
		delete(v, name)
	case 4:
		v[name] = nil
	case 5: // the same member twice
		v[name] = raw(fmt.Sprintf("%s,%s:%s", g.written(v[name]), quoted(name), g.written(g.wild())))
	default:
		v[name] = g.spoilValue(v[name], below(s, name))
	}
	return v
}

func (g *Generator) spoilList(v []any, s *openapi.Schema) any {
	switch n := g.dice.IntN(8); {
	case n == 0 || len(v) == 0:
		return append(v, g.wild())
	case n == 1:
		return append(v, v[g.dice.IntN(len(v))])
	case n == 2: // far too many
		for len(v) < 120 {
			v = append(v, v[0])
		}
		return v
	default:
		i := g.dice.IntN(len(v))
		v[i] = g.spoilValue(v[i], below(s, ""))
		return v
	}
}

// below is the schema of a member, or of the elements; nil where nothing is
// said of it.
func below(s *openapi.Schema, name string) *openapi.Schema {
	switch {
	case s == nil:
		return nil
	case name == "":
		return s.Items
	default:
		return s.Properties[name]
	}
}

func (g *Generator) spoilLeaf(v any, s *openapi.Schema) any {
	text, isText := v.(string)
	switch n := g.dice.IntN(6); {
	case n == 0:
		return nil
	case n == 1 && s != nil && s.MaxLength != nil:
		return g.letters(*s.MaxLength + pick(g, 0, 1))
	case n == 2 && s != nil && s.MinLength != nil:
		return g.letters(max(0, *s.MinLength-pick(g, 0, 1)))
	case n == 3 && isText:
		return raw(quoted(g.spoilBytes([]byte(text))))
	case n == 4 && isText:
		return text + g.wildText(4)
	case n == 5 && isText:
		return strings.ToUpper(text)
	default:
		return g.wild()
	}
}

// wild is a value of any kind.
func (g *Generator) wild() any {
	switch g.dice.IntN(8) {
	case 0, 1, 2:
		return g.wildText(600)
	case 3:
		return raw(pick(g, "0", "-0", "1.0", "-1", "1e999", "1E-400", "12345678901234567890123", "9007199254740993", "0.1", "2147483648", "-9223372036854775809", `"7"`))
	case 4:
		return raw(pick(g, "true", "null", "[]", "{}", "[[]]", `[null]`, `{"":null}`, `{"id":1}`, "NaN", "-", "undefined", "'x'", "01", "+1", `"`, `"\ud800"`, `"\udc00\ud800"`, `"\u0000"`, "\"\xff\"", "\"\x00\"", "\"\t\"", `"\x"`, `"\u12"`, "/**/1"))
	case 5:
		depth := pick(g, 2, 30, 31, 32, 33, 2000)
		return raw(strings.Repeat(pick(g, "[", `{"a":`), depth) + "1" + strings.Repeat("]", depth))
	case 6:
		return g.id("", pick(g, "id", "project_id", "tag_id", "task_id"))
	default:
		return g.oneIn(2)
	}
}

// traps are texts that have tripped others up.
var traps = []string{
	"", " ", "\x00", "a\x00b", "\ufeff", "\u202eabc", "\u2028", "\u200b", "\u0085", "\u00a0", "e\u0301", "\u0301", "İ", "ß", "ﬃ", "😀", "👨‍👩‍👧‍👦", "\U0010ffff", "\ufffd", "\ufffe", "\xff", "\xc0\x80", "\xed\xa0\x80",
	"\r\n", "\t", "'", `"`, `\`, "%", "%00", "_", "*", "none", "null", "true", "undefined", "NaN", "-1", "0", "1e9", "' OR 1=1 --", "$1", "${x}", "{{x}}", "../..", "<b>", "!", "&", "|", ":*", "a:*", "a & !b", `"a b"`, `-"a b"`, "-", "--", `"`, "(", ")",
	"0001-01-01", "9999-12-31", "10000-01-01", "-0001-01-01", "2026-02-30", "2026-11-23T24:00:00Z", "2026-11-23T23:59:60Z", "0000-00-00", "2026-11-23T00:00:00+23:59", "2026-11-23t00:00:00z", "2026-11-23 00:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "infinity", "epoch", "now",
	"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "{00000000-0000-0000-0000-000000000000}", "urn:uuid:00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000", "#FFFFFF", "#ffffff\n", "#fff", "UTC", "utc", "Local", "Europe/../UTC", "/etc/localtime", "+00:00",
}

// wildText is a text of at most about longest characters, rarely far more.
func (g *Generator) wildText(longest int) string {
	switch n := g.dice.IntN(100); {
	case n < 60:
		return pick(g, traps...)
	case n < 75:
		return strings.Repeat(pick(g, traps...), 1+g.dice.IntN(longest))
	case n < 76:
		return strings.Repeat(pick(g, "a", "a ", "ä", "😀", "\u0301", "\x00"), pick(g, 16_384, 16_385, 70_000, 300_000))
	case n < 90:
		return g.letters(g.dice.IntN(longest))
	default:
		return string(g.bytes(g.dice.IntN(longest)))
	}
}

// spoilBytes changes bytes at random.
func (g *Generator) spoilBytes(text []byte) []byte {
	text = bytes.Clone(text)
	for range 1 + g.dice.IntN(4) {
		if len(text) == 0 {
			return []byte(g.wildText(20))
		}
		i := g.dice.IntN(len(text))
		j := i + g.dice.IntN(len(text)-i)
		switch g.dice.IntN(7) {
		case 0:
			text[i] ^= 1 << g.dice.IntN(8)
		case 1:
			text = slices.Delete(text, i, j)
		case 2:
			text = slices.Insert(text, i, []byte(g.wildText(10))...)
		case 3:
			text = text[:i]
		case 4:
			text = slices.Insert(text, i, bytes.Clone(text[i:j])...)
		case 5:
			text[i] = pick(g, []byte("{}[]\",:\\0-eE.\x00\xff\n ")...)
		default:
			text = append(text, text[i:j]...)
		}
	}
	return text
}

// spoilPath changes what a path says: its ids, its parts, or how it is escaped.
func (g *Generator) spoilPath(path string) string {
	parts := strings.Split(path, "/")
	i := 1 + g.dice.IntN(len(parts)-1)
	switch g.dice.IntN(10) {
	case 0:
		parts[i] = escaped(g.wildText(30))
	case 1:
		parts[i] = strings.ToUpper(parts[i])
	case 2:
		parts = append(parts, pick(g, "", "x", ".", "..", "%2e%2e", "move"))
	case 3:
		parts = slices.Insert(parts, i, pick(g, "", ".", "..", "%2f", "%00"))
	case 4:
		parts = slices.Delete(parts, i, i+1)
	case 5:
		parts[i] = fmt.Sprintf("%%%02x%s", parts[i][:min(1, len(parts[i]))], parts[i][min(1, len(parts[i])):])
	case 6:
		parts[i] += pick(g, "%", "%0", "%zz", ";a=b", "%3f", "%23", "+", "*", "%ff", "%c0%af")
	case 7:
		parts[i] = "%7B" + parts[i] + "%7D"
	default:
		parts[len(parts)-1] = escaped(string(g.spoilBytes([]byte(parts[len(parts)-1]))))
	}
	return "/" + strings.TrimLeft(strings.Join(parts, "/"), "/")
}

// escaped writes all but letters, digits and a few signs as percent and two
// digits, so that it can stand in a target.
func escaped(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < utf8.RuneSelf && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~%:@!$'()*,;", c) >= 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
		if b.Len() > 3000 {
			break
		}
	}
	return b.String()
}
