package core_test

import (
	"testing"
	"time"

	"docket/modules/identity/internal/core"
	pg "docket/platform/postgres"
)

func look(t *testing.T, l *core.Lookout) {
	t.Helper()
	if err := l.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// known makes a user whom a process remembers, and who is erased in another.
func (w world) known(t *testing.T, there replica, subject string) core.Claims {
	t.Helper()
	c := w.token(0, "ada@example.com")
	c.Subject = subject
	identify(t, there.Service, c)
	look(t, there.Lookout)
	id := identify(t, there.Service, c)
	if err := w.replica(t).Erase(t.Context(), id, nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// Whoever was erased elsewhere is let in for a second and not for longer, even
// where no look succeeds any more.
func TestErasedUserIsLetInForASecondAtMost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	there := w.replica(t)
	ada := w.known(t, there, "ada")
	w.clock.Advance(time.Second)
	identify(t, there.Service, ada)
	w.clock.Advance(time.Nanosecond)
	wantErased(t, there.Service, ada)
}

// A tombstone is seen once it is committed, which may be after a look that
// began later than it was written: the next one looks back for that.
func TestTombstoneThatIsCommittedLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	there := w.replica(t)
	ada, grace := w.known(t, there, "ada"), w.known(t, there, "grace")
	if _, err := pg.ExecUnowned(t.Context(), w.owner, pg.Door{}, `UPDATE tombstones SET erased_at = erased_at - interval '29 seconds'`); err != nil {
		t.Fatal(err)
	}
	look(t, there.Lookout)
	wantErased(t, there.Service, ada)
	wantErased(t, there.Service, grace)
}

// Who was met before the first look is looked up once more: a tombstone from
// then may be too old for that look.
func TestUserMetBeforeTheFirstLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	there := w.replica(t)
	ada := w.token(0, "ada@example.com")
	id := identify(t, there.Service, ada)
	if err := w.replica(t).Erase(t.Context(), id, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := pg.ExecUnowned(t.Context(), w.owner, pg.Door{}, `UPDATE tombstones SET erased_at = erased_at - interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(30 * time.Second)
	look(t, there.Lookout)
	wantErased(t, there.Service, ada)
}

// An idle process leaves the database alone, and looks again when somebody
// asks.
func TestLookoutRests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.replica(t)
	identify(t, s.Service, w.token(0, "ada@example.com"))
	w.clock.Advance(time.Minute)
	look(t, s.Lookout)
	w.db.Close()
	if err := s.Look(t.Context()); err == nil {
		t.Error("a look without a database found nothing wrong")
	}
	w.clock.Advance(time.Nanosecond)
	look(t, s.Lookout)
}
