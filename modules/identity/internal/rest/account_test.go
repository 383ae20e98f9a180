package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/platform/errs"
)

// shelf is what another module keeps of a user.
type shelf struct {
	books []string
	err   error
}

func (s *shelf) Export(_ context.Context, _ uuid.UUID, yield func([]byte) error) error {
	for _, b := range s.books {
		if err := yield([]byte(b)); err != nil {
			return err
		}
	}
	return s.err
}

func (s *shelf) EraseSome(_ context.Context, _ uuid.UUID, limit int) (int, error) {
	n := min(limit, len(s.books))
	s.books = s.books[n:]
	return n, s.err
}

func (f fixture) run(t *testing.T) {
	t.Helper()
	if err := f.erasure.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

const erased = "UNAUTHENTICATED"

func TestErase(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.shelf.books = []string{"{}", "{}"}
	ada := f.as(t, "ada", "ada@example.com", "Ada")
	bob := f.as(t, "bob", "bob@example.com", "Bob")
	bob.Do(t, "GET", me, "").Want(t, 200)
	first := ada.Do(t, "GET", me, "").Want(t, 200)

	ada.Do(t, "DELETE", me, "").Want(t, 204)
	// From now on, whether anything was removed yet or not.
	for _, call := range [][2]string{{"GET", me}, {"GET", me + "/export"}, {"PATCH", me}, {"DELETE", me}} {
		ada.Do(t, call[0], call[1], "").WantFailure(t, 401, erased)
	}
	again := f.as(t, "ada", "ada@example.com", "Ada")
	// A token of that user is no guess, however often a tab tries it.
	again.Do(t, "GET", me, "").WantFailure(t, 401, erased)
	f.app.As("guess").Do(t, "GET", me, "").WantFailure(t, 401, erased)
	if n := f.guesses.n.Load(); n != 1 {
		t.Errorf("%d requests count as guesses, want the one that is", n)
	}
	select {
	case <-f.erasure.Woken():
	default:
		t.Error("nobody is told that there is something to be removed")
	}
	f.run(t)
	if len(f.shelf.books) != 0 {
		t.Errorf("%d books are left", len(f.shelf.books))
	}
	again.Do(t, "GET", me, "").WantFailure(t, 401, erased)
	bob.Do(t, "GET", me, "").Want(t, 200)

	// A later sign-up is somebody else.
	var before, after user
	first.Data(t, &before)
	f.as(t, "ada-2", "ada@example.com", "Ada").Do(t, "GET", me, "").Want(t, 200).Data(t, &after)
	if before.ID == after.ID {
		t.Error("the new user has the id of the erased one")
	}
	// And once nobody can hold a token of before, the same name is too.
	f.clock.Advance(31 * 24 * time.Hour)
	if n, err := f.erasure.Sweep(t.Context()); err != nil || n != 1 {
		t.Errorf("%d tombstones were swept, %v", n, err)
	}
	f.as(t, "ada", "ada@example.com", "Ada").Do(t, "GET", me, "").Want(t, 200).Data(t, &after)
	if before.ID == after.ID {
		t.Error("the erased user is back")
	}
}

func TestEraseWithPrecondition(t *testing.T) {
	t.Parallel()
	f := open(t)
	ada := f.as(t, "ada", "ada@example.com", "Ada")
	tag := ada.Do(t, "GET", me, "").ETag()
	ada.Do(t, "DELETE", me, "", "If-Match", `"stale"`).WantFailure(t, 412, "PRECONDITION_FAILED")
	ada.Do(t, "GET", me, "").Want(t, 200)
	ada.Do(t, "DELETE", me, "", "If-Match", tag).Want(t, 204)
	ada.Do(t, "GET", me, "").WantFailure(t, 401, erased)
}

// The key's row goes with the user: a retry finds no user, which says that the
// first try did it.
func TestEraseWithIdempotencyKey(t *testing.T) {
	t.Parallel()
	f := open(t)
	ada := f.as(t, "ada", "ada@example.com", "Ada")
	ada.Do(t, "DELETE", me, "", "Idempotency-Key", "k", "If-Match", `"stale"`).WantFailure(t, 412, "PRECONDITION_FAILED")
	ada.Do(t, "GET", me, "").Want(t, 200)
	ada.Do(t, "DELETE", me, "", "Idempotency-Key", "k2").Want(t, 204)
	ada.Do(t, "DELETE", me, "", "Idempotency-Key", "k2").WantFailure(t, 401, erased)
	f.run(t)
	ada.Do(t, "DELETE", me, "", "Idempotency-Key", "k2").WantFailure(t, 401, erased)
}

func TestExport(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.shelf.books = []string{`{"title":"Émile"}`, `{"title":"2"}`, `{"title":"3"}`}
	ada := f.as(t, "ada", "ada@example.com", "Ada")
	r := ada.Do(t, "GET", me+"/export", "").Want(t, 200)
	for name, want := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "Content-Disposition": `attachment; filename="docket-export-2026-03-14.json"`,
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	var envelope struct{ Data json.RawMessage }
	if err := json.Unmarshal(ada.Do(t, "GET", me, "").Want(t, 200).Body, &envelope); err != nil {
		t.Fatal(err)
	}
	want := `{"exported_at":"2026-03-14T15:09:26.535897Z",` + "\n" + `"user":` + string(envelope.Data) + `,` + "\n" +
		`"books":[` + "\n" + `{"title":"Émile"},` + "\n" + `{"title":"2"},` + "\n" + `{"title":"3"}` + "\n" + `],` + "\n" + `"films":[` + "\n]\n}\n"
	if diff := cmp.Diff(want, string(r.Body)); diff != "" || !json.Valid(r.Body) {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ada.Do(t, "GET", me+"/export?from=2025", "").WantInvalid(t, "from unknown_parameter")
	f.app.Anonymous().Do(t, "GET", me+"/export", "").WantFailure(t, 401, erased)
}

func TestErasureThatFails(t *testing.T) {
	t.Parallel()
	f := open(t)
	ada, bob := f.as(t, "ada", "ada@example.com", "Ada"), f.as(t, "bob", "bob@example.com", "Bob")
	ada.Do(t, "DELETE", me, "").Want(t, 204)
	bob.Do(t, "DELETE", me, "").Want(t, 204)
	f.shelf.err = errors.New("the shelf is stuck")
	if err := f.erasure.Run(t.Context()); !errors.Is(err, f.shelf.err) || errs.KindOf(err) != errs.Internal {
		t.Errorf("got %v", err)
	}
	f.shelf.err = nil
	f.run(t)
	ada.Do(t, "GET", me, "").WantFailure(t, 401, erased)
}
