package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
)

// How often a database that is waking up is tried, and what must be left of a
// request's time for another try to make sense.
const (
	wakePause  = 100 * time.Millisecond
	wakeMargin = 250 * time.Millisecond
)

// errAsleep is what becomes of a request whose time was over before the
// database was awake.
var errAsleep = errors.New("the database did not wake up in time")

// awake runs work again, as long as ctx has time, where it found the database
// about to come up: a suspended Neon computer lets a connection wait for
// seconds, and a PostgreSQL that starts says so. Where nothing listens at all,
// work fails at once: it may be a while. What work does comes after connecting,
// so that nothing is done twice.
func (db *DB) awake(ctx context.Context, work func() error) error {
	for {
		err := work()
		if !waking(err) {
			return err
		}
		if ctx.Err() != nil || !timeLeft(ctx, wakePause+wakeMargin) {
			return fmt.Errorf("%w: %w", errAsleep, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errAsleep, err)
		case <-time.After(wakePause):
		}
	}
}

// timeLeft reports whether ctx has more than d until its deadline. What has no
// deadline is not waited for: nobody bounds it.
func timeLeft(ctx context.Context, d time.Duration) bool {
	deadline, bounded := ctx.Deadline()
	return bounded && time.Until(deadline) > d
}

// waking reports whether a connection could not be made in time, or was refused
// by a server that is starting.
func waking(err error) bool {
	connect, ok := errors.AsType[*pgconn.ConnectError](err)
	return ok && (sqlState(err) == pgerrcode.CannotConnectNow || pgconn.Timeout(connect.Unwrap()))
}
