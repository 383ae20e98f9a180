package fold_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"docket/platform/fold"
)

func words(text string) []string { return slices.Collect(fold.Words(text)) }

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                               nil,
		" \t%_\\'&|!():*":                nil,
		"Buy milk, 2 litres!":            {"buy", "milk", "2", "litres"},
		"Crème brûlée":                   {"creme", "brulee"},
		"Cre\u0300me BRU\u0302LE\u0301E": {"creme", "brulee"},
		"STRASSE straße":                 {"strasse", "strasse"},
		"ΣΊΣΥΦΟΣ σίσυφος":                {"σισυφοσ", "σισυφοσ"},
		"İstanbul ısı":                   {"istanbul", "isi"},
		"Łódź Ørsted Ærø Đà":             {"lodz", "orsted", "aero", "da"},
		"ёлка Ёлка й":                    {"елка", "елка", "и"},
		"ＦＵＬＬ ﬁne x²":                    {"full", "fine", "x2"},
		"e-mail a@b.example":             {"e", "mail", "a", "b", "example"},
		"don't":                          {"don", "t"},
		"日本語のテスト":                        {"日", "本", "語", "の", "テ", "ス", "ト"},
		"か\u3099 が":                      {"が", "が"},
		"コーヒーabc":                        {"コ", "ー", "ヒ", "ー", "abc"},
		"회의 준비":                          {"회의", "준비"},
		"हिन्दी":                         {"हिन्दी"},
		"กำ":                             {"ก", "\u0e4d", "า"},
		"שָׁלוֹם":                        {"שלום"},
		"party 🎉🎉":                       {"party", "🎉", "🎉"},
		"x\u0301y \u0301":                {"xy"},
	} {
		if diff := cmp.Diff(want, words(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestWordsAreBounded(t *testing.T) {
	t.Parallel()
	for _, r := range []string{"a", "é", "ﷺ", "д", "𐐀"} {
		for _, w := range words(strings.Repeat(r, 1000)) {
			if len(w) > fold.MaxWord || !utf8.ValidString(w) {
				t.Errorf("a word of %q has %d bytes, valid %t", r, len(w), utf8.ValidString(w))
			}
		}
	}
}

func TestWordsStop(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a b c", "日本語", "日 a"} {
		n := 0
		for range fold.Words(text) {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%q: %d words after a break", text, n)
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add("Crème ﬁne 日本 🎉 don't")
	f.Fuzz(func(t *testing.T, text string) {
		for _, w := range words(text) {
			if w == "" || len(w) > fold.MaxWord {
				t.Errorf("%q holds the word %q", text, w)
			}
			// golang.org/x/text v0.43.0 swaps the cases of Cherokee letters
			// rather than fold them.
			if strings.ContainsFunc(w, func(r rune) bool { return unicode.Is(unicode.Cherokee, r) }) {
				continue
			}
			// A word that is looked up as it was kept is found.
			if again := words(w); len(w) < fold.MaxWord && !slices.Equal(again, []string{w}) {
				t.Errorf("%q: the word %q is %q when folded again", text, w, again)
			}
		}
	})
}

// ASCII takes a short cut. What stands beside a letter that is not ASCII takes
// the long way, and must come to the same.
func TestPlainTextIsFoldedLikeAnyOther(t *testing.T) {
	t.Parallel()
	for r := range rune(utf8.RuneSelf) {
		text := "aB" + string(r) + "Cd " + string(r) + string(r)
		if long, ok := strings.CutSuffix(fold.Key(text+" ж"), " ж"); !ok || long != fold.Key(text) {
			t.Errorf("the key of %q is %q by itself and %q beside another letter", text, fold.Key(text), long)
		}
		if diff := cmp.Diff(append(words(text), "ж"), words(text+" ж")); diff != "" {
			t.Errorf("words of %q (-by itself +beside another letter):\n%s", text, diff)
		}
	}
}
