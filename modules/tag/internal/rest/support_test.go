package rest_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/google/uuid"

	"docket/modules/tag/internal/core"
	"docket/modules/tag/internal/postgres"
	"docket/modules/tag/internal/rest"
	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
	pg "docket/platform/postgres"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const tags = httpx.BasePath + "/tags"

func one(n uint64) string { return tags + "/" + httpxtest.ID(n).String() }

// world is the module on a database of its own, with the users ada and bob.
type world struct {
	*httpxtest.App
	ada, bob httpxtest.Client
	clock    *httpxtest.Clock
	db       *pg.DB
	carriers *carriers
}

func newWorld(t *testing.T) world {
	t.Helper()
	db := pgtest.Open(t)
	w := world{clock: httpxtest.NewClock(), db: db, carriers: &carriers{}}
	for _, name := range []string{"ada", "bob"} {
		httpxtest.AddUser(t, db, name)
	}
	service := core.NewService(postgres.NewStore(db), db, core.Tasks{Deletion: w.carriers, Counts: w.carriers}, w.clock.Now, httpxtest.NewIDs().Next)
	w.App = httpxtest.New(t, rest.Routes(service), httpxtest.At(w.clock))
	w.ada, w.bob = w.As("ada"), w.As("bob")
	return w
}

// carriers is what has tags on it, and is told when one goes.
type carriers struct {
	told   []uuid.UUID
	merged [][2]uuid.UUID // from, into
	counts map[uuid.UUID]int
	asked  int // how often for counts
	err    error
}

func (c *carriers) TagDeleted(_ context.Context, owner, tag uuid.UUID) error {
	if owner != httpxtest.UserID("ada") {
		return errors.New("not Ada's tag")
	}
	c.told = append(c.told, tag)
	return c.err
}

func (c *carriers) TagMerged(_ context.Context, owner, from, into uuid.UUID) error {
	if owner != httpxtest.UserID("ada") {
		return errors.New("not Ada's tag")
	}
	c.merged = append(c.merged, [2]uuid.UUID{from, into})
	return c.err
}

func (c *carriers) TagTaskCounts(_ context.Context, owner uuid.UUID, tags []uuid.UUID) (map[uuid.UUID]int, error) {
	c.asked++
	counts := map[uuid.UUID]int{}
	for _, id := range tags {
		if n, ok := c.counts[id]; ok && owner == httpxtest.UserID("ada") {
			counts[id] = n
		}
	}
	return counts, c.err
}

// tag is one as clients see it.
type tag struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Color     *string `json:"color"`
	CreatedAt string  `json:"created_at"`
	UpdatedAt string  `json:"updated_at"`
	TaskCount *int    `json:"task_count"` // with include=counts
	ETag      string  `json:"etag"`       // in lists
}

func read(t *testing.T, r httpxtest.Response) tag {
	t.Helper()
	var g tag
	r.Data(t, &g)
	return g
}
