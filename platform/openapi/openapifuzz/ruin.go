package openapifuzz

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

func (g *Generator) spoilQuery(d *draft) {
	var names []string
	for _, p := range d.operation.parameters {
		if p.In == "query" {
			names = append(names, p.Name)
		}
	}
	names = append(names, g.shortText())
	name := pick(g, names...)
	switch g.dice.IntN(6) {
	case 0:
		d.query = append(d.query, Field{name, ""})
	case 1:
		text := g.shortText()
		for range pick(g, 2, 2, 2, 101) {
			d.query = append(d.query, Field{name, text[:min(len(text), 10)]})
		}
	case 2:
		d.raw = pick(g, "&", "=", "==", "a", "%", "%zz=1", "q=%", "q=%zz", "q=%u0041", "q=a;b", "q=%ff", "q=+%20+", "&&q=a&", "q[]=a", "limit=1;limit=2", "limit=%31", "LIMIT=1", "%6cimit=1", "=&q=", "q", "limit")
	case 3:
		d.raw = escaped(name) + "=" + escaped(g.shortText())
	case 4:
		if len(d.query) > 0 {
			i := g.dice.IntN(len(d.query))
			d.query[i].Value = string(g.spoilBytes([]byte(d.query[i].Value)))
		}
	default:
		d.query = append(d.query, Field{name, pick(g, g.shortText(), g.id("", name), "0", "1", "200", "201", "-1", "1.0", "+1", "todo,done", "todo,", ",", "TODO", "any", "all", "true", "false", "none")})
	}
}

// shortText fits into a head.
func (g *Generator) shortText() string {
	text := g.wildText(100)
	return text[:min(len(text), 900)]
}

func (g *Generator) spoilHeader(d *draft) {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1 // would be another head, or none
		}
		return r
	}, strings.TrimSpace(g.shortText()))
	f := pick(g,
		Field{"Content-Type", pick(g, "text/plain", "", "application/json; charset=latin1", "application/json; charset=UTF-8", "APPLICATION/JSON", "application/json;", "application/json; charset", "application/vnd.api+json", "multipart/form-data", "application/x-www-form-urlencoded", "*/*", text)},
		Field{"Content-Encoding", pick(g, "gzip", "identity", "br", "deflate", "zstd", text)},
		Field{"Accept", pick(g, "text/html", "application/xml", "*/*;q=0", "", text)},
		Field{"Accept-Encoding", pick(g, "gzip", "br", "identity;q=0", "*;q=0", text)},
		Field{"Idempotency-Key", pick(g, "", " ", strings.Repeat("k", 128), strings.Repeat("k", 129), "ä", "a b", g.newID(), text)},
		Field{"If-Match", pick(g, "", "*", "x", `"x`, `""`, `W/"x"`, `"a","b"`, `"a", *`, ",", g.known.tag(g), strings.Repeat(`"a",`, 300), text)},
		Field{"If-None-Match", pick(g, "", "*", "x", `""`, "*, *", g.known.tag(g), `W/`+g.known.tag(g), text)},
		Field{"If-Modified-Since", "Mon, 23 Nov 2026 00:00:00 GMT"},
		Field{"Range", pick(g, "bytes=0-0", "bytes=9-1", "x", text)},
		Field{"Authorization", pick(g, "", "Bearer", "Bearer ", "Basic YWRhOmFkYQ==", "Bearer a.b.c", "bearer eyJhbGciOiJub25lIn0.e30.", text)},
		Field{"X-Request-Id", pick(g, "", "a b", strings.Repeat("r", 128), strings.Repeat("r", 129), "ä", text)},
		Field{"X-HTTP-Method-Override", "DELETE"},
		Field{"X-Forwarded-For", pick(g, "127.0.0.1", "x", "1.2.3.4, 5.6.7.8", text)},
		Field{"X-Forwarded-Proto", "https"},
		Field{"Origin", pick(g, "http://localhost:3000", "https://elsewhere.example", "null", text)},
		Field{"Access-Control-Request-Method", pick(g, "PATCH", "x")},
		Field{"Traceparent", pick(g, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", text)},
		Field{"X-Long", strings.Repeat("x", pick(g, 1000, 15_000, 17_000))},
		Field{"Cookie", text},
	)
	d.header = append(d.header, f)
}

// ruin makes a request of which little is left.
func (g *Generator) ruin(d *draft) {
	_, none := d.value.(nothing)
	switch n := g.dice.IntN(12); {
	case n < 2:
		d.method = pick(g, "GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get", "QUERY", "X")
	case n < 4:
		d.value = g.wild()
	case n == 4:
		d.text = []byte(g.wildText(300))
	case n == 5 && !none:
		d.text = g.recoded(g.written(d.value))
	case n == 6: // around what a body may be
		d.text = bytes.Repeat([]byte(" "), 1<<20+pick(g, -1, 0, 1, 200_000))
		copy(d.text, g.written(d.value))
		if !g.oneIn(4) {
			d.text = []byte(g.wildText(300)) // seldom, for it costs
		}
	case n == 7 && !none:
		d.chunked = true
		g.spoil(d)
	case n == 8 && !none: // the head of one operation and the body of another
		if o := pick(g, g.operations...); o.body != nil {
			d.value = g.value(o, "", o.body)
		}
	default:
		for range 3 + g.dice.IntN(5) {
			g.spoil(d)
		}
	}
}

// recoded writes a text in another encoding than UTF-8.
func (g *Generator) recoded(text []byte) []byte {
	if g.oneIn(3) {
		return append([]byte("\xef\xbb\xbf"), text...)
	}
	var out []byte
	for _, unit := range utf16.Encode([]rune(string(text))) {
		if g.oneIn(2) {
			out = binary.BigEndian.AppendUint16(out, unit)
		} else {
			out = binary.LittleEndian.AppendUint16(out, unit)
		}
	}
	return out
}
