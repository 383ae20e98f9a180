// Package nearest guesses which known name a mistyped one was meant to be.
package nearest

import (
	"strings"

	"github.com/agext/levenshtein"
)

// similar is how alike two names must be, on the library's scale from 0 (all
// different) to 1 (the same), for one to be suggested for the other. Two
// swapped letters of four are at 0.5.
const similar = 0.5

// Name returns the one of known that is most like name, letter case aside, or
// "" where none is like it.
func Name(name string, known []string) string {
	best, likeness := Of(name, known)
	if likeness < similar {
		return ""
	}
	return best
}

// Of returns the one of known that is most like name, letter case aside,
// however little that is, and how much: from 0 to 1.
func Of(name string, known []string) (best string, likeness float64) {
	for _, k := range known {
		if l := levenshtein.Similarity(strings.ToLower(name), strings.ToLower(k), nil); best == "" || l > likeness {
			best, likeness = k, l
		}
	}
	return best, likeness
}
