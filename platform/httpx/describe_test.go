package httpx_test

import (
	"testing"

	"docket/platform/httpx"
)

const bodyOfANote = `{"title":"x","color":"y","project_id":null,"tag_ids":[]}`

// What the document needs to know of a body costs those who send one nothing:
// the schemas are there before the first request.
func TestReadingABodyMakesNoSchema(t *testing.T) {
	body, err := httpx.ParseObject([]byte(bodyOfANote))
	if err != nil {
		t.Fatal(err)
	}
	var n note
	// Two texts and their pointer, an array's decoder: a schema would be one more.
	const most = 7
	if got := testing.AllocsPerRun(100, func() { _ = readNote(body, &n) }); got > most {
		t.Errorf("reading makes %v allocations, more than %d", got, most)
	}
}

func BenchmarkReadBody(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		body, err := httpx.ParseObject([]byte(bodyOfANote))
		if err != nil {
			b.Fatal(err)
		}
		var n note
		if faults := readNote(body, &n); len(faults) > 0 {
			b.Fatal(faults)
		}
	}
}
