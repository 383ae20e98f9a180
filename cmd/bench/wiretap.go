package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// wiretap stands between Docket and PostgreSQL and notes which statements go by,
// and with what values (PostgreSQL manual, chapter 55.7: Parse and Bind).
type wiretap struct {
	network, upstream string
	listener          net.Listener
	open              sync.WaitGroup

	mu    sync.Mutex
	heard []heard
}

// heard is one execution of a statement.
type heard struct {
	sql     string
	formats []int16
	values  [][]byte
}

// tap returns a wiretap on the database at databaseURL, and the URL that leads
// through it.
func tap(ctx context.Context, databaseURL string) (*wiretap, string, error) {
	c, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, "", fmt.Errorf("read the database URL: %w", err)
	}
	w := &wiretap{}
	w.network, w.upstream = pgconn.NetworkAddress(c.Host, c.Port)
	if w.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, "", fmt.Errorf("listen between docket and PostgreSQL: %w", err)
	}
	w.open.Go(func() {
		for {
			client, err := w.listener.Accept()
			if err != nil {
				return // closed
			}
			w.open.Go(func() { w.join(ctx, client) })
		}
	})
	u := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, c.Password), Host: w.listener.Addr().String(), Path: "/" + c.Database, RawQuery: "sslmode=disable"}
	return w, u.String(), nil
}

// close ends the listening once all that goes through it has hung up.
func (w *wiretap) close() error {
	err := w.listener.Close()
	w.open.Wait()
	return err
}

// join passes everything on, both ways, until one side hangs up: then the other
// notices.
func (w *wiretap) join(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := new(net.Dialer).DialContext(ctx, w.network, w.upstream)
	if err != nil {
		return // the client, cut off, says so
	}
	defer func() { _ = server.Close() }()
	w.open.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	_ = w.note(pgproto3.NewBackend(io.TeeReader(client, server), io.Discard)) // until the client hangs up
}

// note reads what a client sends, which is passed on as it is read.
func (w *wiretap) note(from *pgproto3.Backend) error {
	if _, err := from.ReceiveStartupMessage(); err != nil {
		return err
	}
	statements := map[string]string{}
	for {
		message, err := from.Receive()
		if err != nil {
			return err
		}
		switch m := message.(type) {
		case *pgproto3.Parse:
			statements[m.Name] = m.Query
		case *pgproto3.Bind:
			h := heard{sql: statements[m.PreparedStatement], formats: append([]int16(nil), m.ParameterFormatCodes...)}
			for _, v := range m.Parameters {
				if v != nil {
					v = append([]byte{}, v...) // the buffer is used again
				}
				h.values = append(h.values, v)
			}
			w.mu.Lock()
			w.heard = append(w.heard, h)
			w.mu.Unlock()
		default:
		}
	}
}

// take returns what was heard since it was last called.
func (w *wiretap) take() []heard {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.heard
	w.heard = nil
	return all
}

// format returns how value i was sent: one code may stand for all, none means
// text.
func (h heard) format(i int) int16 {
	switch len(h.formats) {
	case 0:
		return pgx.TextFormatCode
	case 1:
		return h.formats[0]
	default:
		return h.formats[i]
	}
}

var errUnheard = errors.New("docket was not heard to send the statements of this operation")
