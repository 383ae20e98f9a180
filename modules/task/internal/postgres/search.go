package postgres

import (
	"encoding/hex"
	"fmt"
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

// What a tsvector can hold (PostgreSQL documentation, section 12.11).
const maxPosition = 16_383

// vector returns what a task is found by, as the text of a tsvector: each word
// with its positions, those of the title of weight A. No phrase reaches from
// the title into the description. A word beyond the 16,383rd has no position,
// and is therefore part of no phrase.
func vector(owner uuid.UUID, t core.Task) string {
	mark := ownerMark(owner)
	var b strings.Builder
	position := 0
	for word := range fold.Words(string(t.Title)) {
		position++
		fmt.Fprintf(&b, " '%s%s':%dA", mark, word, position)
	}
	if t.Description == nil {
		return b.String()
	}
	position++
	for word := range fold.Words(string(*t.Description)) {
		if position++; position > maxPosition {
			fmt.Fprintf(&b, " '%s%s'", mark, word)
			continue
		}
		fmt.Fprintf(&b, " '%s%s':%d", mark, word, position)
	}
	return b.String()
}

// sought is a search as the texts of two tsqueries, "" for none.
type sought struct {
	// wanted must match, and unwanted must not. Where both are given, wanted
	// says all of it.
	wanted, unwanted string
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
	var wanted, unwanted []string
	for _, term := range s {
		var words []string
		for word := range fold.Words(term.Text) {
			words = append(words, "'"+mark+word+"'")
		}
		switch phrase := strings.Join(words, " <-> "); {
		case phrase == "":
		case term.Exclude:
			unwanted = append(unwanted, "("+phrase+")")
		case term.Prefix:
			wanted = append(wanted, "("+phrase+":*)")
		default:
			wanted = append(wanted, "("+phrase+")")
		}
	}
	without := strings.Join(unwanted, " | ")
	if len(wanted) > 0 && len(unwanted) > 0 {
		wanted = append(wanted, "!("+without+")")
	}
	return sought{wanted: strings.Join(wanted, " & "), unwanted: without}
}
