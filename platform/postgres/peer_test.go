package postgres_test

import (
	"context"
	"net"
	"regexp"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"

	"docket/platform/errs"
	"docket/platform/pgtest"
	"docket/platform/postgres"
)

// Which database it is, the database says: its address and name are those that
// a connection of its own has.
func TestPeer(t *testing.T) {
	t.Parallel()
	address := pgtest.URL(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	want, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	got, err := db.Peer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Database != want.Database || got.Host != net.JoinHostPort(want.Host, strconv.Itoa(int(want.Port))) && got.Host != want.Host {
		t.Errorf("it says %+v, the address is %s at %s:%d", got, want.Database, want.Host, want.Port)
	}
	if !regexp.MustCompile(`^\d+(\.\d+|devel|beta\d+|rc\d+)$`).MatchString(got.Version) {
		t.Errorf("its version is %q", got.Version)
	}

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.Peer(gone); err == nil {
		t.Error("nobody waits, and it answers")
	}
	nowhere, err := postgres.New(t.Context(), postgres.Config{URL: "postgres://docket@127.0.0.1:1/docket"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nowhere.Close)
	if _, err := nowhere.Peer(t.Context()); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("of a port where nobody listens: %v", err)
	}
}
