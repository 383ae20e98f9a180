package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Where row-level security is on, PostgreSQL itself is told on whose behalf a
// statement runs, by settings that last as long as its transaction. The
// policies of platform/rowsecurity read them.
const (
	// OwnerSetting is the owner's id, or empty.
	OwnerSetting = "app.user_id"
	// DoorSetting is the name of a [Door], or empty, and KeySetting its key.
	DoorSetting = "app.door"
	KeySetting  = "app.key"
	// SoughtSetting is the tsquery that a search is for, or empty.
	SoughtSetting = "app.sought"
)

// The doors there are.
const (
	DoorSubject = "subject"
	DoorErase   = "erase"
	DoorErased  = "erased"
	DoorExpired = "expired"
)

// Door says which rows a statement is about that has no owner to speak for. Each
// opens a few rows of a few tables and no others; the zero Door opens none.
type Door struct{ name, key string }

// Subject is the door to one person's own rows for who does not know the id yet:
// the user, and the tombstone, of an issuer and a subject.
func Subject(issuer, subject string) Door { return Door{DoorSubject, SubjectKey(issuer, subject)} }

// SubjectKey is the key of [Subject]. No issuer has a line break in its name.
func SubjectKey(issuer, subject string) string { return issuer + "\n" + subject }

// Erase is the door to the tombstones of users whose rows are still being
// removed, to look at them and to lock them.
func Erase() Door { return Door{name: DoorErase} }

// Erased is the door to the tombstones of about a minute before an instant and
// after, to look at them; the zero instant means now.
func Erased(since time.Time) Door {
	if since.IsZero() {
		return Door{name: DoorErased}
	}
	return Door{DoorErased, since.UTC().Format(time.RFC3339Nano)}
}

// Expired is the door to what may be thrown away since an instant before now, to
// remove it.
func Expired(since time.Time) Door {
	return Door{DoorExpired, since.UTC().Format(time.RFC3339Nano)}
}

// NoWord is a word that no row has.
const NoWord = "docket_nothing"

type soughtKey struct{}

// Seeking makes the statements that run with the context it returns meet none
// but those rows of a table of searchable words that match query, the text of a
// tsquery, which is among their conditions anyway. Under row-level security
// PostgreSQL would otherwise look through all rows of the owner: it lets an
// operator that might tell of rows in its errors see none before the policies
// have, and so makes no use of the index of words. A policy that asks for the
// match can use it.
func Seeking(ctx context.Context, query string) context.Context {
	if query == "" { // which matches nothing
		query = NoWord
	}
	return context.WithValue(ctx, soughtKey{}, query)
}

// scope is on whose behalf a statement runs, an owner's or through a door, and
// what it looks for.
type scope struct {
	owner  uuid.UUID
	door   Door
	sought string
}

func of(owner uuid.UUID) scope { return scope{owner: owner} }
func through(door Door) scope  { return scope{door: door} }

// within is s in the context of a statement.
func (s scope) within(ctx context.Context) scope {
	s.sought, _ = ctx.Value(soughtKey{}).(string)
	return s
}

func (s scope) ownerID() string {
	if s.owner == uuid.Nil {
		return ""
	}
	return s.owner.String()
}

// The statements that set a scope: few, so that each is prepared once.
const (
	setOwner  = `SELECT set_config('` + OwnerSetting + `', $1, true)`
	setDoor   = `, set_config('` + DoorSetting + `', $2, true), set_config('` + KeySetting + `', $3, true)`
	setSought = `, set_config('` + SoughtSetting + `', $4, true)`
	planAnew  = `, set_config('plan_cache_mode', 'force_custom_plan', true)`
	// A sort that cannot be left out counts as immensely dear, for which
	// PostgreSQL would compile the statement first.
	planInOrder = `, set_config('enable_sort', 'off', true), set_config('jit', 'off', true)`
)

// enter is the statement that makes s the scope of a transaction where before
// was.
func (s scope) enter(before scope) deferred {
	switch {
	case s.sought != before.sought:
		return deferred{setOwner + setDoor + setSought, []any{s.ownerID(), s.door.name, s.door.key, s.sought}}
	case s.door != before.door:
		return deferred{setOwner + setDoor, []any{s.ownerID(), s.door.name, s.door.key}}
	default:
		return deferred{setOwner, []any{s.ownerID()}}
	}
}

// shot is a pool that sends each statement together with its scope: two
// statements and one round trip, in the transaction that PostgreSQL makes of
// what comes before one Sync (PostgreSQL manual, chapter 55.2.3).
type shot struct {
	pool  *pgxpool.Pool
	enter deferred
}

func (s shot) send(ctx context.Context, sql string, args []any) pgx.BatchResults {
	var b pgx.Batch
	b.Queue(s.enter.sql, s.enter.args...)
	b.Queue(sql, args...)
	return s.pool.SendBatch(ctx, &b)
}

// Exec implements [conn].
func (s shot) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	results := s.send(ctx, sql, args)
	_, err := results.Exec()
	var tag pgconn.CommandTag
	if err == nil {
		tag, err = results.Exec()
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	return tag, err
}

// Query implements [conn].
func (s shot) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	results := s.send(ctx, sql, args)
	if _, err := results.Exec(); err != nil {
		_ = results.Close() // says the same again
		return nil, err
	}
	rows, err := results.Query() //nolint:rowserrcheck // by the caller
	if err != nil {
		_ = results.Close() // says the same again
		return nil, err
	}
	return &batchRows{Rows: rows, results: results}, nil
}

// CopyFrom implements [conn]. PostgreSQL takes no COPY into a table whose
// policies hold for the role, so that there is no scope to be in.
func (s shot) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	return s.pool.CopyFrom(ctx, table, columns, rows)
}
