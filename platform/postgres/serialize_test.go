package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"docket/platform/postgres"
)

// Of one owner's units of work that say so, one goes on at a time; another
// owner's does not wait.
func TestSerialize(t *testing.T) {
	t.Parallel()
	l := newLab(t, postgres.Config{RowSecurity: true, MaxConns: 3})
	ada, bob := uuid.UUID{15: 1}, uuid.UUID{15: 2}
	held, order := make(chan struct{}), make(chan string, 2)
	second := make(chan error, 1)
	err := l.InTx(t.Context(), func(ctx context.Context) error {
		if err := errors.Join(l.Serialize(ctx, ada), l.Serialize(ctx, ada)); err != nil { // twice is once
			return err
		}
		go func() {
			second <- l.InTx(context.WithoutCancel(t.Context()), func(ctx context.Context) error {
				close(held)
				if err := l.Serialize(ctx, ada); err != nil {
					return err
				}
				order <- "second"
				return nil
			})
		}()
		<-held
		apart := context.WithoutCancel(t.Context())
		if err := l.InTx(apart, func(ctx context.Context) error { return l.Serialize(ctx, bob) }); err != nil {
			return err
		}
		var waiting bool
		for !waiting { // until the second one is seen to wait
			const sql = `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND
				database = (SELECT oid FROM pg_database WHERE datname = current_database()))`
			if err := l.raw.QueryRow(t.Context(), sql).Scan(&waiting); err != nil {
				return err
			}
		}
		order <- "first"
		return nil
	})
	if err := errors.Join(err, <-second); err != nil {
		t.Fatal(err)
	}
	if first, then := <-order, <-order; first != "first" || then != "second" {
		t.Errorf("the %s went on before the %s", first, then)
	}
}
