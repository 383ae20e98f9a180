package postgres

import (
	"context"
	"encoding/binary"
	"fmt"

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
