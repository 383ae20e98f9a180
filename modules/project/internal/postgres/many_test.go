package postgres_test

import (
	"context"
	"errors"
	"testing"

	"docket/modules/project/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx/httpxtest"
)

// Many projects are kept together, or none: the error says which could not be.
func TestInsertMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keep := func(projects ...core.Project) error {
		return w.db.InTx(t.Context(), func(ctx context.Context) error { return w.Insert(ctx, w.ada, projects...) })
	}
	if err := keep(project(1, "home"), project(2, "work")); err != nil {
		t.Fatal(err)
	}
	w.wantStored(t, w.ada, project(1, "home"))
	w.wantStored(t, w.ada, project(2, "work"))
	for name, c := range map[string]struct {
		bad  core.Project
		want error
	}{
		"a name that is taken":         {project(4, "HOME"), core.NameTaken(project(1, "home"))},
		"the name of one before it":    {project(4, "New"), core.NameTaken(project(3, "new"))},
		"an id that is taken":          {project(1, "other"), core.ErrExists},
		"an id that one before it has": {project(3, "other"), core.ErrExists},
	} {
		err := keep(project(3, "new"), c.bad, project(5, "behind"))
		if at, ok := errors.AsType[*errs.At](err); !ok || at.Index != 1 || !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := w.Get(t.Context(), w.ada, httpxtest.ID(3)); errs.KindOf(err) != errs.NotFound {
			t.Errorf("%s: the one before it is there: %v", name, err)
		}
	}
}
