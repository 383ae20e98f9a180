package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"docket/platform/auth/devissuer"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

var (
	worldSteps = flag.Int("worlds.steps", 60, "how many things each user does in TestWorlds")
	worldSeed  = flag.Uint64("worlds.seed", 18, "where TestWorlds begins to draw")
)

// inhabitant is a user, what they should have, and what they know of.
type inhabitant struct {
	name     string
	lives    int // sign-ups so far
	replicas []*instance
	rng      *rand.Rand
	model    universe
	// known are the ids that were once theirs, in order, by kind.
	known map[string][]string
	// foreign returns an id that is somebody else's, or was.
	foreign func(kind string, rng *rand.Rand) string
	// tell hands an id to the others.
	tell func(kind, id string)
	log  []string
	// statuses counts what was answered.
	statuses map[int]int
}

// Five users do whatever comes to mind, one after the other and all at once,
// through two processes. What each of them has is at all times what a simple
// model of that user alone says, whatever the others do.
func TestWorlds(t *testing.T) {
	t.Parallel()
	for name, atOnce := range map[string]bool{"in turn": false, "at once": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Logf("the same again: go test ./cmd/docket -run TestWorlds -worlds.seed=%d -worlds.steps=%d", *worldSeed, *worldSteps)
			seed := *worldSeed
			if atOnce {
				seed++
			}
			users := populate(t, seed)
			if !atOnce {
				for range *worldSteps {
					for _, u := range users {
						u.step(t)
						u.compare(t)
					}
				}
			} else {
				var all sync.WaitGroup
				for _, u := range users {
					all.Go(func() {
						for i := 0; i < 2**worldSteps && !t.Failed(); i++ {
							u.step(t)
							if i%4 == 0 { // or they would mostly look
								u.compare(t)
							}
						}
					})
				}
				all.Wait()
			}
			for _, u := range users {
				u.compare(t)
				u.compareRest(t)
				t.Logf("%s: %d projects, %d tags, %d tasks, %d lives, answers %v", u.name, len(u.model.Projects), len(u.model.Tags), len(u.model.Tasks), u.lives, u.statuses)
			}
		})
	}
}

// populate makes five users of two processes over one database.
func populate(t *testing.T, seed uint64) []*inhabitant {
	t.Helper()
	settings := []string{"DATABASE_URL=" + pgtest.URL(t), "DOCKET_DATA_DIR=" + t.TempDir(), "DOCKET_RATE_LIMIT_REQUESTS=1000000"}
	replicas := []*instance{servingOn(t, settings...), servingOn(t, settings...)}
	var mu sync.Mutex
	seen := map[string][]string{} // by kind, of everybody
	var users []*inhabitant
	for i, name := range []string{"ada", "grace", "katherine", "mary", "sophie"} {
		users = append(users, &inhabitant{
			name: name, lives: 1, replicas: replicas, rng: rand.New(rand.NewPCG(seed, uint64(i))),
			model: newUniverse(), known: map[string][]string{}, statuses: map[int]int{},
			foreign: func(kind string, rng *rand.Rand) string {
				mu.Lock()
				defer mu.Unlock()
				if ids := seen[kind]; len(ids) > 0 {
					return ids[rng.IntN(len(ids))]
				}
				return newID().String()
			},
		})
	}
	for _, u := range users {
		u.tell = func(kind, id string) {
			mu.Lock()
			defer mu.Unlock()
			seen[kind] = append(seen[kind], id)
		}
	}
	return users
}

// client is the user at one of the processes.
func (u *inhabitant) client(t *testing.T) client {
	t.Helper()
	now := time.Now()
	s := u.replicas[u.rng.IntN(len(u.replicas))]
	return s.bearing(t, devissuer.Claims{
		Subject: fmt.Sprintf("%s, life %d", u.name, u.lives), Email: u.name + "@example.com", Name: u.name, IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	})
}

// step does one thing.
func (u *inhabitant) step(t *testing.T) {
	t.Helper()
	switch n := u.rng.IntN(400); {
	case n < 290:
		u.single(t)
	case n < 385:
		u.many(t)
	case n < 390:
		u.model.Zone = pick(u.rng, "UTC", "Europe/Berlin", "Pacific/Apia")
		u.answered(t, "zone", u.client(t).do(t, "PATCH", "/auth/me", body(`{"time_zone":%q}`, u.model.Zone)), 200)
	case n < 392:
		u.answered(t, "erase", u.client(t).do(t, "DELETE", "/auth/me", ""), 204)
		u.model, u.lives = newUniverse(), u.lives+1
	default:
		u.compareRest(t)
	}
}

// answered fails the test where Docket and the model disagree.
func (u *inhabitant) answered(t *testing.T, what string, r httpxtest.Response, want int) {
	t.Helper()
	u.statuses[r.Status]++
	u.log = append(u.log, fmt.Sprintf("%s: %d", what, r.Status))
	if r.Status != want {
		t.Fatalf("%s did\n%s\nand the model says %d, Docket %s", u.name, strings.Join(u.log, "\n"), want, r.Body)
	}
}

// routes of single acts, by verb.
var worldRoutes = map[string][2]string{
	"create": {"POST", "/%ss"}, "put": {"PUT", "/%ss/%s"}, "update": {"PATCH", "/%ss/%s"}, "delete": {"DELETE", "/%ss/%s"},
	"empty": {"DELETE", "/%ss/%s?tasks=delete"}, "archive": {"POST", "/%ss/%s/archive"}, "unarchive": {"POST", "/%ss/%s/unarchive"},
	"merge": {"POST", "/%ss/%s/merge"}, "move": {"POST", "/%ss/%s/move"},
}

// single does one act by its own route, now and then twice with one key.
func (u *inhabitant) single(t *testing.T) {
	t.Helper()
	a := u.act(nil)
	route := worldRoutes[a.Verb]
	path, content := body(route[1], a.Kind, a.ID), ""
	if a.Verb == "create" {
		path, a.ID = body(route[1], a.Kind), "new"
	}
	if a.Data != nil {
		content = asJSON(t, a.Data)
	}
	want := u.model.clone().apply(a)
	var key []string
	if u.rng.IntN(10) == 0 {
		key = []string{"Idempotency-Key", newID().String()}
	}
	for range 1 + len(key)/2 {
		r := u.client(t).do(t, route[0], path, content, key...)
		u.answered(t, route[0]+" "+path+" "+content, r, want)
		if a.Verb == "create" && want == http.StatusCreated {
			a.ID = one(t, r, 201).ID
		}
	}
	if u.model.apply(a); want == http.StatusCreated {
		u.met(a.Kind, a.ID)
	}
}

// many does up to eight acts as one batch, which happens as a whole or not at
// all.
func (u *inhabitant) many(t *testing.T) {
	t.Helper()
	var acts []act
	var operations []map[string]any
	made := map[string][]string{}
	want, rehearsal := http.StatusOK, u.model.clone()
	dry := u.rng.IntN(5) == 0
	for i := range 1 + u.rng.IntN(8) {
		a := u.act(made)
		op := map[string]any{"op": a.Verb, "resource": a.Kind}
		if a.Verb == "create" {
			a.ID = fmt.Sprintf("t%d", i)
			op["temp_id"] = a.ID
			made[a.Kind] = append(made[a.Kind], a.ID)
		} else {
			op["id"] = a.ID
		}
		if a.Data != nil {
			op["data"] = a.Data
		}
		acts, operations = append(acts, a), append(operations, op)
		if status := rehearsal.apply(a); status >= 300 && want == http.StatusOK {
			want = status
		}
	}
	content := asJSON(t, map[string]any{"operations": operations, "dry_run": dry})
	r := u.client(t).do(t, "POST", "/batch", content)
	u.answered(t, "POST /batch "+content, r, want)
	if dry || want != http.StatusOK {
		return
	}
	ids := map[string]string{}
	for _, x := range done(t, r) {
		if x.TempID != "" {
			ids[x.TempID] = x.Data.ID
			u.met(acts[x.Index].Kind, x.Data.ID)
		}
	}
	for _, a := range acts {
		u.model.apply(a.renamed(ids))
	}
}

// renamed is a with the ids that the server gave for temporary ones.
func (a act) renamed(ids map[string]string) act {
	actual := func(id string) string {
		if made, ok := ids[id]; ok {
			return made
		}
		return id
	}
	a.ID, a.Data = actual(a.ID), maps.Clone(a.Data)
	for name, value := range a.Data {
		switch v := value.(type) {
		case string:
			if strings.HasSuffix(name, "_id") {
				a.Data[name] = actual(v)
			}
		case []string:
			tags := slices.Clone(v)
			for i := range tags {
				tags[i] = actual(tags[i])
			}
			a.Data[name] = tags
		}
	}
	return a
}

func (u *inhabitant) met(kind, id string) {
	u.known[kind] = append(u.known[kind], id)
	u.tell(kind, id)
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// compare holds what Docket shows against the model.
func (u *inhabitant) compare(t *testing.T) {
	t.Helper()
	c := u.client(t)
	got := newUniverse()
	got.Zone = one(t, c.do(t, "GET", "/auth/me", ""), 200).TimeZone
	got.take(listed(t, c, "/projects?archived=all&limit=200"), listed(t, c, "/tags?limit=200"), listed(t, c, "/tasks?limit=200"))
	if diff := cmp.Diff(u.model, got); diff != "" {
		t.Fatalf("%s did\n%s\n(-model +Docket):\n%s", u.name, strings.Join(u.log, "\n"), diff)
	}
}

// take fills a universe with what lists show.
func (u universe) take(projects, tags, tasks []map[string]any) {
	text := func(m map[string]any, name string) string { s, _ := m[name].(string); return s }
	for _, p := range projects {
		u.Projects[text(p, "id")] = modelProject{
			Name: text(p, "name"), Description: text(p, "description"), Color: text(p, "color"), Archived: p["archived_at"] != nil,
		}
	}
	for _, g := range tags {
		u.Tags[text(g, "id")] = modelTag{Name: text(g, "name"), Color: text(g, "color")}
	}
	for _, x := range tasks {
		var ids []string
		list, _ := x["tag_ids"].([]any)
		for _, id := range list {
			ids = append(ids, fmt.Sprint(id))
		}
		u.Tasks[text(x, "id")] = modelTask{
			Title: text(x, "title"), Description: text(x, "description"), Status: text(x, "status"), Priority: text(x, "priority"),
			DueAt: text(x, "due_at"), DueOn: text(x, "due_on"), Project: text(x, "project_id"), Parent: text(x, "parent_id"),
			Tags: strings.Join(ids, ","), Completed: x["completed_at"] != nil,
		}
	}
}

// compareRest holds the export and the counts against the model.
func (u *inhabitant) compareRest(t *testing.T) {
	t.Helper()
	c := u.client(t)
	all, got := export(t, c), newUniverse()
	got.Zone, _ = all.User["time_zone"].(string)
	got.take(all.Projects, all.Tags, all.Tasks)
	if diff := cmp.Diff(u.model, got); diff != "" {
		t.Fatalf("%s: the export (-model +Docket):\n%s", u.name, diff)
	}
	var counted struct {
		Data struct {
			Open     int
			Projects []struct {
				ID   *string `json:"project_id"`
				Open int
			} `json:"open_by_project"`
			Tags []struct {
				ID   string `json:"tag_id"`
				Open int
			} `json:"open_by_tag"`
		}
	}
	if err := json.Unmarshal(c.do(t, "GET", "/tasks/summary", "").Want(t, 200).Body, &counted); err != nil {
		t.Fatal(err)
	}
	want, counts := map[string]int{}, map[string]int{"all": counted.Data.Open}
	want["all"] = 0
	for _, x := range u.model.Tasks {
		if x.Completed {
			continue
		}
		want["all"]++
		want["project "+x.Project]++
		for _, tag := range splitTags(x.Tags) {
			want["tag "+tag]++
		}
	}
	for _, p := range counted.Data.Projects {
		if p.Open > 0 {
			counts["project "+text(p.ID)] = p.Open
		}
	}
	for _, g := range counted.Data.Tags {
		if g.Open > 0 {
			counts["tag "+g.ID] = g.Open
		}
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Fatalf("%s: the summary (-model +Docket):\n%s", u.name, diff)
	}
}
