package telemetry_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"docket/platform/telemetry"
)

// sink keeps what it is written, call by call.
type sink struct {
	mu     sync.Mutex
	writes []string
	// room is what it takes before it is full, in bytes; none where it is 0.
	room int
}

var errFull = errors.New("no space left on device")

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.room > 0 && len(p) > s.room {
		s.writes = append(s.writes, string(p[:s.room]))
		return s.room, errFull
	}
	s.writes = append(s.writes, string(p))
	return len(p), nil
}

func (s *sink) fill(room int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.room = room
}

func (s *sink) text() (text string, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.writes, ""), len(s.writes)
}

func (s *sink) wait(t *testing.T, part string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		text, _ := s.text()
		if strings.Contains(text, part) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no %s in:\n%s", part, text)
		}
	}
}

func buffered(t *testing.T, format telemetry.Format) (*telemetry.LogBuffer, *slog.Logger, *sink) {
	t.Helper()
	out := &sink{}
	buffer := telemetry.NewLogBuffer(out)
	t.Cleanup(buffer.Stop)
	log, _ := telemetry.NewLogger(buffer, telemetry.LogOptions{Format: format})
	return buffer, log, out
}

func TestLogBufferHoldsNothingBackUntilTold(t *testing.T) {
	t.Parallel()
	buffer, log, out := buffered(t, telemetry.JSON)
	for i, hold := range []func(){func() {}, func() { buffer.Hold(); buffer.Stop() }} {
		hold()
		message := fmt.Sprint("message-", i)
		log.Info(message)
		if text, _ := out.text(); !strings.Contains(text, message) {
			t.Errorf("%s is held back", message)
		}
	}
}

// A thousand lines are far fewer writes, each of whole lines, and none is lost.
func TestLogBufferGathersLines(t *testing.T) {
	t.Parallel()
	buffer, log, out := buffered(t, telemetry.JSON)
	buffer.Hold()
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 250 {
				log.Info("m", "n", w*250+i, "odd", strings.Repeat(`"`, i))
			}
		})
	}
	writers.Wait()
	buffer.Stop()
	text, calls := out.text()
	for n := range 1000 {
		if strings.Count(text, fmt.Sprintf(`"n":%d,`, n)) != 1 {
			t.Errorf("line %d is not there once", n)
		}
	}
	if calls > 500 {
		t.Errorf("1000 lines took %d writes", calls)
	}
	out.mu.Lock()
	defer out.mu.Unlock()
	for _, w := range out.writes {
		if !strings.HasPrefix(w, `{"time":`) || !strings.HasSuffix(w, "}\n") {
			t.Errorf("a line is split between two writes: %.40s … %s", w, w[max(0, len(w)-40):])
		}
	}
}

func TestLogBufferWritesBeforeLong(t *testing.T) {
	t.Parallel()
	buffer, log, out := buffered(t, telemetry.JSON)
	buffer.Hold()
	log.Info("unasked")
	out.wait(t, "unasked")
}

// A warning is written at once, after what came before it.
func TestLogBufferDoesNotHoldWarningsBack(t *testing.T) {
	t.Parallel()
	for _, tell := range []func(*slog.Logger){
		func(l *slog.Logger) { l.Warn("bad") },
		func(l *slog.Logger) { l.Error("bad", "cause", errors.New("é")) },
		func(l *slog.Logger) { l.With("a", 1).Warn("bad") },
		func(l *slog.Logger) { l.WithGroup("g").Warn("bad", "a", 1) },
	} {
		buffer, log, out := buffered(t, telemetry.JSON)
		buffer.Hold()
		log.Info("good")
		tell(log)
		if text, _ := out.text(); strings.Index(text, "good") > strings.Index(text, "bad") || !strings.Contains(text, "bad") {
			t.Errorf("not both are written, in order: %q", text)
		}
	}
}

func TestLogBufferDoesNotHoldTextBack(t *testing.T) {
	t.Parallel()
	buffer, log, out := buffered(t, telemetry.Text)
	buffer.Hold()
	log.Info("for people")
	if text, _ := out.text(); !strings.Contains(text, "for people") {
		t.Error("text is held back")
	}
}

// Whoever logs while the buffer is stopped finds its line written.
func TestLogBufferLosesNothingToAStop(t *testing.T) {
	t.Parallel()
	for range 200 {
		var out bytes.Buffer
		buffer := telemetry.NewLogBuffer(&out)
		buffer.Hold()
		var writer sync.WaitGroup
		writer.Go(func() {
			for range 20 {
				_, _ = io.WriteString(buffer, "line\n") // it returns no error
			}
		})
		buffer.Stop()
		writer.Wait()
		if n := strings.Count(out.String(), "line\n"); n != 20 {
			t.Fatalf("%d of 20 lines are written", n)
		}
	}
}

// A full disk costs the lines that it has no room for, and no later one.
func TestLogBufferOutlastsAFullDisk(t *testing.T) {
	t.Parallel()
	buffer, log, out := buffered(t, telemetry.JSON)
	buffer.Hold()
	out.fill(10)
	log.Warn("lost")
	out.fill(0)
	log.Info("kept")
	buffer.Flush()
	text, _ := out.text()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[1], `{"time"`) || !strings.Contains(lines[1], "kept") {
		t.Errorf("the line after a torn one is not whole: %q", text)
	}
}
