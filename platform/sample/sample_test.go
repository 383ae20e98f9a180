package sample

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, time.March, 14, 12, 0, 0, 0, time.UTC)

// draw takes some of everything from a stream.
func draw(s *Source) []string {
	var all []string
	for range 50 {
		all = append(all, s.Title(), s.Text(), s.Topic(), s.Person(), s.Zone(), s.Color(), s.ID(noon).String(), s.Within(noon, time.Hour).String())
	}
	return all
}

func TestTheSameSeedMakesTheSame(t *testing.T) {
	t.Parallel()
	first := draw(New(1, 2))
	if diff := cmp.Diff(first, draw(New(1, 2))); diff != "" {
		t.Errorf("(-first +again):\n%s", diff)
	}
	for _, other := range []*Source{New(1, 3), New(2, 2)} {
		if slices.Equal(first, draw(other)) {
			t.Error("another stream makes the same")
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	s := New(1, 1)
	scripts := map[string]bool{}
	for range 2000 {
		title, text, topic := s.Title(), s.Text(), s.Topic()
		for _, one := range []string{title, topic} {
			if n := utf8.RuneCountInString(one); n == 0 || n > 60 && one == topic || n > 500 || one != strings.TrimSpace(one) || strings.ContainsFunc(one, unicode.IsControl) {
				t.Errorf("%q is neither title nor name", one)
			}
		}
		if n := utf8.RuneCountInString(text); n == 0 || n > 2000 {
			t.Errorf("a text of %d characters", n)
		}
		for name, table := range map[string]*unicode.RangeTable{"Latin": unicode.Latin, "Cyrillic": unicode.Cyrillic, "Han": unicode.Han, "Greek": unicode.Greek} {
			if strings.IndexFunc(title, func(r rune) bool { return unicode.Is(table, r) }) >= 0 {
				scripts[name] = true
			}
		}
		scripts["accents"] = scripts["accents"] || strings.ContainsAny(title, "éüñłą")
	}
	if len(scripts) != 5 || !scripts["accents"] {
		t.Errorf("of scripts there are %v", scripts)
	}
	for _, zone := range zones {
		if _, err := time.LoadLocation(zone); err != nil {
			t.Error(err)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	s := New(1, 1)
	seen := make([]int, 3)
	hits := 0
	for range 10_000 {
		seen[s.Weighted(1, 0, 3)]++
		if s.Chance(30) {
			hits++
		}
		if at := s.Within(noon, time.Minute); at.Before(noon) || !at.Before(noon.Add(time.Minute)) || at.Nanosecond()%1000 != 0 {
			t.Errorf("%s is not within the minute after %s", at, noon)
		}
		if n := s.N(3); n < 0 || n > 2 {
			t.Errorf("%d is not below 3", n)
		}
	}
	if seen[1] != 0 || seen[0] < 2000 || seen[0] > 3000 || hits < 2500 || hits > 3500 {
		t.Errorf("weights %v, chances %d", seen, hits)
	}
}

func TestIDsCarryTheirTime(t *testing.T) {
	t.Parallel()
	s := New(1, 1)
	for range 100 {
		id := s.ID(noon)
		seconds, nanos := id.Time().UnixTime()
		if id.Version() != 7 || id.Variant().String() != "RFC4122" || !time.Unix(seconds, nanos).Equal(noon) {
			t.Errorf("%s: version %d, of %s", id, id.Version(), time.Unix(seconds, nanos))
		}
	}
}
