// Package sample makes up data that looks like people's: titles, names and
// dates in several languages, for a database to be tried with. The same seed
// makes the same data.
package sample

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Source makes up one stream of data. It is not safe for concurrent use: each
// goroutine takes a stream of its own.
type Source struct{ random *rand.Rand }

// New returns the stream of this number under a seed.
func New(seed, stream uint64) *Source {
	return &Source{random: rand.New(rand.NewPCG(seed, stream))}
}

// User is a made-up user while their data is being made up: each part of the
// program adds its own, and refers to what the parts before have added.
type User struct {
	*Source
	ID uuid.UUID
	// From and End are the time in which the user made all they have.
	From, End time.Time
	// Projects and Tags are ids.
	Projects, Tags []uuid.UUID
}

// Span is how long the user was at it.
func (u *User) Span() time.Duration { return u.End.Sub(u.From) }

// N returns a number from 0 to n-1; n is positive.
func (s *Source) N(n int) int { return s.random.IntN(n) }

// Chance is true in percent of a hundred cases.
func (s *Source) Chance(percent int) bool { return s.random.IntN(100) < percent }

// Weighted returns an index of weights, each as often as its weight says.
func (s *Source) Weighted(weights ...int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	at := s.random.IntN(total)
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// Within returns an instant from from to less than span after it, to the
// microsecond; span is at least that.
func (s *Source) Within(from time.Time, span time.Duration) time.Time {
	return from.Add(time.Duration(s.random.Int64N(span.Microseconds())) * time.Microsecond)
}

// ID returns a UUID of version 7 (RFC 9562, section 5.7) that was made at an
// instant.
func (s *Source) ID(at time.Time) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[8:], s.random.Uint64())
	binary.BigEndian.PutUint64(id[:8], uint64(at.UnixMilli())<<16|s.random.Uint64()&0xffff)
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Color returns #rrggbb.
func (s *Source) Color() string { return fmt.Sprintf("#%06x", s.random.IntN(1<<24)) }

// Zone returns the IANA name of a time zone.
func (s *Source) Zone() string { return s.one(zones) }

// Person returns a person's given name.
func (s *Source) Person() string { return s.one(people) }

// Title returns what a task may be called: two to eight words.
func (s *Source) Title() string {
	l := languages[s.random.IntN(len(languages))]
	title := s.one(l.verbs) + " " + s.one(l.things)
	if s.Chance(60) {
		title += " " + s.one(l.ends)
	}
	if s.Chance(15) {
		title += fmt.Sprintf(" #%d", s.random.IntN(1000))
	}
	return title
}

// Text returns a few lines of Markdown.
func (s *Source) Text() string {
	var b strings.Builder
	for range 1 + s.random.IntN(4) {
		fmt.Fprintf(&b, "- %s\n", s.Title())
	}
	if s.Chance(30) {
		fmt.Fprintf(&b, "\n**%s**: %s\n", s.Person(), s.Title())
	}
	return b.String()
}

// Topic returns what a project or a tag may be called: one or two words.
func (s *Source) Topic() string {
	l := languages[s.random.IntN(len(languages))]
	topic := s.one(l.topics)
	if s.Chance(30) {
		topic += " " + s.Person()
	}
	return topic
}

func (s *Source) one(list []string) string { return list[s.random.IntN(len(list))] }
