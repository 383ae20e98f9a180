package core_test

import (
	"testing"
	"time"

	"docket/modules/task/internal/core"
)

func calendar(t *testing.T, zone string) core.Calendar {
	t.Helper()
	c, err := core.NewCalendar(zone)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func day(t *testing.T, date core.Date) time.Time {
	t.Helper()
	if _, err := core.ParseDate(string(date)); err != nil {
		t.Fatal(err)
	}
	return date.Midnight()
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := core.ParseInstant(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestStartOfDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone string
		date core.Date
		want string
	}{
		{"UTC", "2024-02-29", "2024-02-29T00:00:00Z"},
		{"Europe/Berlin", "2024-02-29", "2024-02-28T23:00:00Z"},
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"}, // clocks go forward at 02:00
		{"Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00Z"},
		{"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z"}, // and back at 03:00
		{"Europe/Berlin", "2026-10-26", "2026-10-25T23:00:00Z"},
		{"America/New_York", "2026-03-08", "2026-03-08T05:00:00Z"},
		{"America/New_York", "2026-03-09", "2026-03-09T04:00:00Z"},
		{"America/New_York", "2026-11-02", "2026-11-02T05:00:00Z"},
		{"Pacific/Kiritimati", "2024-02-29", "2024-02-28T10:00:00Z"}, // UTC+14
		{"Pacific/Niue", "2024-02-29", "2024-02-29T11:00:00Z"},       // UTC-11
		{"Pacific/Chatham", "2026-01-01", "2025-12-31T10:15:00Z"},    // UTC+13:45
		{"Asia/Kathmandu", "2026-01-01", "2025-12-31T18:15:00Z"},
		// Midnight does not exist: the day begins at 01:00.
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"},
		{"Asia/Beirut", "2022-03-27", "2022-03-26T22:00:00Z"},
		{"Africa/Cairo", "2023-04-28", "2023-04-27T22:00:00Z"},
		{"America/Santiago", "2022-09-11", "2022-09-11T04:00:00Z"},
		// Midnight comes twice: the day begins with the first.
		{"America/Havana", "2022-11-06", "2022-11-06T04:00:00Z"},
		// The hour before midnight comes twice: the day begins after both.
		{"America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"},
		// One minute of the day, then the last hour of the day before again.
		{"America/St_Johns", "2006-10-29", "2006-10-29T02:30:00Z"},
		// A day was left out: it begins with the next.
		{"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z"},
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},
		{"Pacific/Apia", "2012-01-01", "2011-12-31T10:00:00Z"},
		{"Europe/Berlin", "2040-12-31", "2040-12-30T23:00:00Z"},
		{"Europe/Berlin", "2041-01-01", "2040-12-31T23:00:00Z"},
		{"Pacific/Niue", "2040-12-31", "2040-12-31T11:00:00Z"},
		{"Asia/Manila", "1844-12-31", "1844-12-31T15:56:08Z"}, // left out,
		{"Europe/Berlin", "9999-12-31", "9999-12-30T23:00:00Z"},
		{"Pacific/Niue", "0001-01-01", "0001-01-01T11:19:40Z"},
	} {
		if got := calendar(t, c.zone).Start(day(t, c.date)).Format(time.RFC3339); got != c.want {
			t.Errorf("%s begins in %s at %s, want %s", c.date, c.zone, got, c.want)
		}
	}
}

func TestDayOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, at, want string }{
		{"UTC", "2024-02-29T23:59:59.999999Z", "2024-02-29"},
		{"Pacific/Kiritimati", "2024-02-28T10:00:00Z", "2024-02-29"},
		{"Pacific/Kiritimati", "2024-02-28T09:59:59Z", "2024-02-28"},
		{"Pacific/Niue", "2024-03-01T10:59:59Z", "2024-02-29"},
		{"America/Sao_Paulo", "2018-11-04T02:59:59Z", "2018-11-03"},
		{"America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04"},
		{"America/St_Johns", "2006-10-29T02:30:00Z", "2006-10-29"},
		{"America/St_Johns", "2006-10-29T02:35:00Z", "2006-10-29"}, // the clocks show the 28th again
		{"Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29"},
		{"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"},
	} {
		if got := calendar(t, c.zone).DayOf(instant(t, c.at)).Format(time.DateOnly); got != c.want {
			t.Errorf("%s is in %s on %s, want %s", c.at, c.zone, got, c.want)
		}
	}
}

func TestFirstFrom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, at, want string }{
		{"UTC", "2026-03-14T00:00:00Z", "2026-03-14"},
		{"UTC", "2026-03-14T00:00:00.000001Z", "2026-03-15"},
		{"Europe/Berlin", "2026-03-13T23:00:00Z", "2026-03-14"},
		{"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30"},
		{"Pacific/Apia", "2011-12-30T10:00:01Z", "2012-01-01"},
	} {
		if got := calendar(t, c.zone).FirstFrom(instant(t, c.at)).Format(time.DateOnly); got != c.want {
			t.Errorf("from %s on the first day of %s is %s, want %s", c.at, c.zone, got, c.want)
		}
	}
}

// Days follow each other without a gap or an overlap, each beginning when the
// clocks first show it, in every zone that is odd, over 300 years.
func TestDaysFollowEachOther(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{
		"UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "America/St_Johns", "Asia/Beirut", "Africa/Cairo",
		"Pacific/Apia", "Pacific/Kwajalein", "Asia/Manila", "America/Juneau", "Antarctica/Troll", "Australia/Lord_Howe", "Asia/Tehran",
	} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			c, location := calendar(t, zone), must(time.LoadLocation(zone))
			before := c.Start(day(t, "1799-12-31"))
			for d := day(t, "1800-01-01"); d.Year() < 2100; d = d.AddDate(0, 0, 1) {
				start := c.Start(d)
				if length := start.Sub(before); length < 0 || length > 49*time.Hour {
					t.Fatalf("%s begins %s after the day before", d.Format(time.DateOnly), length)
				}
				shown := start.In(location).Format(time.DateOnly)
				justBefore := start.Add(-time.Second).In(location).Format(time.DateOnly)
				if want := d.Format(time.DateOnly); shown < want || justBefore >= want {
					t.Fatalf("%s begins at %s, when clocks go from %s to %s", want, start, justBefore, shown)
				}
				before = start
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestCalendarOfNowhere(t *testing.T) {
	t.Parallel()
	if c, err := core.NewCalendar("Mars/Olympus"); err == nil {
		t.Errorf("got %v", c)
	}
	if got := (core.Calendar{}).Start(day(t, "2026-03-14")); !got.Equal(instant(t, "2026-03-14T00:00:00Z")) {
		t.Errorf("without a zone the day begins at %s", got)
	}
}
