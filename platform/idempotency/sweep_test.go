package idempotency_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/idempotency"
	"docket/platform/postgres"
)

func setting(ctx context.Context, l *lab, name string) (string, error) {
	return postgres.Get(ctx, l.db, uuid.Nil, func(s *string) []any { return []any{s} },
		`SELECT current_setting($2) WHERE $1::uuid IS NOT NULL`, name)
}

// fill adds keys of ada's that expire at a time, named "<prefix> 1" and so on.
func (l *lab) fill(t *testing.T, prefix string, n int, expires time.Time) {
	t.Helper()
	l.must(t, `INSERT INTO idempotency_keys (user_id, key, fingerprint, status, expires_at)
		SELECT $1, $2 || ' ' || i, '\x00', 200, $4 FROM generate_series(1, $3) AS i`, l.ada, prefix, n, expires)
}

func TestSweepRemovesWhatExpired(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	now := l.clock.Now()
	l.fill(t, "expired", 1200, now) // more than two steps
	l.fill(t, "kept", 700, now.Add(time.Microsecond))
	if n, err := l.Sweep(t.Context()); err != nil || n != 1200 {
		t.Errorf("swept %d, %v", n, err)
	}
	if n := l.count(t, `SELECT count(*) FROM idempotency_keys WHERE key LIKE 'kept %'`); n != 700 || l.keys(t) != 700 {
		t.Errorf("%d of 700 are left, and %d in all", n, l.keys(t))
	}
	if n, err := l.Sweep(t.Context()); err != nil || n != 0 {
		t.Errorf("swept %d again, %v", n, err)
	}
}

// A row that somebody holds is left for the next time.
func TestSweepWaitsForNobody(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.fill(t, "expired", 10, l.clock.Now())
	tx := l.begin(t)
	if _, err := tx.Exec(t.Context(), `SELECT FROM idempotency_keys WHERE key = 'expired 3' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if n, err := l.Sweep(ctx); err != nil || n != 9 {
		t.Errorf("beside a lock: swept %d, %v", n, err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Sweep(t.Context()); err != nil || n != 1 {
		t.Errorf("without the lock: swept %d, %v", n, err)
	}
}

// A request that reuses an expired key keeps its own answer, whether or not the
// old one is swept meanwhile.
func TestSweepSparesWhatIsReused(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for key, sweeps := range map[string]bool{"left": false, "swept": true} {
		l.fill(t, key, 1, l.clock.Now())
		key += " 1"
		answer, replayed, err := l.Once(t.Context(), l.ada, key, one, func(ctx context.Context) (idempotency.Answer, error) {
			if !sweeps {
				return l.writing(l.ada)(ctx)
			}
			if n, err := l.Sweep(context.WithoutCancel(t.Context())); err != nil || n != 1 {
				t.Errorf("during the request: swept %d, %v", n, err)
			}
			return l.writing(l.ada)(ctx)
		})
		want(t, key, answer, replayed, err, false)
		if n, err := l.Sweep(t.Context()); err != nil || n != 0 {
			t.Errorf("after the request: swept %d, %v", n, err)
		}
		answer, replayed, err = l.Once(t.Context(), l.ada, key, one, never)
		want(t, key+" again", answer, replayed, err, true)
	}
}

// Sweeps of several replicas share the work.
func TestSweepsAtOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.fill(t, "expired", 3000, l.clock.Now())
	swept := make(chan int64, 4)
	atOnce(cap(swept), func(int) {
		n, err := l.Sweep(t.Context())
		if err != nil {
			t.Error(err)
		}
		swept <- n
	})
	var total int64
	for range cap(swept) {
		total += <-swept
	}
	// One may stop early beside the locks of another, which then goes on.
	if left := l.keys(t); int(total)+left != 3000 || left > 0 {
		t.Errorf("swept %d, left %d", total, left)
	}
}

// A step reads no more than it removes, however many answers are kept.
func TestSweepStepIsSmall(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.fill(t, "kept", 20_000, l.clock.Now().Add(time.Hour))
	l.fill(t, "expired", 600, l.clock.Now())
	l.must(t, `ANALYZE idempotency_keys`)
	l.must(t, `SELECT pg_stat_force_next_flush()`)
	before := l.count(t, `SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'idempotency_keys'`)
	if n, err := l.Sweep(t.Context()); err != nil || n != 600 {
		t.Fatalf("swept %d, %v", n, err)
	}
	eventually(t, "the sweep is in the statistics", func() bool {
		return l.count(t, `SELECT n_tup_del FROM pg_stat_user_tables WHERE relname = 'idempotency_keys'`) == 600
	})
	after := l.count(t, `SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'idempotency_keys'`)
	if after != before {
		t.Errorf("the sweep read %d rows of the whole table", after-before)
	}
}

func TestSweepThatFailsSaysSo(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.must(t, `ALTER TABLE idempotency_keys RENAME COLUMN expires_at TO gone`)
	if _, err := l.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), "sweep expired idempotency keys") {
		t.Errorf("without its column: %v", err)
	}
}
