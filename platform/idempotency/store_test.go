package idempotency_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/idempotency"
	"docket/platform/postgres"
)

// want fails the test unless a request went well, and was executed or replayed
// as it should have been.
func want(t *testing.T, what string, answer idempotency.Answer, replayed bool, err error, wantReplayed bool) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if diff := cmp.Diff(made, answer); diff != "" || replayed != wantReplayed {
		t.Errorf("%s: replayed %t, want %t; answer (-want +got):\n%s", what, replayed, wantReplayed, diff)
	}
}

func wantCode(t *testing.T, what string, err error, code errs.Code) *errs.Error {
	t.Helper()
	typed, ok := errors.AsType[*errs.Error](err)
	if !ok || typed.Code != code {
		t.Fatalf("%s: %v, want %s", what, err, code)
	}
	return typed
}

func (l *lab) wantCounts(t *testing.T, what string, writes, keys int) {
	t.Helper()
	if w, k := l.writes(t), l.keys(t); w != writes || k != keys {
		t.Errorf("%s: there are %d writes and %d keys, want %d and %d", what, w, k, writes, keys)
	}
}

func TestSecondRequestGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	answer, replayed, err := l.Once(t.Context(), l.ada, "k", one, l.writing(l.ada))
	want(t, "the first", answer, replayed, err, false)
	for range 3 {
		answer, replayed, err = l.Once(t.Context(), l.ada, "k", one, l.writing(l.ada))
		want(t, "again", answer, replayed, err, true)
	}
	l.wantCounts(t, "after four requests", 1, 1)
}

func TestAnswerWithoutBodyOrHeaders(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	empty := idempotency.Answer{Status: 204}
	for range 2 {
		got, _, err := l.Once(t.Context(), l.ada, "k", one, func(context.Context) (idempotency.Answer, error) { return empty, nil })
		if diff := cmp.Diff(empty, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}

func TestKeyForAnotherRequestIsRefused(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	_, _, err := l.Once(t.Context(), l.ada, "k", one, l.writing(l.ada))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = l.Once(t.Context(), l.ada, "k", two, l.writing(l.ada))
	wantCode(t, "another request", err, errs.CodeIdempotencyKeyReused)
	answer, replayed, err := l.Once(t.Context(), l.ada, "k", one, l.writing(l.ada))
	want(t, "the first request again", answer, replayed, err, true)
	l.wantCounts(t, "after three requests", 1, 1)
}

func TestKeysArePerUser(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, user := range []uuid.UUID{l.ada, l.bob} {
		answer, replayed, err := l.Once(t.Context(), user, "k", one, l.writing(user))
		want(t, user.String(), answer, replayed, err, false)
	}
	l.wantCounts(t, "one key, two users", 2, 2)
}

// What looks alike is not the same key.
func TestKeysAreComparedByteForByte(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for i, key := range []string{"k", "K", "k.", "~k", "kk"} {
		answer, replayed, err := l.Once(t.Context(), l.ada, key, one, l.writing(l.ada))
		want(t, key, answer, replayed, err, false)
		l.wantCounts(t, key, i+1, i+1)
	}
}

// A failure on our side, whatever it is, leaves neither the write nor the key.
func TestFailureLeavesNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	failures := map[string]func(ctx context.Context) error{
		"an error":             func(context.Context) error { return errors.New("oops") },
		"an unreachable thing": func(context.Context) error { return errs.New(errs.Unavailable, "not now") },
		"a swallowed failure of a unit inside": func(ctx context.Context) error {
			_ = l.db.InTx(ctx, func(context.Context) error { return errors.New("oops") })
			return nil
		},
		"a connection that is cut": func(ctx context.Context) error {
			_, err := postgres.Exec(ctx, l.db, l.ada, `SELECT pg_terminate_backend(pg_backend_pid()) WHERE $1::uuid IS NOT NULL`)
			return err
		},
		"a deadline": func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			_, err := postgres.Exec(ctx, l.db, l.ada, `SELECT pg_sleep(600) WHERE $1::uuid IS NOT NULL`)
			return err
		},
	}
	for name, fail := range failures {
		_, replayed, err := l.Once(t.Context(), l.ada, name, one, func(ctx context.Context) (idempotency.Answer, error) {
			if err := l.write(ctx, l.ada, name); err != nil {
				return idempotency.Answer{}, err
			}
			return made, fail(ctx)
		})
		if err == nil || replayed {
			t.Errorf("%s: replayed %t, %v", name, replayed, err)
		}
	}
	l.wantCounts(t, "after failures only", 0, 0)
	for name := range failures {
		answer, replayed, err := l.Once(t.Context(), l.ada, name, one, l.writing(l.ada))
		want(t, name+", again", answer, replayed, err, false)
	}
	l.wantCounts(t, "after the retries", len(failures), len(failures))
}

func TestPanicLeavesNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for range 3 { // the gate must open again as well
		func() {
			defer func() {
				if p := recover(); p != "oops" {
					t.Errorf("recovered %v", p)
				}
			}()
			_, _, err := l.Once(t.Context(), l.ada, "k", one, func(ctx context.Context) (idempotency.Answer, error) {
				if err := l.write(ctx, l.ada, "k"); err != nil {
					t.Error(err)
				}
				panic("oops")
			})
			t.Errorf("came back with %v", err)
		}()
	}
	l.wantCounts(t, "after panics only", 0, 0)
	answer, replayed, err := l.Once(t.Context(), l.ada, "k", one, l.writing(l.ada))
	want(t, "again", answer, replayed, err, false)
}

// A refusal is an answer: it is kept, and what was done before it is undone.
func TestRefusalIsKeptAndItsWorkUndone(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	refused := idempotency.Answer{Status: 409, ETag: `"now"`, Body: []byte(`{"no":true}`)}
	for i := range 3 {
		got, replayed, err := l.Once(t.Context(), l.ada, "k", one, func(ctx context.Context) (idempotency.Answer, error) {
			return refused, l.write(ctx, l.ada, "k")
		})
		if diff := cmp.Diff(refused, got); diff != "" || err != nil || replayed != (i > 0) {
			t.Errorf("request %d: replayed %t, %v (-want +got):\n%s", i, replayed, err, diff)
		}
	}
	l.wantCounts(t, "after a refusal", 0, 1)
}

// What the database refused inside of the request does not break the keeping.
func TestRefusalByTheDatabaseIsKept(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	if err := l.write(t.Context(), l.bob, "taken"); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		got, replayed, err := l.Once(t.Context(), l.ada, "k", one, func(ctx context.Context) (idempotency.Answer, error) {
			if err := l.write(ctx, l.ada, "taken"); postgres.Violated(err) != "writes_pkey" {
				t.Errorf("the second row of one name: %v", err)
			}
			return idempotency.Answer{Status: 409}, nil
		})
		if got.Status != 409 || err != nil || replayed != (i > 0) {
			t.Errorf("request %d: %d, replayed %t, %v", i, got.Status, replayed, err)
		}
	}
	l.wantCounts(t, "after a refusal", 1, 1)
}

// A unit of work that gave way to another runs again, key and all.
func TestUnitThatGaveWayRunsAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.must(t, `CREATE FUNCTION give_way() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40P01'; END $$`)
	var runs int
	answer, replayed, err := l.Once(t.Context(), l.ada, "k", one, func(ctx context.Context) (idempotency.Answer, error) {
		if err := l.write(ctx, l.ada, "k"); err != nil {
			return idempotency.Answer{}, err
		}
		if runs++; runs < 3 {
			_, err := postgres.Exec(ctx, l.db, l.ada, `SELECT give_way() WHERE $1::uuid IS NOT NULL`)
			return idempotency.Answer{}, err
		}
		return made, nil
	})
	want(t, "the request", answer, replayed, err, false)
	if runs != 3 {
		t.Errorf("it ran %d times", runs)
	}
	l.wantCounts(t, "after the third run", 1, 1)
}

const rivals = 50

// atOnce runs n requests together.
func atOnce(n int, request func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() { <-start; request(i) })
	}
	close(start)
	all.Wait()
}

func TestOneOfManyAtOnceExecutes(t *testing.T) {
	t.Parallel()
	for name, replicas := range map[string]int{"one process": 1, "two processes": 2} {
		l := newLab(t)
		stores := []*idempotency.Store{l.Store}
		for range replicas - 1 { // nothing but the database in common
			stores = append(stores, idempotency.NewStore(l.db, l.clock.Now))
		}
		var executed, replays atomic.Int32
		atOnce(rivals, func(i int) {
			answer, replayed, err := stores[i%replicas].Once(t.Context(), l.ada, "k", one, func(ctx context.Context) (idempotency.Answer, error) {
				executed.Add(1)
				return l.writing(l.ada)(ctx)
			})
			if diff := cmp.Diff(made, answer); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
			}
			if replayed {
				replays.Add(1)
			}
		})
		if executed.Load() != 1 || replays.Load() != rivals-1 {
			t.Errorf("%s: %d executed, %d replayed", name, executed.Load(), replays.Load())
		}
		l.wantCounts(t, name, 1, 1)
	}
}

// Where the first of many fails, another takes its place.
func TestOneOfManyExecutesAfterFailures(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	var tries, failures, replays atomic.Int32
	atOnce(rivals, func(int) {
		_, replayed, err := l.Once(t.Context(), l.ada, "k", one, func(ctx context.Context) (idempotency.Answer, error) {
			if err := l.write(ctx, l.ada, "k"); err != nil {
				return idempotency.Answer{}, err
			}
			if tries.Add(1) <= 3 {
				return idempotency.Answer{}, errors.New("oops")
			}
			return made, nil
		})
		if err != nil {
			failures.Add(1)
		} else if replayed {
			replays.Add(1)
		}
	})
	if tries.Load() != 4 || failures.Load() != 3 || replays.Load() != rivals-4 {
		t.Errorf("%d tries, %d failures, %d replays", tries.Load(), failures.Load(), replays.Load())
	}
	l.wantCounts(t, "after all", 1, 1)
}
