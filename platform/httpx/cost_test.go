package httpx

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"docket/platform/errs"
)

// thing is a resource of the usual kinds of members.
type thing struct {
	id uuid.UUID
	at time.Time
}

// AppendJSON implements [View].
func (v thing) AppendJSON(dst []byte) []byte {
	j := NewJSON(dst)
	j.ID("id", v.id)
	j.Instant("at", v.at)
	j.String("name", "Paint the fence")
	return j.End()
}

// See TestCost of the tasks: a bound on allocations, to be lowered with them.
func TestCost(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	var v View = thing{uuid.Max, time.Date(2026, 11, 23, 9, 30, 0, 123_456_000, time.UTC)}
	failure := error(errs.New(errs.NotFound, "there is no such task"))
	read, page := reading(t), make([]thing, 50)
	for _, c := range []struct {
		name string
		most float64
		do   func()
	}{
		{"write an answer", 2, func() { renderView(200, v) }},
		{"write what is read", 1, func() { read.render(OK(v)) }},
		{"write a page of 50", 2, func() { read.render(List(page, func(t thing) thing { return t }, nil)) }},
		{"write a failure", 3, func() { renderFailure(failure, "0198c0de") }},
	} {
		if n := testing.AllocsPerRun(200, c.do); n > c.most {
			t.Errorf("to %s takes %v allocations, more than %v", c.name, n, c.most)
		} else {
			t.Logf("to %s takes %v allocations", c.name, n)
		}
	}
}

// reading is a request that is about to be answered, in memory that an answer
// before it left.
func reading(t testing.TB) *Request {
	t.Helper()
	app := fiber.New()
	c := app.AcquireCtx(&fasthttp.RequestCtx{})
	t.Cleanup(func() { app.ReleaseCtx(c) })
	return &Request{c: c, route: &Route{}, page: Page{Limit: 50}}
}

func BenchmarkRead(b *testing.B) {
	read, v := reading(b), thing{uuid.Max, time.Date(2026, 11, 23, 9, 30, 0, 123_456_000, time.UTC)}
	b.ReportAllocs()
	for b.Loop() {
		read.render(OK(v))
	}
}

func BenchmarkPage(b *testing.B) {
	read, page := reading(b), make([]thing, 50)
	b.ReportAllocs()
	for b.Loop() {
		read.render(List(page, func(t thing) thing { return t }, nil))
	}
}

func BenchmarkEnvelope(b *testing.B) {
	var v View = thing{uuid.Max, time.Date(2026, 11, 23, 9, 30, 0, 123_456_000, time.UTC)}
	b.ReportAllocs()
	for b.Loop() {
		renderView(200, v)
	}
}

// What is written by hand for speed is what the standard library writes.
func TestInstantsAndIDsAreWrittenAsByTheLibrary(t *testing.T) {
	t.Parallel()
	const layout = "2006-01-02T15:04:05.999999Z"
	dice := rand.New(rand.NewPCG(1, 2))
	at := []time.Time{{}, time.Unix(0, 0).UTC(), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(12_000, 1, 2, 3, 4, 5, 600_000_000, time.UTC)}
	for range 2000 {
		at = append(at, time.Unix(dice.Int64N(4_000_000_000)-1_000_000_000, dice.Int64N(1_000_000)*[]int64{0, 1, 1000, 100_000}[dice.IntN(4)]%1_000_000_000).UTC())
	}
	for _, x := range at {
		if got, want := string(appendInstant(nil, x)), x.Format(layout); got != want {
			t.Errorf("%s was written as %s", want, got)
		}
	}
	for range 100 {
		id := uuid.New()
		if got, want := string(appendID(nil, id)), `"`+id.String()+`"`; got != want {
			t.Errorf("%s was written as %s", want, got)
		}
	}
}

// Text is written as the library writes it, with a detour or without.
func TestTextIsWrittenAsByTheLibrary(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "Paint the fence", "\"", "a\\b", "Größe ✓ 🙂", "tab\t", "\x00", "\x1f", "\x7f", "</script>&", "\u2028", "bad\xff", "\xed\xa0\x80", "é\n"} {
		want, _ := jsontext.AppendQuote(nil, text)
		if got := appendString(nil, text); string(got) != string(want) {
			t.Errorf("%q was written as %s, want %s", text, got, want)
		}
	}
}
