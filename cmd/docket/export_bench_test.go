package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"docket/platform/pgtest"
)

const (
	// benchTasks is how many tasks the user of BenchmarkExport has.
	benchTasks = 1_000_000
	// benchGrowth is by how much an export may raise resident memory, in MiB.
	benchGrowth = 50
	// benchFolder names a data folder to keep what was made up in: making it
	// takes minutes. Without it there is one for the time being.
	benchFolder = "DOCKET_BENCH_DATA_DIR"
)

// BenchmarkExport exports a million tasks from the built program, and measures
// what that does to its resident memory:
//
//	go test ./cmd/docket -run '^$' -bench BenchmarkExport -benchtime 1x -timeout 30m
func BenchmarkExport(b *testing.B) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skip("needs /proc: resident memory is read from there")
	}
	dir := os.Getenv(benchFolder)
	if dir == "" {
		dir = dataFolder(b)
	}
	settings := []string{"DOCKET_DATA_DIR=" + dir, "DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0"}
	if made := execute(b, settings, "seed", "--users", "1", "--tasks", strconv.Itoa(benchTasks)); made.code != 0 {
		b.Fatalf("seed: code %d\n%s", made.code, made.stderr)
	}
	p := launch(b, settings...)
	token := execute(b, settings, "token", "--email", "seed-1-0@example.com")
	ada := client{base: p.greeting.API, authorization: "Bearer " + strings.TrimSpace(token.stdout)}
	ada.readAll(b, "/auth/me")
	ada.readAll(b, "/tasks")

	before := resident(b, p.cmd.Process.Pid, vmRSS)
	for b.Loop() {
		peak, bytes := before, int64(0)
		done := make(chan struct{})
		go func() {
			defer close(done)
			bytes = ada.readAll(b, "/auth/me/export")
		}()
		for running := true; running; {
			peak = max(peak, resident(b, p.cmd.Process.Pid, vmRSS))
			select {
			case <-done:
				running = false
			case <-time.After(20 * time.Millisecond):
			}
		}
		b.SetBytes(bytes)
		b.ReportMetric(before, "MiB-before")
		b.ReportMetric(peak-before, "MiB-grown")
		b.ReportMetric(float64(bytes)/(1<<20), "MiB-sent")
		if peak-before > benchGrowth {
			b.Errorf("resident memory grew from %.1f to %.1f MiB, by more than %d", before, peak, benchGrowth)
		}
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		b.Fatal(err)
	}
	<-p.ended
}

// An export of 100,000 tasks, some 100 MB of JSON, is sent by a program whose
// resident memory at no moment holds more than a part of that: it reads the
// peak that the kernel keeps, so that none is missed.
func TestExportInConstantMemory(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/clear_refs"); err != nil {
		t.Skip("needs /proc: resident memory is read from there")
	}
	const tasks, bound = 100_000, 25
	url := pgtest.URL(t)
	settings := []string{"DATABASE_URL=" + url, "DOCKET_DATA_DIR=" + t.TempDir()}
	p := launch(t, settings...)
	ada := client{base: p.greeting.API, authorization: "Bearer " + strings.TrimSpace(execute(t, settings, "token").stdout)}
	ada.readAll(t, "/auth/me")
	makeUp(t, url, tasks)
	ada.readAll(t, "/tasks")

	pid := p.cmd.Process.Pid
	before := resident(t, pid, vmRSS)
	// 5 resets the peak (proc_pid_clear_refs(5)).
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
	sent := ada.readAll(t, "/auth/me/export")
	peak := resident(t, pid, vmPeak)
	t.Logf("%d MiB were sent; resident memory grew from %.1f to %.1f MiB", sent>>20, before, peak)
	if sent < 80<<20 || peak < before || peak > before+bound {
		t.Errorf("%d MiB were sent; resident memory grew from %.1f to %.1f MiB, by more than %d", sent>>20, before, peak, bound)
	}
}

// makeUp gives the one user there is so many tasks, in a database that keeps no
// more indexes than an export needs: most of the time would go into those.
func makeUp(t *testing.T, url string, tasks int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.AsOwner(t, url))
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.PgConn().Exec(t.Context(), fmt.Sprintf(`
		DO $$ DECLARE name text; BEGIN
			FOR name IN SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'tasks'::regclass AND NOT indisunique
			LOOP EXECUTE 'DROP INDEX ' || name; END LOOP;
		END $$;
		INSERT INTO tasks (user_id, id, title, title_key, description, tag_ids, position, created_at, updated_at)
		SELECT users.id, gen_random_uuid(), 'one of many', 'one of many', repeat('word ', 150), '{}', 'a0', now(), now()
		FROM users, generate_series(1, %d)`, tasks)).ReadAll()
	if err := errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// What Linux says of a process: proc_pid_status(5).
var (
	vmRSS  = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)
	vmPeak = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)
)

// resident is the resident memory of a process, in MiB, as what says it is.
func resident(t testing.TB, pid int, what *regexp.Regexp) float64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := what.FindSubmatch(text)
	if m == nil {
		t.Fatalf("no %s of %d:\n%s", what, pid, text)
	}
	kib, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return float64(kib) / 1024
}
