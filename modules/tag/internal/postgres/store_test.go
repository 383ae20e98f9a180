package postgres_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/modules/tag/internal/core"
	"docket/modules/tag/internal/postgres"
	"docket/platform/errs"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var noon = time.Date(2026, time.March, 14, 12, 0, 0, 123_456_000, time.UTC)

// newStore returns an empty store and two users who may have tags in it.
func newStore(t *testing.T) (s *postgres.Store, ada, bob uuid.UUID) {
	t.Helper()
	db := pgtest.Open(t)
	return postgres.NewStore(db), httpxtest.AddUser(t, db, "ada"), httpxtest.AddUser(t, db, "bob")
}

func tag(n uint64, name core.Name) core.Tag {
	return core.Tag{ID: httpxtest.ID(n), Name: name, CreatedAt: noon, UpdatedAt: noon, Revision: 1}
}

func insert(t *testing.T, s *postgres.Store, owner uuid.UUID, tags ...core.Tag) {
	t.Helper()
	for _, g := range tags {
		if err := s.Insert(t.Context(), owner, g); err != nil {
			t.Fatalf("insert %q: %v", g.Name, err)
		}
	}
}

func wantStored(t *testing.T, s *postgres.Store, owner uuid.UUID, want core.Tag) {
	t.Helper()
	got, err := s.Get(t.Context(), owner, want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestStoreKeepsWhatItIsGiven(t *testing.T) {
	t.Parallel()
	s, ada, _ := newStore(t)
	color := core.Color("#1e90ff")
	longest := tag(2, core.Name(strings.Repeat("ß", core.MaxName)))
	longest.Color = &color
	ligatures := tag(3, core.Name(strings.Repeat("ﬃ", core.MaxName))) // each folds to three letters
	odd := tag(4, "'; DROP TABLE tags; -- \\ % _ 家 👩‍👩‍👧")
	for _, g := range []core.Tag{tag(1, "home"), longest, ligatures, odd} {
		insert(t, s, ada, g)
		wantStored(t, s, ada, g)
	}
}

func TestStoreRefusesWhatExists(t *testing.T) {
	t.Parallel()
	s, ada, bob := newStore(t)
	insert(t, s, ada, tag(1, "Café"), tag(2, "STRASSE"))
	for name, c := range map[string]struct {
		tag  core.Tag
		want error
	}{
		"same id":            {tag(1, "other"), core.ErrExists},
		"same id and name":   {tag(1, "Café"), core.ErrExists},
		"same name":          {tag(3, "Café"), core.NameTaken(tag(1, "Café"))},
		"other case":         {tag(3, "CAFÉ"), core.NameTaken(tag(1, "Café"))},
		"other Unicode form": {tag(3, "cafe\u0301"), core.NameTaken(tag(1, "Café"))},
		"full case folding":  {tag(3, "straße"), core.NameTaken(tag(2, "STRASSE"))},
	} {
		if err := s.Insert(t.Context(), ada, c.tag); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if errs.KindOf(core.NameTaken(tag(1, "x"))) != errs.Conflict {
		t.Error("a taken name is no conflict")
	}
	// Ids and names are each user's own.
	insert(t, s, bob, tag(1, "Café"))
	insert(t, s, ada, tag(3, "cafe"))
}

func TestStoreUpdates(t *testing.T) {
	t.Parallel()
	s, ada, _ := newStore(t)
	insert(t, s, ada, tag(1, "home"), tag(2, "work"))
	color := core.Color("#1e90ff")
	next := tag(1, "HOME") // its own name in another case is free
	next.Color, next.UpdatedAt, next.Revision = &color, noon.Add(time.Hour), 2
	if err := s.Update(t.Context(), ada, next); err != nil {
		t.Fatal(err)
	}
	wantStored(t, s, ada, next)

	for name, revision := range map[string]int64{"the same revision again": 2, "one skipped": 4, "long ago": 0} {
		late := next
		late.Name, late.Revision = "late", revision
		if err := s.Update(t.Context(), ada, late); !errors.Is(err, core.ErrRevised) {
			t.Errorf("%s: %v", name, err)
		}
	}
	taken := next
	taken.Name, taken.Revision = "Work", 3
	if err := s.Update(t.Context(), ada, taken); !errors.Is(err, core.NameTaken(tag(2, "work"))) {
		t.Errorf("a taken name: %v", err)
	}
	gone := tag(9, "gone")
	gone.Revision = 2
	if err := s.Update(t.Context(), ada, gone); !errors.Is(err, core.ErrRevised) {
		t.Errorf("no such tag: %v", err)
	}
	wantStored(t, s, ada, next)
}

func TestStoreDeletes(t *testing.T) {
	t.Parallel()
	s, ada, _ := newStore(t)
	insert(t, s, ada, tag(1, "home"), tag(2, "work"))
	if err := s.Delete(t.Context(), ada, httpxtest.ID(1)); err != nil {
		t.Fatal(err)
	}
	for doing, get := range map[string]func() (core.Tag, error){
		"get":  func() (core.Tag, error) { return s.Get(t.Context(), ada, httpxtest.ID(1)) },
		"lock": func() (core.Tag, error) { return s.Lock(t.Context(), ada, httpxtest.ID(1)) },
	} {
		if got, err := get(); !errors.Is(err, core.NotFound(httpxtest.ID(1))) {
			t.Errorf("%s after the deletion: %v, %v", doing, got, err)
		}
	}
	wantStored(t, s, ada, tag(2, "work"))
	insert(t, s, ada, tag(3, "home")) // its name is free again
}

// To a user, another user's tags do not exist, and cannot be touched.
func TestStoreKeepsUsersApart(t *testing.T) {
	t.Parallel()
	s, ada, bob := newStore(t)
	theirs := tag(1, "home")
	insert(t, s, ada, theirs, tag(2, "work"))
	ctx := t.Context()

	if _, err := s.Get(ctx, bob, theirs.ID); !errors.Is(err, core.NotFound(theirs.ID)) {
		t.Errorf("get: %v", err)
	}
	if _, err := s.Lock(ctx, bob, theirs.ID); !errors.Is(err, core.NotFound(theirs.ID)) {
		t.Errorf("lock: %v", err)
	}
	next := theirs
	next.Name, next.Revision = "stolen", 2
	if err := s.Update(ctx, bob, next); !errors.Is(err, core.ErrRevised) {
		t.Errorf("update: %v", err)
	}
	if err := s.Delete(ctx, bob, theirs.ID); err != nil {
		t.Errorf("delete: %v", err)
	}
	if ids, err := s.Existing(ctx, bob, []uuid.UUID{theirs.ID}); err != nil || len(ids) != 0 {
		t.Errorf("existing: %v, %v", ids, err)
	}
	if list, next, err := s.List(ctx, bob, core.Query{Sort: core.SortName, Limit: 10}); err != nil || len(list) != 0 || next != nil {
		t.Errorf("list: %v, %v, %v", list, next, err)
	}
	wantStored(t, s, ada, theirs)
}

func TestStoreOwnerMustExist(t *testing.T) {
	t.Parallel()
	s, _, _ := newStore(t)
	err := s.Insert(t.Context(), httpxtest.UserID("nobody"), tag(1, "home"))
	if err == nil || errs.KindOf(err) != errs.Unauthenticated || !strings.Contains(err.Error(), "tags_user_fk") {
		t.Errorf("a tag of nobody: %v", err)
	}
}

func TestStoreExisting(t *testing.T) {
	t.Parallel()
	s, ada, _ := newStore(t)
	insert(t, s, ada, tag(1, "a"), tag(2, "b"))
	got, err := s.Existing(t.Context(), ada, []uuid.UUID{httpxtest.ID(2), httpxtest.ID(3), httpxtest.ID(2)})
	if err != nil || !slices.Equal(got, []uuid.UUID{httpxtest.ID(2)}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestStoreListsInEveryOrder(t *testing.T) {
	t.Parallel()
	s, ada, bob := newStore(t)
	insert(t, s, bob, tag(3, "not Ada's"))
	var all []core.Tag
	for n := range uint64(11) {
		// Instants repeat, and their order is none of names or ids.
		g := tag(n+1, core.Name(fmt.Sprintf("%c%d", []rune("bACbaDEéZÉz")[n], n)))
		g.CreatedAt = noon.Add(time.Duration(n*7%3) * time.Microsecond)
		g.UpdatedAt = noon.Add(-time.Duration(n*5%4) * time.Second)
		all = append(all, g)
	}
	insert(t, s, ada, all...)
	byInstant := func(instant func(core.Tag) time.Time) func(a, b core.Tag) int {
		return func(a, b core.Tag) int { return instant(a).Compare(instant(b)) }
	}
	for sort, compare := range map[core.SortField]func(a, b core.Tag) int{
		core.SortName: func(a, b core.Tag) int {
			return strings.Compare(strings.ToLower(string(a.Name)), strings.ToLower(string(b.Name)))
		},
		core.SortCreatedAt: byInstant(func(g core.Tag) time.Time { return g.CreatedAt }),
		core.SortUpdatedAt: byInstant(func(g core.Tag) time.Time { return g.UpdatedAt }),
	} {
		want := slices.SortedFunc(slices.Values(all), func(a, b core.Tag) int {
			if c := compare(a, b); c != 0 {
				return c
			}
			return strings.Compare(a.ID.String(), b.ID.String())
		})
		for _, limit := range []int{1, 3, 10, 11, 200} {
			for _, desc := range []bool{false, true} {
				got := walk(t, s, ada, core.Query{Sort: sort, Desc: desc, Limit: limit})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s, descending %t, %d at a time (-want +got):\n%s", sort, desc, limit, diff)
				}
				slices.Reverse(want)
			}
		}
	}
}

// walk lists page by page to the end.
func walk(t *testing.T, s *postgres.Store, owner uuid.UUID, q core.Query) []core.Tag {
	t.Helper()
	var all []core.Tag
	for range 100 {
		list, next, err := s.List(t.Context(), owner, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > q.Limit || next != nil && len(list) < q.Limit {
			t.Fatalf("a page of %d has %d tags, and more follow: %t", q.Limit, len(list), next != nil)
		}
		all = append(all, list...)
		if next == nil {
			return all
		}
		q.After = next
	}
	t.Fatal("the list does not end")
	return nil
}

// A page stays right while rows come and go around it.
func TestStoreListHoldsStillUnderChange(t *testing.T) {
	t.Parallel()
	s, ada, _ := newStore(t)
	insert(t, s, ada, tag(1, "b"), tag(2, "d"), tag(3, "f"), tag(4, "h"))
	q := core.Query{Sort: core.SortName, Limit: 2}
	first, next, err := s.List(t.Context(), ada, q)
	if err != nil || next == nil {
		t.Fatal(next, err)
	}
	insert(t, s, ada, tag(5, "a"), tag(6, "e"))
	if err := s.Delete(t.Context(), ada, first[1].ID); err != nil { // the very row the cursor stands on
		t.Fatal(err)
	}
	q.After = next
	var names []core.Name
	for _, g := range walk(t, s, ada, q) {
		names = append(names, g.Name)
	}
	if want := []core.Name{"e", "f", "h"}; !slices.Equal(names, want) {
		t.Errorf("goes on with %q, want %q", names, want)
	}
}

func TestStoreRefusesAnUnknownOrder(t *testing.T) {
	t.Parallel()
	s, ada, _ := newStore(t)
	if list, _, err := s.List(t.Context(), ada, core.Query{Sort: "id; DROP TABLE tags", Limit: 10}); err == nil {
		t.Errorf("got %v", list)
	}
}
