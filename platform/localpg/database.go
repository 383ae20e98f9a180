package localpg

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// duplicateDatabase is SQLSTATE 42P04.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
const duplicateDatabase = "42P04"

// EnsureDatabase makes the named database unless it exists.
func (s *Server) EnsureDatabase(ctx context.Context, name string) error {
	err := s.administer(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Code == duplicateDatabase {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create the database %s: %w", name, err)
	}
	return nil
}

// CloneDatabase makes a database that starts as a copy of template, to which
// nothing may be connected. It copies files, which suits small databases on a
// volatile server; the checkpoint that this takes is costly on another.
// https://www.postgresql.org/docs/current/sql-createdatabase.html
func (s *Server) CloneDatabase(ctx context.Context, name, template string) error {
	err := s.administer(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" TEMPLATE "+pgx.Identifier{template}.Sanitize()+" STRATEGY FILE_COPY")
	if err != nil {
		return fmt.Errorf("clone the database %s as %s: %w", template, name, err)
	}
	return nil
}

// DropDatabase removes a database, closing what is still connected to it. It
// is no error when there is none of that name.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	if err := s.administer(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop the database %s: %w", name, err)
	}
	return nil
}

// administer runs one statement outside a transaction, on a connection of its
// own.
func (s *Server) administer(ctx context.Context, statement string) (err error) {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, statement)
	return err
}
