// Command bare is the least that could answer as Docket does: Fiber, pgx and
// encoding/json, with Docket's own statements, and tokens that were verified
// before. It validates nothing, limits nothing, logs nothing, and knows four
// operations. It is the upper bound that cmd/bench measures Docket against, and
// no example to follow.
//
//	bare PLAN    where PLAN is a file that cmd/bench writes
//
// It prints the address that it listens on, and serves until it is killed.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"docket/platform/postgres"
	"docket/platform/statement"
)

// connections is the size of the pool, the same as Docket's.
const connections = 15

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: bare PLAN")
	}
	plan, err := statement.ReadPlan(args[0])
	if err != nil {
		return err
	}
	config, err := pgxpool.ParseConfig(plan.DatabaseURL)
	if err != nil {
		return fmt.Errorf("read the database URL: %w", err)
	}
	config.MinConns, config.MaxConns = 5, connections
	config.AfterConnect = postgres.RegisterTypes // else UUIDs travel as text
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer pool.Close()
	s, err := newServer(ctx, pool, plan)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Printf("http://%s/api/v1\n", listener.Addr())
	return s.app().Listener(listener)
}

// server answers the four operations.
type server struct {
	pool   *pgxpool.Pool
	users  map[[sha256.Size]byte]uuid.UUID
	get    query
	list   query
	insert query
	before query // what an update reads first
	update query
}

func newServer(ctx context.Context, pool *pgxpool.Pool, plan statement.Plan) (*server, error) {
	s := &server{pool: pool, users: make(map[[sha256.Size]byte]uuid.UUID, len(plan.Users))}
	for _, u := range plan.Users {
		owner, err := uuid.Parse(u.Owner)
		if err != nil {
			return nil, fmt.Errorf("read the id of a user: %w", err)
		}
		s.users[sha256.Sum256([]byte("Bearer "+u.Token))] = owner
	}
	for op, into := range map[statement.Operation][]*query{
		statement.Get: {&s.get}, statement.List: {&s.list}, statement.Create: {&s.insert}, statement.Update: {&s.before, &s.update},
	} {
		sent := plan.Script[op]
		if len(sent) != len(into) {
			return nil, fmt.Errorf("%s takes %d statements, and bare knows what to do with %d", op, len(sent), len(into))
		}
		for i, st := range sent {
			q, err := prepare(ctx, pool, st)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", op, err)
			}
			*into[i] = q
		}
	}
	return s, nil
}

func (s *server) app() *fiber.App {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	api := app.Group("/api/v1", s.authenticate)
	api.Get("/tasks", s.serveList)
	api.Get("/tasks/:id", s.serveGet)
	api.Post("/tasks", s.serveCreate)
	api.Patch("/tasks/:id", s.serveUpdate)
	return app
}

func (s *server) authenticate(c *fiber.Ctx) error {
	owner, ok := s.users[sha256.Sum256(c.Request().Header.Peek(fiber.HeaderAuthorization))]
	if !ok {
		return fiber.ErrUnauthorized
	}
	c.Locals("owner", owner)
	return c.Next()
}
