package postgres

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgerrcode"
)

// How often work that PostgreSQL gave up in favour of another is done again,
// and how long to wait before the first time; the pause doubles each time.
const (
	maxRetries = 4
	retryPause = 5 * time.Millisecond
)

// retry runs work again where it lost a deadlock or a serialization failure:
// PostgreSQL has then undone all of it, and asks for just this (chapter 13.5,
// Serialization Failure Handling). The same goes for a statement whose
// preparation no longer holds, since a column's type was changed for instance.
// Nothing else is ever done twice. The pause is jittered, or the same two would
// meet again.
func (db *DB) retry(ctx context.Context, work func() error) error {
	pause := retryPause
	misread := false
	for range maxRetries {
		err := db.awake(ctx, work)
		switch {
		case misprepared(err):
			db.prepareAnew()
		case db.modes.pooler && !misread && misfits(err):
			// Else it is a row that does not fit, and never will.
			misread = true
			db.prepareAnew()
		case !gaveWay(err):
			return err
		}
		select {
		case <-ctx.Done():
			return translate(ctx, err)
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause *= 2
	}
	return work()
}

func gaveWay(err error) bool {
	code := sqlState(err)
	return code == pgerrcode.DeadlockDetected || code == pgerrcode.SerializationFailure
}
