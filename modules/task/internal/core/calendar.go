package core

import (
	"fmt"
	"time"
)

// Calendar tells the days of one time zone apart. A day is written as its
// midnight in UTC, whatever the zone, so that days can be counted. The zero
// value is the calendar of UTC.
type Calendar struct{ zone *time.Location }

// NewCalendar returns the calendar of the zone with this IANA name.
func NewCalendar(zone string) (Calendar, error) {
	location, err := time.LoadLocation(zone)
	if err != nil {
		return Calendar{}, fmt.Errorf("load the time zone: %w", err)
	}
	return Calendar{zone: location}, nil
}

func (c Calendar) location() *time.Location {
	if c.zone == nil {
		return time.UTC
	}
	return c.zone
}

// maxOffset is more than any zone was ever from UTC: 15 h 13 min 42 s.
const maxOffset = 16 * time.Hour

// Start returns the first instant of a day: the earliest at which the calendar
// shows it, or a later one. Clocks that jump over midnight make a day begin at
// 01:00, and a day that a zone left out (2011-12-30 in Apia) begins with the
// next; clocks that are put back over midnight begin it once only.
func (c Calendar) Start(day time.Time) time.Time {
	instant := day.Add(-maxOffset)
	for {
		_, offset := instant.In(c.location()).Zone()
		_, end := instant.In(c.location()).ZoneBounds()
		if !end.IsZero() && !end.After(instant) {
			// On the last day of leap years after 2037 Go 1.26 says that the
			// offset has ended already.
			end = instant.Add(time.Hour)
		}
		midnight := day.Add(-time.Duration(offset) * time.Second)
		switch {
		case midnight.Before(instant):
			return instant.UTC()
		case end.IsZero() || midnight.Before(end):
			return midnight
		}
		instant = end
	}
}

// DayOf returns the day that has begun last at instant t.
func (c Calendar) DayOf(t time.Time) time.Time {
	year, month, dayOfMonth := t.In(c.location()).Date()
	day := time.Date(year, month, dayOfMonth, 0, 0, 0, 0, time.UTC)
	for !c.Start(next(day)).After(t) {
		day = next(day)
	}
	return day
}

// FirstFrom returns the first day that does not begin before instant t.
func (c Calendar) FirstFrom(t time.Time) time.Time {
	day := c.DayOf(t)
	if c.Start(day).Before(t) {
		return next(day)
	}
	for previous := day.AddDate(0, 0, -1); !c.Start(previous).Before(t); previous = previous.AddDate(0, 0, -1) {
		day = previous
	}
	return day
}

func next(day time.Time) time.Time { return day.AddDate(0, 0, 1) }

// Midnight returns the day as calendars take it.
func (d Date) Midnight() time.Time {
	day, _ := time.Parse(time.DateOnly, string(d)) // ParseDate made sure
	return day
}
