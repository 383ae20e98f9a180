// Package core holds the rules of tags: what one is, what may be done with it,
// and what it needs to be kept.
package core

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// MaxName is how many characters a tag's name may have.
const MaxName = 60

// Tag is a label that a user puts on tasks.
type Tag struct {
	ID        uuid.UUID
	Name      Name
	Color     *Color
	CreatedAt time.Time
	UpdatedAt time.Time
	// Revision grows with every change. It guards a write against another
	// that came in between, and is nobody's business but the store's.
	Revision int64
}

// Draft is what a client says of a tag: all that can be chosen.
type Draft struct {
	Name  Name
	Color *Color
}

// Change is what a request wants of a tag, read onto a draft of how it is, or
// onto an empty one. It returns all that is wrong with the request.
type Change func(*Draft) errs.Faults

// Guard refuses a write whose precondition does not hold of the tag as it is;
// current is nil where there is none. A nil Guard sets no condition.
type Guard func(current *Tag) error

func newTag(id uuid.UUID, d Draft, now time.Time) Tag {
	return Tag{ID: id, Name: d.Name, Color: d.Color, CreatedAt: now, UpdatedAt: now, Revision: 1}
}

func (t Tag) draft() Draft { return Draft{Name: t.Name, Color: t.Color} }

// revised returns t as d wants it, and whether that differs from t at all.
func (t Tag) revised(d Draft, now time.Time) (Tag, bool) {
	if t.Name == d.Name && sameColor(t.Color, d.Color) {
		return t, false
	}
	t.Name, t.Color, t.UpdatedAt = d.Name, d.Color, now
	t.Revision++
	return t, true
}

// Name is a tag's name: trimmed, 1 to [MaxName] characters, one line. Two tags
// of a user never have names that differ in letter case only.
type Name string

// ParseName trims text and refuses what is no name.
func ParseName(text string) (Name, error) {
	text = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return "", errs.Faultf(errs.FaultTooShort, "must not be blank")
	case n > MaxName:
		return "", errs.Faultf(errs.FaultTooLong, "must have at most %d characters", MaxName)
	case strings.ContainsFunc(text, unicode.IsControl):
		return "", errs.Faultf(errs.FaultInvalidFormat, "must not hold control characters")
	case !strings.ContainsFunc(text, unicode.IsGraphic):
		return "", errs.Faultf(errs.FaultTooShort, "must hold something that can be seen")
	}
	return Name(text), nil
}

// Color is an sRGB colour, #rrggbb in lower case.
type Color string

var colorFormat = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// ParseColor takes #rrggbb in any letter case.
func ParseColor(text string) (Color, error) {
	text = strings.ToLower(text)
	if !colorFormat.MatchString(text) {
		return "", errs.Faultf(errs.FaultInvalidFormat, "must be a colour such as #1e90ff")
	}
	return Color(text), nil
}

func sameColor(a, b *Color) bool {
	return a == b || a != nil && b != nil && *a == *b
}
