package main

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

// The matrix asks every operation of the document for every id that it takes:
// the user's own, another user's, one that nobody has, and no id at all, each
// alone and next to others. Another's and nobody's must be told apart by
// nothing. Once more the same with the first wall taken down between the program
// and PostgreSQL, and once with the second off: nothing may leak, and nothing be
// answered differently.
func TestIsolationMatrix(t *testing.T) {
	t.Parallel()
	address := pgtest.URL(t)
	both := newMatrix(t, address, "DATABASE_URL="+address)
	both.run(t)
	for _, b := range both.breaches {
		t.Errorf("both walls: %s", b)
	}

	address = pgtest.URL(t)
	pulled := map[string]bool{}
	_, through := newForgery(t, address, withoutFirstWall(pulled))
	second := newMatrix(t, address, "DATABASE_URL="+through)
	second.run(t)
	for _, b := range second.breaches {
		t.Errorf("the second wall alone: %s", b)
	}
	if len(pulled) < 30 {
		t.Errorf("the first wall was in %d statements only", len(pulled))
	}
	if diff := cmp.Diff(both.answers, second.answers); diff != "" {
		t.Errorf("answers behind both walls and behind the second alone (-both +second):\n%s", diff)
	}

	address = pgtest.AsOwner(t, pgtest.URL(t))
	first := newMatrix(t, address, "DATABASE_URL="+address, "DOCKET_DATABASE_ROW_SECURITY=off")
	if held := query(t, address, "SELECT row_security_active('tasks')::text"); held != "false" {
		t.Fatalf("row-level security holds for the owner: %s", held)
	}
	first.run(t)
	for _, b := range first.breaches {
		t.Errorf("the first wall alone: %s", b)
	}
	if diff := cmp.Diff(both.answers, first.answers); diff != "" {
		t.Errorf("answers behind both walls and behind the first alone (-both +first):\n%s", diff)
	}
	t.Logf("%d operations, %d cells behind both walls, %d behind the first alone and %d behind the second alone, where %d statements had lost their condition",
		len(both.operations), both.cells, first.cells, second.cells, len(pulled))
}

// A matrix that finds nothing wrong where no wall stands would be worth nothing.
func TestIsolationMatrixFindsLeaks(t *testing.T) {
	t.Parallel()
	address := pgtest.AsOwner(t, pgtest.URL(t))
	_, through := newForgery(t, address, withoutFirstWall(map[string]bool{}))
	none := newMatrix(t, address, "DATABASE_URL="+through, "DOCKET_DATABASE_ROW_SECURITY=off")
	none.run(t)
	if len(none.breaches) < len(none.operations) {
		t.Errorf("without any wall %d operations show %d breaches: %q", len(none.operations), len(none.breaches), none.breaches)
	}
	t.Logf("without any wall: %d breaches in %d cells", len(none.breaches), none.cells)
}

var (
	ownerConditions = regexp.MustCompile(`(?i)\b(?:\w+\.)?user_id\s*=\s*(\$\d+)\b(?:::uuid)?`)
	selfConditions  = regexp.MustCompile(`(?is)\b((?:FROM|UPDATE)\s+(?:users|tombstones)\b.*?\bWHERE\s+)id\s*=\s*(\$1)\b`)
)

// withoutFirstWall takes the condition on the owner out of a statement, and
// notes which statements had one.
func withoutFirstWall(pulled map[string]bool) func(sql string) string {
	noted := make(chan struct{}, 1)
	noted <- struct{}{}
	return func(sql string) string {
		bare := ownerConditions.ReplaceAllString(sql, "($1::uuid IS NOT NULL)")
		bare = selfConditions.ReplaceAllString(bare, "$1($2::uuid IS NOT NULL)")
		if bare != sql {
			<-noted
			pulled[sql] = true
			noted <- struct{}{}
		}
		return bare
	}
}

// choice is which id stands in a slot.
type choice int

const (
	own choice = iota
	another
	missing
	malformed
)

// cell is one request of the matrix: an id in each of some slots.
type cell struct {
	operation operation
	slots     []slot
	ids       []choice
}

func (c cell) String() string {
	var all []string
	for i, s := range c.slots {
		all = append(all, fmt.Sprintf("%s %s %s", []string{"own", "another's", "missing", "malformed"}[c.ids[i]], s.in, s.name))
	}
	return c.operation.String() + ": " + strings.Join(all, ", ")
}

// with is c with the ids of others replaced by those of nobody.
func (c cell) with(id choice) cell {
	c.ids = slices.Clone(c.ids)
	for i := range c.ids {
		if c.ids[i] == another {
			c.ids[i] = id
		}
	}
	return c
}

// run asks for every cell.
func (m *matrix) run(t *testing.T) {
	t.Helper()
	for _, o := range m.operations {
		for _, slots := range o.subsets() {
			for ids := range assignments(len(slots)) {
				c := cell{o, slots, ids}
				if !slices.Contains(ids, another) {
					m.ofOwn(t, c)
					continue
				}
				m.foreign(t, c)
			}
			if i := len(slots) - 1; i >= 0 {
				ids := make([]choice, len(slots))
				ids[i] = malformed
				m.refused(t, cell{o, slots, ids})
			}
		}
	}
	m.traces(t, "all of it")
}

// assignments yields every way to put the user's own id or another's into n
// slots.
func assignments(n int) func(yield func([]choice) bool) {
	return func(yield func([]choice) bool) {
		for bits := range 1 << n {
			ids := make([]choice, n)
			for i := range ids {
				if bits>>i&1 == 1 {
					ids[i] = another
				}
			}
			if !yield(ids) {
				return
			}
		}
	}
}

// ofOwn asks for what is the user's own, which works where it is all that there
// is to say.
func (m *matrix) ofOwn(t *testing.T, c cell) {
	t.Helper()
	answer := m.ask(t, c)
	m.answers[c.String()] = m.named(answer)
	if len(c.slots) == 1+c.operation.inPath() && answer.Status >= 300 {
		m.breach("%s answers %d %s", c, answer.Status, answer.Body)
	}
	m.traces(t, c.String())
}

// foreign asks for another's, and then in the same way for what nobody has.
func (m *matrix) foreign(t *testing.T, c cell) {
	t.Helper()
	theirs := m.named(m.ask(t, c))
	m.traces(t, c.String())
	nobodys := m.named(m.ask(t, c.with(missing)))
	m.traces(t, c.with(missing).String())
	if theirs != nobodys {
		m.breach("%s\nanswers\n%s\nand of nobody's\n%s", c, theirs, nobodys)
	}
	m.answers[c.String()] = theirs
}

// refused asks for what is no id.
func (m *matrix) refused(t *testing.T, c cell) {
	t.Helper()
	answer := m.ask(t, c)
	if answer.Status != http.StatusBadRequest && answer.Status != http.StatusUnprocessableEntity && answer.Status != http.StatusNotFound {
		m.breach("%s answers %d", c, answer.Status)
	}
	m.traces(t, c.String())
}

var (
	anyID      = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyInstant = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`)
	anyMade    = regexp.MustCompile(`"(etag|position|next_cursor|subject|email|name)":"(?:[^"\\]|\\.)*"`)
)

// named is an answer, as it came but for what names the requests apart: the ids
// that were asked for and, of a success, what is made anew each time.
func (m *matrix) named(r httpxtest.Response) string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Status)
	for _, name := range slices.Sorted(keysOf(r.Header)) {
		switch name {
		case "Date", "Ratelimit-Remaining", "Ratelimit-Reset", "Content-Length", "Traceparent":
		case "Etag", "Location":
			fmt.Fprintln(&b, name)
		default:
			fmt.Fprintln(&b, name, r.Header[name])
		}
	}
	body := m.names.Replace(string(r.Body))
	if r.Status < 300 {
		body = anyMade.ReplaceAllString(anyInstant.ReplaceAllString(anyID.ReplaceAllString(body, "AN ID"), "AN INSTANT"), `"$1":"MADE"`)
	}
	return b.String() + body
}

func keysOf(h http.Header) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range h {
			if !yield(name) {
				return
			}
		}
	}
}

// subsets are the slots that are filled together: the one in the path, where
// there is one, with up to three of the others.
func (o operation) subsets() [][]slot {
	others := o.slots[o.inPath():]
	var all [][]slot
	for bits := range 1 << len(others) {
		chosen := slices.Clone(o.slots[:o.inPath()])
		for i, s := range others {
			if bits>>i&1 == 1 {
				chosen = append(chosen, s)
			}
		}
		if len(chosen) <= 3+o.inPath() {
			all = append(all, chosen)
		}
	}
	return all
}

func freshID(t *testing.T) string {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}
