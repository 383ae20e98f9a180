package idempotency_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"docket/platform/errs"
	"docket/platform/idempotency"
	"docket/platform/postgres"
)

// hold starts a request under key that is stuck until it is let go.
func (l *lab) hold(t *testing.T, key string) (letGo func()) {
	t.Helper()
	inside, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, _, err := l.Once(context.WithoutCancel(t.Context()), l.ada, key, one, func(ctx context.Context) (idempotency.Answer, error) {
			close(inside)
			<-release
			return l.writing(l.ada)(ctx)
		})
		done <- err
	}()
	<-inside
	return func() {
		t.Helper()
		close(release)
		if err := <-done; err != nil {
			t.Errorf("the request that was stuck: %v", err)
		}
	}
}

func never(context.Context) (idempotency.Answer, error) {
	return idempotency.Answer{}, errors.New("the second request was executed")
}

// Many that wait for one that is stuck are asked to come back, and keep nobody
// else waiting: they are more than the pool has connections.
func TestWaitForAStuckRequestIsBounded(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	letGo := l.hold(t, "k")
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		atOnce(rivals, func(int) {
			_, _, err := l.Once(t.Context(), l.ada, "k", one, never)
			if e := (*errs.Error)(nil); !errors.As(err, &e) || e.Code != errs.CodeIdempotencyKeyInUse || e.RetryAfter <= 0 {
				t.Errorf("while the first is stuck: %v", err)
			}
		})
	}()
	for range 20 {
		answer, replayed, err := l.Once(t.Context(), l.bob, time.Now().String(), one, l.writing(l.bob))
		want(t, "somebody else's", answer, replayed, err, false)
	}
	select {
	case <-waited:
		t.Error("nobody waited")
	default:
	}
	<-waited
	letGo()
	answer, replayed, err := l.Once(t.Context(), l.ada, "k", one, never)
	want(t, "after the first was let go", answer, replayed, err, true)
}

// elsewhere is the same database as another process sees it.
func (l *lab) elsewhere() *lab {
	other := *l
	other.Store = idempotency.NewStore(l.db, l.clock.Now)
	return &other
}

// The same where the request that is stuck is served by another process.
func TestWaitForAnotherProcessIsBounded(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	letGo := l.elsewhere().hold(t, "k")
	_, _, err := l.Once(t.Context(), l.ada, "k", one, never)
	if e := wantCode(t, "while the other is stuck", err, errs.CodeIdempotencyKeyInUse); e.RetryAfter <= 0 {
		t.Error("there is no Retry-After")
	}
	letGo()
	answer, replayed, err := l.Once(t.Context(), l.ada, "k", one, never)
	want(t, "after the other was let go", answer, replayed, err, true)
	l.wantCounts(t, "in the end", 1, 1)
}

// A process that dies while it serves a request leaves its key free.
func TestKeyOfAProcessThatDiedIsFree(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	_, _, err := l.elsewhere().Once(t.Context(), l.ada, "k", one, func(ctx context.Context) (idempotency.Answer, error) {
		if err := l.write(ctx, l.ada, "k"); err != nil {
			t.Error(err)
		}
		_, err := postgres.Exec(ctx, l.db, l.ada, `SELECT pg_terminate_backend(pg_backend_pid()) WHERE $1::uuid IS NOT NULL`)
		return made, err
	})
	if err == nil {
		t.Error("the request was answered")
	}
	answer, replayed, err := l.Once(t.Context(), l.ada, "k", one, l.writing(l.ada))
	want(t, "after the other died", answer, replayed, err, false)
	l.wantCounts(t, "in the end", 1, 1)
}

// The lock on a key spares work, and is not what replays rest on: where another
// request was answered without it, this one does nothing and gets that answer.
func TestAnswerThatCameFirstIsTheAnswer(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	tx := l.begin(t)
	if _, err := tx.Exec(t.Context(), `INSERT INTO idempotency_keys (user_id, key, fingerprint, expires_at, status, etag, location, body) VALUES ($1, 'k', $2, $3, $4, $5, $6, $7)`,
		l.ada, one, l.clock.Now().Add(time.Hour), made.Status, made.ETag, made.Location, made.Body); err != nil {
		t.Fatal(err)
	}
	served, done := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(done)
		answer, replayed, err := l.Once(context.WithoutCancel(t.Context()), l.ada, "k", one, func(ctx context.Context) (idempotency.Answer, error) {
			served <- struct{}{}
			return idempotency.Answer{Status: 204}, l.write(ctx, l.ada, "k")
		})
		want(t, "the later one", answer, replayed, err, true)
	}()
	<-served
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-done
	l.wantCounts(t, "in the end", 0, 1)
}

// A refusal takes back what was done, and with it the hold on the key: somebody
// else may be served before it is kept, and both get one answer.
func TestRefusalThatIsOvertaken(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	other := l.elsewhere()
	refused := idempotency.Answer{Status: 409}
	answer, replayed, err := l.Once(t.Context(), l.ada, "k", one, func(ctx context.Context) (idempotency.Answer, error) {
		if err := l.write(ctx, l.ada, "k"); err != nil {
			return idempotency.Answer{}, err
		}
		_, err := l.raw.Exec(ctx, `INSERT INTO idempotency_keys (user_id, key, fingerprint, expires_at, status, etag, location, body) VALUES ($1, 'k', $2, $3, $4, $5, $6, $7)`,
			l.ada, one, l.clock.Now().Add(time.Hour), made.Status, made.ETag, made.Location, made.Body)
		return refused, err
	})
	want(t, "the refused one", answer, replayed, err, true)
	answer, replayed, err = other.Once(t.Context(), l.ada, "k", one, never)
	want(t, "again", answer, replayed, err, true)
	l.wantCounts(t, "in the end", 0, 1)
}

// The bound on the wait for a key bounds nothing else in the unit of work.
func TestWaitForOtherLocksIsNotBounded(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	usual, err := setting(t.Context(), l, "lock_timeout")
	if err != nil {
		t.Fatal(err)
	}
	var timeout string
	_, _, err = l.Once(t.Context(), l.ada, "k", one, func(ctx context.Context) (idempotency.Answer, error) {
		var err error
		timeout, err = setting(ctx, l, "lock_timeout")
		return made, err
	})
	if err != nil || timeout != usual {
		t.Errorf("inside, lock_timeout is %q, %v, want %q", timeout, err, usual)
	}
	for range 6 {
		if after, err := setting(t.Context(), l, "lock_timeout"); err != nil || after != usual {
			t.Errorf("afterwards, lock_timeout is %q, %v, want %q", after, err, usual)
		}
	}
}

// The answer that another is still at work must come before the deadline, or
// the client would not learn it.
func TestWaitEndsBeforeTheRequest(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	letGo := l.hold(t, "k")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, _, err := l.Once(ctx, l.ada, "k", one, never)
	if typed, ok := errors.AsType[*errs.Error](err); !ok || typed.Code != errs.CodeIdempotencyKeyInUse {
		t.Errorf("while another is at work: %v", err)
	}
	if ctx.Err() != nil {
		t.Error("the deadline passed meanwhile")
	}
	letGo()
}

func TestExpiredKeyIsFree(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	answer, replayed, err := l.Once(t.Context(), l.ada, "k", one, l.writing(l.ada))
	want(t, "the first", answer, replayed, err, false)
	l.clock.Advance(idempotency.Kept - time.Microsecond)
	answer, replayed, err = l.Once(t.Context(), l.ada, "k", one, l.writing(l.ada))
	want(t, "a moment before 24 hours are over", answer, replayed, err, true)
	l.clock.Advance(time.Microsecond)
	answer, replayed, err = l.Once(t.Context(), l.ada, "k", two, l.writing(l.ada))
	want(t, "another request after 24 hours", answer, replayed, err, false)
	_, _, err = l.Once(t.Context(), l.ada, "k", one, never)
	wantCode(t, "the old request", err, errs.CodeIdempotencyKeyReused)
	l.clock.Advance(idempotency.Kept - time.Microsecond)
	answer, replayed, err = l.Once(t.Context(), l.ada, "k", two, never)
	want(t, "the other request, within 24 hours of its own", answer, replayed, err, true)
	l.wantCounts(t, "in the end", 2, 1)
}

// An expired key that many reuse at once is claimed by one of them.
func TestExpiredKeyIsReusedOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	other := idempotency.NewStore(l.db, l.clock.Now)
	if _, _, err := l.Once(t.Context(), l.ada, "k", one, l.writing(l.ada)); err != nil {
		t.Fatal(err)
	}
	l.clock.Advance(idempotency.Kept)
	atOnce(rivals, func(i int) {
		store := l.Store
		if i%2 == 1 {
			store = other
		}
		if _, _, err := store.Once(t.Context(), l.ada, "k", one, l.writing(l.ada)); err != nil {
			t.Error(err)
		}
	})
	l.wantCounts(t, "after the rivals", 2, 1)
}
