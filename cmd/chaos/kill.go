package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Times of the schedule. What is killed has been at work for a random time
// between the first two after its first answer; PostgreSQL stays away for one
// between the others.
const (
	minWork, maxWork     = 10 * time.Millisecond, 400 * time.Millisecond
	minOutage, maxOutage = 300 * time.Millisecond, 1500 * time.Millisecond
)

// maxRecovery is how long the server may take to serve everybody again after
// PostgreSQL's return; one that serves nobody for progressPatience
// never will again.
const (
	maxRecovery      = 5 * time.Second
	progressPatience = 30 * time.Second
)

func between(dice *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(dice.Int64N(int64(most-least)))
}

// killServer kills the server and starts it again, n times.
func killServer(ctx context.Context, b *bench, t *troupe, n int, dice *rand.Rand, say func(string, ...any)) error {
	for i := range n {
		if _, err := t.progress(time.Now(), 1); err != nil {
			return fmt.Errorf("before kill %d of the server: %w", i+1, err)
		}
		if err := sleep(ctx, between(dice, minWork, maxWork)); err != nil {
			return err
		}
		if !b.server.Running() {
			return errors.New("the server ended by itself")
		}
		nowhere := ""
		b.base.Store(&nowhere)
		if err := b.server.Kill(); err != nil {
			return err
		}
		if err := b.startServer(ctx); err != nil {
			return fmt.Errorf("after kill %d of the server: %w", i+1, err)
		}
		if (i+1)%10 == 0 || i+1 == n {
			say("killed the server %d times; %d writes acknowledged", i+1, t.traffic.acknowledged())
		}
	}
	return nil
}

// killPostgreSQL kills PostgreSQL and starts it again, n times, and returns how
// long it took each time until everybody was served again. The server is left
// alone.
func killPostgreSQL(ctx context.Context, b *bench, t *troupe, n int, dice *rand.Rand, say func(string, ...any)) ([]time.Duration, error) {
	var recoveries []time.Duration
	for i := range n {
		if _, err := t.progress(time.Now(), len(t.writers)); err != nil {
			return nil, fmt.Errorf("before kill %d of PostgreSQL: %w", i+1, err)
		}
		if err := sleep(ctx, between(dice, minWork, maxWork)); err != nil {
			return nil, err
		}
		t.traffic.outage(true)
		if err := b.postgres.Kill(ctx); err != nil {
			return nil, err
		}
		if err := sleep(ctx, between(dice, minOutage, maxOutage)); err != nil {
			return nil, err
		}
		if err := b.startPostgreSQL(ctx); err != nil {
			return nil, fmt.Errorf("after kill %d of PostgreSQL: %w", i+1, err)
		}
		took, err := t.progress(time.Now(), len(t.writers))
		if err != nil {
			return nil, fmt.Errorf("after kill %d of PostgreSQL: %w", i+1, err)
		}
		t.traffic.outage(false)
		if !b.server.Running() {
			return nil, errors.New("the server ended with PostgreSQL")
		}
		recoveries = append(recoveries, took)
		say("killed PostgreSQL %d times; everybody was served again %s after its return", i+1, took.Round(time.Millisecond))
	}
	return recoveries, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
