package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
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

	before := resident(b, p.cmd.Process.Pid)
	for b.Loop() {
		peak, bytes := before, int64(0)
		done := make(chan struct{})
		go func() {
			defer close(done)
			bytes = ada.readAll(b, "/auth/me/export")
		}()
		for running := true; running; {
			peak = max(peak, resident(b, p.cmd.Process.Pid))
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

var vmRSS = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// resident is the resident memory of a process, in MiB.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	m := vmRSS.FindSubmatch(text)
	if m == nil {
		b.Fatalf("no VmRSS of %d:\n%s", pid, text)
	}
	kib, err := strconv.Atoi(string(m[1]))
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) / 1024
}
