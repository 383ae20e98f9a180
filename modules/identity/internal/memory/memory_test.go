package memory

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/modules/identity/internal/core"
)

var noon = time.Date(2026, time.March, 14, 12, 0, 0, 0, time.UTC)

func TestRecall(t *testing.T) {
	t.Parallel()
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := m.Recall("site", "ada", noon); ok {
		t.Errorf("an empty memory knows %+v", u)
	}
	m.Remember(core.User{Issuer: "site", Subject: "ada", Revision: 1}, noon.Add(1))
	m.Remember(core.User{Issuer: "site", Subject: "ada", Revision: 2}, noon.Add(1))
	if u, ok := m.Recall("site", "ada", noon); !ok || u.Revision != 2 {
		t.Errorf("got %+v, %t", u, ok)
	}
	for _, other := range [][2]string{{"site", "Ada"}, {"Site", "ada"}, {"sitea", "da"}, {"", "siteada"}} {
		if u, ok := m.Recall(other[0], other[1], noon); ok {
			t.Errorf("%q is taken for %+v", other, u)
		}
	}
}

// The users met last are remembered, the others make room.
func TestSizeIsBounded(t *testing.T) {
	t.Parallel()
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for n := range size + 1 {
		m.Remember(core.User{Issuer: "site", Subject: strconv.Itoa(n)}, noon.Add(1))
	}
	if _, ok := m.Recall("site", "0", noon); ok {
		t.Error("the user met first is remembered")
	}
	if _, ok := m.Recall("site", strconv.Itoa(size), noon); !ok {
		t.Error("the user met last is forgotten")
	}
}

// What was found a while ago is to be looked up again.
func TestRecallGoesStale(t *testing.T) {
	t.Parallel()
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	ada := core.User{ID: uuid.UUID{1}, Issuer: "site", Subject: "ada"}
	m.Remember(ada, noon)
	for since, want := range map[time.Time]bool{noon.Add(-time.Second): true, noon: false, noon.Add(time.Second): false} {
		if _, ok := m.Recall("site", "ada", since); ok != want {
			t.Errorf("found at %s, wanted since %s: remembered %t", noon, since, ok)
		}
	}
}

// A request that found the user before the erasure, and remembers it after.
func TestForgottenIsNotRememberedAgain(t *testing.T) {
	t.Parallel()
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	ada := core.User{ID: uuid.UUID{1}, Issuer: "site", Subject: "ada"}
	m.Remember(ada, noon)
	m.Forget(ada, noon)
	m.Remember(ada, noon.Add(time.Second))
	if u, ok := m.Recall("site", "ada", noon.Add(-time.Hour)); ok {
		t.Errorf("got %+v", u)
	}
	// Once the tombstone is gone, the same name is somebody new.
	ada.ID = uuid.UUID{2}
	m.Remember(ada, noon.Add(time.Second))
	if u, ok := m.Recall("site", "ada", noon); !ok || u.ID != ada.ID {
		t.Errorf("got %+v, %t", u, ok)
	}
}
