package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/platform/postgres"
)

type item struct {
	ID   uuid.UUID
	Name string
	At   time.Time
	Rank int
}

const itemColumns = "id, name, at, rank"

func itemFields(i *item) []any { return []any{&i.ID, &i.Name, &i.At, &i.Rank} }

func TestGet(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	for n := byte(1); n <= 2; n++ {
		if err := l.add(t.Context(), ada, n); err != nil {
			t.Fatal(err)
		}
	}
	const sql = `SELECT ` + itemColumns + ` FROM items WHERE user_id = $1 AND id = $2`
	got, err := postgres.Get(t.Context(), l.DB, ada, itemFields, sql, uuid.UUID{15: 2})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(item{uuid.UUID{15: 2}, "2", time.Unix(2, 0).UTC(), 2}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.At.Location() != time.UTC {
		t.Errorf("the instant is in %s", got.At.Location())
	}
	if _, err := postgres.Get(t.Context(), l.DB, bob, itemFields, sql, uuid.UUID{15: 2}); !errors.Is(err, postgres.ErrNotFound) {
		t.Errorf("another owner's: %v", err)
	}
	_, err = postgres.Get(t.Context(), l.DB, ada, itemFields, `SELECT `+itemColumns+` FROM items WHERE user_id = $1`)
	if err == nil || errors.Is(err, postgres.ErrNotFound) {
		t.Errorf("two rows for one: %v", err)
	}
}

func TestExecCountsRows(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	for n := byte(1); n <= 3; n++ {
		if err := l.add(t.Context(), ada, n); err != nil {
			t.Fatal(err)
		}
	}
	for owner, want := range map[uuid.UUID]int64{ada: 3, bob: 0} {
		if n, err := postgres.Exec(t.Context(), l.DB, owner, `UPDATE items SET rank = 0 WHERE user_id = $1`); err != nil || n != want {
			t.Errorf("%d rows, %v; want %d", n, err, want)
		}
	}
}

// With and without a pooler in between, values travel the same way.
func TestListPage(t *testing.T) {
	t.Parallel()
	for _, pooler := range []bool{false, true} {
		t.Run(fmt.Sprintf("pooler %t", pooler), func(t *testing.T) {
			t.Parallel()
			l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 2, Pooler: pooler})
			all := someItems(t, l)
			for name, c := range map[string]struct {
				keyset  postgres.Keyset
				compare func(a, b item) int
			}{
				"text":      {postgres.Keyset{Column: "name", Type: "text"}, func(a, b item) int { return strings.Compare(a.Name, b.Name) }},
				"instants":  {postgres.Keyset{Column: "at", Type: "timestamptz"}, func(a, b item) int { return a.At.Compare(b.At) }},
				"numbers":   {postgres.Keyset{Column: "rank", Type: "int"}, func(a, b item) int { return a.Rank - b.Rank }},
				"all equal": {postgres.Keyset{Column: "(rank * 0)", Type: "int"}, func(item, item) int { return 0 }},
				"ids":       {postgres.Keyset{Column: "id", Type: "uuid"}, func(item, item) int { return 0 }},
			} {
				for _, desc := range []bool{false, true} {
					want := slices.SortedFunc(slices.Values(all), func(a, b item) int {
						if order := c.compare(a, b); order != 0 {
							return order
						}
						return strings.Compare(a.ID.String(), b.ID.String())
					})
					if desc {
						slices.Reverse(want)
					}
					c.keyset.Desc = desc
					for _, limit := range []int{1, 2, 5, len(all) - 1, len(all), len(all) + 1} {
						if diff := cmp.Diff(want, l.walk(t, c.keyset, limit)); diff != "" {
							t.Errorf("%s, descending %t, %d at a time (-want +got):\n%s", name, desc, limit, diff)
						}
					}
				}
			}
		})
	}
}

func someItems(t *testing.T, l lab) []item {
	t.Helper()
	var all []item
	for n := range 13 {
		all = append(all, item{
			ID:   uuid.NewSHA1(uuid.Nil, []byte{byte(n)}),
			Name: []string{"a", "B", "b", "é", "Z", "a b", "'", "", "\\", "家", "%", "aa", "_"}[n],
			At:   time.Date(2026, 3, 14, 12, 0, 0, 1000*(n%3), time.UTC), // microseconds apart, or not at all
			Rank: n * 7 % 4,
		})
	}
	for _, owner := range []uuid.UUID{ada, bob} {
		for _, i := range all {
			if owner == bob {
				i.ID, i.Name = uuid.NewSHA1(i.ID, nil), "bob's "+i.Name
			}
			if _, err := postgres.Exec(t.Context(), l.DB, owner, `INSERT INTO items VALUES ($1, $2, $3, $4, $5)`, i.ID, i.Name, i.At, i.Rank); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

// walk lists Ada's items page by page.
func (l lab) walk(t *testing.T, k postgres.Keyset, limit int) []item {
	t.Helper()
	var all []item
	var after *postgres.After
	for range 100 {
		page, next, err := postgres.ListPage(t.Context(), l.DB, ada, itemFields, sq.Select(itemColumns).From("items").Where("rank >= ?", 0), postgres.Page{Keyset: k, After: after, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > limit || next != nil && len(page) < limit {
			t.Fatalf("a page of %d has %d items, and more follow: %t", limit, len(page), next != nil)
		}
		all = append(all, page...)
		if next == nil {
			return all
		}
		after = next
	}
	t.Fatal("the list does not end")
	return nil
}

func TestListPageOfNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 1})
	page, next, err := postgres.ListPage(t.Context(), l.DB, ada, itemFields, sq.Select(itemColumns).From("items"), postgres.Page{Keyset: postgres.Keyset{Column: "name", Type: "text"}, Limit: 10})
	if err != nil || page == nil || len(page) != 0 || next != nil {
		t.Errorf("got %v, %v, %v", page, next, err)
	}
}
