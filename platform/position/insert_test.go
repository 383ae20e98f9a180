package position_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/position"
)

// line is a list ordered by key; it notes how much of it an insertion changes.
type line struct {
	names, keys []string
	rewritten   int // of the neighbours, in all
}

func newLine(n int) *line {
	l := &line{}
	start := time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	for i := range n {
		l.names = append(l.names, fmt.Sprint(i))
		l.keys = append(l.keys, position.Last(start.Add(time.Duration(i)*time.Second), uuid.UUID{15: 9}))
	}
	return l
}

// move takes name, which may be new, to the gap before the i-th of the others.
func (l *line) move(t *testing.T, name string, i int) {
	t.Helper()
	if at := slices.Index(l.names, name); at >= 0 {
		l.names, l.keys = slices.Delete(l.names, at, at+1), slices.Delete(l.keys, at, at+1)
	}
	loaded := 0
	key, before, after, err := position.Insert(func(n int) ([]string, []string, error) {
		loaded += 2 * n
		return l.keys[max(i-n, 0):i], l.keys[i:min(i+n, len(l.keys))], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if loaded > 1000 || len(before) > 256 || len(after) > 256 {
		t.Fatalf("%d neighbours loaded, %d and %d changed", loaded, len(before), len(after))
	}
	copy(l.keys[i-len(before):], before)
	copy(l.keys[i:], after)
	l.rewritten += len(before) + len(after)
	l.names, l.keys = slices.Insert(l.names, i, name), slices.Insert(l.keys, i, key)
}

// wantOrder checks that the keys are keys, short, and sort as the names stand.
func (l *line) wantOrder(t *testing.T) {
	t.Helper()
	for i, k := range l.keys {
		if !wellFormed(k) || len(k) > position.MaxLength || i > 0 && l.keys[i-1] >= k {
			t.Fatalf("the %d-th key is %q, behind %q", i, k, l.keys[max(i-1, 0)])
		}
	}
}

func TestTenThousandMovesToOneSpot(t *testing.T) {
	t.Parallel()
	const moves = 10_000
	for size, items := range map[string]int{"a few": 5, "many": 1000} {
		for spot, target := range map[string]func(n int) int{
			"behind the first": func(int) int { return 1 }, "in the middle": func(n int) int { return n / 2 },
			"before the last": func(n int) int { return n - 2 }, "the front": func(int) int { return 0 }, "the end": func(n int) int { return n - 1 },
		} {
			t.Run(size+" "+spot, func(t *testing.T) {
				t.Parallel()
				l := newLine(items)
				for i := range moves {
					name := l.names[(i*7+3)%items]
					l.move(t, name, target(items))
					if got := slices.Index(l.names, name); got != target(items) {
						t.Fatalf("went to %d", got)
					}
				}
				l.wantOrder(t)
				if l.rewritten > 10*moves {
					t.Errorf("%d neighbours got new keys over %d moves", l.rewritten, moves)
				}
			})
		}
	}
}

// The worst case: nothing ever leaves the spot again.
func TestTenThousandNewOnesInOneGap(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]func(i int) int{
		"always behind the same": func(int) int { return 1 }, "always before the same": func(i int) int { return i + 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLine(2)
			for i := range 10_000 {
				l.move(t, fmt.Sprintf("new %d", i), target(i))
			}
			l.wantOrder(t)
			if l.rewritten > 200_000 {
				t.Errorf("%d neighbours got new keys", l.rewritten)
			}
		})
	}
}

func TestInsertTellsApartWhatHasOneKey(t *testing.T) {
	t.Parallel()
	keys := []string{"a1", "a1", "a1", "a1"}
	for gap := range len(keys) + 1 {
		key, before, after, err := position.Insert(func(n int) ([]string, []string, error) {
			return keys[max(gap-n, 0):gap], keys[gap:min(gap+n, len(keys))], nil
		})
		if err != nil {
			t.Fatal(err)
		}
		all := append(append(slices.Clone(before), key), after...)
		if gap == 0 || gap == len(keys) {
			if len(all) != 1 {
				t.Errorf("at an end: %q", all)
			}
			continue
		}
		if len(all) != len(keys)+1 {
			t.Errorf("%q", all)
		}
		wantBetween(t, "", "", all...)
	}
}

func TestInsertSaysWhyItCannot(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	for loads := range 2 {
		_, _, _, err := position.Insert(func(int) ([]string, []string, error) {
			if loads--; loads < 0 {
				return nil, nil, gone
			}
			return []string{"a1"}, []string{"a1"}, nil
		})
		if !errors.Is(err, gone) {
			t.Errorf("got %v", err)
		}
	}
	same := strings.Split(strings.Repeat("a1 ", 1000)+"a1", " ")
	if key, _, _, err := position.Insert(func(n int) ([]string, []string, error) { return same[:n], same[:n], nil }); !errors.Is(err, position.ErrInvalid) {
		t.Errorf("between more of one key than are within reach: %q, %v", key, err)
	}
}
