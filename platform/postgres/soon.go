package postgres

import (
	"context"

	"github.com/google/uuid"
)

// ExecSoon is [Exec] of a change that is most often the last of its unit of work:
// it is sent together with what comes next, which then is the commit, and saves a
// round trip. It returns nil before anybody knows. Where the statement violates a
// constraint, whatever it was sent with fails and the unit is undone, and its
// function runs again; ExecSoon then waits, and returns the error to whom it
// concerns. Within an [DB.Attempt] that has a savepoint it waits at once: there,
// what is done may be taken back without having been sent, and still be answered.
// In sql, $1 is owner and args start at $2.
func ExecSoon(ctx context.Context, db *DB, owner uuid.UUID, sql string, args ...any) error {
	u := unitFrom(ctx)
	if u == nil || !u.line.hasty || u.savepoint != "" {
		_, err := Exec(ctx, db, owner, sql, args...)
		return err
	}
	if err := inTime(ctx); err != nil {
		return translate(ctx, err)
	}
	u.line.as(of(owner))
	u.line.later = append(u.line.later, waiting{deferred: deferred{sql, ownedArgs(owner, args)}, soon: true})
	u.line.writes, u.line.touched = true, true
	return nil
}
