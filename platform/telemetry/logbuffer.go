package telemetry

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap/zapcore"
)

const (
	// logDelay is how long a line of the log may be held back.
	logDelay = 100 * time.Millisecond
	// logRoom is how many bytes of lines may be: some two hundred requests.
	logRoom = 64 << 10
)

// LogBuffer writes lines of the log many at a time, between [LogBuffer.Hold]
// and [LogBuffer.Stop]: a system call for each costs a short request more than
// all else that is said of it. Before and after that it writes each at once.
// Lines are never split between two writes. It is safe for concurrent use.
type LogBuffer struct {
	below   io.Writer
	direct  *wholeLines
	held    zapcore.BufferedWriteSyncer
	holding atomic.Bool
}

// NewLogBuffer returns a LogBuffer that writes to w, and holds nothing back yet.
func NewLogBuffer(w io.Writer) *LogBuffer {
	b := &LogBuffer{below: w, direct: &wholeLines{w: w}}
	b.held.WS, b.held.Size, b.held.FlushInterval = b.direct, logRoom, logDelay
	return b
}

// Hold has lines held back from now on, for a tenth of a second at most. What a
// process that is killed, or that crashes, has not written by then is lost.
func (b *LogBuffer) Hold() { b.holding.Store(true) }

// Write implements [io.Writer] for one line, or several whole ones. It returns
// no error: a logger has nobody to tell it to.
func (b *LogBuffer) Write(line []byte) (int, error) {
	if !b.holding.Load() {
		b.Flush()
		return b.direct.Write(line)
	}
	n, err := b.held.Write(line)
	if !b.holding.Load() { // stopped meanwhile: nobody else would write it
		b.Flush()
	}
	return n, err //nolint:wrapcheck // there is none, see wholeLines
}

// Flush writes at once what is held back.
func (b *LogBuffer) Flush() {
	_ = b.held.Sync() // see wholeLines
}

// Stop writes what is held back, and from now on each line at once.
func (b *LogBuffer) Stop() {
	b.holding.Store(false)
	_ = b.held.Stop() // see wholeLines
}

// wholeLines writes whole lines to w, one call at a time. It keeps errors to
// itself: a [bufio.Writer] that has seen one never writes again, where a full
// disk may have room a minute later.
type wholeLines struct {
	mu   sync.Mutex
	w    io.Writer
	torn bool // the last line that was written lacks its end
}

// Write implements [io.Writer].
func (l *wholeLines) Write(lines []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.torn {
		if _, err := l.w.Write([]byte{'\n'}); err == nil {
			l.torn = false
		}
	}
	if n, err := l.w.Write(lines); err != nil && n > 0 {
		l.torn = lines[n-1] != '\n'
	}
	return len(lines), nil
}

// Sync implements [zapcore.WriteSyncer]. A log is not worth waiting for a disk.
func (l *wholeLines) Sync() error { return nil }
