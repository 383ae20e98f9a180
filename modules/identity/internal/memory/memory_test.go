package memory

import (
	"strconv"
	"testing"

	"docket/modules/identity/internal/core"
)

func TestRecall(t *testing.T) {
	t.Parallel()
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := m.Recall("site", "ada"); ok {
		t.Errorf("an empty memory knows %+v", u)
	}
	m.Remember(core.User{Issuer: "site", Subject: "ada", Revision: 1})
	m.Remember(core.User{Issuer: "site", Subject: "ada", Revision: 2})
	if u, ok := m.Recall("site", "ada"); !ok || u.Revision != 2 {
		t.Errorf("got %+v, %t", u, ok)
	}
	for _, other := range [][2]string{{"site", "Ada"}, {"Site", "ada"}, {"sitea", "da"}, {"", "siteada"}} {
		if u, ok := m.Recall(other[0], other[1]); ok {
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
		m.Remember(core.User{Issuer: "site", Subject: strconv.Itoa(n)})
	}
	if _, ok := m.Recall("site", "0"); ok {
		t.Error("the user met first is remembered")
	}
	if _, ok := m.Recall("site", strconv.Itoa(size)); !ok {
		t.Error("the user met last is forgotten")
	}
}
