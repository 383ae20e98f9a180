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
	service := core.NewService(postgres.NewStore(db), db, w.carriers, w.clock.Now, httpxtest.NewIDs().Next)
	w.App = httpxtest.New(t, rest.Routes(service), httpxtest.At(w.clock))
	w.ada, w.bob = w.As("ada"), w.As("bob")
	return w
}

// carriers is what has tags on it, and is told when one goes.
type carriers struct {
	told []uuid.UUID
	err  error
}

func (c *carriers) TagDeleted(_ context.Context, owner, tag uuid.UUID) error {
	if owner != httpxtest.UserID("ada") {
		return errors.New("not Ada's tag")
	}
	c.told = append(c.told, tag)
	return c.err
}

// tag is one as clients see it.
type tag struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Color     *string `json:"color"`
	CreatedAt string  `json:"created_at"`
	UpdatedAt string  `json:"updated_at"`
	ETag      string  `json:"etag"` // in lists
}

func read(t *testing.T, r httpxtest.Response) tag {
	t.Helper()
	var g tag
	r.Data(t, &g)
	return g
}
