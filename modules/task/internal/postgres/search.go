package postgres

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/fold"
)

// A GIN index cannot begin with the owner, unless by an extension. Each word
// therefore begins with a hash of the owner: what others wrote is elsewhere in
// the index, and a search reads no more than the owner's own matches.

// ownerMark begins each word of an owner's tasks. Ids end in random bits; where
// two owners share a mark, the condition on the owner still tells them apart.
func ownerMark(owner uuid.UUID) string { return hex.EncodeToString(owner[12:]) }

// sought is a search as the texts of two tsqueries, "" for none.
type sought struct {
	// wanted must match, and unwanted must not. Where both are given, wanted
	// says all of it.
	wanted, unwanted string
	// ranking is wanted for ts_rank: each word once, by the lexeme that every
	// task with the word has.
	ranking string
}

// finds reports whether s says what to find, be it nothing, rather than only
// what is not meant.
func (s sought) finds() bool { return s.wanted != "" || s.unwanted == "" }

// matched is the one of the two by which words are looked up, see [matching].
func (s sought) matched() string {
	if s.finds() {
		return s.wanted
	}
	return s.unwanted
}

// tsquery returns s, which finds nothing if it has no word. Words hold letters,
// digits, marks and symbols, hence no quote or backslash: nothing that was
// typed is taken for an operator.
func tsquery(owner uuid.UUID, s core.Search) sought {
	mark := ownerMark(owner)
	var wanted, unwanted, ranking []string
	for _, p := range phrases(s) {
		if p.exclude {
			unwanted = append(unwanted, p.anywhere(mark))
			continue
		}
		wanted = append(wanted, p.anywhere(mark))
		ranking = append(ranking, p.plain(mark))
	}
	without := strings.Join(unwanted, " | ")
	if len(wanted) > 0 && len(unwanted) > 0 {
		wanted = append(wanted, "!("+without+")")
	}
	return sought{wanted: strings.Join(wanted, " & "), unwanted: without, ranking: strings.Join(ranking, " & ")}
}

// phrase is a word, or several that stand next to each other.
type phrase struct {
	words []string
	// open says that the last word may go on.
	open, exclude bool
}

// phrases are the terms of s that have a word, of which the last wanted one
// may be open.
func phrases(s core.Search) []phrase {
	var all []phrase
	last, whole := -1, false
	for _, term := range s {
		words := slices.Collect(fold.Words(term.Text))
		if len(words) == 0 {
			continue
		}
		if !term.Exclude {
			last, whole = len(all), term.Whole
		}
		all = append(all, phrase{words: words, exclude: term.Exclude})
	}
	if last >= 0 {
		all[last].open = !whole
	}
	return all
}

// anywhere is p by all lexemes that its words can have.
func (p phrase) anywhere(mark string) string {
	if len(p.words) == 1 { // the first lexeme of which is enough
		return p.plain(mark)
	}
	first := p.joined(func(word string, open bool) string {
		if open {
			return beginning(mark + word)
		}
		return "('" + mark + word + "' | " + beginning(mark+word+gap) + ")"
	})
	second := p.joined(func(word string, open bool) string {
		if open {
			return beginning(mark + gap + word)
		}
		return beginning(mark + gap + word + gap)
	})
	return "(" + first + " | " + second + ")"
}

// plain is p by the first lexeme of each word.
func (p phrase) plain(mark string) string {
	return p.joined(func(word string, open bool) string {
		if open {
			return beginning(mark + word)
		}
		return "'" + mark + word + "'"
	})
}

// joined is p with what each word is written as.
func (p phrase) joined(written func(word string, open bool) string) string {
	parts := make([]string, len(p.words))
	for i, word := range p.words {
		parts[i] = written(word, p.open && i == len(p.words)-1)
	}
	return "(" + strings.Join(parts, " <-> ") + ")"
}

// beginning matches all lexemes that begin with text, and phrases by the
// positions of all of them.
func beginning(text string) string { return "'" + text + "':*" }
