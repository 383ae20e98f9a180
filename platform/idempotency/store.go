// Package idempotency keeps the first answer to a request for whoever sends it
// again: in the transaction of the write itself, so that there is never one
// without the other.
//
// It follows the draft standard of the IETF for the Idempotency-Key header
// (draft-ietf-httpapi-idempotency-key-header).
package idempotency

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/postgres"
)

// Kept is how long an answer is kept.
const Kept = 24 * time.Hour

// maxWait bounds how long a request waits for another with the same key, and
// inUseRetryAfter is what its client is then asked to wait.
const (
	maxWait         = 3 * time.Second
	inUseRetryAfter = time.Second
)

// onePerKey is the constraint that two answers under one key violate, whichever
// process they come from: the lock on a key spares work, and this is the guard.
const onePerKey = "idempotency_keys_pkey"

// maxTries bounds how often a request is served that others are answered before
// it can be.
const maxTries = 5

// sweepStep is how many expired answers one step of a sweep removes: few
// enough to be over in milliseconds.
const sweepStep = 500

// The two ways in which a key can be refused.
var (
	errReused = &errs.Error{
		Kind: errs.Conflict, Code: errs.CodeIdempotencyKeyReused,
		Message: "this Idempotency-Key was used for another request; a new request needs a new key",
	}
	errInUse = &errs.Error{
		Kind: errs.Conflict, Code: errs.CodeIdempotencyKeyInUse, RetryAfter: inUseRetryAfter,
		Message: "the first request with this Idempotency-Key is still being served",
	}
)

// Answer is what a request was answered.
type Answer struct {
	Status int
	// ETag, Location and RetryAfter are the headers that belong to the answer;
	// "" where it has none.
	ETag, Location, RetryAfter string
	Body                       []byte
}

// Store keeps answers in the table idempotency_keys.
type Store struct {
	db   *postgres.DB
	now  func() time.Time
	gate *gate
}

// NewStore returns a Store in db.
func NewStore(db *postgres.DB, now func() time.Time) *Store {
	return &Store{db: db, now: now, gate: newGate()}
}

// errUndo takes back what a request did that was then refused. It does not
// leave this package.
var errUndo = errors.New("the request was refused")

// Once runs serve in a unit of work and keeps its answer with it, unless owner
// sent the same request under key before: then that answer comes back, and
// replayed is true. An error of serve is not kept, and neither is anything
// else: the next try runs it again. An answer of 400 or above is kept, and
// what was done on the way to it is undone.
//
// It returns a Conflict where the key was used for a request with another
// fingerprint, or where another request with it takes too long.
func (s *Store) Once(ctx context.Context, owner uuid.UUID, key string, fingerprint []byte, serve func(context.Context) (Answer, error)) (answer Answer, replayed bool, err error) {
	leave, err := s.gate.enter(ctx, name{owner, key}, patience(ctx))
	if err != nil {
		return Answer{}, false, err
	}
	defer leave()
	for range maxTries {
		answer, replayed, err = s.try(ctx, owner, key, fingerprint, serve)
		if postgres.Violated(err) != onePerKey {
			return answer, replayed, err
		}
	}
	return Answer{}, false, errInUse.Because(err)
}

// try is Once, and violates [onePerKey] where another request under the key was
// answered meanwhile.
func (s *Store) try(ctx context.Context, owner uuid.UUID, key string, fingerprint []byte, serve func(context.Context) (Answer, error)) (answer Answer, replayed bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		before, err := s.recall(ctx, owner, key)
		if err != nil {
			return err
		}
		if replayed = before.there && !before.expired; replayed {
			if !bytes.Equal(before.fingerprint, fingerprint) {
				return errReused
			}
			answer = before.answer
			return nil
		}
		err = s.db.Attempt(ctx, func(ctx context.Context) (err error) {
			if answer, err = serve(ctx); err == nil && answer.Status >= 400 {
				return errUndo
			}
			return err
		})
		if err != nil && !errors.Is(err, errUndo) {
			return err
		}
		return s.keep(ctx, owner, key, before.expired, kept{answer: answer, fingerprint: fingerprint})
	})
	if err != nil {
		return Answer{}, false, err
	}
	return answer, replayed, nil
}

// patience is how long to wait for another request, here and again in the
// database: both together leave a third of the time that this one has.
func patience(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return maxWait
	}
	return max(min(maxWait, time.Until(deadline)/3), time.Millisecond)
}

// lockOf is the lock that requests under one key take turns with. Two keys that
// happen to share one wait for each other, nothing else.
func lockOf(owner uuid.UUID, key string) int64 {
	sum := sha256.Sum256(append(owner[:], key...))
	return int64(binary.BigEndian.Uint64(sum[:])) //nolint:gosec // any 64 bits will do
}

// kept is an answer as it is kept.
type kept struct {
	there, expired bool
	answer         Answer
	fingerprint    []byte
}

// recall takes the key for this unit of work, and returns what is kept under it.
// Where another one holds it, it waits until that one ends.
func (s *Store) recall(ctx context.Context, owner uuid.UUID, key string) (kept, error) {
	const sql = `SELECT expires_at <= $3, fingerprint, status, etag, location, body FROM idempotency_keys WHERE user_id = $1 AND key = $2`
	if err := postgres.LockLater(ctx, lockOf(owner, key), patience(ctx)); err != nil {
		return kept{}, fmt.Errorf("take an idempotency key: %w", err)
	}
	k, err := postgres.Peek(ctx, s.db, owner, func(k *kept) []any {
		return []any{&k.expired, &k.fingerprint, &k.answer.Status, &k.answer.ETag, &k.answer.Location, &k.answer.Body}
	}, sql, key, s.now())
	switch {
	case errors.Is(err, postgres.ErrNotFound):
		return kept{}, nil
	case errors.Is(err, postgres.ErrLockTimeout):
		return kept{}, errInUse.Because(err)
	case err != nil:
		return kept{}, fmt.Errorf("recall the answer to an idempotency key: %w", err)
	}
	k.there = true
	return k, nil
}

// keep adds the answer to the unit of work, together with the commit; in place
// of one that expired. Where another request was answered under the key after
// all, the commit fails.
func (s *Store) keep(ctx context.Context, owner uuid.UUID, key string, expired bool, k kept) error {
	const remove = `DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND expires_at <= $3`
	const add = `INSERT INTO idempotency_keys (user_id, key, fingerprint, expires_at, status, etag, location, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	now, a := s.now(), k.answer
	if expired {
		if err := postgres.ExecLater(ctx, owner, remove, key, now); err != nil {
			return fmt.Errorf("let go of an expired idempotency key: %w", err)
		}
	}
	if err := postgres.ExecLater(ctx, owner, add, key, k.fingerprint, now.Add(Kept), a.Status, a.ETag, a.Location, a.Body); err != nil {
		return fmt.Errorf("keep the answer to an idempotency key: %w", err)
	}
	return nil
}

// Sweep removes expired answers in small steps, each over in milliseconds and
// none in anybody's way, and returns how many.
func (s *Store) Sweep(ctx context.Context) (int64, error) {
	// By place in the table, where the rows stay while they are locked: no plan
	// can then read the rest of it.
	const sql = `DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
			SELECT ctid FROM idempotency_keys WHERE expires_at <= $1
			ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
		))`
	var total int64
	for {
		now := s.now()
		n, err := postgres.ExecUnowned(ctx, s.db, postgres.Expired(now), sql, now, sweepStep)
		total += n
		if err != nil {
			return total, fmt.Errorf("sweep expired idempotency keys: %w", err)
		}
		if n < sweepStep {
			return total, nil
		}
	}
}

// Refused reports whether err says that a key was used for another request, or
// is in use.
func Refused(err error) bool { return errors.Is(err, errReused) || errors.Is(err, errInUse) }
