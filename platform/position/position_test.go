package position_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/position"
)

var orderKey = regexp.MustCompile(`^i[0-9A-Za-z]{10}[1-9A-Za-z]$`)

func TestLastGoesBehindAllBefore(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	var keys []string
	for _, after := range []time.Duration{0, time.Microsecond, 61 * time.Microsecond, 62 * time.Microsecond, time.Second, 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		keys = append(keys, position.Last(start.Add(after), uuid.New()))
	}
	if !slices.IsSorted(keys) {
		t.Errorf("keys are not in the order in which they were made: %q", keys)
	}
	for _, k := range append(keys, position.Last(time.Unix(-1, 0), uuid.Nil), position.Last(start, uuid.Max)) {
		if !orderKey.MatchString(k) {
			t.Errorf("%q is no order key", k)
		}
	}
}

func TestLastKeepsApartWhatIsMadeAtOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	a := position.Last(now, uuid.MustParse("019ab000-0000-7000-8000-000000000001"))
	b := position.Last(now, uuid.MustParse("019ab000-0000-7000-8000-000000000002"))
	if a == b {
		t.Errorf("two things made in one microsecond have one key, %q", a)
	}
}
