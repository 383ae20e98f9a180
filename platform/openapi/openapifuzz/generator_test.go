package openapifuzz_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"docket/platform/openapi/openapifuzz"
)

func generator(t *testing.T, seed uint64) *openapifuzz.Generator {
	t.Helper()
	text, err := os.ReadFile("testdata/things.json")
	if err != nil {
		t.Fatal(err)
	}
	g, err := openapifuzz.New(text, openapifuzz.Config{Seed: seed, Foreign: map[string][]string{"things": {foreign}}, Rarely: []string{"deleteThing"}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

const (
	own     = "0198c0de-0000-7000-8000-000000000001"
	listed  = "0198c0de-0000-7000-8000-000000000002"
	foreign = "0198c0de-0000-7000-8000-00000000000f"
	tag     = `"abcdefghijklmnopqrstuv"`
)

// made is n requests, with an answer to each that says what there is to learn.
func made(g *openapifuzz.Generator, n int) []openapifuzz.Request {
	var all []openapifuzz.Request
	for range n {
		r := g.Next()
		all = append(all, r)
		switch r.Operation {
		case "createThing":
			g.Learn(r, http.StatusCreated, http.Header{"Etag": {tag}}, []byte(`{"data":{"id":"`+own+`","name":"x"}}`))
		case "listThings":
			g.Learn(r, http.StatusOK, http.Header{}, []byte(`{"data":[{"id":"`+listed+`"}],"meta":{"next_cursor":"the-cursor"}}`))
		}
	}
	return all
}

func TestTheSameSeedMakesTheSameRequests(t *testing.T) {
	t.Parallel()
	text := func(seed uint64) string { return fmt.Sprintf("%#v", made(generator(t, seed), 500)) }
	first, again, other := text(1), text(1), text(2)
	if first != again {
		t.Error("it makes others")
	}
	if first == other {
		t.Error("another seed makes the same requests")
	}
}

// Every kind of request that is promised is made.
func TestWhatIsMade(t *testing.T) {
	t.Parallel()
	g := generator(t, 1)
	all := made(g, 4000)
	seen := map[string]int{}
	count := func(what string, yes bool) {
		if yes {
			seen[what]++
		} else {
			seen[what] += 0
		}
	}
	for _, r := range all {
		body, header := string(r.Body), ""
		for _, f := range r.Header {
			header += f.Name + ": " + f.Value + "\n"
		}
		for _, id := range g.Operations() {
			count("operation "+id, r.Operation == id)
		}
		count("an id that was made", strings.Contains(r.Target, own))
		count("an id that was listed", strings.Contains(r.Target, listed))
		count("an id of another's", strings.Contains(r.Target, foreign))
		count("a reference in a body", strings.Contains(body, `"parent_id":"`+own+`"`))
		count("a cursor", strings.Contains(r.Target, "cursor=the-cursor"))
		count("an entity tag", strings.Contains(header, "If-Match: "+tag))
		count("a limit that fits", strings.Contains(r.Target, "limit=3"))
		count("a name of full length", strings.Contains(body, `"name":"`))
		count("a colour", strings.Contains(body, `"color":"#`))
		count("null", strings.Contains(body, `"color":null`))
		count("a member twice", strings.Count(body, `"name":`) > 1)
		count("deep nesting", strings.Contains(body, strings.Repeat("[", 33)))
		count("a large body", len(r.Body) > 1<<20)
		count("U+0000", strings.Contains(body, `\u0000`))
		count("a lone surrogate", strings.Contains(body, `\ud800`))
		count("bytes that are no UTF-8", strings.Contains(body, "\xff"))
		count("a number out of bounds", strings.Contains(body, "1e999"))
		count("chunks", r.Chunked)
		count("a parameter twice", strings.Count(r.Target, "limit=") > 1)
		count("an odd method", r.Method == "PROPFIND")
		count("an odd type", strings.Contains(header, "Content-Type: text/plain"))
		count("an odd path", strings.Contains(r.Target, "%2f") || strings.Contains(r.Target, "//"))
		count("a key again", strings.Contains(header, "Idempotency-Key: kkkk"))
		if strings.ContainsFunc(r.Target+r.Method, func(c rune) bool { return c <= ' ' || c >= 0x7f }) || strings.ContainsAny(header, "\r\x00") {
			t.Fatalf("%q cannot stand in a head, or %q", r.Target, header)
		}
	}
	for what, n := range seen {
		if n == 0 {
			t.Errorf("there is none with %s", what)
		}
	}
	deletions := len(slices.Collect(func(yield func(int) bool) {
		for i, r := range all {
			if r.Operation == "deleteThing" && !yield(i) {
				return
			}
		}
	}))
	if deletions > len(all)/20 {
		t.Errorf("%d of %d are what should be rare", deletions, len(all))
	}
}

func TestWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", `{"paths":{}}`} {
		if _, err := openapifuzz.New([]byte(text), openapifuzz.Config{}); err == nil {
			t.Errorf("%q passes for a document", text)
		}
	}
}
