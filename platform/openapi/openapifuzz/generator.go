// Package openapifuzz makes requests out of an OpenAPI document: some that are
// as the document says, more that nearly are, and some that are not at all.
//
// It knows no more of the API than its document, and what it was answered: ids,
// entity tags and cursors of answers go into later requests. The same seed and
// the same answers make the same requests.
package openapifuzz

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"

	"docket/platform/openapi"
)

// Generator makes requests of one user. It is for one goroutine.
type Generator struct {
	document   openapi.Document
	operations []operation
	dice       *rand.Rand
	known      memory
	rarely     []string
	temporary  []temporary // of the batch that is being made
}

// Config says what a [Generator] draws.
type Config struct {
	// Seed and Stream decide what is drawn; two streams of a seed differ.
	Seed, Stream uint64
	// Foreign are ids that belong to other users, by the last part of the path
	// of their collection.
	Foreign map[string][]string
	// Rarely lists the operations that are tried a twentieth as often as the
	// others, such as those that end everything.
	Rarely []string
}

// operation is one of the document.
type operation struct {
	id, method, path string
	parameters       []*openapi.Parameter
	body             *openapi.Schema // nil where it takes none
}

// collection is the first part of the path that names what is dealt with: what
// is made there is known by it.
func (o operation) collection() string {
	parts := strings.Split(o.path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			return parts[i-1]
		}
	}
	return parts[len(parts)-1]
}

// New returns a Generator for a document, as it is served. It returns an error
// for what is none, and for one without operations.
func New(text []byte, c Config) (*Generator, error) {
	g := &Generator{dice: rand.New(rand.NewPCG(c.Seed, c.Stream)), known: newMemory(c.Foreign), rarely: c.Rarely}
	if err := json.Unmarshal(text, &g.document); err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	for _, path := range slices.Sorted(maps.Keys(g.document.Paths)) {
		item := g.document.Paths[path]
		for _, m := range []struct {
			method string
			of     *openapi.Operation
		}{{"GET", item.Get}, {"PUT", item.Put}, {"POST", item.Post}, {"DELETE", item.Delete}, {"PATCH", item.Patch}} {
			if m.of != nil {
				g.operations = append(g.operations, g.read(m.method, path, m.of))
			}
		}
	}
	if len(g.operations) == 0 {
		return nil, fmt.Errorf("the document has no operation in %d paths", len(g.document.Paths))
	}
	return g, nil
}

func (g *Generator) read(method, path string, of *openapi.Operation) operation {
	o := operation{id: of.ID, method: method, path: path}
	for _, p := range of.Parameters {
		if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
			p = g.document.Components.Parameters[name]
		}
		o.parameters = append(o.parameters, p)
	}
	if of.RequestBody != nil {
		if media := of.RequestBody.Content["application/json"]; media != nil {
			o.body = media.Schema
		}
	}
	return o
}

// Operations lists the names of all operations, sorted.
func (g *Generator) Operations() []string {
	var ids []string
	for _, o := range g.operations {
		ids = append(ids, o.id)
	}
	slices.Sort(ids)
	return ids
}

// Field is one line of a head.
type Field struct{ Name, Value string }

// Request is one that was made up.
type Request struct {
	// Operation is the operationId that it was made from. What was done to it
	// may have made it a request for another, or for none.
	Operation string
	Method    string
	// Target is the path with its query, in visible ASCII characters.
	Target string
	// Header lists the fields but those that frame the message: Host,
	// Content-Length, Transfer-Encoding. There may be two of a name.
	Header []Field
	// Body is nil where none is sent.
	Body []byte
	// Chunked asks for the body to be sent in chunks.
	Chunked bool
	// collection is where what is answered belongs, subject the id that the path
	// had at first.
	collection, subject string
}

// How a request is, in a hundred.
const (
	asDocumented = 35 // no fault put in on purpose
	nearly       = 45 // one fault, or a few
)

// Next makes the next request.
func (g *Generator) Next() Request {
	o := pick(g, g.operations...)
	// Where as much went as came, there would be little to be asked for.
	for slices.Contains(g.rarely, o.id) && !g.oneIn(20) || o.method == "DELETE" && g.oneIn(2) {
		o = pick(g, g.operations...)
	}
	d := g.draft(o)
	switch n := g.dice.IntN(100); {
	case n < asDocumented:
	case n < asDocumented+nearly:
		for range 1 + g.dice.IntN(3) {
			g.spoil(&d)
		}
	default:
		g.ruin(&d)
	}
	return d.request(g)
}

// draft is a request in parts, that can be spoilt one by one.
type draft struct {
	operation operation
	method    string
	path      string
	subject   string  // the id in it
	query     []Field // unescaped
	raw       string  // more of a query, as it is
	header    []Field
	value     any // of the body; nothing where there is none
	text      []byte
	chunked   bool
}

// nothing stands for no value at all, where null would be one.
type nothing struct{}

func (g *Generator) draft(o operation) draft {
	g.temporary = nil
	d := draft{operation: o, method: o.method, path: o.path, value: nothing{}}
	for _, p := range o.parameters {
		switch p.In {
		case "path":
			d.subject = g.id(o.collection(), p.Name)
			d.path = strings.Replace(d.path, "{"+p.Name+"}", d.subject, 1)
		case "query":
			if p.Required || g.oneIn(5) {
				d.query = append(d.query, Field{p.Name, g.parameter(o, p)})
			}
		case "header":
			if g.oneIn(6) {
				d.header = append(d.header, Field{p.Name, g.header(o, p)})
			}
		}
	}
	if o.body != nil {
		d.value = g.value(o, "", o.body)
		d.header = append(d.header, Field{"Content-Type", pick(g, "application/json", "application/json", "application/json; charset=utf-8", "application/merge-patch+json")})
	}
	return d
}

// parameter is a value of a query parameter, as the document says.
func (g *Generator) parameter(o operation, p *openapi.Parameter) string {
	if p.Name == "cursor" {
		return g.known.cursor(g, o.id)
	}
	switch v := g.value(o, p.Name, p.Schema).(type) {
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, fmt.Sprint(x))
		}
		return strings.Join(parts, ",")
	default:
		return fmt.Sprint(v)
	}
}

// header is a value of a header, as the document says.
func (g *Generator) header(o operation, p *openapi.Parameter) string {
	switch p.Name {
	case "If-Match":
		return pick(g, g.known.tag(g), g.known.tag(g), "*", g.known.tag(g)+", "+g.known.tag(g))
	case "If-None-Match":
		return pick(g, g.known.tag(g), "*", "W/"+g.known.tag(g))
	case "Idempotency-Key":
		return g.known.idempotencyKey(g)
	default:
		return visible(fmt.Sprint(g.value(o, p.Name, p.Schema)))
	}
}

func (d draft) request(g *Generator) Request {
	r := Request{Operation: d.operation.id, Method: d.method, Header: d.header, Chunked: d.chunked, collection: d.operation.collection(), subject: d.subject}
	var parts []string
	for _, q := range d.query {
		parts = append(parts, url.QueryEscape(q.Name)+"="+url.QueryEscape(q.Value))
	}
	if d.raw != "" {
		parts = append(parts, d.raw)
	}
	r.Target = d.path
	if len(parts) > 0 {
		r.Target += "?" + strings.Join(parts, "&")
	}
	r.Body = d.text
	if _, none := d.value.(nothing); r.Body == nil && !none {
		r.Body = g.written(d.value)
	}
	for _, f := range r.Header {
		if strings.EqualFold(f.Name, "Idempotency-Key") {
			g.known.used(f.Value)
		}
	}
	return r
}

// oneIn is true once in n times.
func (g *Generator) oneIn(n int) bool { return g.dice.IntN(n) == 0 }

// pick returns one of a few.
func pick[T any](g *Generator, from ...T) T { return from[g.dice.IntN(len(from))] }
