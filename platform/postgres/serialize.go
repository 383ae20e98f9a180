package postgres

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// ownerLock keeps the advisory locks on owners apart from those of other uses.
const ownerLock = 0x6f77

// Serialize keeps every other unit of work that calls it for the same owner
// from going on until the one in ctx ends. Whatever changes several rows in an
// order of its own, or rests on how several rows hang together, calls it first:
// two of them would otherwise each wait for the other, or undo what the other
// relied on. Outside a unit of work it does nothing that lasts.
//
// A lock of the transaction works behind a pooler too; two owners that happen
// to share one wait for each other now and then, nothing else.
func (db *DB) Serialize(ctx context.Context, owner uuid.UUID) error {
	const sql = `SELECT pg_advisory_xact_lock($2, $3) WHERE $1::uuid IS NOT NULL`
	key := int32(binary.BigEndian.Uint32(owner[12:])) //nolint:gosec // any 32 bits will do
	if _, err := Exec(ctx, db, owner, sql, int32(ownerLock), key); err != nil {
		return fmt.Errorf("wait for the owner's other work: %w", err)
	}
	return nil
}

// LockLater keeps every other unit of work that asks for the same lock from
// going on until the one in ctx ends, which may be before that where an
// [DB.Attempt] fails: it is for sparing work, not for guarding it. It waits for
// others no longer than wait. The lock is asked for together with the next
// statement, which returns [ErrLockTimeout] where others held it for too long. It
// needs a unit of work, which is broken by that error.
func LockLater(ctx context.Context, lock int64, wait time.Duration) error {
	// A column after the other: the limit holds for the lock and for nothing else.
	// What is asked of a subquery with an offset, is asked first.
	const sql = `SELECT set_config('lock_timeout', $2, true), pg_advisory_xact_lock($1), set_config('lock_timeout', usual, true)
		FROM (SELECT current_setting('lock_timeout') AS usual OFFSET 0) AS before`
	u := unitFrom(ctx)
	if u == nil {
		return errNoUnit
	}
	u.line.put(sql, lock, fmt.Sprintf("%dms", wait.Milliseconds()))
	return nil
}
