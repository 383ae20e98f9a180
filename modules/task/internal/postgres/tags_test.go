package postgres_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/httpx/httpxtest"
	pg "docket/platform/postgres"
)

// wantTagsAgree holds what tasks say of their tags against task_tags.
func (w world) wantTagsAgree(t *testing.T, owner uuid.UUID) {
	t.Helper()
	const sql = `SELECT count(*), count(*) FILTER (WHERE tag_ids <> ARRAY(
			SELECT tag_id FROM task_tags
			WHERE task_tags.user_id = $1 AND task_id = tasks.id AND task_tags.created_at = tasks.created_at ORDER BY tag_id
		)) FROM tasks WHERE user_id = $1`
	type counts struct{ all, wrong int }
	n, err := pg.Get(t.Context(), w.db, owner, func(n *counts) []any { return []any{&n.all, &n.wrong} }, sql)
	if err != nil || n.wrong > 0 || n.all == 0 {
		t.Errorf("of %d tasks %d do not say which tags they carry: %v", n.all, n.wrong, err)
	}
}

// Whatever writes the tags of tasks writes them twice, alike.
func TestTasksSayWhichTagsTheyCarry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := rand.New(rand.NewPCG(8, 9))
	all := medley(60, r)
	w.insert(t, w.ada, all...)
	w.insert(t, w.bob, medley(20, r)...)
	w.wantTagsAgree(t, w.ada)
	release := core.NewRelease(w.Store, func() time.Time { return noon.Add(time.Hour) })
	for _, step := range []func() error{
		func() error {
			for _, x := range all {
				x.TagIDs, x.Revision = nil, 2
				for n := range uint64(3) {
					if r.IntN(2) == 0 {
						x.TagIDs = append(x.TagIDs, tag(n+1))
					}
				}
				x.TagIDs = append([]uuid.UUID{}, x.TagIDs...)
				if err := w.Update(t.Context(), w.ada, anything, x); err != nil {
					return err
				}
			}
			return nil
		},
		func() error { return release.TagMerged(t.Context(), w.ada, tag(1), tag(2)) },
		func() error { return release.TagMerged(t.Context(), w.ada, tag(3), tag(1)) },
		func() error { return release.TagDeleted(t.Context(), w.ada, tag(2)) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		w.wantTagsAgree(t, w.ada)
	}
	w.wantTagsAgree(t, w.bob)
	carried := map[uuid.UUID]bool{}
	for i := range all {
		x, err := w.Get(t.Context(), w.ada, httpxtest.ID(uint64(i+1)))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range x.TagIDs {
			carried[id] = true
		}
	}
	if len(carried) != 1 || !carried[tag(1)] {
		t.Errorf("after all that, tasks carry %v", carried)
	}
}
