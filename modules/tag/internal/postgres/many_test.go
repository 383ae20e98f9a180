package postgres_test

import (
	"context"
	"errors"
	"testing"

	"docket/modules/tag/internal/core"
	"docket/modules/tag/internal/postgres"
	"docket/platform/errs"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

// Many tags are kept together, or none: the error says which could not be.
func TestInsertMany(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	s, ada := postgres.NewStore(db), httpxtest.AddUser(t, db, "ada")
	keep := func(tags ...core.Tag) error {
		return db.InTx(t.Context(), func(ctx context.Context) error { return s.Insert(ctx, ada, tags...) })
	}
	if err := keep(tag(1, "home"), tag(2, "work")); err != nil {
		t.Fatal(err)
	}
	wantStored(t, s, ada, tag(1, "home"))
	wantStored(t, s, ada, tag(2, "work"))
	for name, c := range map[string]struct {
		bad  core.Tag
		want error
	}{
		"a name that is taken":         {tag(4, "HOME"), core.NameTaken(tag(1, "home"))},
		"the name of one before it":    {tag(4, "New"), core.NameTaken(tag(3, "new"))},
		"an id that is taken":          {tag(1, "other"), core.ErrExists},
		"an id that one before it has": {tag(3, "other"), core.ErrExists},
	} {
		err := keep(tag(3, "new"), c.bad, tag(5, "behind"))
		if at, ok := errors.AsType[*errs.At](err); !ok || at.Index != 1 || !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Get(t.Context(), ada, httpxtest.ID(3)); errs.KindOf(err) != errs.NotFound {
			t.Errorf("%s: the one before it is there: %v", name, err)
		}
	}
}
