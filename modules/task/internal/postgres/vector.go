package postgres

import (
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/fold"
)

// A tsvector knows 256 positions of a lexeme, and none beyond 16,383
// (PostgreSQL documentation, section 12.11): it would lose phrases of what is
// written often, and of all that stands far back. Hence a word that comes often
// has further lexemes, with a gap and a number behind it, and what stands far
// back is kept once more, in a second volume, whose lexemes have a gap before the
// word. A phrase asks for each word by all its lexemes (see [phrase.anywhere]).
const (
	// gap is what no word has.
	gap = " "
	// perLexeme is how many positions a lexeme is given, one fewer than it can have.
	perLexeme = 255
	volumes   = 2
	// volumeSize is how many positions a volume has.
	volumeSize = 16_381
	// nowhere is the position of words that are in no volume. Nothing stands next
	// to it. They need one: a beginning of words is found in no phrase where any of
	// these words has none.
	nowhere = volumeSize + 2
	// overlap is how many positions are in both volumes: more than a search has
	// words, of which a character can be six.
	overlap = 2_000
)

// vector returns what a task is found by, as the text of a tsvector: each word
// with its positions, those of the title of weight A. No phrase reaches from
// the title into the description. A word beyond position 30,762 is part of no
// phrase: a text has so many only of ligatures that stand for several words.
func vector(owner uuid.UUID, t core.Task) string {
	v := vectorText{mark: ownerMark(owner), places: make([]place, 0, 16), times: map[string]int{}}
	position := 0
	for word := range fold.Words(string(t.Title)) {
		position++
		v.add(word, position, "A")
	}
	if t.Description != nil {
		position++
		for word := range fold.Words(string(*t.Description)) {
			position++
			v.add(word, position, "")
		}
	}
	return v.String()
}

// vectorText is a tsvector in the making.
type vectorText struct {
	mark string
	// places are where lexemes stand, in the order of the text.
	places []place
	// times is how often a word is in a volume, by its lexeme without a number.
	times map[string]int
}

// place is where a lexeme stands. It lacks the mark, which all of them have.
type place struct {
	lexeme   string
	position int
	weight   string
}

// add puts a word into the volumes that have its position.
func (v *vectorText) add(word string, position int, weight string) {
	for volume := range volumes {
		at := position - volume*(volumeSize-overlap)
		if at < 1 || at > volumeSize {
			continue
		}
		lexeme := word
		if volume > 0 {
			lexeme = gap + word
		}
		n := v.times[lexeme]
		v.times[lexeme]++
		if volume > 0 || n >= perLexeme {
			lexeme += gap + strconv.Itoa(n/perLexeme)
		}
		v.places = append(v.places, place{lexeme, at, weight})
	}
	if v.times[word] == 0 {
		v.times[word]++
		v.places = append(v.places, place{word, nowhere, weight})
	}
}

// String is the text of the tsvector. It names each lexeme once: PostgreSQL
// counts a text's lexemes before it throws out those that are repeated, and
// takes no more than a megabyte.
func (v *vectorText) String() string {
	slices.SortStableFunc(v.places, func(a, b place) int { return strings.Compare(a.lexeme, b.lexeme) })
	b := make([]byte, 0, len(v.places)*32)
	for i, p := range v.places {
		if i == 0 || p.lexeme != v.places[i-1].lexeme {
			b = append(b, " '"...)
			b = append(b, v.mark...)
			b = append(b, p.lexeme...)
			b = append(b, "':"...)
		} else {
			b = append(b, ',')
		}
		b = append(strconv.AppendInt(b, int64(p.position), 10), p.weight...)
	}
	return string(b)
}
