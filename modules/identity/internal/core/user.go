// Package core holds the rules of identity: who a user is, how one comes to
// be, and what is kept of a profile.
package core

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// User is a person as one issuer knows them. Everything a person owns hangs on
// ID; the issuer's own name for them is never used for that.
type User struct {
	ID uuid.UUID
	// Issuer is the name of the trust that vouched for Subject, and Subject
	// the opaque, case-sensitive name of the person there. Together they are
	// unique.
	Issuer, Subject string
	// Email and Name follow the newest token. They identify nobody: an address
	// can change hands.
	Email, Name *string
	// ProfileAsOf is when the token was issued that Email and Name come from.
	ProfileAsOf time.Time
	TimeZone    TimeZone
	CreatedAt   time.Time
	UpdatedAt   time.Time
	// Revision grows with every change and guards a write against another.
	Revision int64
}

// Claims are what a verified token says of its bearer.
type Claims struct {
	Issuer, Subject string
	Email, Name     *string
	// IssuedAt is zero where the token does not say.
	IssuedAt time.Time
}

func newUser(id uuid.UUID, c Claims, now time.Time) User {
	return User{
		ID: id, Issuer: c.Issuer, Subject: c.Subject, Email: c.Email, Name: c.Name,
		ProfileAsOf: c.IssuedAt.UTC(), TimeZone: UTC, CreatedAt: now, UpdatedAt: now, Revision: 1,
	}
}

// outdatedBy reports whether c comes from a newer token and says something
// else. Of two tokens that live at once the older must not win by being used
// last.
func (u User) outdatedBy(c Claims) bool {
	return c.IssuedAt.After(u.ProfileAsOf) && !(sameText(u.Email, c.Email) && sameText(u.Name, c.Name))
}

func (u User) withProfile(c Claims, now time.Time) User {
	u.Email, u.Name, u.ProfileAsOf, u.UpdatedAt = c.Email, c.Name, c.IssuedAt.UTC(), now
	u.Revision++
	return u
}

// Draft is what a person can choose about their user.
type Draft struct{ TimeZone TimeZone }

// Change is what a request wants of a user, read onto a draft of how it is. It
// returns all that is wrong with the request.
type Change func(*Draft) errs.Faults

// Guard refuses a write whose precondition does not hold of the user as it is.
// A nil Guard sets no condition.
type Guard func(current *User) error

// revised returns u as d wants it, and whether that differs from u at all.
func (u User) revised(d Draft, now time.Time) (User, bool) {
	if u.TimeZone == d.TimeZone {
		return u, false
	}
	u.TimeZone, u.UpdatedAt = d.TimeZone, now
	u.Revision++
	return u, true
}

// TimeZone is the IANA name of the zone in which a user's days begin and end.
type TimeZone string

// UTC is the zone of a user who chose none.
const UTC TimeZone = "UTC"

// MaxTimeZone is how many characters the name of a zone may have. The longest of the
// database has half of them.
const MaxTimeZone = 64

// TimeZonePattern is a regular expression, as Go and ECMAScript share them, that
// the name of a zone matches. Without it the file system would take ./UTC for a
// zone, which PostgreSQL does not know.
const TimeZonePattern = "^[A-Za-z0-9+_-]+(/[A-Za-z0-9+_-]+)*$"

var timeZonePattern = regexp.MustCompile(TimeZonePattern)

// ParseTimeZone takes a name of the IANA time zone database, such as
// Europe/Berlin.
func ParseTimeZone(text string) (TimeZone, error) {
	refused := errs.Faultf(errs.FaultInvalidValue, "must be an IANA time zone such as Europe/Berlin")
	// Local is this machine's zone to Go; the others are copies of the database
	// that only some machines have, and that PostgreSQL does not know.
	for _, special := range []string{"Local", "posix/", "right/", "posixrules", "localtime", "Factory"} {
		if strings.HasPrefix(text, special) {
			return "", refused
		}
	}
	switch {
	case text == "":
		return "", refused
	case utf8.RuneCountInString(text) > MaxTimeZone:
		return "", errs.Faultf(errs.FaultTooLong, "must have at most %d characters", MaxTimeZone)
	}
	if !timeZonePattern.MatchString(text) {
		return "", refused
	}
	if _, err := time.LoadLocation(text); err != nil {
		return "", refused
	}
	return TimeZone(text), nil
}

// NotFound says that there is no user with this id.
func NotFound(id uuid.UUID) error {
	return errs.New(errs.NotFound, fmt.Sprintf("User with ID %s not found", id))
}

func sameText(a, b *string) bool {
	return a == b || a != nil && b != nil && *a == *b
}
