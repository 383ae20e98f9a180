package core

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"docket/platform/errs"
)

// How many characters a task's texts may have.
const (
	MaxTitle       = 500
	MaxDescription = 16_384
)

// Title says what is to be done: trimmed, 1 to [MaxTitle] characters, one
// line.
type Title string

// ParseTitle trims text and refuses what is no title.
func ParseTitle(text string) (Title, error) {
	text = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return "", errs.Faultf(errs.FaultTooShort, "must not be blank")
	case n > MaxTitle:
		return "", errs.Faultf(errs.FaultTooLong, "must have at most %d characters", MaxTitle)
	case strings.ContainsFunc(text, unicode.IsControl):
		return "", errs.Faultf(errs.FaultInvalidFormat, "must not hold control characters")
	case !strings.ContainsFunc(text, unicode.IsGraphic):
		return "", errs.Faultf(errs.FaultTooShort, "must hold something that can be seen")
	}
	return Title(text), nil
}

// Description is Markdown, kept as it was written, of up to [MaxDescription]
// characters.
type Description string

// ParseDescription refuses text that is too long.
func ParseDescription(text string) (Description, error) {
	if utf8.RuneCountInString(text) > MaxDescription {
		return "", errs.Faultf(errs.FaultTooLong, "must have at most %d characters", MaxDescription)
	}
	return Description(text), nil
}

// Status is how far a task is.
type Status string

// The statuses.
const (
	Todo       Status = "todo"
	InProgress Status = "in_progress"
	Done       Status = "done"
	Cancelled  Status = "cancelled"
)

var statuses = []Status{Todo, InProgress, Done, Cancelled}

// Statuses lists every status.
func Statuses() []Status { return slices.Clone(statuses) }

// Closed reports whether nothing is left to be done.
func (s Status) Closed() bool { return s == Done || s == Cancelled }

// ParseStatus takes the name of a status.
func ParseStatus(text string) (Status, error) {
	if s := Status(text); slices.Contains(statuses, s) {
		return s, nil
	}
	return "", errs.Faultf(errs.FaultInvalidValue, "must be one of todo, in_progress, done, cancelled")
}

// Priority says how much a task matters; a greater one matters more.
type Priority int16

// The priorities, from none to the greatest.
const (
	NoPriority Priority = iota
	Low
	Medium
	High
	Urgent
)

var priorities = []string{"none", "low", "medium", "high", "urgent"}

// Priorities lists the names of all priorities, from none to the greatest.
func Priorities() []string { return slices.Clone(priorities) }

// String returns the name of a priority.
func (p Priority) String() string { return priorities[p] }

// ParsePriority takes the name of a priority.
func ParsePriority(text string) (Priority, error) {
	if i := slices.Index(priorities, text); i >= 0 {
		return Priority(i), nil //nolint:gosec // five names
	}
	return 0, errs.Faultf(errs.FaultInvalidValue, "must be one of %s", strings.Join(priorities, ", "))
}

// Date is a day of the calendar, YYYY-MM-DD, from the year 1 to 9999. Which
// instants it spans depends on who looks at it from where.
type Date string

// ParseDate takes a day that exists.
func ParseDate(text string) (Date, error) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.Year() < 1 {
		return "", errs.Faultf(errs.FaultInvalidFormat, "must be a date such as 2026-11-23")
	}
	return Date(text), nil
}

// instantFormat is RFC 3339, section 5.6. The time package alone would also take
// an hour of one digit, a comma in the fraction and offsets of any size
// (go.dev/issue/54580).
var instantFormat = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// ParseInstant takes a point in time in RFC 3339, with any offset, and returns
// it in UTC, to the microsecond. There are no leap seconds.
func ParseInstant(text string) (time.Time, error) {
	text = strings.ToUpper(text) // RFC 3339 allows t and z as well
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || !instantFormat.MatchString(text) {
		return time.Time{}, errs.Faultf(errs.FaultInvalidFormat, "must be an instant such as 2026-11-23T09:30:00Z")
	}
	t = t.UTC().Truncate(time.Microsecond)
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, errs.Faultf(errs.FaultOutOfRange, "must lie between the years 1 and 9999 in UTC")
	}
	return t, nil
}
