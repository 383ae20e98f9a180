// Package core holds the rules of projects: what one is, what may be done with
// it, and what it needs to be kept.
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

// How many characters a project's texts may have.
const (
	MaxName        = 120
	MaxDescription = 2000
)

// Project is a list of tasks that a user keeps together.
type Project struct {
	ID          uuid.UUID
	Name        Name
	Description *Description
	Color       *Color
	// Position orders projects by hand; it sorts bytewise.
	Position string
	// ArchivedAt is when the project was put away, nil while it is in use.
	ArchivedAt *time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
	// Revision grows with every change. It guards a write against another
	// that came in between, and is nobody's business but the store's.
	Revision int64
}

// Draft is what a client says of a project: all that can be chosen.
type Draft struct {
	Name        Name
	Description *Description
	Color       *Color
}

// Change is what a request wants of a project, read onto a draft of how it is,
// or onto an empty one. It returns all that is wrong with the request.
type Change func(*Draft) errs.Faults

// Guard refuses a write whose precondition does not hold of the project as it
// is; current is nil where there is none. A nil Guard sets no condition.
type Guard func(current *Project) error

func newProject(id uuid.UUID, d Draft, position string, now time.Time) Project {
	return Project{
		ID: id, Name: d.Name, Description: d.Description, Color: d.Color,
		Position: position, CreatedAt: now, UpdatedAt: now, Revision: 1,
	}
}

func (p Project) draft() Draft {
	return Draft{Name: p.Name, Description: p.Description, Color: p.Color}
}

// revised returns p as d wants it, and whether that differs from p at all.
func (p Project) revised(d Draft, now time.Time) (Project, bool) {
	if p.Name == d.Name && same(p.Description, d.Description) && same(p.Color, d.Color) {
		return p, false
	}
	p.Name, p.Description, p.Color, p.UpdatedAt = d.Name, d.Description, d.Color, now
	p.Revision++
	return p, true
}

// Name is a project's name: trimmed, 1 to [MaxName] characters, one line. Two
// projects of a user that are not archived never have names that differ in
// letter case only.
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

// Description says what a project is about, in up to [MaxDescription]
// characters.
type Description string

// ParseDescription refuses text that is too long.
func ParseDescription(text string) (Description, error) {
	if utf8.RuneCountInString(text) > MaxDescription {
		return "", errs.Faultf(errs.FaultTooLong, "must have at most %d characters", MaxDescription)
	}
	return Description(text), nil
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

func same[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}
