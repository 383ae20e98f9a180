package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// card is a task as a board keeps it.
type card struct {
	ID        string   `json:"id"`
	ETag      string   `json:"etag"`
	Title     string   `json:"title"`
	Status    string   `json:"status"`
	Priority  string   `json:"priority"`
	DueOn     *string  `json:"due_on"`
	ProjectID *string  `json:"project_id"`
	ParentID  *string  `json:"parent_id"`
	TagIDs    []string `json:"tag_ids"`
	Position  string   `json:"position"`
}

// board is what a frontend knows: a column for each project, and what it was
// told of each card.
type board struct {
	client
	projects, tags []string
	columns        map[string][]string // ids of cards without a parent, in order, by project
	cards          map[string]card
}

// pages reads a whole list, a page at a time.
func (b *board) pages(t *testing.T, query string) []card {
	t.Helper()
	var all []card
	for cursor := ""; ; {
		var page struct {
			Data []card `json:"data"`
			Meta struct {
				Next *string `json:"next_cursor"`
			} `json:"meta"`
		}
		if err := json.Unmarshal(b.do(t, "GET", "/tasks?limit=40&"+query+cursor, "").Want(t, 200).Body, &page); err != nil {
			t.Fatal(err)
		}
		if all = append(all, page.Data...); page.Meta.Next == nil {
			return all
		}
		cursor = "&cursor=" + *page.Meta.Next
	}
}

// send does a batch and takes over what it answers about tasks.
func (b *board) send(t *testing.T, operations []string) []string {
	t.Helper()
	var answer struct {
		Data []struct {
			Data *card `json:"data"`
		} `json:"data"`
	}
	if err := json.Unmarshal(b.batch(t, operations...).Want(t, 200).Body, &answer); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, x := range answer.Data {
		ids = append(ids, x.Data.ID)
		if x.Data.Title != "" {
			b.cards[x.Data.ID] = *x.Data
		}
	}
	return ids
}

// fill makes 3 projects, 4 tags and 300 tasks, 30 of them below others.
func (b *board) fill(t *testing.T) {
	t.Helper()
	var operations []string
	for _, name := range []string{"Website", "App", "Garden"} {
		operations = append(operations, body(`{"op":"create","resource":"project","data":{"name":%q}}`, name))
	}
	for _, name := range []string{"home", "work", "later", "waiting"} {
		operations = append(operations, body(`{"op":"create","resource":"tag","data":{"name":%q}}`, name))
	}
	made := b.send(t, operations)
	b.projects, b.tags = made[:3], made[3:]
	for chunk := range 3 {
		operations = nil
		for i := range 100 {
			n := chunk*100 + i
			fields := body(`"title":"card %03d","priority":%q,"tag_ids":[%q,%q]`, n,
				[]string{"none", "low", "medium", "high", "urgent"}[n%5], b.tags[n%3], b.tags[3])
			if n%10 == 1 {
				fields += body(`,"parent_id":"card-%d"`, n-1)
			} else {
				fields += body(`,"project_id":%q`, b.projects[n%3])
			}
			if n%4 == 0 {
				fields += body(`,"due_on":"2030-01-%02d"`, 1+n%28)
			}
			if n%50 == 7 {
				fields += `,"description":"Compute the Bernoulli numbers, naïvely"`
			}
			operations = append(operations, body(`{"op":"create","temp_id":"card-%d","data":{%s}}`, n, fields))
		}
		b.send(t, operations)
	}
}

// load reads the columns as a frontend that starts.
func (b *board) load(t *testing.T) map[string][]string {
	t.Helper()
	columns := map[string][]string{}
	for _, project := range b.projects {
		for _, x := range b.pages(t, "sort=position&parent_id=none&project_id="+project) {
			columns[project] = append(columns[project], x.ID)
		}
	}
	return columns
}

// drag drops a card before or behind another, or on an empty spot of a column,
// if nobody changed it meanwhile.
func (b *board) drag(t *testing.T, chance *rand.Rand) {
	t.Helper()
	from, to := b.projects[chance.IntN(3)], b.projects[chance.IntN(3)]
	if len(b.columns[from]) == 0 {
		return
	}
	at := chance.IntN(len(b.columns[from]))
	id := b.columns[from][at]
	b.columns[from] = slices.Delete(b.columns[from], at, at+1)
	column := b.columns[to]
	at = chance.IntN(len(column) + 1)
	where := body(`{"project_id":%q,"parent_id":null`, to)
	switch {
	case at < len(column):
		where += body(`,"before_id":%q}`, column[at])
	case at > 0:
		where += body(`,"after_id":%q}`, column[at-1])
	default:
		where += "}"
	}
	b.columns[to] = slices.Insert(column, at, id)
	r := b.do(t, "POST", "/tasks/"+id+"/move", where, "If-Match", b.cards[id].ETag).Want(t, 200)
	var envelope struct {
		Data card `json:"data"`
	}
	if err := json.Unmarshal(r.Body, &envelope); err != nil {
		t.Fatal(err)
	}
	envelope.Data.ETag = r.ETag()
	b.cards[id] = envelope.Data
	for child, x := range b.cards {
		if x.ParentID != nil && *x.ParentID == id {
			x.ProjectID = &to
			b.cards[child] = x
		}
	}
}

// wantList checks a list against what the board knows.
func (b *board) wantList(t *testing.T, query string, has func(card) bool) {
	t.Helper()
	var want, got []string
	for _, x := range b.cards {
		if has(x) {
			want = append(want, x.Title)
		}
	}
	for _, x := range b.pages(t, query) {
		got = append(got, x.Title)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("%s: %d cards (-board +list):\n%s", query, len(want), diff)
	}
}

// A board with three projects and three hundred tasks, from the first to the
// last.
func TestBoard(t *testing.T) {
	t.Parallel()
	s, url := unlimited(t)
	b := &board{client: s.as(t, adaAddress), cards: map[string]card{}}
	b.fill(t)
	b.columns = b.load(t)
	if n := len(slices.Concat(slices.Collect(maps.Values(b.columns))...)); n != 270 || len(b.cards) != 300 {
		t.Fatalf("%d cards on the board, %d in all", n, len(b.cards))
	}
	b.dragAround(t)
	b.filter(t)
	b.search(t)
	b.editMany(t)
	b.summarize(t)
	b.exported(t)
	b.do(t, "DELETE", "/auth/me", "").Want(t, 204)
	b.do(t, "GET", "/tasks", "").WantFailure(t, 401, "UNAUTHENTICATED")
	eventually(t, "nothing is left", func() bool { return rowsOfUsers(t, url) == 0 })
}

func (b *board) dragAround(t *testing.T) {
	t.Helper()
	chance := rand.New(rand.NewPCG(1815, 12))
	for range 80 {
		b.drag(t, chance)
	}
	if diff := cmp.Diff(b.columns, b.load(t)); diff != "" {
		t.Errorf("after 80 drags (-board +server):\n%s", diff)
	}
	// In another window somebody renames a card: the drag learns of it, and is
	// done again.
	id := b.columns[b.projects[0]][0]
	renamed := b.do(t, "PATCH", "/tasks/"+id, `{"title":"renamed elsewhere"}`).Want(t, 200)
	where := body(`{"parent_id":%q}`, b.columns[b.projects[1]][0])
	refused := b.do(t, "POST", "/tasks/"+id+"/move", where, "If-Match", b.cards[id].ETag)
	if failure := refused.WantFailure(t, 412, "PRECONDITION_FAILED"); !strings.Contains(string(failure.Current), "renamed elsewhere") || refused.ETag() != renamed.ETag() {
		t.Errorf("the refusal shows %s", failure.Current)
	}
	b.do(t, "POST", "/tasks/"+id+"/move", where, "If-Match", refused.ETag()).Want(t, 200)
	for _, x := range b.pages(t, "sort=title") {
		b.cards[x.ID] = x
	}
	b.columns = b.load(t)
	if slices.Contains(b.columns[b.projects[0]], id) || text(b.cards[id].ProjectID) != b.projects[1] {
		t.Errorf("the card did not go below another: %+v", b.cards[id])
	}
}

func (b *board) filter(t *testing.T) {
	t.Helper()
	project, tag, other := b.projects[2], b.tags[1], b.tags[2]
	b.wantList(t, "project_id="+project, func(x card) bool { return text(x.ProjectID) == project })
	b.wantList(t, "priority=high,urgent&sort=-priority", func(x card) bool { return x.Priority == "high" || x.Priority == "urgent" })
	b.wantList(t, "tag_id="+tag+","+other, func(x card) bool { return slices.Contains(x.TagIDs, tag) || slices.Contains(x.TagIDs, other) })
	b.wantList(t, "tag_match=all&tag_id="+tag+","+b.tags[3], func(x card) bool { return slices.Contains(x.TagIDs, tag) })
	b.wantList(t, "due_before=2030-01-10&sort=due&project_id="+project, func(x card) bool {
		return x.DueOn != nil && *x.DueOn < "2030-01-10" && text(x.ProjectID) == project
	})
	if list := b.pages(t, "project_id=none"); len(list) != 0 {
		t.Errorf("in the inbox there are %d cards", len(list))
	}
}

func (b *board) search(t *testing.T) {
	t.Helper()
	for _, q := range []string{"bernoul", "naively%20NUMB", "%22bernoulli%20numbers%22"} {
		b.wantList(t, "q="+q, func(x card) bool {
			var n int
			_, err := fmt.Sscanf(x.Title, "card %d", &n)
			return err == nil && n%50 == 7
		})
	}
	b.wantList(t, "q=renamed", func(x card) bool { return x.Title == "renamed elsewhere" })
	if list := b.pages(t, "q=bernoulli%20-compute"); len(list) != 0 {
		t.Errorf("without a word that they have, there are %d", len(list))
	}
}

// editMany finishes what is selected, on the condition that nobody changed it.
func (b *board) editMany(t *testing.T) {
	t.Helper()
	selected := b.pages(t, "priority=urgent&parent_id=none&project_id="+b.projects[0])
	var operations []string
	for _, x := range selected {
		operations = append(operations, body(`{"op":"update","id":%q,"if_match":%q,"data":{"status":"done"}}`, x.ID, x.ETag))
	}
	rehearsed := b.do(t, "POST", "/batch", `{"dry_run":true,"operations":[`+strings.Join(operations, ",")+`]}`)
	if all := done(t, rehearsed); len(all) != len(selected) || len(all) == 0 {
		t.Errorf("%d selected, %d rehearsed", len(selected), len(all))
	}
	b.send(t, operations)
	failure := b.batch(t, operations...).WantFailure(t, 412, "PRECONDITION_FAILED")
	if failure.Index == nil || *failure.Index != 0 {
		t.Errorf("the same again fails at %v", failure.Index)
	}
	for _, x := range b.pages(t, "sort=title") {
		b.cards[x.ID] = x
	}
	b.wantList(t, "status=done", func(x card) bool {
		parent := b.cards[text(x.ParentID)]
		return x.Status == "done" && (parent.ID == "" || parent.Status == "done" || x.Priority == "urgent")
	})
	for _, x := range b.cards {
		if parent := b.cards[text(x.ParentID)]; parent.Status == "done" && x.Status == "todo" {
			t.Errorf("%s is open below %s, which is done", x.Title, parent.Title)
		}
	}
	for _, x := range selected {
		if b.cards[x.ID].Status != "done" {
			t.Errorf("%s is %s", x.Title, b.cards[x.ID].Status)
		}
	}
}

func (b *board) summarize(t *testing.T) {
	t.Helper()
	type open struct {
		ProjectID string `json:"project_id"`
		TagID     string `json:"tag_id"`
		Open      int    `json:"open"`
	}
	var got struct {
		Data struct {
			Open      int    `json:"open"`
			DoneToday int    `json:"done_today"`
			ByProject []open `json:"open_by_project"`
			ByTag     []open `json:"open_by_tag"`
		} `json:"data"`
	}
	before := time.Now().UTC().Format(time.DateOnly)
	if err := json.Unmarshal(b.do(t, "GET", "/tasks/summary", "").Want(t, 200).Body, &got); err != nil {
		t.Fatal(err)
	}
	want, finished := map[string]int{}, 0
	for _, x := range b.cards {
		if x.Status == "done" {
			finished++
			continue
		}
		for _, id := range append([]string{text(x.ProjectID)}, x.TagIDs...) {
			want[id]++
		}
	}
	counted := map[string]int{}
	for _, x := range slices.Concat(got.Data.ByProject, got.Data.ByTag) {
		counted[x.ProjectID+x.TagID] = x.Open
	}
	if diff := cmp.Diff(want, counted); diff != "" || got.Data.Open != len(b.cards)-finished {
		t.Errorf("%d open of %d, %d done (-board +summary):\n%s", got.Data.Open, len(b.cards), finished, diff)
	}
	if today := time.Now().UTC().Format(time.DateOnly); today == before && got.Data.DoneToday != finished && !b.pastMidnight(t) {
		t.Errorf("%d done today, want %d", got.Data.DoneToday, finished)
	}
}

// pastMidnight reports whether any card was done on another day than the last:
// a test that runs over midnight knows no better.
func (b *board) pastMidnight(t *testing.T) bool {
	t.Helper()
	return len(b.pages(t, "status=done&completed_before="+time.Now().UTC().Format(time.DateOnly))) > 0
}

func (b *board) exported(t *testing.T) {
	t.Helper()
	doc := export(t, b.client)
	if len(doc.Projects) != 3 || len(doc.Tags) != 4 || len(doc.Tasks) != len(b.cards) {
		t.Errorf("exported: %d projects, %d tags, %d tasks", len(doc.Projects), len(doc.Tags), len(doc.Tasks))
	}
	for _, x := range doc.Tasks {
		id, _ := x["id"].(string)
		known, ok := b.cards[id]
		if !ok || x["title"] != known.Title || x["status"] != known.Status || x["position"] != known.Position {
			t.Errorf("exported %v, the board has %+v", x, known)
		}
	}
}

// text is what a pointer points to, or "".
func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
