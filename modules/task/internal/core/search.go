package core

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"docket/platform/errs"
)

// MaxSearch is how many characters a search has at most: it keeps one from
// costing more than a long list.
const MaxSearch = 200

// Search is what a text search asks for: tasks whose title and description,
// taken together, have all terms. The last wanted term that has a word may go
// on: its last word is the beginning of one, unless the term is whole. Which
// words a text has is for the store to say, and so which term that is.
type Search []Term

// Term is one word, or several that must stand next to each other.
type Term struct {
	Text string
	// Whole says that it is a quotation that has ended, and does not go on.
	Whole bool
	// Exclude says that the task must not have it.
	Exclude bool
}

// ParseSearch reads what a user types into a search box. Every word must
// match; the last one that is wanted matches the beginning of a word too, so
// that results appear while it is being typed, and stay when a minus sign or
// another word that is not wanted is typed behind it. "Words in quotes" must stand next to each other,
// with nothing but punctuation in between, and so must what is written without
// a space (e-mail). A quotation that is not closed yet ends where the text
// does. A minus sign in front of a word or quotation excludes it. All that is no
// word only separates words.
func ParseSearch(text string) (Search, error) {
	if utf8.RuneCountInString(text) > MaxSearch {
		return nil, errs.Faultf(errs.FaultTooLong, "must have at most %d characters", MaxSearch)
	}
	s := Search{}
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		var t Term
		if t, text = nextTerm(text); t.Text != "" {
			s = append(s, t)
		}
	}
	return s, nil
}

// nextTerm cuts the first term off text.
func nextTerm(text string) (t Term, rest string) {
	text, t.Exclude = strings.CutPrefix(text, "-")
	t.Text = text
	if quoted, ok := strings.CutPrefix(text, `"`); ok {
		t.Text, rest, t.Whole = strings.Cut(quoted, `"`)
	} else if end := strings.IndexFunc(text, separates); end >= 0 {
		t.Text, rest = text[:end], text[end:]
	}
	return t, rest
}

// separates reports whether a term without quotes ends at r.
func separates(r rune) bool { return r == '"' || unicode.IsSpace(r) }
