package page_test

import (
	"testing"

	"docket/platform/page"
)

// See TestCost of the tasks: a bound on allocations, to be lowered with them.
func TestCost(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	codec := page.NewCodec(key)
	cursor := codec.Encode("scope", after)
	for _, c := range []struct {
		name string
		most float64
		do   func()
	}{
		{"write a cursor", 12, func() { codec.Encode("scope", after) }},
		{"read a cursor", 9, func() {
			if _, err := codec.Decode("scope", cursor); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		if n := testing.AllocsPerRun(200, c.do); n > c.most {
			t.Errorf("to %s takes %v allocations, more than %v", c.name, n, c.most)
		} else {
			t.Logf("to %s takes %v allocations", c.name, n)
		}
	}
}

func BenchmarkCursor(b *testing.B) {
	codec := page.NewCodec(key)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.Decode("scope", codec.Encode("scope", after)); err != nil {
			b.Fatal(err)
		}
	}
}
