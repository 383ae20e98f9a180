package openapifuzz

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// maxKnown bounds each kind of what is remembered; what is oldest is forgotten.
const maxKnown = 40

// memory is what a user was answered.
type memory struct {
	ids     map[string][]string // by collection
	foreign map[string][]string
	tags    []string // entity tags
	cursors map[string][]string
	keys    []string // idempotency keys
}

func newMemory(foreign map[string][]string) memory {
	return memory{ids: map[string][]string{}, foreign: foreign, cursors: map[string][]string{}}
}

func remember(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	if list = append(list, text); len(list) > maxKnown {
		list = list[1:]
	}
	return list
}

// Learn takes note of an answer to a request.
func (g *Generator) Learn(r Request, status int, header http.Header, body []byte) {
	if tag := header.Get("ETag"); tag != "" {
		g.known.tags = remember(g.known.tags, tag)
	}
	if status == http.StatusNotFound || status == http.StatusNoContent {
		g.known.ids[r.collection] = slices.DeleteFunc(g.known.ids[r.collection], func(id string) bool { return id == r.subject })
	}
	if status >= http.StatusBadRequest {
		return
	}
	var answer struct {
		Data any
		Meta struct {
			Next string `json:"next_cursor"`
		}
	}
	if json.Unmarshal(body, &answer) != nil {
		return // an export, or nothing at all
	}
	if answer.Meta.Next != "" {
		g.known.cursors[r.Operation] = remember(g.known.cursors[r.Operation], answer.Meta.Next)
	}
	g.learn(r.collection, answer.Data)
}

func (g *Generator) learn(collection string, data any) {
	switch v := data.(type) {
	case []any:
		for _, element := range v {
			g.learn(collection, element)
		}
	case map[string]any:
		if result, ok := v["data"]; ok { // of a batch
			g.learn(g.collectionOf(result), result)
			return
		}
		if id, ok := v["id"].(string); ok && collection != "" {
			g.known.ids[collection] = remember(g.known.ids[collection], id)
		}
		if tag, ok := v["etag"].(string); ok {
			g.known.tags = remember(g.known.tags, tag)
		}
	}
}

// collectionOf finds out of what kind a thing is: of that whose elements have
// the most of its members.
func (g *Generator) collectionOf(thing any) string {
	members, _ := thing.(map[string]any)
	best, most := "", 0
	for _, o := range g.operations {
		if o.method != http.MethodPost || o.body == nil || strings.Contains(o.path, "{") {
			continue
		}
		n := 0
		for name := range g.resolved(o.body).Properties {
			if _, ok := members[name]; ok {
				n++
			}
		}
		if n > most {
			best, most = o.collection(), n
		}
	}
	return best
}

// Forget lets go of all that belongs to the user: it is somebody else now.
func (g *Generator) Forget() { g.known = newMemory(g.known.foreign) }

// id is one that stands under name in a request to a collection: mostly one
// that was made there, now and then another's, or nobody's.
func (g *Generator) id(collection, name string) string {
	kind := collection
	base := strings.TrimSuffix(strings.TrimSuffix(name, "s"), "_id")
	for _, o := range g.operations {
		if base != "" && o.collection() == base+"s" {
			kind = base + "s"
		}
	}
	switch n := g.dice.IntN(40); {
	case n == 0:
		return g.newID()
	case n == 1:
		kind = pick(g, slices.Sorted(maps.Keys(g.known.foreign))...)
		fallthrough
	case n == 2:
		if ids := g.known.foreign[kind]; len(ids) > 0 {
			return pick(g, ids...)
		}
	}
	if ids := g.known.ids[kind]; len(ids) > 0 {
		return pick(g, ids...)
	}
	return g.newID()
}

func (g *Generator) newID() string {
	id := uuid.UUID(g.bytes(len(uuid.UUID{})))
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id.String()
}

// bytes are n of them, at random.
func (g *Generator) bytes(n int) []byte {
	var all []byte
	for len(all) < n {
		all = binary.LittleEndian.AppendUint64(all, g.dice.Uint64())
	}
	return all[:n]
}

func (m *memory) tag(g *Generator) string {
	if len(m.tags) == 0 || g.oneIn(8) {
		return `"AAAAAAAAAAAAAAAAAAAAAA"`
	}
	// The newest is most likely to be right still.
	return m.tags[max(0, len(m.tags)-1-g.dice.IntN(1+g.dice.IntN(len(m.tags))))]
}

func (m *memory) cursor(g *Generator, operation string) string {
	if g.oneIn(10) { // of another query
		operation = pick(g, g.operations...).id
	}
	if cursors := m.cursors[operation]; len(cursors) > 0 {
		return pick(g, cursors...)
	}
	return "AAAA"
}

func (m *memory) idempotencyKey(g *Generator) string {
	if len(m.keys) > 0 && g.oneIn(3) {
		return pick(g, m.keys...)
	}
	return g.newID()
}

func (m *memory) used(key string) { m.keys = remember(m.keys, key) }
