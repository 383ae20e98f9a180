package postgres

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Peer is the database at the other end of a connection, as it says itself.
type Peer struct {
	// Host is where it was reached: host:port, or the folder of a socket. Behind
	// a pooler that is where the pooler is.
	Host string
	// Database is its name there.
	Database string
	// Version is the server's, as it names itself: "17.2".
	Version string
}

// Peer asks the database which one it is. The error is an [errs.Unavailable]
// when it cannot be reached.
func (db *DB) Peer(ctx context.Context) (Peer, error) {
	const sql = `SELECT current_database(), current_setting('server_version')`
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return Peer{}, translate(ctx, fmt.Errorf("ask which database it is: %w", err))
	}
	defer conn.Release()
	p := Peer{Host: host(conn.Conn().PgConn(), &conn.Conn().Config().Config)}
	if err := conn.QueryRow(ctx, sql).Scan(&p.Database, &p.Version); err != nil {
		return Peer{}, translate(ctx, fmt.Errorf("ask which database it is: %w", err))
	}
	p.Version, _, _ = strings.Cut(p.Version, " ") // the package's own name may follow
	return p, nil
}

// host is the one host that c names, or the address of the one among them that
// was connected to.
func host(connected *pgconn.PgConn, c *pgconn.Config) string {
	for _, other := range c.Fallbacks {
		if other.Host != c.Host || other.Port != c.Port {
			return connected.Conn().RemoteAddr().String()
		}
	}
	if strings.HasPrefix(c.Host, "/") {
		return c.Host
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
}
