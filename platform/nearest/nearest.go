// Package nearest guesses which known name a mistyped one was meant to be.
package nearest

import (
	"strings"

	"github.com/agext/levenshtein"
)

// similar is how alike two names must be, on the library's scale from 0 (all
// different) to 1 (the same), for one to be suggested for the other.
const similar = 0.6

// Name returns the one of known that is most like name, letter case aside, or
// "" where none is like it.
func Name(name string, known []string) string {
	best, most := "", similar
	for _, k := range known {
		if likeness := levenshtein.Match(strings.ToLower(name), strings.ToLower(k), nil); likeness >= most {
			best, most = k, likeness
		}
	}
	return best
}
