// Package fold makes the keys by which names and titles are compared and
// sorted: the same text in another letter case, or composed of other code
// points, has the same key.
package fold

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxRunes bounds a key, which may be longer than its text since some letters
// fold to three. 500 characters are at most 2,000 bytes, which an index of
// PostgreSQL takes (its rows end at 2,704).
const maxRunes = 500

// Key returns the key of text: normalized and case-folded (Unicode Standard,
// section 3.13, canonical caseless matching), at most 500 characters.
func Key(text string) string {
	var key string
	if plain(text) {
		key = strings.ToLower(text)
	} else {
		key = norm.NFC.String(cases.Fold().String(norm.NFD.String(text)))
	}
	if utf8.RuneCountInString(key) <= maxRunes {
		return key
	}
	return string([]rune(key)[:maxRunes])
}

// plain reports whether text is ASCII, of which folding changes the case and
// nothing else, at a twentieth of the cost.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
