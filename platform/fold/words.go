package fold

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// MaxWord is how many bytes of a word count at most; what is longer is the
// same word as its beginning.
const MaxWord = 120

// Words yields the words of text, folded so that the same word in another
// letter case, with other accents or in another Unicode form is equal: NFKD,
// full case folding, no accents, NFC.
//
// A word is a run of letters, digits and their marks. In scripts that put no
// space between words (Han, Hiragana, Katakana, Thai, Lao, Khmer, Burmese,
// Tibetan) each character is one, and so is each symbol such as an emoji.
// Anything else separates words.
func Words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		folded := withoutAccents(text)
		start := -1 // of the run that is under way
		for i, r := range folded {
			if !alone(r) && joins(r, start >= 0) {
				if start < 0 {
					start = i
				}
				continue
			}
			if start >= 0 && !yield(bounded(folded[start:i])) {
				return
			}
			start = -1
			if alone(r) && !yield(folded[i:i+utf8.RuneLen(r)]) {
				return
			}
		}
		if start >= 0 {
			yield(bounded(folded[start:]))
		}
	}
}

// joins reports whether r belongs to a run of letters and digits; a mark does
// where there is one.
func joins(r rune, running bool) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || running && unicode.IsMark(r)
}

// spaceless are the scripts whose words only a dictionary could tell apart.
var spaceless = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

// prolonged is the mark of a long vowel in Katakana, a letter that Unicode
// counts among no script.
const prolonged = 'ー'

func alone(r rune) bool {
	if r < unicode.MaxASCII {
		return false
	}
	return r == prolonged || unicode.Is(unicode.So, r) ||
		unicode.In(r, spaceless...) && (unicode.IsLetter(r) || unicode.IsMark(r))
}

// withoutAccents folds text. Of marks only those go that are accents: the
// vowels of Indian scripts are marks too, and distinguish words.
func withoutAccents(text string) string {
	if plain(text) {
		return strings.ToLower(text)
	}
	// The tables of Unicode forms skip text behind a broken character.
	text = strings.ToValidUTF8(text, " ")
	decomposed := norm.NFKD.String(cases.Fold().String(norm.NFKD.String(text)))
	kept := make([]byte, 0, len(decomposed))
	for _, r := range decomposed {
		switch plain, ok := undecomposed[r]; {
		case ok:
			kept = append(kept, plain...)
		case !accent(r):
			kept = utf8.AppendRune(kept, r)
		}
	}
	return norm.NFC.String(string(kept))
}

// undecomposed are letters with a stroke or the like, which Unicode does not
// take apart.
var undecomposed = map[rune]string{
	'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'ħ': "h", 'ŧ': "t", 'ı': "i", 'æ': "ae", 'œ': "oe", 'þ': "th",
}

// The marks that make が of か are no accents.
const (
	voiced     = '\u3099'
	halfVoiced = '\u309a'
)

func accent(r rune) bool {
	return unicode.Is(unicode.Mn, r) && r != voiced && r != halfVoiced &&
		unicode.In(r, unicode.Inherited, unicode.Hebrew, unicode.Arabic, unicode.Cyrillic)
}

// bounded cuts a word between characters.
func bounded(word string) string {
	if len(word) <= MaxWord {
		return word
	}
	end := MaxWord
	for !utf8.RuneStart(word[end]) {
		end--
	}
	return word[:end]
}
