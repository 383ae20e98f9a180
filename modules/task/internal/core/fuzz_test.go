package core

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParseSearch: whatever is typed, no term is empty or longer than what was
// typed, and only a quotation is whole.
func FuzzParseSearch(f *testing.F) {
	for _, seed := range []string{
		"", "  ", "paint fen", `"words in quotes" next`, `-not "-this`, `"open`, `""`, `-`, `--a`, `-""`, `a"b"c`, "e-mail", "\u3000a\u00a0b", "\x00", "\xff", `\`, "a:* & !b | (c)", "'; DROP TABLE tasks; --",
		strings.Repeat("é", MaxSearch), strings.Repeat("a ", MaxSearch),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSearch(text)
		if tooLong := utf8.RuneCountInString(text) > MaxSearch; tooLong != (err != nil) {
			t.Fatalf("%q: %v", text, err)
		}
		rest := text
		for _, term := range s {
			if term.Text == "" {
				t.Fatalf("%q has an empty term: %+v", text, s)
			}
			before, after, found := strings.Cut(rest, term.Text)
			if !found {
				t.Fatalf("%q has no %q where %+v says so", text, term.Text, s)
			}
			rest = after
			if term.Whole && (!strings.HasSuffix(before, `"`) || !strings.HasPrefix(after, `"`)) {
				t.Fatalf("%q: %+v is no quotation", text, term)
			}
		}
	})
}

// FuzzParseBound: what is taken for an instant or a day is one that the
// contract's calendar has, and says the same when it is written again.
func FuzzParseBound(f *testing.F) {
	for _, seed := range []string{
		"2026-11-23", "2026-11-23T09:30:00Z", "2026-11-23T09:30:00+02:00", "2026-11-23T09:30:00.123456789Z", "2024-02-29", "2026-02-29", "0000-01-01", "9999-12-31", "10000-01-01",
		"2026-11-23T24:00:00Z", "2026-11-23T23:59:60Z", "2026-11-23T09:30:00-23:59", "2026-11-23t09:30:00z", " 2026-11-23", "-2026-11-23", "", "0001-01-01T00:00:00+14:00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b, err := ParseBound(text)
		if err != nil {
			return
		}
		switch {
		case b.Dated && b.Day.Format("2006-01-02") != text:
			t.Fatalf("%q is taken for the day %s", text, b.Day)
		case !b.Dated:
			again, err := ParseBound(b.At.UTC().Format("2006-01-02T15:04:05.999999999Z07:00"))
			if err != nil || !again.At.Equal(b.At) {
				t.Fatalf("%q is taken for %s, and that for %s, %v", text, b.At, again.At, err)
			}
		}
	})
}
