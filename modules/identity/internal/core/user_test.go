package core

import (
	"errors"
	"testing"
	"time"
	_ "time/tzdata" // as in the program, so that all machines know the same zones

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/platform/errs"
)

var (
	issued  = time.Date(2026, time.March, 14, 15, 0, 0, 0, time.UTC)
	now     = issued.Add(time.Second)
	changed = issued.Add(time.Hour)
)

func claims(email, name string, at time.Time) Claims {
	return Claims{Issuer: "site", Subject: "oy1Bx5LGwPXW", Email: orNil(email), Name: orNil(name), IssuedAt: at}
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func TestNewUser(t *testing.T) {
	t.Parallel()
	id := uuid.UUID{1}
	east := time.FixedZone("", 3600)
	want := User{
		ID: id, Issuer: "site", Subject: "oy1Bx5LGwPXW", Email: new("ada@example.com"), Name: new("Ada"),
		ProfileAsOf: issued, TimeZone: UTC, CreatedAt: now, UpdatedAt: now, Revision: 1,
	}
	if diff := cmp.Diff(want, newUser(id, claims("ada@example.com", "Ada", issued.In(east)), now)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := newUser(id, claims("", "", time.Time{}), now); got.Email != nil || got.Name != nil || !got.ProfileAsOf.IsZero() {
		t.Errorf("of a token that says nothing: %+v", got)
	}
}

func TestOutdatedBy(t *testing.T) {
	t.Parallel()
	u := newUser(uuid.UUID{1}, claims("ada@example.com", "Ada", issued), now)
	for name, c := range map[string]struct {
		claims Claims
		want   bool
	}{
		"the same token":                 {claims("ada@example.com", "Ada", issued), false},
		"a newer token, nothing new":     {claims("ada@example.com", "Ada", changed), false},
		"a newer e-mail":                 {claims("ada@example.org", "Ada", changed), true},
		"a newer name":                   {claims("ada@example.com", "Ada L.", changed), true},
		"no e-mail any more":             {claims("", "Ada", changed), true},
		"no name any more":               {claims("ada@example.com", "", changed), true},
		"a newer e-mail in another case": {claims("Ada@example.com", "Ada", changed), true},
		"an older token":                 {claims("old@example.com", "Ada", issued.Add(-time.Second)), false},
		"a token of the same second":     {claims("other@example.com", "Ada", issued), false},
		"a token of no time":             {claims("other@example.com", "Ada", time.Time{}), false},
	} {
		if got := u.outdatedBy(c.claims); got != c.want {
			t.Errorf("by %s: %t, want %t", name, got, c.want)
		}
	}
	nameless := newUser(uuid.UUID{1}, claims("", "", issued), now)
	if nameless.outdatedBy(claims("", "", changed)) || !nameless.outdatedBy(claims("", "Ada", changed)) {
		t.Error("a user without a profile is compared wrongly")
	}
}

func TestWithProfile(t *testing.T) {
	t.Parallel()
	u := newUser(uuid.UUID{1}, claims("ada@example.com", "Ada", issued), now)
	u.TimeZone = "Europe/Berlin"
	want := u
	want.Email, want.Name, want.ProfileAsOf, want.UpdatedAt, want.Revision = new("ada@example.org"), nil, changed, changed.Add(time.Minute), 2
	if diff := cmp.Diff(want, u.withProfile(claims("ada@example.org", "", changed), changed.Add(time.Minute))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRevised(t *testing.T) {
	t.Parallel()
	u := newUser(uuid.UUID{1}, claims("ada@example.com", "Ada", issued), now)
	if got, differs := u.revised(Draft{TimeZone: UTC}, changed); differs || got != u {
		t.Errorf("of the same zone: %+v, differs %t", got, differs)
	}
	want := u
	want.TimeZone, want.UpdatedAt, want.Revision = "Asia/Kathmandu", changed, 2
	if got, differs := u.revised(Draft{TimeZone: "Asia/Kathmandu"}, changed); !differs || got != want {
		t.Errorf("of another zone: %+v, differs %t", got, differs)
	}
}

func TestParseTimeZone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"UTC", "Etc/UTC", "GMT", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kathmandu", "Etc/GMT+5", "America/Port-au-Prince", "US/Pacific"} {
		if got, err := ParseTimeZone(text); err != nil || string(got) != text {
			t.Errorf("ParseTimeZone(%q) = %q, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", " ", "Local", "localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/Europe/Berlin",
		"Europe", "Europe/", "/Europe/Berlin", "Europe/Atlantis", " Europe/Berlin", "Europe/Berlin ", "Europe/Berlin\n",
		"../etc/passwd", "Europe/../Europe/Berlin", "/etc/localtime", `Europe\Berlin`, "zone.tab", "tzdata.zi", "+01:00", "UTC+1", "CEST", "1",
	} {
		got, err := ParseTimeZone(text)
		var fault errs.Fault
		if !errors.As(err, &fault) || fault.Code != errs.FaultInvalidValue || got != "" {
			t.Errorf("ParseTimeZone(%q) = %q, %v, want invalid_value", text, got, err)
		}
	}
}
