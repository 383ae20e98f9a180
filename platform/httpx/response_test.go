package httpx

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// A read is written where its answer is sent from. Whatever is answered in its
// place after that, a failure say, has nothing of it.
func TestAnswersReplaceWhatWasRead(t *testing.T) {
	t.Parallel()
	v := thing{uuid.Max, time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)}
	for name, response := range map[string]Response{
		"one": OK(v), "a page": List([]thing{v, v}, func(t thing) thing { return t }, nil),
	} {
		r := reading(t)
		for _, answer := range []string{"read", "failed", "read"} {
			a := r.render(response)
			if answer == "failed" {
				a = renderFailure(errs.New(errs.NotFound, "there is no such thing"), "0198c0de")
			}
			if err := send(r.c, a); err != nil {
				t.Fatal(err)
			}
			got := string(r.c.Response().Body())
			if got != string(a.Body) || strings.Contains(got, "Paint the fence") != (answer == "read") {
				t.Errorf("%s, %s: %d %s", name, answer, r.c.Response().StatusCode(), got)
			}
		}
	}
}
